//! Rulings of moderators: a match that was ruled out for some content and a tombstone does not count again.
//!
//! A ruling binds to what was ruled on:
//!
//! ```text
//! the same bytes         ruled out for good
//! another encoding       ruled out if every frame is one that was seen      (ruled_samples)
//!                        and the match has about the same evidence; of an upload too long to be sampled as a whole,
//!                        if the match is within the ruled one too         (ruled_extent)
//! anything else          counts
//! ```
//!
//! A ruling made before version 9 of the database has twelve frames of the whole upload instead of samples; it needs the
//! spans of its case as well, and holds for the same bytes only where these are no longer recorded.

use crate::engine::check::ruled_extent::{Extent, SharedStretch};
use crate::engine::check::ruled_samples::RuledSamples;
use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::fingerprint::{self, FrameBits, UploadPrint};
use crate::model::{ByteDigest, DeletionReason, Report, ReportMatch, Slot, VerdictKind};
use crate::store::{RuledOut, RulingFormat, Tombstone};

/// Frames in a ruling of the old format, evenly spaced over the upload.
const OLD_FRAMES: usize = 12;
/// Largest mean distance per frame, bits of 256, in the old format.
const OLD_BITS_MAX: f64 = 30.0;
/// Largest difference in duration in the old format: seconds, or a share of the longer duration if that is more.
const OLD_LENGTH_MISS_S: f32 = 0.6;
const OLD_LENGTH_MISS: f32 = 0.02;

/// A tombstone whose rulings may hold for a match.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Precedent {
    pub slot: Slot,
    pub reason: DeletionReason,
    /// The stretches that its video shares with the matched one; empty for the matched tombstone itself.
    pub shared: Vec<SharedStretch>,
}

/// An upload that is being checked.
struct Ruled<'u> {
    digest: &'u ByteDigest,
    print: Option<&'u UploadPrint>,
}

/// Indices of `wanted` evenly spaced items out of `of`; all indices if there are fewer.
pub(in crate::engine) fn spaced(of: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let wanted = wanted.min(of);
    (0..wanted).map(move |at| (2 * at + 1) * of / (2 * wanted))
}

impl Engine {
    /// Marks the matches in a report that a moderator ruled out for this content, and updates the verdict.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be read.
    pub(in crate::engine) fn rule_out(
        &self,
        report: &mut Report,
        digest: &ByteDigest,
        print: Option<&UploadPrint>,
    ) -> Result<()> {
        let upload = Ruled { digest, print };
        let mut any = false;
        for one in &mut report.matches {
            if one.found.verdict == VerdictKind::Allow {
                continue;
            }
            let Some(tombstone) = self.store().get_by_id(&one.found.tombstone)? else { continue };
            if self.is_ruled_out(one, tombstone.reason, &precedents(&tombstone), &upload)? {
                one.weighed.ruled_out = true;
                let verdict = self.options().policy.judged(&one.weighed);
                (one.found.verdict, one.found.reason) = (verdict.kind, verdict.reason);
                any = true;
            }
        }
        if any {
            let weighed = report.matches.iter().map(|one| &one.weighed);
            report.verdict = self.options().policy.overall(weighed, report.seen);
        }
        Ok(())
    }

