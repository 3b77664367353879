//! A clock that nobody can set, so that moderators' claims and undo periods keep their length when the system clock is
//! changed. The leases of jobs use the wall clock.
//!
//! It starts at the wall-clock time of the program's start and advances by monotonic milliseconds. The store keeps some
//! of its times across restarts. The next start bounds them, because its clock may begin at an earlier time.

use std::fmt;

use crate::model::Environment;

/// The clock of one run of the program.
#[derive(Clone)]
pub(in crate::engine) struct MonotonicClock {
    environment: Environment,
    begun_s: i64,
    begun_ms: i64,
}

impl MonotonicClock {
    pub fn new(environment: &Environment) -> MonotonicClock {
        let (begun_s, begun_ms) = (environment.now(), environment.clock.monotonic_ms());
        MonotonicClock { environment: environment.clone(), begun_s, begun_ms }
    }

    /// Seconds on this clock. Comparable with Unix seconds only as long as nobody sets the system clock.
    pub fn now(&self) -> i64 {
        self.begun_s + (self.environment.clock.monotonic_ms() - self.begun_ms).div_euclid(1000)
    }
}

impl fmt::Debug for MonotonicClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MonotonicClock")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

    use super::*;
    use crate::model::Clock;

    #[derive(Default)]
    struct Settable {
        wall_s: AtomicI64,
        monotonic_ms: AtomicI64,
    }

    impl Clock for Settable {
        fn now(&self) -> i64 {
            self.wall_s.load(SeqCst)
        }

        fn monotonic_ms(&self) -> i64 {
            self.monotonic_ms.load(SeqCst)
        }
    }

    #[test]
    fn setting_the_system_clock_neither_ends_nor_prolongs_a_claim() {
        let clock = Arc::new(Settable::default());
        clock.wall_s.store(1_000_000, SeqCst);
        clock.monotonic_ms.store(77_777, SeqCst);
        let entropy = Arc::new(|buffer: &mut [u8]| -> std::io::Result<()> {
            buffer.fill(1);
            Ok(())
        });
        let monotonic = MonotonicClock::new(&Environment { clock: clock.clone(), entropy });
        let claim_until = monotonic.now() + 600;
        assert_eq!(claim_until, 1_000_600);
        for jump_s in [1_000_000 + 86_400, 0, -5_000_000_000] {
            clock.wall_s.store(jump_s, SeqCst);
            clock.monotonic_ms.fetch_add(10_000, SeqCst);
            assert!(monotonic.now() < claim_until);
        }
        assert_eq!(monotonic.now(), 1_000_030);
        clock.monotonic_ms.fetch_add(570_000, SeqCst);
        assert_eq!(monotonic.now(), claim_until);
    }
}
