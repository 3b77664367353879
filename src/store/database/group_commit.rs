//! Many small writes with one sync of the disk.
//!
//! A sync costs milliseconds whatever it covers, so writers that come while one is under way share the next:
//!
//! ```text
//! put the job in the queue; wait for the writing connection
//! is it done by now? somebody else took it along: return its outcome
//! else take the whole queue along: begin; each job in a savepoint of its own; commit; leave each its outcome
//! ```
//!
//! Each job is as good as a transaction of its own: when its call returns it is on the disk, or it left no trace.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use crate::store::database::error::{Error, Result};
use crate::store::database::store::Store;

/// Jobs taken along at most: bounds what one commit writes.
const JOBS_MAX: usize = 256;

type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// A job in the queue, and where its outcome is left.
struct Waiting {
    work: Work,
    outcome: Arc<Mutex<Option<rusqlite::Result<()>>>>,
}

/// The queue.
#[derive(Default)]
pub(in crate::store) struct Group(Mutex<Vec<Waiting>>);

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Group")
    }
}

impl Store {
    /// Runs `job` as a transaction of its own, together with those of other threads.
    ///
    /// # Errors
    /// The job's own error or the disk's refusal; then the job left no trace.
    pub(in crate::store) fn write_grouped<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        // Before anything stands in the queue that nobody would take along.
        if !self.is_writing() {
            return Err(Error::OpenedForReading { path: self.path().to_path_buf() });
        }
        let answer = Arc::new(Mutex::new(None));
        let outcome = Arc::new(Mutex::new(None));
        let left = answer.clone();
        let work: Work = Box::new(move |connection| {
            let value = job(connection)?;
            *lock(&left) = Some(value);
            Ok(())
        });
        lock(&self.group().0).push(Waiting { work, outcome: outcome.clone() });
        let mut connection = self.writer()?;
        // Each round takes the oldest along; ours is among them sooner or later.
        while lock(&outcome).is_none() {
            let batch: Vec<Waiting> = {
                let mut queue = lock(&self.group().0);
                let count = queue.len().min(JOBS_MAX);
                queue.drain(..count).collect()
            };
            if batch.is_empty() {
                // Another thread took it along and panicked: its transaction was rolled back.
                let lost = rusqlite::Error::ToSqlConversionFailure("a write was given up".into());
                return Err(self.explain(lost));
            }
            carry_out(&mut connection, batch);
        }
        drop(connection);
        let outcome = lock(&outcome).take().expect("the loop ends when it is there");
        outcome.map_err(|error| self.explain(error))?;
        let answer = lock(&answer).take();
        Ok(answer.expect("a job that went well has left its answer"))
    }
}

fn carry_out(connection: &mut Connection, batch: Vec<Waiting>) {
    let mut outcomes = Vec::with_capacity(batch.len());
    let committed = in_one(connection, batch, &mut outcomes);
    for (outcome, place) in outcomes {
        let settled = match (&committed, outcome) {
            (Ok(()), outcome) => outcome,
            (Err(_), Err(own)) => Err(own),
            (Err(shared), Ok(())) => Err(copy(shared)),
        };
        *lock(&place) = Some(settled);
    }
}

type Outcomes = Vec<(rusqlite::Result<()>, Arc<Mutex<Option<rusqlite::Result<()>>>>)>;

fn in_one(
    connection: &mut Connection,
    batch: Vec<Waiting>,
    outcomes: &mut Outcomes,
) -> rusqlite::Result<()> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => {
            outcomes.extend(batch.into_iter().map(|w| (Err(copy(&error)), w.outcome)));
            return Err(error);
        }
    };
    let mut lost = None;
    for Waiting { work, outcome } in batch {
        if let Some(error) = &lost {
            outcomes.push((Err(copy(error)), outcome));
            continue;
        }
        let done = in_savepoint(&transaction, work);
        // A full disk may end the whole transaction, not only the statement.
        if let Err(error) = &done
            && transaction.is_autocommit()
        {
            lost = Some(copy(error));
        }
        outcomes.push((done, outcome));
    }
    match lost {
        Some(error) => Err(error),
        None => transaction.commit(),
    }
}

fn in_savepoint(connection: &Connection, work: Work) -> rusqlite::Result<()> {
    connection.execute_batch("SAVEPOINT job")?;
    let done = work(connection);
    let end = if done.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    if !connection.is_autocommit() {
        connection.execute_batch(end)?;
    }
    done
}

/// An error for one more of those that it hits.
fn copy(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::ToSqlConversionFailure(other.to_string().into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Error {
    /// Whether the disk has no room left.
    pub fn is_full(&self) -> bool {
        matches!(self, Error::Full { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FixedClock;
    use crate::store::{Folder, Options};

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
            while lock(&store.group().0).len() < 40 {
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
