//! The output of a decode: items in the order of the file, then a summary.

use crate::model::Frame;

/// An item that a decode passes to the caller, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A sampled picture.
    Frame(Frame),
    /// A stretch of sound; only with [`Sound::On`](crate::media::Sound::On).
    Sound(SoundChunk),
}

/// Consecutive samples of sound: mono, 16 bits, [`SOUND_RATE_HZ`].
#[derive(Debug, Clone, PartialEq)]
pub struct SoundChunk {
    /// Time of the first sample, seconds from the first shown frame; negative when the sound begins earlier.
    pub time_s: f64,
    /// Full scale is −32 768..=32 767.
    pub samples: Vec<i16>,
}

/// Sampling rate of every [`SoundChunk`], Hz.
pub const SOUND_RATE_HZ: u32 = 11_025;

/// Facts about a decoded file beyond its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// From the first shown frame to the end of the last one, seconds; 0 for a still image.
    pub duration_s: f64,
    /// Width of the first picture as displayed, source pixels: after rotation, with the sample aspect ratio applied.
    pub width: u32,
    /// Height of the same picture, source pixels.
    pub height: u32,
    pub frames_decoded: u64,
    /// Frames passed to the caller.
    pub frames_sent: u64,
    /// Missing or skipped parts; `None` for an intact file.
    pub damage: Option<Damage>,
    /// The file is a still image.
    pub still: bool,
    /// Mean interval between intra frames, seconds; 0 for a still image or a video without intra frames.
    pub intra_interval_s: f64,
}

/// Damage of a file that could be decoded in part only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The file ends before its stated duration, or reading failed before its end.
    pub truncated: bool,
    /// Packets that could not be read or decoded.
    pub errors: u32,
}
