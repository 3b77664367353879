//! Errors of a decode, one variant for each way in which the caller continues. Messages contain neither paths nor
//! content of the file.

use std::{fmt, io};

/// Why a decode failed. Frames passed to the caller before the error remain valid.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes cannot be read: a directory, a pipe or an I/O error. The fault is on this side; a retry may help.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// The bytes contain no picture. A retry will not help.
    #[error("the file cannot be decoded: {why}")]
    Undecodable { why: Why },
    /// A video in a codec that this build does not decode.
    #[error("the video's codec is not supported")]
    Unsupported,
    /// The file needs more than [`Options`](crate::media::Options) allow.
    #[error("the limit on {which} was reached")]
    LimitReached { which: Limit },
    /// The worker failed. The file is suspect, the service is not.
    #[error("the decoding worker {how}")]
    WorkerFailed { how: Failure },
    /// The caller's callback returned `Break`.
    #[error("decoding was cancelled")]
    Cancelled,
}

/// Why a file is undecodable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It has no bytes.
    Empty,
    /// Its format is unknown, or is a playlist that refers to other files.
    NotVideo,
    /// It is a container without a video stream, such as a sound file.
    NoVideoStream,
    /// Not one picture of its video stream could be decoded.
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

/// Which limit of [`Options`](crate::media::Options) was reached.
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
            Limit::CpuTime => "CPU time",
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
    /// It could not be started. The installation is at fault, not the file.
    NotStarted(io::Error),
    /// It ended without a last record.
    Crashed,
    /// It was killed: by the kernel for lack of memory, or by an operator.
    Killed,
    /// It sent nothing for `stall_timeout_s`.
    Hung,
    /// It sent more frames, sound or signs of life than its task allows.
    Flooded,
    /// It sent a malformed record.
    Garbled,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotStarted(cause) => write!(f, "could not be started: {cause}"),
            Failure::Crashed => f.write_str("crashed"),
            Failure::Killed => f.write_str("was killed"),
            Failure::Hung => f.write_str("hung"),
            Failure::Flooded => f.write_str("sent more than its task allows"),
            Failure::Garbled => f.write_str("sent a malformed record"),
        }
    }
}
