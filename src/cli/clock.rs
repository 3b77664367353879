//! The system's clock: the only place that asks what time it is.

use std::sync::LazyLock;
use std::time::{Instant, UNIX_EPOCH};

use crate::model::{Clock, UnixSeconds};

/// Since when `steady_ms` counts.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the system's time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        self.now_ms() / 1000
    }

    fn now_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = std::time::SystemTime::now();
        // A clock before 1970 is not worth failing for.
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
    fn steady_ms(&self) -> i64 {
        i64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
