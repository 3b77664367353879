//! Bounded pools for blocking work, which must never run on the async threads.
//!
//! There are three pools, so that one kind of work cannot starve another:
//!
//! | pool | work | a job takes |
//! |---|---|---|
//! | [`blocking`](Pools::blocking) | store calls and in-memory index searches | milliseconds |
//! | [`files`](Pools::files) | file-system access; disks and network mounts may hang | milliseconds to minutes |
//! | [`decode`](Pools::decode) | checks and fingerprints, which keep a core busy | seconds |
//!
//! Each pool is a semaphore in front of tokio's blocking threads. Tokio's own limit (512 threads) is too high to
//! protect anything, so nothing else in this crate may call `spawn_blocking` or `tokio::fs`.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

/// Sizes of the pools.
#[derive(Debug, Clone)]
pub struct Options {
    /// Maximum number of concurrent short jobs, at least 1. Default 32: enough for the store to commit many of them
    /// with one sync to disk. More only add threads.
    pub blocking_max: usize,
    /// Maximum number of concurrent jobs on file systems, at least 1. Default 16, *tuned*: two deletions that each
    /// erase eight copies. More survive more hanging mounts and cost a thread each.
    pub files_max: usize,
    /// Maximum number of concurrent decodes, at least 1. Default: one per core. More only compete for the cores.
    pub decode_max: usize,
    /// Number of decodes that may wait before [`Pools::try_decode`] refuses. Default 64. A longer queue refuses fewer
    /// requests and makes them wait longer.
    pub decode_waiting_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            blocking_max: 32,
            files_max: 16,
            decode_max: std::thread::available_parallelism().map_or(1, |n| n.get()),
            decode_waiting_max: 64,
        }
    }
}

/// [`Pools::try_decode`] refused because the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the decoding queue is full; try again later")]
pub struct Busy;

/// The pools of a process. Clones share them. The methods must run within a tokio runtime, and a panic of a job
/// propagates to its caller.
#[derive(Debug, Clone)]
pub struct Pools {
    blocking: Arc<Semaphore>,
    files: Arc<Semaphore>,
    decode: Arc<Semaphore>,
    /// One permit for each decode that runs or waits.
    admitted: Arc<Semaphore>,
}

impl Pools {
    pub fn new(options: &Options) -> Pools {
        let decode_max = options.decode_max.max(1);
        Pools {
            blocking: Arc::new(Semaphore::new(options.blocking_max.max(1))),
            files: Arc::new(Semaphore::new(options.files_max.max(1))),
            decode: Arc::new(Semaphore::new(decode_max)),
            admitted: Arc::new(Semaphore::new(decode_max + options.decode_waiting_max)),
        }
    }

    /// Runs a short job.
    pub async fn blocking<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run(take(&self.blocking).await, job).await
    }

    /// Runs a job that works on files.
    pub async fn files<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run(take(&self.files).await, job).await
    }

    /// Runs a decode, however many are waiting: for work that is durable elsewhere and has no deadline.
    pub async fn decode<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run(take(&self.decode).await, job).await
    }

    /// Runs a decode, or refuses at once if too many are waiting: for work that the client can retry later.
    ///
    /// # Errors
    /// [`Busy`] if `decode_max` jobs are running and `decode_waiting_max` are waiting.
    pub fn try_decode<T: Send + 'static, J: FnOnce() -> T + Send + 'static>(
        &self,
        job: J,
    ) -> Result<impl Future<Output = T> + Send + use<T, J>, Busy> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| Busy)?;
        let decode = self.decode.clone();
        let job = async move {
            let done = run(take(&decode).await, job).await;
            drop(admitted);
            done
        };
        Ok(job)
    }
}

async fn take(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_owned().await.expect("the pools' semaphores are never closed")
}

/// The permit moves into the job, so a dropped caller does not free a slot while its job is still running.
async fn run<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    job: impl FnOnce() -> T + Send + 'static,
) -> T {
    let job = move || {
        let done = job();
        drop(permit);
        done
    };
    match task::spawn_blocking(job).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, so nobody will poll for the result.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn pools() -> Pools {
        let options =
            Options { blocking_max: 2, files_max: 1, decode_max: 1, decode_waiting_max: 1 };
        Pools::new(&options)
    }

    #[tokio::test]
    async fn at_most_blocking_max_jobs_run_at_once() {
        let pools = pools();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let job = || {
            let (running, most) = (running.clone(), most.clone());
            pools.blocking(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(5));
                running.fetch_sub(1, Ordering::SeqCst);
            })
        };
        futures::future::join_all((0..12).map(|_| job())).await;
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_until_a_job_has_ended() {
        let pools = pools();
        let (go, wait) = mpsc::channel::<()>();
        let first = pools.try_decode(move || wait.recv().is_ok()).unwrap();
        let second = pools.try_decode(|| true).unwrap();
        assert_eq!(pools.try_decode(|| true).err(), Some(Busy));
        let both = tokio::spawn(async move { (first.await, second.await) });
        go.send(()).unwrap();
        assert_eq!(both.await.unwrap(), (true, true));
        assert!(pools.try_decode(|| true).is_ok());
    }

    #[tokio::test]
    async fn hanging_file_systems_do_not_delay_short_jobs() {
        let pools = pools();
        let (go, hanging) = mpsc::channel::<()>();
        let files = pools.clone();
        let hung = tokio::spawn(async move { files.files(move || hanging.recv().is_ok()).await });
        let queued = pools.files(|| ());
        assert_eq!(pools.blocking(|| 7).await, 7);
        go.send(()).unwrap();
        queued.await;
        assert!(hung.await.unwrap());
    }

    #[tokio::test]
    async fn the_panic_of_a_job_propagates_to_its_caller() {
        let pools = pools();
        let panics = tokio::spawn(async move { pools.blocking(|| panic!("as asked")).await });
        assert!(panics.await.unwrap_err().is_panic());
    }
}
