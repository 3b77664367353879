//! How long each reviewer has viewed sensitive material, by day (UTC).

use rusqlite::params;

use crate::model::{DAY_S, UnixSeconds, UserId};
use crate::store::{Result, Store};

/// A reviewer's viewing today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewing {
    pub seconds: u32,
    /// Whether this addition reached the next multiple of the interval between breaks.
    pub break_due: bool,
}

impl Store {
    /// Adds seconds to a reviewer's viewing today. `break_every_s` 0 never suggests a break.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_viewing(
        &self,
        user: UserId,
        seconds: u32,
        break_every_s: u32,
        now: UnixSeconds,
    ) -> Result<Viewing> {
        let day = now.div_euclid(DAY_S);
        self.write_grouped(move |c| {
            let (whole, before): (u32, u32) = c
                .prepare_cached(
                    "INSERT INTO viewing (user, day, seconds) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (user, day) DO UPDATE SET seconds = seconds + excluded.seconds \
                     RETURNING seconds, suggested_at",
                )?
                .query_row(params![user.0, day, seconds], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let break_due = break_every_s > 0 && whole / break_every_s > before / break_every_s;
            if break_due {
                c.execute(
                    "UPDATE viewing SET suggested_at = ?3 WHERE user = ?1 AND day = ?2",
                    params![user.0, day, whole],
                )?;
            }
            Ok(Viewing { seconds: whole, break_due })
        })
    }

    /// Seconds that a reviewer has viewed today.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn viewed_s(&self, user: UserId, now: UnixSeconds) -> Result<u32> {
        let day = now.div_euclid(DAY_S);
        self.read(|c| {
            c.prepare_cached(
                "SELECT coalesce(sum(seconds), 0) FROM viewing WHERE user = ?1 AND day = ?2",
            )?
            .query_row(params![user.0, day], |row| row.get(0))
        })
    }
}
