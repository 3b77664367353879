//! Errors of the data folder and its database. Every message is one line and says what to do.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use rusqlite::ErrorCode;

use crate::model::TombstoneId;
use crate::store::database::folder::Holder;

/// Shorthand for this room's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Errors, by what the caller does next.
///
/// # Reads
/// A call that reads fails with [`Error::Disk`] or [`Error::Damaged`]; [`Error::Sqlite`] has the rest, which no sound
/// database causes.
///
/// # Writes
/// A call that writes fails, besides, with [`Error::OpenedForReading`] when the folder was opened for reading, and with
/// [`Error::Full`] when the disk is. Every call is one transaction: it either succeeds or changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the data folder {} is in use by {holder}; wait until it has finished, stop it, or use \
         another folder",
        path.display()
    )]
    Locked { path: PathBuf, holder: Holder },

    #[error("there is no data folder {}; add a tombstone first, or name the right \
         folder", path.display())]
    NoFolder { path: PathBuf },

    #[error("{} is in the way: expected {expected}; move it or name another \
         folder", path.display())]
    InTheWay { path: PathBuf, expected: &'static str },

    #[error("permission denied: cannot read {} (grant this user read access, or name another folder)", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    #[error("permission denied: cannot write {} (grant this user write access, or name another folder)", path.display())]
    Unwritable { path: PathBuf, source: io::Error },

    #[error("no space left on device for {}; nothing was changed; free some space and try \
         again", path.display())]
    Full {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("there is no database {} yet; add a tombstone first", path.display())]
    NoDatabase { path: PathBuf },

    #[error(
        "the database {} has schema {found} of a newer version, but this version supports up to \
         {known}; upgrade cenotaph",
        path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },

    #[error(
        "the database {} has schema {found}, this version needs {known}; \
         run any command that writes (such as `index rebuild`) once to upgrade it",
        path.display()
    )]
    Older { path: PathBuf, found: u32, known: u32 },

    #[error("{} belongs to another program; move it or name another folder", path.display())]
    Foreign { path: PathBuf },

    #[error(
        "the database {} is damaged and was not changed; make a copy, then restore a backup \
         or try `sqlite3 … .recover`",
        path.display()
    )]
    Damaged { path: PathBuf, source: Sqlite },

    #[error(
        "cannot open the database {}: this user may not read it, or may not create its missing -shm and -wal \
         files; open it once as a user with write access to the folder",
        path.display()
    )]
    CannotOpen { path: PathBuf, source: Sqlite },

    #[error("the data folder {} is open for reading only", path.display())]
    OpenedForReading { path: PathBuf },

    #[error("a tombstone `{id}` already exists; remove it first or choose another id")]
    IdTaken { id: TombstoneId },

    #[error("invalid tombstone id `{id}`: {why}")]
    BadId { id: String, why: String },

    #[error("{what} has {bytes} bytes; the limit is {bytes_max}")]
    TooLarge { what: String, bytes: usize, bytes_max: usize },

    #[error("the data folder {} has no slots left; start a new one", path.display())]
    NoSlots { path: PathBuf },

    #[error("input/output error on {}; check the disk before you continue", path.display())]
    Disk { path: PathBuf, source: Sqlite },

    #[error("cannot use {}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("SQLite error in {}", path.display())]
    Sqlite { path: PathBuf, source: Sqlite },
}

/// An error of SQLite with its own text. It ends the chain: the cause that `rusqlite` gives repeats the text.
#[derive(Debug)]
pub struct Sqlite(rusqlite::Error);

impl fmt::Display for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Sqlite {}

impl Error {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Error::Full { .. })
    }

    /// The error for a failed read of `path`.
    pub(in crate::store) fn reading(path: &Path, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NoFolder { path },
            io::ErrorKind::NotADirectory => Error::InTheWay { path, expected: "a folder" },
            io::ErrorKind::PermissionDenied => Error::Unreadable { path, source },
            _ => Error::Io { path, source },
        }
    }

    /// The error for a failed write of `path`; `expected` says what should be there.
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

    /// The error for SQLite's error about the database at `path`.
    pub(in crate::store) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Error {
        let path = path.to_path_buf();
        let code = source.sqlite_error_code();
        let source = Sqlite(source);
        match code {
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