    /// Whether a ruling about one of these tombstones rules out a match with a video deleted for `reason`.
    fn is_ruled_out(
        &self,
        one: &ReportMatch,
        reason: DeletionReason,
        precedents: &[Precedent],
        upload: &Ruled<'_>,
    ) -> Result<bool> {
        let extent = Extent::new(&one.found.spans, &one.found.evidence);
        for precedent in precedents.iter().filter(|of| rank(reason) <= rank(of.reason)) {
            if self.store().is_ruled_out(precedent.slot, upload.digest)? {
                return Ok(true);
            }
            let Some(print) = upload.print else { continue };
            for ruling in self.store().ruled_out(precedent.slot)? {
                if self.holds(&ruling, &extent, &precedent.shared, print)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a ruling holds for a match of another encoding.
    fn holds(
        &self,
        ruling: &RuledOut,
        extent: &Extent,
        shared: &[SharedStretch],
        print: &UploadPrint,
    ) -> Result<bool> {
        let Some(ruled) = ruling.extent.as_deref().and_then(Extent::recorded) else {
            return Ok(false);
        };
        let covers = ruled.covers(extent, shared);
        let may_be_whole = shared.is_empty() && ruled.is_about_as_strong(extent);
        if !(covers || may_be_whole) {
            return Ok(false);
        }
        // Read for few rulings only: samples are large.
        let Some(content) = self.store().ruled_content(ruling.seq)? else { return Ok(false) };
        Ok(match ruling.format {
            RulingFormat::TwelveFrames => covers && is_same_by_twelve(&content, print),
            // Where every frame of the upload was seen, nothing can have been added, and the spans of the match may
            // differ as those of two encodings do.
            RulingFormat::Samples => RuledSamples::from_bytes(&content).is_some_and(|samples| {
                (covers || samples.is_whole()) && samples.same_in(print, &ruled.upload_spans())
            }),
        })
    }
}

/// The tombstones whose rulings are asked about a match with this one.
///
/// GROUP: the other members of its content group are added here, each with the stored stretches that it shares with
/// `tombstone`. [`Engine::is_ruled_out`] leaves out those that were deleted for a weaker reason.
fn precedents(tombstone: &Tombstone) -> Vec<Precedent> {
    let Tombstone { slot, reason, .. } = *tombstone;
    vec![Precedent { slot, reason, shared: Vec::new() }]
}

/// How much weight a reason of deletion has. A ruling about a video that its owner deleted says nothing about one that
/// was deleted by a court or a moderator.
fn rank(reason: DeletionReason) -> u8 {
    match reason {
        DeletionReason::OwnerRequest => 0,
        DeletionReason::Legal | DeletionReason::Moderation => 1,
    }
}

/// Whether an upload is like the twelve frames of an old ruling: duration in seconds (f32, little-endian), then the 256
/// bits of each frame (4 × u64).
fn is_same_by_twelve(content: &[u8], print: &UploadPrint) -> bool {
    let Some((duration_s, frames)) = content.split_first_chunk::<4>() else { return false };
    let duration_s = f32::from_le_bytes(*duration_s);
    let frame = |bytes: &[u8; 32]| -> FrameBits {
        let (words, _) = bytes.as_chunks::<8>();
        std::array::from_fn(|at| u64::from_le_bytes(words[at]))
    };
    let ruled: Vec<FrameBits> = frames.as_chunks().0.iter().map(frame).collect();
    let seen: Vec<usize> = spaced(print.frames.len(), OLD_FRAMES).collect();
    let longest_s = duration_s.max(print.duration_s);
    let miss_s = (OLD_LENGTH_MISS * longest_s).max(OLD_LENGTH_MISS_S);
    if (duration_s - print.duration_s).abs() > miss_s
        || ruled.is_empty()
        || ruled.len() != seen.len()
    {
        return false;
    }
    let both = ruled.iter().zip(&seen);
    let bits: u32 = both.map(|(a, at)| fingerprint::distance(a, &print.frames[*at].views[0])).sum();
    f64::from(bits) / ruled.len() as f64 <= OLD_BITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::UploadFrame;
    use crate::model::{KeyId, Luma};

    fn content(duration_s: f32, word: u64) -> Vec<u8> {
        let frames = (0..12).flat_map(|at| [word.rotate_left(at); 4]);
        let frames = frames.flat_map(u64::to_le_bytes);
        duration_s.to_le_bytes().into_iter().chain(frames).collect()
    }

    fn print(duration_s: f32, word: u64) -> UploadPrint {
        let frame = |at: u32| UploadFrame {
            time_s: at as f32,
            views: [[word.rotate_left(at); 4]; 4],
            quality: 40,
            thumb: Luma::new(1, 1, vec![0]),
        };
        let frames = (0..12).map(frame).collect();
        UploadPrint { duration_s, frames, ..UploadPrint::empty(KeyId([0; 8])) }
    }

    #[test]
    fn an_old_ruling_knows_another_encoding_by_twelve_frames() {
        let one = content(10.0, 0x0123_4567_89ab_cdef);
        assert!(is_same_by_twelve(&one, &print(10.3, 0x0123_4567_89ab_cdee)));
        assert!(!is_same_by_twelve(&one, &print(12.0, 0x0123_4567_89ab_cdef)));
        assert!(!is_same_by_twelve(&one, &print(10.0, 0xf0f0_1234_5678_9abc)));
        assert!(!is_same_by_twelve(&one[..4], &print(10.0, 0x0123_4567_89ab_cdef)));
        assert!(!is_same_by_twelve(&[], &print(0.0, 0)));
    }

    #[test]
    fn indices_are_evenly_spaced() {
        assert_eq!(spaced(100, 4).collect::<Vec<_>>(), [12, 37, 62, 87]);
        assert_eq!(spaced(2, 4).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(spaced(0, 4).count(), 0);
    }

    #[test]
    fn a_ruling_about_what_its_owner_deleted_is_weaker_than_one_about_what_a_court_deleted() {
        use DeletionReason::{Legal, Moderation, OwnerRequest};
        assert!(rank(OwnerRequest) < rank(Legal) && rank(OwnerRequest) < rank(Moderation));
        assert_eq!(rank(Legal), rank(Moderation));
    }
}
