//! One upload against its candidates: the way through the room.
//!
//! ```text
//! found  ← the alignments of every candidate                        (`alignments`)
//! note the voice of every near alignment at its keypoints           (`evidence::commonness`)
//! fitted ← for each candidate: its alignments, fitted under its own keypoint weights; note its voice at its frames
//! judged ← for each: its match, under its own frame weights, if it has any standing
//! ```
//!
//! Two passes over the candidates, because the weight of an item of the upload depends on who else has it: nobody can
//! be judged before everybody is aligned.

use crate::fingerprint::{Hasher, UploadPrint};
use crate::matching::align::hits::PreparedUpload;
use crate::matching::evidence::commonness::{FrameVoices, KeypointVoices};
use crate::matching::judge::alignments::align_all;
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
    let mut keypoints = KeypointVoices::default();
    for of in &found {
        let voice = candidates[of.candidate].voice;
        of.near.iter().for_each(|a| keypoints.add_alignment(upload, a, voice));
    }
    let mut frames = FrameVoices::new(upload);
    let mut fitted: Vec<FittedAlignments<'_>> = Vec::with_capacity(found.len());
    for of in found {
        let candidate = &candidates[of.candidate];
        let weights = keypoints.weights(upload, candidate.voice);
        let one = FittedAlignments::new(hasher, &prepared, candidate, &weights, of);
        frames.add(upload, one.agreeing_frames(), candidate.voice);
        fitted.push(one);
    }
    let judged = |one: &FittedAlignments<'_>| {
        let weights = frames.weights(candidates[one.candidate].voice);
        one.judge(&weights, background.tombstones, options)
    };
    let mut out: Vec<Judged> = fitted.iter().filter_map(judged).collect();
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    out
}
