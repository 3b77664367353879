//! Admission control. Bounds the uploads without a verdict, from the arrival of the first byte until the check ends.
//! Above the bound, senders are asked to retry later, so no queue grows without limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count of pending uploads. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Admission {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// Admits one upload. Dropping it frees the slot, unless an accepted upload keeps it.
#[derive(Debug)]
pub(in crate::engine) struct Permit {
    taken: Arc<AtomicUsize>,
    kept: bool,
}

impl Admission {
    /// `taken` counts the uploads that an earlier process left pending.
    pub fn new(max: usize, taken: usize) -> Admission {
        Admission { taken: Arc::new(AtomicUsize::new(taken)), max }
    }

    /// A permit for one upload; `None` at the bound.
    pub fn acquire(&self) -> Option<Permit> {
        let room = |taken: usize| (taken < self.max).then_some(taken + 1);
        self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, room).ok()?;
        Some(Permit { taken: self.taken.clone(), kept: false })
    }

    /// Frees the slot of an accepted upload that got its verdict.
    pub fn release(&self) {
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
    /// Keeps the slot for an accepted upload, until its verdict calls [`Admission::release`].
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
    fn a_permit_is_released_when_its_upload_is_dropped_or_decided() {
        let admission = Admission::new(2, 1);
        let permit = admission.acquire().unwrap();
        assert!(admission.acquire().is_none());
        drop(permit);
        admission.acquire().unwrap().keep();
        assert!(admission.acquire().is_none());
        admission.release();
        assert!(admission.acquire().is_some());
        assert_eq!(admission.taken(), 1);
    }

    #[test]
    fn uploads_pending_from_an_earlier_start_may_exceed_the_bound() {
        let admission = Admission::new(1, 3);
        (0..2).for_each(|_| admission.release());
        assert!(admission.acquire().is_none());
        (0..2).for_each(|_| admission.release());
        assert!(admission.acquire().is_some());
    }
}
