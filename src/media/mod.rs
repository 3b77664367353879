//! Decodes an untrusted file, within limits, to timed luma frames and, on request, sound.
//!
//! # Flow
//! [`decode`] (in `supervise`) starts a worker process (`process`) that has the file as its stdin. The worker is a fork
//! of the fork server, which is this binary run once as `cenotaph fork-server` ([`fork_server`]), or it is this binary
//! run as `cenotaph worker`. The worker ([`worker`]) demuxes, decodes, samples and scales, and writes records
//! (`protocol`) to its stdout. The parent validates each record and passes the frames to the caller.
//!
//! # Trust
//! A worker runs with an empty environment and a few numbers as arguments, so that it never has access to a key. The
//! parent trusts nothing that it reads from a worker, sets a limit to everything that it waits for, and leaves no
//! process behind.
//!
//! Beside decoding, [`picture_hash`] compares pictures in the review queue, and [`jpeg`] shows them.
//!
//! This room is the only user of `ffmpeg_next`, `image` and `img_hash`; none of their types leaves it.

#![deny(unsafe_code)]

mod error;
pub mod fork_server;
mod likeness;
mod options;
mod orient;
mod output;
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
pub use output::{Damage, Item, SOUND_RATE_HZ, SoundChunk, Summary};
pub use picture::jpeg;
pub use supervise::{decode, decode_items};
pub use versions::versions;
