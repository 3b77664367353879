//! What can keep a use case from being carried out, each message one line for people.

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

/// Variants by what the caller does next.
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

    /// The file gave no fingerprint.
    #[error("{}", path.display())]
    Media { path: PathBuf, source: media::Error },

    #[error("a tombstone `{id}` already exists; remove it first or choose another id")]
    IdTaken { id: TombstoneId },

    #[error(
        "{} has no name to take as the tombstone's id; give one with --id", path.display()
    )]
    NoId { path: PathBuf },

    #[error(
        "the data folder {} was made with the {which} key {made_with}, but the key in use is {current}: nothing would \
         match; name the folder of the right keys with --keys, or start a new data folder",
        path.display()
    )]
    OtherKey { path: PathBuf, which: &'static str, made_with: KeyId, current: KeyId },

    #[error("cannot read the fingerprint of the tombstone `{id}`; remove it and make it again")]
    Fingerprint { id: TombstoneId, source: FormatError },

    #[error(
        "the index reaches further ({applied}) than the database ({head}), which was perhaps restored from a backup; \
         run `cenotaph index rebuild`"
    )]
    IndexAhead { applied: u64, head: u64 },

    /// Something that was asked for cannot be; `what` names the field.
    #[error("`{what}`: {why}")]
    Invalid { what: &'static str, why: String },

    /// There is no room for one more at present.
    #[error("too many {what} are waiting; try again in a few seconds")]
    Busy { what: &'static str },

    /// A caller's name for a request stands for another one.
    #[error("this Idempotency-Key was given to another request")]
    KeyTaken,

    /// Something else was asked for the same video, and is under way.
    #[error("another deletion of this video is under way: {id}")]
    DeletionConflict { id: DeletionId },

    /// A case is not as whoever acts saw it; `happened` says what happened, in words.
    #[error("{happened}")]
    CaseConflict { id: CaseId, happened: String },

    /// It is not for this person to do.
    #[error("{why}")]
    NotAllowed { why: String },

    /// An upload's verdict cannot be appealed against.
    #[error("{why}")]
    NoAppeal { why: &'static str },

    /// A stored event does not parse. It is never sent: it could not be redacted.
    #[error("the stored event of the topic `{topic}` is damaged, and was not sent")]
    DamagedEvent {
        topic: Topic,
        #[source]
        source: serde_json::Error,
    },

    #[error(transparent)]
    Sealed(#[from] NotOurs),

    #[error(transparent)]
    Receipt(#[from] ReceiptError),

    #[error("the system provides no random bytes; nothing was changed")]
    NoEntropy { source: io::Error },

    #[error("{} line {line}: {why}", path.display())]
    BadLine { path: PathBuf, line: usize, why: String },
}

impl Error {
    /// Whether the disk has no space left, which is the operator's business and may pass.
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
