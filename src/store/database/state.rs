//! Named values of other rooms, kept with the tombstones: the commonness sketch, for one.

use rusqlite::{OptionalExtension, params};

use crate::store::database::error::{Error, Result};
use crate::store::database::store::Store;

impl Store {
    /// The value last put under `name`.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn get_state(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(|c| {
            c.prepare_cached("SELECT value FROM state WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    /// Puts a value in the place of what `name` had.
    ///
    /// # Errors
    /// `TooLarge`, or the disk's refusal; then the old value stays.
    pub fn put_state(&self, name: &str, value: &[u8]) -> Result<()> {
        let bytes_max = self.options().state_bytes_max;
        if value.len() > bytes_max {
            let what = format!("the state `{name}`");
            return Err(Error::TooLarge { what, bytes: value.len(), bytes_max });
        }
        let connection = self.writer()?;
        let put = || {
            connection
                .prepare_cached(
                    "INSERT INTO state (name, value) VALUES (?1, ?2) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![name, value])
        };
        put().map(drop).map_err(|e| self.explain(e))
    }
}
