//! The strength of a tombstone: what it promises about re-uploads of its video.
//!
//! When a tombstone is made, a poor re-encode of the video (`fingerprint::reencode`) is judged like an upload, with the
//! tombstone as its only candidate. The evidence is recorded; what it promises depends on the thresholds and on the
//! number of tombstones, which both change, and so is derived whenever it is asked for:
//!
//! ```text
//! score ← of RELIED · evidence among max(tombstones, TOMBSTONES_MIN)
//! block        score ≥ the block threshold, and two distinct pictures support it
//! review       score ≥ the review threshold
//! unmatchable  otherwise
//! ```

use crate::fingerprint::{Fingerprint, Hasher, UploadPrint};
use crate::matching::evidence::score::score_of;
use crate::matching::judge::candidate::{Background, Candidate, Options};
use crate::matching::judge::judged::{SUPPORTS_TO_BLOCK, Thresholds};
use crate::matching::judge::judgement::judge;
use crate::model::{SelfMatch, Strength};

/// Fewest tombstones for which a promise holds: it holds until the store has more than that.
const TOMBSTONES_MIN: usize = 1_000_000;
/// Share of the evidence that is relied upon: an encoder does worse than our degraded copy, and samples the video at
/// slightly other times. Tuned, beforehand; `benches/strength.py` measures what it promises.
const RELIED: f64 = 0.8;
/// Evidence below which a tombstone shows nothing, nats.
const NOTHING_NATS: f64 = 1.0;

/// Judges the print of a video's poor re-encode against the video's own fingerprint.
pub fn match_self(
    hasher: &Hasher,
    reencode: &UploadPrint,
    fingerprint: &Fingerprint,
    options: &Options,
) -> SelfMatch {
    let candidate = Candidate { fingerprint, common: None, found: None };
    let background = Background { tombstones: TOMBSTONES_MIN };
    let judged = judge(hasher, reencode, &[candidate], &background, options);
    judged.first().map_or(SelfMatch { nats: 0.0, supports: 0 }, |judged| SelfMatch {
        nats: judged.measured.evidence(),
        supports: judged.supports,
    })
}

/// What a tombstone promises among this many tombstones, and why, in plain words.
pub fn strength(
    found: &SelfMatch,
    thresholds: &Thresholds,
    tombstones: usize,
) -> (Strength, String) {
    let score = score_of(RELIED * found.nats, tombstones.max(TOMBSTONES_MIN));
    // Rounded down, so that a score below a threshold never reads like one that reaches it.
    let expected = format!(
        "a poor re-encode of it is expected to score {:.1} among {} tombstones",
        (score.max(0.0) * 10.0).floor() / 10.0,
        in_words(tombstones.max(TOMBSTONES_MIN)),
    );
    let help = "a longer or sharper copy, such as the original file, would show more";
    if found.nats < NOTHING_NATS {
        let why = "no frame of it shows anything distinctive: only the same bytes are recognised"
            .to_owned();
        (Strength::Unmatchable, why)
    } else if score < thresholds.review {
        let review = thresholds.review;
        let why = format!(
            "it has too little detail: {expected}, less than the {review} of a review; {help}"
        );
        (Strength::Unmatchable, why)
    } else if score < thresholds.block {
        let block = thresholds.block;
        let why =
            format!("it has little detail: {expected}, less than the {block} of a block; {help}");
        (Strength::Review, why)
    } else if found.supports < SUPPORTS_TO_BLOCK {
        let why = "it shows one picture only, and a block needs two: a re-upload is sent to review; \
                   a longer part of the video that shows another picture would help";
        (Strength::Review, why.to_owned())
    } else {
        (Strength::Block, expected)
    }
}

fn in_words(tombstones: usize) -> String {
    match tombstones {
        n if n.is_multiple_of(1_000_000) => format!("{} million", n / 1_000_000),
        n => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nats: f64, supports: u32, tombstones: usize) -> Strength {
        strength(&SelfMatch { nats, supports }, &Thresholds::default(), tombstones).0
    }

    /// The evidence that, relied upon, has this score in an index of `tombstones`.
    fn nats_of(score: f64, tombstones: usize) -> f64 {
        let (at_0, at_1) = (score_of(0.0, tombstones), score_of(1.0, tombstones));
        (score - at_0) / (at_1 - at_0) / RELIED
    }

    #[test]
    fn the_promise_follows_evidence_and_pictures() {
        let million = 1_000_000;
        let (review, block) = (nats_of(4.0, million), nats_of(8.0, million));
        assert_eq!(of(0.0, 0, 0), Strength::Unmatchable);
        assert_eq!(of(review - 0.1, 9, 0), Strength::Unmatchable);
        assert_eq!(of(review + 0.1, 1, 0), Strength::Review);
        assert_eq!(of(block - 0.1, 9, 0), Strength::Review);
        assert_eq!(of(block + 0.1, 2, 0), Strength::Block);
        assert_eq!(of(block + 0.1, 1, 0), Strength::Review, "one picture");
    }

    #[test]
    fn a_promise_made_in_a_small_store_holds_up_to_a_million_and_is_weaker_beyond() {
        let nats = nats_of(8.0, 1_000_000) + 0.1;
        assert_eq!(of(nats, 2, 10), Strength::Block);
        assert_eq!(of(nats, 2, 1_000_000), Strength::Block);
        assert_eq!(of(nats, 2, 10_000_000), Strength::Review);
    }

    #[test]
    fn stricter_thresholds_weaken_a_promise_that_was_recorded() {
        let found = SelfMatch { nats: nats_of(8.95, 1_000_000), supports: 4 };
        let strict = Thresholds { block: 12.0, review: 4.0 };
        let (label, why) = strength(&found, &strict, 0);
        assert_eq!(label, Strength::Review);
        assert!(why.contains("less than the 12 of a block") && why.contains("8.9"), "{why}");
    }

    #[test]
    fn what_shows_nothing_says_so() {
        let (label, why) =
            strength(&SelfMatch { nats: 0.0, supports: 0 }, &Thresholds::default(), 3);
        assert_eq!(label, Strength::Unmatchable);
        assert!(why.starts_with("no frame of it shows anything"), "{why}");
    }
}
