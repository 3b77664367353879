//! An untrusted file becomes timed luma frames (and, when asked for, sound), within limits.
//!
//! The flow: `decode` (in `supervise`) has a worker started (`process`) with the file as its stdin: a fork of the own
//! binary that was started once as `cenotaph nursery` (`nursery`), or the own binary again as `cenotaph worker`. The
//! worker (`worker`) demuxes, decodes, samples and scales, and writes records (`protocol`) to its stdout; the
//! parent validates each and hands frames to the caller. The worker gets an empty environment and a few numbers as
//! arguments, so that it never sees a key. The parent trusts nothing that it reads, waits for nothing without a limit
//! and leaves no process behind.
//!
//! `likeness` hashes a picture so that near-identical ones are told.
//!
//! Sole user of `ffmpeg_next`, `image` and `img_hash`. No type of theirs leaves this room.

#![deny(unsafe_code)]

mod error;
mod likeness;
pub mod nursery;
mod options;
mod orient;
mod picture;
mod process;
mod protocol;
mod scale;
mod supervise;
mod versions;
pub mod worker;

pub use error::{Error, Failure, Limit, Why};
pub use likeness::picture_hash;
pub use options::{Frames, LoopFilter, Options, Plan, Sampling, Sound, Start};
pub use picture::jpeg;
pub use supervise::{decode, decode_items};
pub use versions::versions;

use crate::model::Frame;

/// What a decode hands out, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A sampled picture.
    Frame(Frame),
    /// A stretch of sound (only with `Sound::On`).
    Sound(SoundChunk),
}

/// Consecutive samples of sound: mono, 11 025 Hz.
#[derive(Debug, Clone, PartialEq)]
pub struct SoundChunk {
    /// When the first sample is heard, seconds from the first shown frame (negative when sound begins earlier).
    pub time_s: f64,
    pub samples: Vec<i16>,
}

/// Sampling rate of all `SoundChunk`s, Hz.
pub const SOUND_RATE_HZ: u32 = 11_025;

/// What was learnt of a file beyond its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// From the first shown frame to the end of the last one, seconds; 0 for a still image.
    pub duration_s: f64,
    /// The first picture as displayed, in source pixels: after rotation, with the sample aspect ratio applied.
    pub width: u32,
    pub height: u32,
    pub frames_decoded: u64,
    pub frames_sent: u64,
    /// What was skipped or is missing; `None` for a sound file.
    pub damage: Option<Damage>,
    /// The file is a still image.
    pub still: bool,
    /// Mean distance of the intra frames, seconds; 0 when there was none or the file is a still image.
    pub intra_interval_s: f64,
}

/// A file that could be decoded in part only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The file ends before the duration that it states, or reading broke off.
    pub truncated: bool,
    /// Packets that could not be read or decoded.
    pub errors: u32,
}
