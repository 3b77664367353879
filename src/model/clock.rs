//! Time and chance as parameters: whoever needs "now" or random bytes is handed them, so that tests can fix both.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Seconds since 1970-01-01T00:00:00Z.
pub type UnixSeconds = i64;

/// Seconds on a time line that no clock setting moves; comparable within one run of the program.
pub type MonotonicSeconds = i64;

/// Tells the time. The system's clock lives in `cli`, at the edge.
pub trait Clock: Send + Sync {
    /// Now, in seconds since the epoch.
    fn now(&self) -> UnixSeconds;

    /// Now, in milliseconds since the epoch; for ids that sort by time.
    fn now_ms(&self) -> i64 {
        self.now().saturating_mul(1000)
    }

    /// Milliseconds since some moment that is the same while the program runs: nobody sets it, so that a span of time
    /// is as long as it is when somebody sets the clock meanwhile.
    fn steady_ms(&self) -> i64 {
        self.now_ms()
    }
}

/// A clock that always tells the same time.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub UnixSeconds);

impl Clock for FixedClock {
    fn now(&self) -> UnixSeconds {
        self.0
    }
}

/// Gives bytes that nobody can guess. The system's source lives in `config`, at the edge.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// When the source has none.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

impl<F: Fn(&mut [u8]) -> io::Result<()> + Send + Sync> Entropy for F {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        self(buffer)
    }
}

/// What a use case takes from its surroundings: the time and random bytes.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Environment {
    /// Now, in seconds since the epoch.
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// # Errors
    /// When the source has none.
    pub fn random<const N: usize>(&self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
