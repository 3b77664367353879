//! Admission control: the number of uploads without a verdict is bounded, whether they arrive, wait or are being checked.
//! Beyond the bound, senders are asked to retry later, so that no queue grows without limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count of pending uploads. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Admission {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// Admits one upload. Released when dropped, unless it was kept for an accepted upload.
#[derive(Debug)]
pub(in crate::engine) struct Permit {
    taken: Arc<AtomicUsize>,
    kept: bool,
}

impl Admission {
    /// `taken` uploads were accepted before this start and are still pending.
    pub fn new(max: usize, taken: usize) -> Admission {
        Admission { taken: Arc::new(AtomicUsize::new(taken)), max }
    }

    /// A permit for one upload; `None` at the bound.
    pub fn acquire(&self) -> Option<Permit> {
        let room = |taken: usize| (taken < self.max).then_some(taken + 1);
        self.taken.try_update(Ordering::SeqCst, Ordering::SeqCst, room).ok()?;
        Some(Permit { taken: self.taken.clone(), kept: false })
    }

    /// An accepted upload got its verdict.
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
    /// The upload was accepted: [`Admission::release`] follows with its verdict.
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
    fn a_permit_is_free_again_when_its_upload_is_dropped_or_decided() {
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
