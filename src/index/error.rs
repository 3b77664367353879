//! Failures of the index, by what the caller does next.

use std::path::{Path, PathBuf};

/// Failures of the index.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused: retry, or free some space.
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file is not what was written: rebuild the index from the store.
    #[error("{} is damaged: {what}; run `cenotaph index rebuild`", path.display())]
    Damaged { path: PathBuf, what: String },
    /// Written by a newer program: upgrade, or rebuild with this one.
    #[error(
        "{} has format version {found}, and this program reads versions up to {known}; \
         use a newer cenotaph, or run `cenotaph index rebuild`",
        path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// The folder contains no index.
    #[error("there is no index in {}; run `cenotaph index rebuild`", path.display())]
    Missing { path: PathBuf },
    /// Another process writes to this index.
    #[error("the index in {} is being written by another process", path.display())]
    Locked { path: PathBuf },
    /// This index was opened for reading only.
    #[error("the index in {} was opened for reading only", path.display())]
    ReadOnly { path: PathBuf },
    /// A limit of the format was reached.
    #[error("{what} exceeds the limit of {limit}")]
    Limit { what: &'static str, limit: u64 },
    /// The caller's iterator of entries failed during a rebuild.
    #[error("a tombstone could not be read")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io { action, path: path.to_path_buf(), source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Error {
        Error::Damaged { path: path.to_path_buf(), what: what.into() }
    }
}
