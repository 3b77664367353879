//! The alignments of all candidates, within the limits of one judgement.
//!
//! The candidates are ordered likeliest first, and some hundred of them may be noise. Work is spent where it may find
//! a match:
//!
//! ```text
//! for each candidate:
//!     if it is within pairs_max, or the first, or the index's own hits align:
//!         hits ← all near pairs                                   (`align::hits`)
//!         aligned ← alignments of the pairs within HIT_BITS       (`align::consensus`)
//!         if none of these is sure, for up to wide_max candidates:
//!             wide ← alignments of the pairs within WIDE_BITS
//!     if anything is aligned, or frames were hit, for up to unplaced_max candidates:
//!         unplaced ← the best line of whole frames                (`evidence::unplaced_frames`)
//!     keep the candidate if it has any of these
//! ```

use crate::matching::align::consensus::{
    Alignment, SEEDS, SURE_DISTINCT, SearchLimits, WIDE_SEEDS, alignments,
};
use crate::matching::align::hits::{HIT_BITS, Hit, PreparedUpload};
use crate::matching::evidence::lookalikes::Lookalikes;
use crate::matching::evidence::unplaced_frames::{UnplacedFrames, unplaced_frames};
use crate::matching::judge::candidate::{Candidate, Options};

/// For the index's hits: one alignment shows that a candidate is worth a full comparison.
const VOUCH: SearchLimits = SearchLimits { alignments_max: 1, seeds: SEEDS };

/// The alignments of one candidate, before anything is weighed.
pub struct Alignments {
    /// Index into the candidates.
    pub candidate: usize,
    /// By near hits.
    pub near: Vec<Alignment>,
    /// By wide hits.
    pub wide: Vec<Alignment>,
    pub lookalikes: Lookalikes,
    pub unplaced: Option<UnplacedFrames>,
}

/// Aligns the candidates and compares their frames; those with neither an alignment nor a line of frames are left out.
pub fn align_all(
    prepared: &PreparedUpload<'_>,
    candidates: &[Candidate<'_>],
    options: &Options,
) -> Vec<Alignments> {
    let upload = prepared.print;
    let (mut pairs, mut compared, mut widened) = (0u64, 0usize, 0usize);
    let mut out = Vec::new();
    for (index, c) in candidates.iter().enumerate() {
        let deleted = c.fingerprint;
        pairs += 4 * upload.keypoints.len() as u64 * deleted.keypoints.len() as u64;
        let worthwhile = pairs <= options.pairs_max || index == 0 || vouched(prepared, c);
        let (mut near, mut wide, mut hits) = (Vec::new(), Vec::new(), Vec::new());
        if worthwhile {
            hits = prepared.hits(deleted, options.hits_max);
            let close: Vec<Hit> =
                hits.iter().filter(|h| u32::from(h.distance) <= HIT_BITS).copied().collect();
            let limits = SearchLimits { alignments_max: options.alignments_max, seeds: SEEDS };
            near = alignments(upload, deleted, &close, limits);
            let sure = near.first().is_some_and(|a| a.distinct >= SURE_DISTINCT);
            if !sure && widened < options.wide_max {
                widened += 1;
                let limits =
                    SearchLimits { alignments_max: options.wide_alignments_max, seeds: WIDE_SEEDS };
                wide = alignments(upload, deleted, &hits, limits);
            }
        }
        let placed = !near.is_empty() || !wide.is_empty();
        let promising = placed || c.found.is_none_or(|found| found.frames);
        let mut unplaced = None;
        if promising && compared < options.unplaced_max {
            compared += 1;
            unplaced = unplaced_frames(upload, deleted);
        }
        if placed || unplaced.is_some() {
            let lookalikes = Lookalikes::new(deleted, &hits);
            out.push(Alignments { candidate: index, near, wide, lookalikes, unplaced });
        }
    }
    out
}

/// Whether the few hits that the index found of a candidate align.
fn vouched(prepared: &PreparedUpload<'_>, candidate: &Candidate<'_>) -> bool {
    let deleted = candidate.fingerprint;
    let hits = candidate.found.map(|found| prepared.index_hits(deleted, found)).unwrap_or_default();
    !alignments(prepared.print, deleted, &hits, VOUCH).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::matching::align::hits::IndexHits;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn beyond_the_budget_a_candidate_is_aligned_only_if_the_index_vouches_for_it() {
        let scene = Scene::new(81);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let prepared = PreparedUpload::new(&upload, Cpu::detect());
        let pairs = scene.hits(&deleted, &upload);
        let pairs =
            pairs.iter().filter(|h| h.distance < 6).map(|h| (h.upload, h.deleted, h.variant));
        let found = IndexHits { keypoints: pairs.take(30).collect(), frames: false };
        let none = IndexHits::default();
        let unrelated = Scene::new(82).deleted();
        let candidates = [
            Candidate { fingerprint: &unrelated, common: None, found: Some(&none) },
            Candidate { fingerprint: &deleted, common: None, found: Some(&none) },
            Candidate { fingerprint: &deleted, common: None, found: Some(&found) },
        ];
        let aligned = |pairs_max| -> Vec<usize> {
            let options = Options { pairs_max, ..Options::default() };
            let all = align_all(&prepared, &candidates, &options);
            all.iter().filter(|a| !a.near.is_empty()).map(|a| a.candidate).collect()
        };
        assert_eq!(aligned(u64::MAX), [1, 2]);
        assert_eq!(aligned(0), [2]);
    }
}
