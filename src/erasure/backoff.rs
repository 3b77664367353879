//! Exponential back-off: when to retry after repeated failures.

use crate::model::UnixSeconds;

/// Exponential back-off with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first failure, seconds; it doubles with every further one. Default 2.
    pub first_s: u32,
    /// Longest wait, seconds. Default 3600.
    pub max_s: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { first_s: 2, max_s: 3600 }
    }
}

impl Backoff {
    /// The time of the next try after `failures` consecutive failures (1 for the first). `seed` spreads it by up to a
    /// quarter of the wait either way, so that jobs that failed together do not retry together. If the other side asked
    /// for a longer wait (`Retry-After`), `asked_s`, that one is kept, up to `max_s`.
    pub fn retry_at(
        &self,
        now: UnixSeconds,
        failures: u32,
        seed: u64,
        asked_s: Option<u32>,
    ) -> UnixSeconds {
        let doublings = failures.saturating_sub(1).min(31);
        let wait_s = (u64::from(self.first_s) << doublings).min(u64::from(self.max_s)).max(1);
        let spread_s = wait_s / 4;
        let jitter_s =
            if spread_s == 0 { 0 } else { mix(seed ^ u64::from(failures)) % (2 * spread_s + 1) };
        let wait_s = wait_s - spread_s + jitter_s;
        // The other side must not delay us for longer than our own longest wait.
        let asked_s = u64::from(asked_s.unwrap_or(0).min(self.max_s));
        now.saturating_add(wait_s.max(asked_s).cast_signed())
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): neighbouring seeds give unrelated numbers.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_maximum_and_is_spread() {
        let backoff = Backoff { first_s: 8, max_s: 100 };
        for seed in 0..200 {
            let waits: Vec<i64> =
                (1..40).map(|f| backoff.retry_at(1000, f, seed, None) - 1000).collect();
            assert!((6..=10).contains(&waits[0]) && (12..=20).contains(&waits[1]), "{waits:?}");
            assert!(waits[5..].iter().all(|wait| (75..=125).contains(wait)), "{waits:?}");
        }
        let first: std::collections::BTreeSet<i64> =
            (0..200).map(|seed| backoff.retry_at(0, 1, seed, None)).collect();
        assert_eq!(first.len(), 5, "{first:?}");
    }

    #[test]
    fn the_other_side_may_ask_for_a_longer_wait_up_to_the_maximum() {
        let backoff = Backoff { first_s: 1, max_s: 100 };
        assert_eq!(backoff.retry_at(0, 1, 7, None), 1);
        assert_eq!(backoff.retry_at(0, 1, 7, Some(30)), 30);
        assert_eq!(backoff.retry_at(0, 1, 7, Some(u32::MAX)), 100);
        assert!(backoff.retry_at(0, u32::MAX, 7, None) <= 125);
    }
}
