//! What an upload shows within some spans: dense samples of its frames, by which a ruling recognises another encoding.
//!
//! A ruling clears what was ruled on and nothing that is put between its samples. Hence every frame of the other upload
//! within the ruled spans must be one that the moderator saw: it is compared with its best neighbour within
//! [`NEIGHBOUR_S`], and every sample with a frame of the other; the largest distance counts, not the mean. An upload of
//! at most [`SECONDS_MAX`] is sampled as a whole: then nothing can be added anywhere in it. Where either upload was
//! sampled more sparsely than [`GAP_S_MAX`], nothing is known, and the ruling holds for the same bytes only.
//!
//! The samples are keyed frame hashes, like those of a tombstone, and reveal no more of the pictures.
//!
//! Format, little-endian: duration in seconds (f32), then for each frame its time in seconds (f32) and its hash
//! (4 × u64), in order of time. Without frames, the upload is known to have none that could be compared.

use crate::fingerprint::{self, CONTRAST_COMPARED_MIN, FrameBits, UploadFrame, UploadPrint};
use crate::model::UploadSpan;

/// How far another match may reach beyond the ruled spans, seconds: spans of two encodings differ by that much.
pub(in crate::engine) const MISS_S: f64 = 1.0;
/// Farthest neighbour that a frame is compared with, seconds.
const NEIGHBOUR_S: f64 = 0.3;
/// Longest time between two samples, seconds: two a second, and the rounding of a frame's time.
const GAP_S_MAX: f64 = 0.55;
/// Longest spans that are sampled, seconds in all: 43 KB. More sparse samples would let something pass between them.
const SECONDS_MAX: f64 = 300.0;
/// Largest difference in duration between two encodings, seconds. Tuned: less than the half second that must not be added.
const LENGTH_MISS_S: f64 = 0.4;
/// Minimum number of frames with enough contrast to identify content. A still picture has a single frame, which
/// suffices.
const FRAMES_MIN: usize = 3;
/// Largest distance between a frame and its best neighbour, bits of 256, for two encodings of the same content. Tuned;
/// `measure` prints the distances of re-encodes and of insertions.
const BITS_MAX: u32 = 60;
/// Size of a frame, bytes.
const FRAME_BYTES: usize = 36;

/// The frames of an upload within some spans, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct RuledSamples {
    duration_s: f32,
    frames: Vec<(f32, FrameBits)>,
}

impl RuledSamples {
    /// The samples of an upload within the spans of several matches. Matches that would exceed [`SECONDS_MAX`] are left
    /// out.
    pub fn of(print: &UploadPrint, matches: impl Iterator<Item = Vec<UploadSpan>>) -> RuledSamples {
        let mut spans = Vec::new();
        if f64::from(print.duration_s) <= SECONDS_MAX {
            spans.push(UploadSpan::new(0.0, f64::from(print.duration_s)));
        }
        for one in matches {
            if seconds(&spans) + seconds(&one) <= SECONDS_MAX {
                spans.extend(one);
            }
        }
        let frames = print.frames.iter().map(|frame| (frame.time_s, frame.views[0]));
        let all = RuledSamples { duration_s: print.duration_s, frames: frames.collect() };
        let with_contrast = print.frames.iter().filter(|frame| is_comparable(frame)).count();
        // A still picture has a single frame, which suffices.
        let enough = with_contrast >= FRAMES_MIN.min(print.frames.len().max(1));
        if enough { all.cut(&spans) } else { RuledSamples { frames: Vec::new(), ..all } }
    }

    /// The samples for a ruling on one match: all where the upload was sampled as a whole, else those within the spans.
    /// `None` if they do not suffice to recognise another encoding.
    pub fn within(&self, spans: &[UploadSpan]) -> Option<RuledSamples> {
        if f64::from(self.duration_s) <= SECONDS_MAX && self.is_whole() {
            return Some(self.clone());
        }
        let dense = seconds(spans) <= SECONDS_MAX && self.is_dense(spans);
        dense.then(|| self.cut(spans))
    }

    fn cut(&self, spans: &[UploadSpan]) -> RuledSamples {
        let reach_s = MISS_S + NEIGHBOUR_S;
        let kept = self.frames.iter().filter(|(at_s, _)| {
            spans.iter().any(|span| span.padded(reach_s).contains_s(f64::from(*at_s)))
        });
        RuledSamples { duration_s: self.duration_s, frames: kept.copied().collect() }
    }

    /// Whether the upload was sampled as a whole, so that another encoding is recognised from its first frame to its last.
    pub fn is_whole(&self) -> bool {
        self.is_dense(&[self.whole()])
    }

    fn whole(&self) -> UploadSpan {
        UploadSpan::new(0.0, f64::from(self.duration_s))
    }

    /// Whether an upload is another encoding of this one: as a whole where it was sampled as a whole, else within the
    /// ruled spans.
    pub fn same_in(&self, print: &UploadPrint, spans: &[UploadSpan]) -> bool {
        let longer_s = f64::from(print.duration_s) - f64::from(self.duration_s);
        let whole = [self.whole()];
        let spans = if self.is_whole() { &whole[..] } else { spans };
        longer_s.abs() <= LENGTH_MISS_S
            && self.largest_distance(print, spans).is_some_and(|bits| bits <= BITS_MAX)
    }

