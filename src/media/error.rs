//! What can go wrong, by what the caller does next. Messages name no paths and repeat nothing from the file.

use std::fmt;
use std::io;

/// Why a decode gave no (complete) answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes cannot be read: a directory, a pipe, an I/O error. A fault on this side.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// The bytes were read but hold no picture. Trying again will not help.
    #[error("the file cannot be decoded: {why}")]
    Undecodable { why: Why },
    /// A video in a codec that this build does not decode.
    #[error("the video's codec is not supported")]
    Unsupported,
    /// The file asks for more than `Options` allow.
    #[error("the limit on {which} was reached")]
    LimitReached { which: Limit },
    /// The worker broke; the file is suspect, the service is not.
    #[error("the decoding worker {how}")]
    WorkerFailed { how: Failure },
    /// The caller's `on_frame` asked to stop.
    #[error("decoding was cancelled")]
    Cancelled,
}

/// What makes a file undecodable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No bytes at all.
    Empty,
    /// No known container, or one that refers to other files (playlists).
    NotVideo,
    /// A container without a video stream, such as a sound file.
    NoVideoStream,
    /// A video stream of which not one picture could be decoded.
    NoPicture,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Empty => "it is empty",
            Why::NotVideo => "it is not a known video or image format",
            Why::NoVideoStream => "it has no video stream",
            Why::NoPicture => "no picture could be decoded from it",
        })
    }
}

/// Which of the `Options` was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    WallTime,
    CpuTime,
    Memory,
    Pixels,
    Frames,
    Duration,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::WallTime => "decoding time",
            Limit::CpuTime => "processor time",
            Limit::Memory => "memory",
            Limit::Pixels => "pixels a frame",
            Limit::Frames => "frames",
            Limit::Duration => "duration",
        })
    }
}

/// How a worker failed.
#[derive(Debug)]
pub enum Failure {
    /// It could not be started: a fault of the installation, not of the file.
    NotStarted(io::Error),
    /// It ended without an answer.
    Crashed,
    /// Something killed it (the kernel for lack of memory, an operator).
    Killed,
    /// It said nothing for `stall_timeout_s`.
    Hung,
    /// It sent more than was asked for.
    Flooded,
    /// It sent what is not a record.
    Garbled,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotStarted(cause) => write!(f, "could not be started: {cause}"),
            Failure::Crashed => f.write_str("crashed"),
            Failure::Killed => f.write_str("was killed"),
            Failure::Hung => f.write_str("hung"),
            Failure::Flooded => f.write_str("sent more than was asked for"),
            Failure::Garbled => f.write_str("sent nonsense"),
        }
    }
}
