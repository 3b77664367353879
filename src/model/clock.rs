//! Time as a parameter: whoever needs "now" is handed a `Clock`, so that tests can fix it.

/// Seconds since 1970-01-01T00:00:00Z.
pub type UnixSeconds = i64;

/// Tells the time. The system's clock lives in `cli`, at the edge.
pub trait Clock: Send + Sync {
    /// Now, in seconds since the epoch.
    fn now(&self) -> UnixSeconds;
}

/// A clock that always tells the same time.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub UnixSeconds);

impl Clock for FixedClock {
    fn now(&self) -> UnixSeconds {
        self.0
    }
}
