//! Named values that other rooms keep in the database, such as the commonness sketch.

use rusqlite::{OptionalExtension, params};

use crate::store::database::error::{Error, Result};
use crate::store::database::store::Store;

impl Store {
    /// The value that was last stored under `name`.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn get_state(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(|c| {
            c.prepare_cached("SELECT value FROM state WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    /// Stores a value under `name`, replacing the previous one.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and [writes](crate::store::Error#writes). The old value stays then.
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
