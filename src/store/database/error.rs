//! What can go wrong with the data folder and its database, each message one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::TombstoneId;
use crate::store::database::folder::Holder;

/// Shorthand for this room's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Variants by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the data folder {} is in use by {holder}; wait until it has finished, stop it, or use another folder",
        path.display()
    )]
    Locked { path: PathBuf, holder: Holder },

    #[error("there is no data folder {}; add a tombstone first, or name the right folder", path.display())]
    NoFolder { path: PathBuf },

    #[error("{} is in the way: {expected} was expected there; move it or name another folder", path.display())]
    InTheWay { path: PathBuf, expected: &'static str },

    #[error("{} may not be read ({source}); give this user the right to, or name another folder", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    #[error("{} may not be written ({source}); give this user the right to, or name another folder", path.display())]
    Unwritable { path: PathBuf, source: io::Error },

    #[error("no space left for {}; nothing was changed; free some space and try again", path.display())]
    Full {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("there is no database {} yet; add a tombstone first", path.display())]
    NoDatabase { path: PathBuf },

    #[error(
        "the database {} has schema {found}, made by a newer version; this one knows {known}: install the newer one",
        path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },

    #[error(
        "the database {} has the older schema {found}, this version needs {known}; \
         run any command that writes (such as `index rebuild`) once to upgrade it",
        path.display()
    )]
    Older { path: PathBuf, found: u32, known: u32 },

    #[error("{} is the database of another program; move it or name another folder", path.display())]
    Foreign { path: PathBuf },

    #[error(
        "the database {} is damaged ({source}); it was left as it is: make a copy, then restore a backup \
         or try `sqlite3 … .recover`",
        path.display()
    )]
    Damaged { path: PathBuf, source: rusqlite::Error },

    #[error(
        "the database {} cannot be opened ({source}): this user may not read it, or may not make the \
         -shm and -wal files beside it that are missing; open it once as a user who may write the folder",
        path.display()
    )]
    CannotOpen { path: PathBuf, source: rusqlite::Error },

    #[error("the data folder {} was opened for reading only", path.display())]
    OpenedForReading { path: PathBuf },

    #[error("there already is a tombstone `{id}`; remove it first or choose another id")]
    IdTaken { id: TombstoneId },

    #[error("`{id}` cannot be a tombstone's id: {why}")]
    BadId { id: String, why: String },

    #[error("{what} has {bytes} bytes, more than the {bytes_max} allowed")]
    TooLarge { what: String, bytes: usize, bytes_max: usize },

    #[error("the store {} has used all its slots; start a new data folder", path.display())]
    NoSlots { path: PathBuf },

    #[error("the disk failed under {} ({source}); check it before going on", path.display())]
    Disk { path: PathBuf, source: rusqlite::Error },

    #[error("{} failed: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("the database {} refused: {source}", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
}

impl Error {
    /// Whether the disk has no room left.
    pub fn is_full(&self) -> bool {
        matches!(self, Error::Full { .. })
    }

    /// What a failed reading of `path` means.
    pub(in crate::store) fn reading(path: &Path, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NoFolder { path },
            io::ErrorKind::NotADirectory => Error::InTheWay { path, expected: "a folder" },
            io::ErrorKind::PermissionDenied => Error::Unreadable { path, source },
            _ => Error::Io { path, source },
        }
    }

    /// What a failed writing of `path` means; `expected` says what ought to be there.
    pub(in crate::store) fn writing(
        path: &Path,
        expected: &'static str,
        source: io::Error,
    ) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::IsADirectory => Error::InTheWay { path, expected },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::Unwritable { path, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Error::Full { path, source: Box::new(source) }
            }
            _ => Error::Io { path, source },
        }
    }

    /// What SQLite's complaint about the database at `path` means.
    pub(in crate::store) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Error {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::Damaged { path, source }
            }
            Some(ErrorCode::DiskFull) => Error::Full { path, source: Box::new(source) },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Error::CannotOpen { path, source }
            }
            Some(ErrorCode::SystemIoFailure) => Error::Disk { path, source },
            _ => Error::Sqlite { path, source },
        }
    }
}
