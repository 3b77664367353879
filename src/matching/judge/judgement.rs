//! One upload against its candidates: the way through the room.
//!
//! ```text
//! found  ← the alignments of every candidate                        (`alignments`)
//! fitted ← for each candidate: its alignments, fitted               (`fitted_alignments`)
//! judged ← for each: its match, if it has any standing
//! ```
//!
//! Each candidate is judged by itself. What other people's deleted videos have in common with it changes no score; it is
//! reported beside it ([`Share`](crate::model::Share)), for policy.

use crate::fingerprint::{Hasher, UploadPrint};
use crate::matching::align::hits::PreparedUpload;
use crate::matching::evidence::visual_weight::VisualWeight;
use crate::matching::judge::alignments::{Alignments, align_all};
use crate::matching::judge::candidate::{Background, Candidate, Options};
use crate::matching::judge::fitted_alignments::FittedAlignments;
use crate::matching::judge::judged::Judged;

/// Judges candidates, likeliest first; returns those with any standing, best first, equals in the order of candidates.
pub fn judge(
    hasher: &Hasher,
    upload: &UploadPrint,
    candidates: &[Candidate<'_>],
    background: &Background,
    options: &Options,
) -> Vec<Judged> {
    let prepared = PreparedUpload::new(upload, hasher.cpu());
    let found = align_all(&prepared, candidates, options);
    let whole = VisualWeight::of_upload(upload);
    let judged = |of: Alignments| {
        let candidate = &candidates[of.candidate];
        let fitted = FittedAlignments::new(hasher, &prepared, candidate, of);
        fitted.judge(&whole, background.tombstones, options)
    };
    let mut out: Vec<Judged> = found.into_iter().filter_map(judged).collect();
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    out
}
