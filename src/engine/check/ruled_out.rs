//! Rulings of moderators: a match that was ruled out for some content and a tombstone never counts again.
//!
//! A ruling identifies content by the digest of its bytes and, to cover other encodings, by a few keyed frame hashes.
//! They are made like those of a tombstone, with the same secret key, so they reveal no more of the pictures. The
//! unkeyed perceptual hashes that group open cases are not kept.
//!
//! Format, little-endian: duration in seconds (f32), then the 256 bits of each frame (4 × u64). The frames are evenly
//! spaced over the duration.

use crate::engine::{Engine, Result};
use crate::fingerprint::{self, CONTRAST_COMPARED_MIN, FrameBits, UploadPrint};
use crate::model::{ByteDigest, Report, VerdictKind};
use crate::store::RuledOut;

/// Frames in a ruling.
const FRAMES: usize = 12;
/// Minimum number of frames with enough contrast to identify content.
const FRAMES_MIN: usize = 3;
/// Largest mean distance per frame, bits of 256, between two encodings of the same content. Unrelated frames differ by
/// 128 bits; the same picture at another size and quality by about 10.
const BITS_MAX: f64 = 30.0;
/// Largest difference in duration between two encodings: seconds, or a share of the longer duration if that is more.
const LENGTH_MISS_S: f32 = 0.6;
const LENGTH_MISS: f32 = 0.02;
/// Size of a frame, bytes.
const FRAME_BYTES: usize = 32;

/// The stored form of an upload's content. `None` if too few of its frames have enough contrast.
pub(in crate::engine) fn content(print: &UploadPrint) -> Option<Vec<u8>> {
    let mut bytes = print.duration_s.to_le_bytes().to_vec();
    let mut with_contrast = 0;
    for index in spaced(print.frames.len(), FRAMES) {
        let frame = &print.frames[index];
        with_contrast += usize::from(frame.quality >= CONTRAST_COMPARED_MIN);
        frame.views[0].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    }
    // A still picture has a single frame, which suffices.
    let enough = with_contrast >= FRAMES_MIN.min(print.frames.len().max(1));
    enough.then_some(bytes)
}

/// Indices of `wanted` evenly spaced items out of `of`; all indices if there are fewer.
pub(in crate::engine) fn spaced(of: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let wanted = wanted.min(of);
    (0..wanted).map(move |at| (2 * at + 1) * of / (2 * wanted))
}

fn parts(content: &[u8]) -> Option<(f32, Vec<FrameBits>)> {
    let duration_s = f32::from_le_bytes(content.get(..4)?.try_into().ok()?);
    let frame = |bytes: &[u8; FRAME_BYTES]| {
        let (words, _) = bytes.as_chunks::<8>();
        std::array::from_fn(|at| u64::from_le_bytes(words[at]))
    };
    Some((duration_s, content.get(4..)?.as_chunks().0.iter().map(frame).collect()))
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (Some((a_s, a)), Some((b_s, b))) = (parts(a), parts(b)) else { return false };
    let miss_s = (LENGTH_MISS * a_s.max(b_s)).max(LENGTH_MISS_S);
    if (a_s - b_s).abs() > miss_s || a.is_empty() || a.len() != b.len() {
        return false;
    }
    let bits: u32 = a.iter().zip(&b).map(|(a, b)| fingerprint::distance(a, b)).sum();
    f64::from(bits) / a.len() as f64 <= BITS_MAX
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
        content: Option<&[u8]>,
    ) -> Result<()> {
        let mut any = false;
        for one in &mut report.matches {
            if one.found.verdict == VerdictKind::Allow {
                continue;
            }
            let Some(tombstone) = self.store().get_by_id(&one.found.tombstone)? else { continue };
            let known = self.store().ruled_out(tombstone.slot)?;
            let same = |ruling: &RuledOut| {
                let both = ruling.content.as_deref().zip(content);
                ruling.digest == *digest || both.is_some_and(|(a, b)| is_same(a, b))
            };
            if known.iter().any(same) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(duration_s: f32, word: u64) -> Vec<u8> {
        let frames = (0..12).flat_map(|at| [word.rotate_left(at); 4]);
        let frames = frames.flat_map(u64::to_le_bytes);
        duration_s.to_le_bytes().into_iter().chain(frames).collect()
    }

    #[test]
    fn another_encoding_counts_as_the_same_content_and_other_content_does_not() {
        let one = content(10.0, 0x0123_4567_89ab_cdef);
        assert!(is_same(&one, &content(10.3, 0x0123_4567_89ab_cdee)));
        assert!(!is_same(&one, &content(12.0, 0x0123_4567_89ab_cdef)));
        assert!(!is_same(&one, &content(10.0, 0xf0f0_1234_5678_9abc)));
        assert!(!is_same(&one, &one[..4]) && !is_same(&[], &[]));
    }

    #[test]
    fn indices_are_evenly_spaced() {
        assert_eq!(spaced(100, 4).collect::<Vec<_>>(), [12, 37, 62, 87]);
        assert_eq!(spaced(2, 4).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(spaced(0, 4).count(), 0);
    }
}
