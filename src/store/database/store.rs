//! The open database: one writing connection, some reading ones, and the transactions that the other rooms run.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::database::connection;
use crate::store::database::error::{Error, Result};
use crate::store::database::folder::Folder;
use crate::store::database::group_commit::GroupCommit;

/// Largest number of jobs in one commit; bounds what one transaction writes.
const JOBS_MAX: usize = 256;

/// A job of [`Store::write_grouped`].
type Job = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// Limits of the store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest id of a tombstone, bytes of UTF-8. Default 1024.
    pub id_bytes_max: usize,
    /// Largest fingerprint, bytes. Default 64 MiB: at 12 KB per minute, a video of ninety hours.
    pub fingerprint_bytes_max: usize,
    /// Largest named state, bytes. Default 256 MiB; every [`Store::put_state`] rewrites the whole value.
    pub state_bytes_max: usize,
    /// Idle reading connections to keep open. Default 4; more are opened while more threads read at once.
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

/// An open database; threads share it by reference or `Arc`. Each room of `store` adds the calls of its noun.
#[derive(Debug)]
pub struct Store {
    // Fields drop in order: connections close before the folder releases the lock.
    writer: Option<Mutex<Connection>>,
    group: GroupCommit<Job, rusqlite::Result<()>>,
    readers: Mutex<Vec<Connection>>,
    options: Options,
    folder: Folder,
}

impl Store {
    /// Opens the database of a folder. If the folder was opened for writing, creates a missing database and upgrades an
    /// older one.
    ///
    /// # Errors
    /// [`Error::NoDatabase`] and [`Error::Older`] when reading; [`Error::Newer`], [`Error::Foreign`],
    /// [`Error::Damaged`], [`Error::CannotOpen`]; [`Error::Full`] when an upgrade needs more space.
    pub fn open(folder: Folder, options: Options) -> Result<Store> {
        let path = folder.database_path();
        let (writer, readers) = if folder.is_writing() {
            (Some(Mutex::new(connection::open_writer(&path)?)), Vec::new())
        } else {
            (None, vec![connection::open_reader(&path)?])
        };
        let store = Store {
            writer,
            group: GroupCommit::new(JOBS_MAX),
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

    /// Limits that the store was opened with.
    pub(in crate::store) fn options(&self) -> &Options {
        &self.options
    }

    /// Whether the store was opened for writing.
    pub fn is_writing(&self) -> bool {
        self.writer.is_some()
    }

    /// Reads the whole database and returns what is wrong with it, one line per finding; empty if it is intact.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the database cannot be read at all, [`Error::Disk`].
    pub fn verify(&self) -> Result<Vec<String>> {
        self.read(connection::findings)
    }

    /// Checkpoints the write-ahead log into the database and truncates it; returns false if a reader prevents it.
    ///
    /// # Errors
    /// See [writes](crate::store::Error#writes).
    pub fn fold_log(&self) -> Result<bool> {
        let connection = self.writer()?;
        connection::fold_log(&connection).map_err(|error| self.explain(error))
    }

    /// The one writing connection; waits while another thread writes.
    ///
    /// # Errors
    /// [`Error::OpenedForReading`].
    pub(in crate::store) fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        // A panic in another thread has rolled back its transaction, so a poisoned connection is sound.
        Ok(lock(self.writer_lock()?))
    }

    fn writer_lock(&self) -> Result<&Mutex<Connection>> {
        let refusal = || Error::OpenedForReading { path: self.path().to_path_buf() };
        self.writer.as_ref().ok_or_else(refusal)
    }

    /// Runs `job` in a transaction: when this returns, it is either on disk or rolled back.
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

    /// Like [`Store::write`], but shares the commit with other threads: each job has a savepoint of its own, so when
    /// this returns, this job is either on disk or rolled back, whatever happened to the others.
    ///
    /// # Errors
    /// [`Error::OpenedForReading`]; the job's own error; [`Error::Full`] or [`Error::Disk`] when the commit fails.
    pub(in crate::store) fn write_grouped<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let writer = self.writer_lock()?;
        let answer = Arc::new(Mutex::new(None));
        let place = answer.clone();
        let job: Job = Box::new(move |connection| {
            *lock(&place) = Some(job(connection)?);
            Ok(())
        });
        let result = self.group.run(job, writer, commit);
        let abandoned = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
        result.map_err(abandoned).flatten().map_err(|error| self.explain(error))?;
        let answer = lock(&answer).take();
        Ok(answer.expect("a job that succeeded has left its answer"))
    }

