//! A job for each of many items, on a bounded number of threads.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Runs `job` for each item on `workers` threads, clamped to 1..=the number of items.
///
/// Calls `on_result` on the calling thread with the item's index and its result, in order of completion. When
/// `on_result` breaks, no further item starts; the function waits for the running ones and drops their results.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    job: impl Fn(&T) -> R + Sync,
    mut on_result: impl FnMut(usize, R) -> ControlFlow<()>,
) {
    let workers = workers.clamp(1, items.len().max(1));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // Bounded, so that the workers do not run ahead of a slow receiver.
        let (sender, receiver) = mpsc::sync_channel(workers);
        for _ in 0..workers {
            let (sender, next, job) = (sender.clone(), &next, &job);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    if sender.send((at, job(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (at, result) in receiver {
            if on_result(at, result).is_break() {
                // Dropping the receiver makes the workers' next `send` fail.
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_yields_one_result_for_any_number_of_workers() {
        let items: Vec<usize> = (0..100).collect();
        for workers in [0, 1, 3, 1000] {
            let mut seen = vec![0; 100];
            each(
                &items,
                workers,
                |item| item * 2,
                |at, result| {
                    assert_eq!(result, at * 2);
                    seen[at] += 1;
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(seen, vec![1; 100]);
        }
        each(&[0; 0], 2, |_| (), |_, ()| panic!("no item, no result"));
    }

    #[test]
    fn no_further_item_starts_after_a_break() {
        let begun = AtomicUsize::new(0);
        let mut results = 0;
        each(
            &[(); 10_000],
            2,
            |()| begun.fetch_add(1, Ordering::SeqCst),
            |_, _| {
                results += 1;
                ControlFlow::Break(())
            },
        );
        assert_eq!(results, 1);
        assert!(begun.load(Ordering::SeqCst) < 20);
    }
}
