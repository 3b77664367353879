//! Counts the time that moderators view sensitive uploads, and says when a break is due.

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::model::{Environment, UserId};
use crate::store::Viewing;

/// Longest time that one report may add, seconds. Browsers report every few seconds, so more is a mistake.
const REPORT_S_MAX: u32 = 60;

impl Engine {
    /// Adds `seconds` to a user's viewing time of today. A break is due every `break_minutes`.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be written.
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

    /// A user's viewing time of today, seconds.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn viewed_s(&self, user: UserId, environment: &Environment) -> Result<u32> {
        Ok(self.store().viewed_s(user, environment.now())?)
    }
}