    /// The distance of the upload's frame that is least like any of these, bits of 256. `None` if nothing can be said.
    fn largest_distance(&self, print: &UploadPrint, spans: &[UploadSpan]) -> Option<u32> {
        let times: Vec<f32> = print.frames.iter().map(|frame| frame.time_s).collect();
        if !self.is_dense(spans) || !is_dense(&times, f64::from(print.duration_s), spans) {
            return None;
        }
        let inside = |at_s: f32| spans.iter().any(|s| s.padded(MISS_S).contains_s(f64::from(at_s)));
        // A frame without contrast shows nothing of the deleted video.
        let frames = print.frames.iter().filter(|one| inside(one.time_s) && is_comparable(one));
        let seen = frames.map(|frame| self.nearest(frame)).max()?;
        // What was cut out or replaced has samples that no frame shows.
        let ruled = self.frames.iter().filter(|(at_s, _)| inside(*at_s));
        let missed = ruled.map(|(at_s, bits)| nearest_frame(print, *at_s, bits)).max();
        Some(missed.map_or(seen, |missed| missed.max(seen)))
    }

    /// The distance of a frame to its best neighbour; that of a complement if it has none.
    fn nearest(&self, frame: &UploadFrame) -> u32 {
        let near = |at_s: f32| (f64::from(at_s) - f64::from(frame.time_s)).abs() <= NEIGHBOUR_S;
        let neighbours = self.frames.iter().filter(|(at_s, _)| near(*at_s));
        let distances = neighbours.map(|(_, bits)| fingerprint::distance(bits, &frame.views[0]));
        distances.min().unwrap_or(256)
    }

    fn is_dense(&self, spans: &[UploadSpan]) -> bool {
        let times: Vec<f32> = self.frames.iter().map(|(at_s, _)| *at_s).collect();
        is_dense(&times, f64::from(self.duration_s), spans)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.duration_s.to_le_bytes().to_vec();
        for (at_s, words) in &self.frames {
            bytes.extend(at_s.to_le_bytes());
            words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        }
        bytes
    }

    /// `None` if the bytes are not in this format.
    pub fn from_bytes(bytes: &[u8]) -> Option<RuledSamples> {
        let (duration_s, rest) = bytes.split_first_chunk()?;
        let (frames, rest) = rest.as_chunks::<FRAME_BYTES>();
        let frame = |bytes: &[u8; FRAME_BYTES]| {
            let (at_s, words) = bytes.split_first_chunk()?;
            let (words, _) = words.as_chunks::<8>();
            let words = std::array::from_fn(|at| u64::from_le_bytes(words[at]));
            Some((f32::from_le_bytes(*at_s), words))
        };
        let frames: Option<Vec<_>> = frames.iter().map(frame).collect();
        let duration_s = f32::from_le_bytes(*duration_s);
        rest.is_empty().then_some(RuledSamples { duration_s, frames: frames? })
    }
}

/// The distance of a sample to its best neighbour among an upload's frames; 0 beside a frame without contrast.
fn nearest_frame(print: &UploadPrint, at_s: f32, bits: &FrameBits) -> u32 {
    let near =
        |frame: &&UploadFrame| (f64::from(frame.time_s) - f64::from(at_s)).abs() <= NEIGHBOUR_S;
    let distance = |frame: &UploadFrame| {
        if is_comparable(frame) { fingerprint::distance(&frame.views[0], bits) } else { 0 }
    };
    print.frames.iter().filter(near).map(distance).min().unwrap_or(256)
}

fn is_comparable(frame: &UploadFrame) -> bool {
    frame.quality >= CONTRAST_COMPARED_MIN
}

/// Total length of some spans, seconds; what several have in common counts several times.
fn seconds(spans: &[UploadSpan]) -> f64 {
    spans.iter().map(UploadSpan::duration_s).sum()
}

/// Whether an upload of `duration_s` has a sample in every [`GAP_S_MAX`] of the spans and of what a match may reach
/// beyond them. `times` ascend.
fn is_dense(times: &[f32], duration_s: f64, spans: &[UploadSpan]) -> bool {
    !spans.is_empty()
        && spans.iter().all(|span| {
            let span = span.padded(MISS_S);
            let (from_s, to_s) = (span.start_s.max(0.0), span.end_s.min(duration_s));
            let inside = times.iter().map(|at_s| f64::from(*at_s));
            let mut last_s = None;
            for at_s in inside.filter(|at_s| (from_s..=to_s).contains(at_s)) {
                if at_s - last_s.unwrap_or(from_s) > GAP_S_MAX {
                    return false;
                }
                last_s = Some(at_s);
            }
            last_s.is_some_and(|last_s| to_s - last_s <= GAP_S_MAX)
        })
}

#[cfg(test)]
mod measure;
#[cfg(test)]
mod tests;
