//! The record of truth: tombstones, the log of their changes, and small named states, in one SQLite database.
//!
//! Flow: `folder` finds or makes the data folder and takes the writer's lock; `database` opens connections and
//! brings the schema up to date; `Store` hands its connections to one file a noun: `tombstones`, `fingerprints`,
//! `changes`, `state`. What a fingerprint's bytes mean is `fingerprint`'s business; the index that is derived from
//! all this is `index`'s; keeping the two in step is `engine`'s.
//!
//! # Format
//! `cenotaph.db`, SQLite in WAL mode, `application_id` `0x43454e4f` ("CENO"), `user_version` = number of migrations
//! applied. Beside it, SQLite's own `cenotaph.db-wal` and `cenotaph.db-shm`, which belong to the database and must be
//! copied with it; they stay when the last writer goes, so that somebody who may only read the folder still can.
//!
//! # Locking
//! One writing process a folder: an exclusive `flock` on `lock`, released by the kernel even after `kill -9`. Within
//! the process one writing connection behind a mutex. Readers take no lock of ours and work beside a writer; each
//! call sees one consistent state of the database.
//!
//! # Crashes
//! `synchronous=FULL`: when a call that changes something returns, the change is on the disk. Every call is one
//! transaction, and tombstone, fingerprint and log entry go in or out together.
//!
//! Removal erases: `secure_delete` overwrites the row with zeros, and the write-ahead log is folded in and truncated
//! right after, at the next removal or at the next opening for writing (a reader in the middle of a call delays it).
//! What the file system or the drive keeps of overwritten blocks is beyond us.
//!
//! # Compatibility
//! Migrations are append-only. A database from a newer version is refused, one that is damaged is reported and left
//! as it is, one from an older version is brought up to date by the next writer.

mod api_keys;
mod audit;
mod backup;
mod case_appeal;
mod case_list;
mod case_news;
mod case_open;
mod case_plots;
mod case_settle;
mod case_show;
mod case_stats;
mod cases;
mod changes;
mod columns;
mod copies;
mod database;
mod deletion_events;
mod deletion_jobs;
mod deletions;
mod error;
mod fingerprints;
mod folder;
mod grants;
mod group;
mod outbox;
mod receipts;
mod retained;
mod ruled_out;
mod sessions;
mod state;
mod subscriptions;
#[cfg(test)]
mod tests;
mod tombstones;
mod upload_end;
mod upload_work;
mod uploads;
mod users;
mod viewing;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use api_keys::ApiKey;
pub use audit::{AuditEntry, AuditFilter, AuditLine};
pub use case_appeal::{AppealOutcome, NewAppeal};
pub use case_list::{COUNTED_MAX, CaseCounts, CaseFilter, CasePlace, CaseRow, NotAPlace};
pub use case_news::CaseOccurrence;
pub use case_open::{Joining, NewCase};
pub use case_plots::RankedPlot;
pub use case_settle::{DueCase, MemberEnd, Settlement};
pub use case_show::{CaseFile, CaseMember, EarlierCase};
pub use case_stats::{CaseStats, DayStats, ReviewerStats};
pub use cases::{Case, CaseChange, CaseClaim, CaseDecision, CaseEvent, CaseHistory};
pub use changes::{Change, ChangeKind};
pub use copies::{Copy, CopyOutcome, NewCopy, Recorded};
pub use deletion_events::{DeletionEvent, EventKind};
pub use deletion_jobs::{Cancelled, Taken};
pub use deletions::{Admission, Deletion, DeletionFilter, NewDeletion};
pub use error::{Error, Result};
pub use fingerprints::StoredFingerprint;
pub use folder::{DATABASE_FILE, Folder, Holder, INDEX_FOLDER, LOCK_FILE};
pub use grants::Grant;
pub use outbox::{Delivery, DeliveryCounts, NewEvent, Parcel, Tried};
pub use receipts::{KeptReceipt, NewReceipt};
pub use retained::{Bucket, Fold, Grain, RetainedVideo, Sums};
pub use ruled_out::{NewRuledOut, RuledOut};
pub use sessions::{Session, SessionsEnd, SessionsOf};
pub use subscriptions::{Subscription, SubscriptionChange};
pub use tombstones::{NewTombstone, Stats, Tombstone, TombstoneEnd};
pub use upload_end::{Forget, Forgotten};
pub use upload_work::{NewDecision, Reversal};
pub use uploads::{
    Acceptance, Bytes, Decision, Idempotency, NewUpload, Upload, UploadFilter, UploadMatch,
};
pub use users::{User, UserChange};
pub use viewing::Viewing;

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
    group: group::Group,
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
            (Some(Mutex::new(database::open_writer(&path)?)), Vec::new())
        } else {
            (None, vec![database::open_reader(&path)?])
        };
        let store = Store {
            writer,
            group: group::Group::default(),
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

    /// Whether this process may change the store.
    pub fn is_writing(&self) -> bool {
        self.writer.is_some()
    }

    /// Reads the whole database and returns what is wrong with it, one line a finding; empty when it is sound.
    ///
    /// # Errors
    /// When so much is damaged that it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>> {
        self.read(database::findings)
    }

    /// Moves the write-ahead log into the database and truncates it; false when a reader stands in the way.
    ///
    /// # Errors
    /// `OpenedForReading`, or the disk's refusal.
    pub fn fold_log(&self) -> Result<bool> {
        let connection = self.writer()?;
        database::fold_log(&connection).map_err(|error| self.explain(error))
    }

    /// The one writing connection; waits while another thread writes.
    fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        let writer = self
            .writer
            .as_ref()
            .ok_or_else(|| Error::OpenedForReading { path: self.folder.path().to_path_buf() })?;
        // A panic in another thread has rolled its transaction back: the connection is as good as before.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `job` in one transaction, which is on the disk when this returns, or left no trace.
    fn write<T>(&self, job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
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
    fn read<T>(&self, job: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let kept = self.lock_readers().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => database::open_reader(&self.folder.database_path())?,
        };
        let answer = in_snapshot(&connection, job).map_err(|error| self.explain(error));
        let mut readers = self.lock_readers();
        if readers.len() < self.options.readers_kept {
            readers.push(connection);
        }
        answer
    }

    fn lock_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn explain(&self, error: rusqlite::Error) -> Error {
        Error::from_sqlite(&self.folder.database_path(), error)
    }

    fn path(&self) -> &Path {
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
