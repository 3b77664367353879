//! Failures outside this machine. No message names an address: addresses reveal videos.

use std::io;

use crate::model::UnixSeconds;

/// A result of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Variants by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings, or the kind of the other side, forbid it: a retry helps only after someone has changed them.
    #[error("{why}")]
    NotAllowed { why: String },

    /// A lock protects it until a date, or (`None`) until someone lifts it.
    #[error("{why}")]
    Held { until: Option<UnixSeconds>, why: &'static str },

    /// There is nothing to read.
    #[error("there is nothing at this address")]
    Absent,

    #[error("it has more than the {bytes_max} bytes allowed")]
    TooLarge { bytes_max: u64 },

    #[error("there are more than the {objects_max} objects allowed under this prefix")]
    TooMany { objects_max: u64 },

    /// The other side answered with an error status.
    #[error("{what} answered {status}{}", code.as_ref().map(|c| format!(" ({c})")).unwrap_or_default())]
    Answered {
        what: &'static str,
        status: u16,
        /// The other side's short name for the error.
        code: Option<String>,
        /// `Retry-After`, if it was sent as a number of seconds.
        retry_after_s: Option<u32>,
    },

    #[error("{what} cannot be reached: {why}")]
    Unreachable {
        what: &'static str,
        why: &'static str,
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },

    /// It was deleted, and a fresh lookup still finds it.
    #[error("{what} is still there after its deletion")]
    StillThere { what: &'static str },

    /// The other side has started and wants to be asked again.
    #[error("{what} is not done yet")]
    NotYet { what: &'static str, retry_after_s: Option<u32> },

    #[error("a local file: {0}")]
    Local(io::Error),
}

impl Error {
    /// Whether the same request may succeed later without anybody's help.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::NotAllowed { .. }
            | Error::Held { until: None, .. }
            | Error::TooLarge { .. }
            | Error::TooMany { .. } => false,
            Error::Held { .. }
            | Error::Absent
            | Error::Answered { .. }
            | Error::Unreachable { .. }
            | Error::StillThere { .. }
            | Error::NotYet { .. }
            | Error::Local(_) => true,
        }
    }

    /// The least time that the other side wants to pass before the next try, seconds.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            Error::Answered { retry_after_s, .. } | Error::NotYet { retry_after_s, .. } => {
                *retry_after_s
            }
            _ => None,
        }
    }

    pub(super) fn not_allowed(why: impl Into<String>) -> Error {
        Error::NotAllowed { why: why.into() }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Error {
        Error::Local(source)
    }
}
