//! The system's clock: the only place that asks what time it is.

use std::time::UNIX_EPOCH;

use crate::model::{Clock, UnixSeconds};

/// Tells the system's time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        // A clock before 1970 is not worth failing for: the time is only shown.
        now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
    }
}
