//! The system's clock, read here and nowhere else.

use std::sync::LazyLock;
use std::time::{Instant, UNIX_EPOCH};

use crate::model::{Clock, UnixSeconds};

/// The origin of `monotonic_ms`.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The clock of the system.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        self.now_ms() / 1000
    }

    fn now_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        // A clock set before 1970 reads as 1970.
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
    fn monotonic_ms(&self) -> i64 {
        i64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
