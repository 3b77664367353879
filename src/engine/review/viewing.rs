//! How long people look at what is hard to look at, and when a break is due.

use crate::engine::{Engine, Result};
use crate::model::{Environment, UserId};
use crate::store::Viewing;

/// Seconds that one report adds at most: reports come every few seconds, and a browser that claims more is mistaken.
const REPORT_S_MAX: u32 = 60;

impl Engine {
    /// Adds to somebody's viewing of today.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn add_viewing(
        &self,
        user: UserId,
        seconds: u32,
        break_minutes: u32,
        environment: &Environment,
    ) -> Result<Viewing> {
        let seconds = seconds.min(REPORT_S_MAX);
        let every_s = break_minutes.saturating_mul(60);
        Ok(self.store().add_viewing(user, seconds, every_s, environment.now())?)
    }

    /// Seconds that somebody has viewed today.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn viewed_s(&self, user: UserId, environment: &Environment) -> Result<u32> {
        Ok(self.store().viewed_s(user, environment.now())?)
    }
}
