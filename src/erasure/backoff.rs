//! When to try again: later each time, and not all at once.

use crate::model::UnixSeconds;

/// Exponential back-off with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure, seconds. Default 2.
    pub first_s: u32,
    /// At most, seconds. Default 1 hour.
    pub most_s: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { first_s: 2, most_s: 3600 }
    }
}

impl Backoff {
    /// When to try again after `failures` in a row (1 for the first), but not before `asked_s` have passed if the other
    /// side asked for that. A quarter of the wait is spread by `seed`, so that what failed together does not come back
    /// together.
    pub fn again_at(
        &self,
        now: UnixSeconds,
        failures: u32,
        seed: u64,
        asked_s: Option<u32>,
    ) -> UnixSeconds {
        let doublings = failures.saturating_sub(1).min(31);
        let wait_s = (u64::from(self.first_s) << doublings).min(u64::from(self.most_s)).max(1);
        let spread_s = wait_s / 4;
        let jitter_s =
            if spread_s == 0 { 0 } else { mix(seed ^ u64::from(failures)) % (2 * spread_s + 1) };
        let wait_s = wait_s - spread_s + jitter_s;
        // Nobody gets to hold us for longer than we would wait ourselves.
        let asked_s = u64::from(asked_s.unwrap_or(0).min(self.most_s));
        now.saturating_add(wait_s.max(asked_s).cast_signed())
    }
}

/// Steele, Lea and Flood's SplitMix64: neighbouring seeds give unrelated numbers.
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
    fn the_wait_doubles_up_to_the_most_and_is_spread() {
        let backoff = Backoff { first_s: 8, most_s: 100 };
        for seed in 0..200 {
            let waits: Vec<i64> =
                (1..40).map(|f| backoff.again_at(1000, f, seed, None) - 1000).collect();
            assert!((6..=10).contains(&waits[0]) && (12..=20).contains(&waits[1]), "{waits:?}");
            assert!(waits[5..].iter().all(|wait| (75..=125).contains(wait)), "{waits:?}");
        }
        let first: std::collections::BTreeSet<i64> =
            (0..200).map(|seed| backoff.again_at(0, 1, seed, None)).collect();
        assert_eq!(first.len(), 5, "{first:?}");
    }

    #[test]
    fn the_other_side_may_ask_for_more_but_not_for_ever() {
        let backoff = Backoff { first_s: 1, most_s: 100 };
        assert_eq!(backoff.again_at(0, 1, 7, None), 1);
        assert_eq!(backoff.again_at(0, 1, 7, Some(30)), 30);
        assert_eq!(backoff.again_at(0, 1, 7, Some(u32::MAX)), 100);
        assert!(backoff.again_at(0, u32::MAX, 7, None) <= 125);
    }
}
