//! Time and randomness as parameters, so that tests can fix both.

use std::sync::Arc;
use std::{fmt, io};

/// Seconds since 1970-01-01T00:00:00Z.
pub type UnixSeconds = i64;

/// Seconds on a time line that setting the clock does not move; comparable within one run of the program.
pub type MonotonicSeconds = i64;

/// A clock. `cli` implements it with the system's.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> UnixSeconds;

    /// The current time, milliseconds since the epoch; for ids that sort by time.
    fn now_ms(&self) -> i64 {
        self.now().saturating_mul(1000)
    }

    /// Milliseconds since a fixed moment of this run. Setting the clock does not move it, so intervals stay correct.
    fn monotonic_ms(&self) -> i64 {
        self.now_ms()
    }
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub UnixSeconds);

impl Clock for FixedClock {
    fn now(&self) -> UnixSeconds {
        self.0
    }
}

/// A source of unpredictable bytes. `config` implements it with the system's.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// The source's error.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

impl<F: Fn(&mut [u8]) -> io::Result<()> + Send + Sync> Entropy for F {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        self(buffer)
    }
}

/// What a use case takes from the world: time and randomness.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Environment {
    /// The current time.
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// The source's error.
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