    /// Runs `job` in a read transaction, which sees one snapshot of the database.
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
        lock(&self.readers)
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
            // Best effort: the next writer does it on opening; the log loses nothing meanwhile.
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

/// Runs jobs in one transaction, each in its own savepoint, and returns their results in order.
fn commit(connection: &mut Connection, jobs: Vec<Job>) -> Vec<rusqlite::Result<()>> {
    let count = jobs.len();
    let mut results = Vec::with_capacity(count);
    let shared = in_one(connection, jobs, &mut results);
    // A job that never ran gets the same error as those that were rolled back.
    results.resize_with(count, || Ok(()));
    if let Err(error) = shared {
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            *result = Err(another(&error));
        }
    }
    results
}

fn in_one(
    connection: &mut Connection,
    jobs: Vec<Job>,
    results: &mut Vec<rusqlite::Result<()>>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let done = in_savepoint(&transaction, job);
        // A full disk may end the whole transaction, not only the statement.
        let lost = done.as_ref().err().filter(|_| transaction.is_autocommit()).map(another);
        results.push(done);
        if let Some(error) = lost {
            return Err(error);
        }
    }
    transaction.commit()
}

fn in_savepoint(connection: &Connection, job: Job) -> rusqlite::Result<()> {
    connection.execute_batch("SAVEPOINT job")?;
    let done = job(connection);
    let end = if done.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    if !connection.is_autocommit() {
        connection.execute_batch(end)?;
    }
    done
}

/// A copy of an error that hits several jobs.
fn another(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::ToSqlConversionFailure(other.to_string().into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FixedClock;

    fn store(path: &std::path::Path) -> Store {
        let folder = Folder::open_writing(path, "test", &FixedClock(0)).unwrap();
        let store = Store::open(folder, Options::default()).unwrap();
        store.write_grouped(|c| c.execute_batch("CREATE TABLE t (x INTEGER PRIMARY KEY)")).unwrap();
        store
    }

    fn rows(store: &Store) -> i64 {
        store.read(|c| c.query_row("SELECT count(*) FROM t", [], |r| r.get(0))).unwrap()
    }

    fn put(store: &Store, x: i64) -> Result<i64> {
        store.write_grouped(move |c| {
            c.execute("INSERT INTO t VALUES (?1)", [x])?;
            Ok(x * 2)
        })
    }

    #[test]
    fn every_writer_gets_its_own_answer_and_finds_its_row_written() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for x in (thread * 50)..(thread * 50 + 50) {
                        assert_eq!(put(store, x).unwrap(), x * 2);
                        let found: i64 = store
                            .read(move |c| {
                                c.query_row("SELECT count(*) FROM t WHERE x = ?1", [x], |r| {
                                    r.get(0)
                                })
                            })
                            .unwrap();
                        assert_eq!(found, 1);
                    }
                });
            }
        });
        assert_eq!(rows(&store), 400);
    }

    #[test]
    fn a_job_that_fails_leaves_no_trace_and_harms_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        put(&store, 1000).unwrap();
        let gate = store.writer().unwrap();
        std::thread::scope(|scope| {
            let good: Vec<_> = (0..20)
                .map(|x| {
                    scope.spawn({
                        let store = &store;
                        move || put(store, x)
                    })
                })
                .collect();
            let bad: Vec<_> = (0..20)
                .map(|_| {
                    let store = &store;
                    scope.spawn(move || {
                        store.write_grouped(move |c| {
                            c.execute("INSERT INTO t VALUES (?1)", [5000])?;
                            c.execute("INSERT INTO t VALUES (1000)", [])?;
                            Ok(())
                        })
                    })
                })
                .collect();
            while store.group.waiting() < 40 {
                std::thread::yield_now();
            }
            // All forty go in one commit.
            drop(gate);
            assert!(good.into_iter().all(|t| t.join().unwrap().is_ok()));
            assert!(bad.into_iter().all(|t| t.join().unwrap().is_err()));
        });
        assert_eq!(rows(&store), 21);
    }
}
