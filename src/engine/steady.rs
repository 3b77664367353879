//! A time line that nobody can set: leases and undo times last as long as they say, though somebody sets the clock.
//!
//! It begins at the clock's time when the program starts and goes on by the clock's steady milliseconds. What is kept
//! of it in the store is bounded at the next start, whose time line may begin earlier.

use std::fmt;

use crate::model::Outside;

/// The time line of one start of the program.
#[derive(Clone)]
pub(super) struct Steady {
    outside: Outside,
    begun_s: i64,
    begun_ms: i64,
}

impl Steady {
    pub fn new(outside: &Outside) -> Steady {
        let (begun_s, begun_ms) = (outside.now(), outside.clock.steady_ms());
        Steady { outside: outside.clone(), begun_s, begun_ms }
    }

    /// Steady seconds.
    pub fn now(&self) -> i64 {
        self.begun_s + (self.outside.clock.steady_ms() - self.begun_ms).div_euclid(1000)
    }
}

impl fmt::Debug for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steady")
    }
}
