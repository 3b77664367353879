//! How many uploads may be without a verdict: those that arrive, wait and are checked. Whoever finds no place is told to
//! come back later, so nothing piles up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count, shared.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Admission {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// One of the places; free again when dropped, unless it was kept for an upload that was accepted.
#[derive(Debug)]
pub(in crate::engine) struct Permit {
    taken: Arc<AtomicUsize>,
    kept: bool,
}

impl Admission {
    /// `taken` uploads were accepted before this start and wait for their verdicts.
    pub fn new(max: usize, taken: usize) -> Admission {
        Admission { taken: Arc::new(AtomicUsize::new(taken)), max }
    }

    /// `None` when all are taken.
    pub fn take(&self) -> Option<Permit> {
        let room = |taken: usize| (taken < self.max).then_some(taken + 1);
        self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, room).ok()?;
        Some(Permit { taken: self.taken.clone(), kept: false })
    }

    /// An accepted upload has its verdict.
    pub fn free(&self) {
        let less = |taken: usize| Some(taken.saturating_sub(1));
        let _ = self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    pub fn has_room(&self) -> bool {
        self.taken() < self.max
    }

    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

impl Permit {
    /// The upload was accepted: `Admission::free` will be called when it has its verdict.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.kept {
            self.taken.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_upload_went_away_or_has_its_verdict() {
        let places = Admission::new(2, 1);
        let place = places.take().unwrap();
        assert!(places.take().is_none());
        drop(place);
        places.take().unwrap().keep();
        assert!(places.take().is_none());
        places.free();
        assert!(places.take().is_some());
        assert_eq!(places.taken(), 1);
    }

    #[test]
    fn what_waits_from_an_earlier_start_may_be_more_than_there_are_places() {
        let places = Admission::new(1, 3);
        (0..2).for_each(|_| places.free());
        assert!(places.take().is_none());
        (0..2).for_each(|_| places.free());
        assert!(places.take().is_some());
    }
}
