//! The open database: one connection that writes, a few that read, and the transactions that the other rooms run.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::database::connection;
use crate::store::database::error::{Error, Result};
use crate::store::database::folder::Folder;
use crate::store::database::group_commit::Group;

/// Limits of the store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest id of a tombstone, bytes of UTF-8. Default 1024.
    pub id_bytes_max: usize,
    /// Largest fingerprint, bytes. Default 64 MiB: 12 KB a minute allow a video of ninety hours.
    pub fingerprint_bytes_max: usize,
    /// Largest named state, bytes. Default 256 MiB; it is rewritten whole at every `put_state`.
    pub state_bytes_max: usize,
    /// Reading connections kept open between calls. Default 4; more are opened when as many threads read at once.
    pub readers_kept: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            id_bytes_max: 1024,
            fingerprint_bytes_max: 64 << 20,
            state_bytes_max: 256 << 20,
            readers_kept: 4,
        }
    }
}

/// An open database. Share it between threads by reference or `Arc`.
#[derive(Debug)]
pub struct Store {
    // Connections stand before the folder, so that they are closed before its lock is released.
    writer: Option<Mutex<Connection>>,
    group: Group,
    readers: Mutex<Vec<Connection>>,
    options: Options,
    folder: Folder,
}

impl Store {
    /// Opens the database of a folder; for writing if the folder was opened for writing, which also creates the
    /// database when there is none and brings an older one up to date.
    ///
    /// # Errors
    /// Reading and no database there, an older one that only a writer may upgrade, a newer one, a damaged one, one of
    /// another program, no permission, no space: each its own variant of `Error`.
    pub fn open(folder: Folder, options: Options) -> Result<Store> {
        let path = folder.database_path();
        let (writer, readers) = if folder.is_writing() {
            (Some(Mutex::new(connection::open_writer(&path)?)), Vec::new())
        } else {
            (None, vec![connection::open_reader(&path)?])
        };
        let store = Store {
            writer,
            group: Group::default(),
            readers: Mutex::new(readers),
            options,
            folder,
        };
        if store.writer.is_some() {
            store.fold_log()?;
        }
        Ok(store)
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The limits that it was opened with.
    pub(in crate::store) fn options(&self) -> &Options {
        &self.options
    }

    /// The jobs that wait for the next commit.
    pub(in crate::store) fn group(&self) -> &Group {
        &self.group
    }

    /// Whether this process may change the store.
    pub fn is_writing(&self) -> bool {
        self.writer.is_some()
    }

    /// Reads the whole database and returns what is wrong with it, one line a finding; empty when it is sound.
    ///
    /// # Errors
    /// When so much is damaged that it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>> {
        self.read(connection::findings)
    }

    /// Moves the write-ahead log into the database and truncates it; false when a reader stands in the way.
    ///
    /// # Errors
    /// `OpenedForReading`, or the disk's refusal.
    pub fn fold_log(&self) -> Result<bool> {
        let connection = self.writer()?;
        connection::fold_log(&connection).map_err(|error| self.explain(error))
    }

    /// The one writing connection; waits while another thread writes.
    pub(in crate::store) fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        let writer = self
            .writer
            .as_ref()
            .ok_or_else(|| Error::OpenedForReading { path: self.folder.path().to_path_buf() })?;
        // A panic in another thread has rolled its transaction back: the connection is as good as before.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `job` in one transaction, which is on the disk when this returns, or left no trace.
    pub(in crate::store) fn write<T>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut connection = self.writer()?;
        let run = || {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = job(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        run().map_err(|error| self.explain(error))
    }

    /// Runs `job` in one read transaction on a connection of its own.
    pub(in crate::store) fn read<T>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let kept = self.lock_readers().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connection::open_reader(&self.folder.database_path())?,
        };
        let answer = in_snapshot(&connection, job).map_err(|error| self.explain(error));
        let mut readers = self.lock_readers();
        if readers.len() < self.options.readers_kept {
            readers.push(connection);
        }
        answer
    }

    pub(in crate::store) fn lock_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::store) fn explain(&self, error: rusqlite::Error) -> Error {
        Error::from_sqlite(&self.folder.database_path(), error)
    }

    pub(in crate::store) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.writer.is_some() {
            // Best effort: the next writer does it on opening, and nothing is lost meanwhile.
            let _ = self.fold_log();
        }
    }
}

fn in_snapshot<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let answer = job(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}
