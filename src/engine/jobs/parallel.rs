//! Many files at once: a bounded number of workers, results as they come.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Runs `job` for each item on `workers` threads (at least one, at most one an item) and hands every result, with the
/// item's place, to `on_result` on the calling thread, in the order in which they come. When `on_result` breaks, no
/// further item is begun, and those under way are waited for and dropped.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    job: impl Fn(&T) -> R + Sync,
    mut on_result: impl FnMut(usize, R) -> ControlFlow<()>,
) {
    let workers = workers.clamp(1, items.len().max(1));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // Bounded, so that workers do not run ahead of a slow reader.
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
    fn every_item_gives_one_result_whatever_the_number_of_workers() {
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
        each(&[0; 0], 2, |_| (), |_, ()| panic!("there was nothing to do"));
    }

    #[test]
    fn breaking_off_begins_nothing_further() {
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
