//! Group commit: jobs of several threads share one commit.
//!
//! A commit costs milliseconds of disk sync, however much it covers, so jobs that arrive during one share the next:
//!
//! ```text
//! enqueue the job; wait for the turn
//! has another thread run it meanwhile? return its result
//! else: take the oldest jobs of the queue, commit them together, hand each its result; repeat until ours is done
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the thread that runs a job puts the result.
type Slot<R> = Arc<Mutex<Option<R>>>;

/// The queue of jobs `J`, each of which ends with a result `R`.
pub struct GroupCommit<J, R> {
    queue: Mutex<Vec<(J, Slot<R>)>>,
    batch_max: usize,
}

/// The thread that had taken the job panicked; whether the job ran is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another thread panicked during the commit")]
pub struct Abandoned;

impl<J, R> GroupCommit<J, R> {
    /// An empty queue; a commit covers at most `batch_max` jobs.
    pub fn new(batch_max: usize) -> GroupCommit<J, R> {
        GroupCommit { queue: Mutex::default(), batch_max }
    }

    /// Runs a job together with those of other threads, and returns its result.
    ///
    /// `turn` is the lock under which one thread at a time commits. `commit` gets what it guards and jobs in the order
    /// of their arrival, possibly without the caller's own, and returns their results in the same order.
    ///
    /// # Errors
    /// [`Abandoned`] when the commit that included this job panicked in another thread.
    pub fn run<T>(
        &self,
        job: J,
        turn: &Mutex<T>,
        mut commit: impl FnMut(&mut T, Vec<J>) -> Vec<R>,
    ) -> Result<R, Abandoned> {
        let slot = Slot::default();
        lock(&self.queue).push((job, slot.clone()));
        let mut turn = lock(turn);
        loop {
            if let Some(result) = lock(&slot).take() {
                return Ok(result);
            }
            let (jobs, slots) = self.next_batch();
            if jobs.is_empty() {
                return Err(Abandoned);
            }
            for (slot, result) in slots.iter().zip(commit(&mut turn, jobs)) {
                *lock(slot) = Some(result);
            }
        }
    }

    /// Jobs in the queue.
    #[cfg(test)]
    pub(in crate::store) fn waiting(&self) -> usize {
        lock(&self.queue).len()
    }

    fn next_batch(&self) -> (Vec<J>, Vec<Slot<R>>) {
        let mut queue = lock(&self.queue);
        let count = queue.len().min(self.batch_max);
        queue.drain(..count).unzip()
    }
}

impl<J, R> fmt::Debug for GroupCommit<J, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("batch_max", &self.batch_max).finish_non_exhaustive()
    }
}

/// A poisoned lock is taken all the same: `run` notices a batch without results.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn jobs_that_arrive_during_a_commit_share_the_next_one() {
        let group = GroupCommit::<u32, u32>::new(100);
        let (started, start) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let (group, batches) = (&group, &Mutex::new(Vec::new()));
        let commit = |sizes: &mut Vec<usize>, jobs: Vec<u32>| {
            sizes.push(jobs.len());
            jobs.into_iter().map(|job| job * 2).collect::<Vec<_>>()
        };
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let first = |sizes: &mut Vec<usize>, jobs| {
                    started.send(()).unwrap();
                    released.recv().unwrap();
                    commit(sizes, jobs)
                };
                assert_eq!(group.run(0, batches, first), Ok(0));
            });
            start.recv().unwrap();
            for job in 1..=8 {
                scope.spawn(move || assert_eq!(group.run(job, batches, commit), Ok(job * 2)));
            }
            while group.waiting() < 8 {
                std::thread::yield_now();
            }
            release.send(()).unwrap();
        });
        assert_eq!(*lock(batches), [1, 8]);
    }

    #[test]
    fn a_batch_is_bounded_and_results_keep_the_order_of_the_jobs() {
        let group = GroupCommit::<u32, u32>::new(2);
        lock(&group.queue).extend((0..5).map(|job| (job, Slot::default())));
        let sizes = Mutex::new(Vec::new());
        let result = group.run(5, &sizes, |sizes, jobs| {
            sizes.push(jobs.len());
            jobs
        });
        assert_eq!((result, lock(&sizes).as_slice()), (Ok(5), &[2, 2, 2][..]));
    }

    #[test]
    fn a_job_whose_commit_panicked_is_reported_and_the_queue_goes_on() {
        let group = GroupCommit::<u32, u32>::new(2);
        let lost: Slot<u32> = Slot::default();
        lock(&group.queue).push((1, lost.clone()));
        let turn = Mutex::new(());
        std::thread::scope(|scope| {
            let panicking = || group.run(2, &turn, |_, _| panic!("a test's panic"));
            scope.spawn(panicking).join().unwrap_err();
        });
        assert_eq!(*lock(&lost), None);
        assert_eq!(group.run(3, &turn, |_, jobs| jobs), Ok(3));
    }
}
