//! Why a use case failed.
//!
//! Each message is one line for people: the thing, what is wrong with it, and what to do. A message does not repeat its
//! source; [`chain`](fn@crate::model::chain) prints both.

use std::io;
use std::path::PathBuf;

use crate::erasure::ReceiptError;
use crate::fingerprint::FormatError;
use crate::index;
use crate::media;
use crate::model::{CaseId, DeletionId, KeyId, NotOurs, TombstoneId, Topic};
use crate::store;

/// Shorthand for this room's results.
pub type Result<T> = std::result::Result<T, Error>;

/// One variant for each thing that a caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),

    #[error(transparent)]
    Index(#[from] index::Error),

    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },

    #[error("{} is {what}, not a file", path.display())]
    NotAFile { path: PathBuf, what: &'static str },

    #[error("{} has {bytes} bytes, more than the {bytes_max} allowed", path.display())]
    TooLarge { path: PathBuf, bytes: u64, bytes_max: u64 },

    /// The file yielded no fingerprint. The message is its path; the source says why.
    #[error("{}", path.display())]
    Media { path: PathBuf, source: media::Error },

    #[error("a tombstone `{id}` already exists; remove it first or choose another id")]
    IdTaken { id: TombstoneId },

    #[error(
        "{} has no file name to use as the tombstone's id; set one with --id", path.display()
    )]
    NoId { path: PathBuf },

    #[error(
        "the data folder {} was created with the {which} key {made_with}, but the key in use is \
         {current}: nothing would match; set --keys to the folder with the right keys, or start a \
         new data folder",
        path.display()
    )]
    OtherKey { path: PathBuf, which: &'static str, made_with: KeyId, current: KeyId },

    #[error(
        "the fingerprint of the tombstone `{id}` is damaged; remove the tombstone and create it \
         again"
    )]
    Fingerprint { id: TombstoneId, source: FormatError },

    #[error(
        "the index (change {applied}) is ahead of the database (change {head}), which may have \
         been restored from a backup; run `cenotaph index rebuild`"
    )]
    IndexAhead { applied: u64, head: u64 },

    /// A field of a request is not acceptable. `what` names the field.
    #[error("`{what}`: {why}")]
    Invalid { what: &'static str, why: String },

    /// A bounded queue is full. Retry later.
    #[error("too many {what} are waiting; try again in a few seconds")]
    Busy { what: &'static str },

    /// The caller reused an idempotency key for a different request.
    #[error("this Idempotency-Key was already used for a different request; use a new one")]
    KeyTaken,

    /// A different deletion of the same video has not completed.
    #[error("another deletion of this video is in progress: {id}")]
    DeletionConflict { id: DeletionId },

    /// The case changed after the caller read it. `happened` says how, in words.
    #[error("{happened}")]
    CaseConflict { id: CaseId, happened: String },

    /// Permission denied. `why` names the missing role or scope.
    #[error("{why}")]
    NotAllowed { why: String },

    /// The verdict on this upload cannot be appealed.
    #[error("{why}")]
    NoAppeal { why: &'static str },

    /// A stored event does not parse. It is never sent, because it cannot be redacted.
    #[error("the stored `{topic}` event is damaged and was not sent")]
    DamagedEvent {
        topic: Topic,
        #[source]
        source: serde_json::Error,
    },

    #[error(transparent)]
    Sealed(#[from] NotOurs),

    #[error(transparent)]
    Receipt(#[from] ReceiptError),

    #[error("the system returned no random bytes; nothing was changed")]
    NoEntropy { source: io::Error },

    #[error("{} line {line}: {why}", path.display())]
    BadLine { path: PathBuf, line: usize, why: String },
}

impl Error {
    /// Whether the disk is full. The operator has to free space; a retry then succeeds.
    pub fn is_full(&self) -> bool {
        let full = |e: &io::Error| {
            matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        };
        match self {
            Error::Store(store::Error::Full { .. }) => true,
            Error::File { source, .. } => full(source),
            _ => false,
        }
    }
}
