//! Where blocking work runs: never on the async threads, and never without a bound.
//!
//! Two kinds of it, because one must not starve the other: *short* work (a call of the store, a search of an index that
//! is in memory), and *decoding* work (a check, a fingerprint), which keeps a core busy for seconds.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

/// Sizes of the pools.
#[derive(Debug, Clone)]
pub struct Options {
    /// Short jobs at once. Default 32: enough for the store to write many of them with one sync of the disk.
    pub blocking_max: usize,
    /// Decodes at once. Default: one a core.
    pub decode_max: usize,
    /// Decodes that may wait for their turn before `try_decode` refuses. Default 64.
    pub decode_waiting_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            blocking_max: 32,
            decode_max: std::thread::available_parallelism().map_or(1, |n| n.get()),
            decode_waiting_max: 64,
        }
    }
}

/// `try_decode` had no room: too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all places in the decoding queue are taken; try again later")]
pub struct Busy;

/// The pools of a process. Cloning shares them. All methods must be called within a tokio runtime.
#[derive(Debug, Clone)]
pub struct Pools {
    blocking: Arc<Semaphore>,
    decode: Arc<Semaphore>,
    /// One permit for each decode that runs or waits.
    admitted: Arc<Semaphore>,
}

impl Pools {
    pub fn new(options: &Options) -> Pools {
        let decode_max = options.decode_max.max(1);
        Pools {
            blocking: Arc::new(Semaphore::new(options.blocking_max.max(1))),
            decode: Arc::new(Semaphore::new(decode_max)),
            admitted: Arc::new(Semaphore::new(decode_max + options.decode_waiting_max)),
        }
    }

    /// Runs a short job.
    pub async fn blocking<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run(take(&self.blocking).await, job).await
    }

    /// Runs a decode, however many wait already: for work that is durable elsewhere and only has to be done some time.
    pub async fn decode<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        run(take(&self.decode).await, job).await
    }

    /// Runs a decode, or refuses at once when too many wait: for work that somebody else can offer again later.
    ///
    /// # Errors
    /// `Busy`.
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

    /// Decodes that `try_decode` admitted and that have not ended yet, running ones included.
    pub fn decodes_admitted(&self, options: &Options) -> usize {
        let all = options.decode_max.max(1) + options.decode_waiting_max;
        all.saturating_sub(self.admitted.available_permits())
    }
}

async fn take(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_owned().await.expect("the pools' semaphores are never closed")
}

/// The permit goes with the job, so that a caller who gives up does not make room for one more while the job still runs.
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
            // The runtime is being shut down: nobody will ask for this any more.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn pools() -> (Pools, Options) {
        let options = Options { blocking_max: 2, decode_max: 1, decode_waiting_max: 1 };
        (Pools::new(&options), options)
    }

    #[tokio::test]
    async fn no_more_jobs_run_at_once_than_allowed() {
        let (pools, _) = pools();
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
    async fn a_full_queue_refuses_and_has_room_again_afterwards() {
        let (pools, options) = pools();
        let (go, wait) = mpsc::channel::<()>();
        let first = pools.try_decode(move || wait.recv().is_ok()).unwrap();
        let second = pools.try_decode(|| true).unwrap();
        assert_eq!(pools.try_decode(|| true).err(), Some(Busy));
        assert_eq!(pools.decodes_admitted(&options), 2);
        let both = tokio::spawn(async move { (first.await, second.await) });
        go.send(()).unwrap();
        assert_eq!(both.await.unwrap(), (true, true));
        assert!(pools.try_decode(|| true).is_ok());
    }

    #[tokio::test]
    async fn a_panic_of_a_job_is_its_callers() {
        let (pools, _) = pools();
        let panics = tokio::spawn(async move { pools.blocking(|| panic!("as asked")).await });
        assert!(panics.await.unwrap_err().is_panic());
    }
}
