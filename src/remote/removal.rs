//! What an erasure removed, and how its absence was verified.

/// The verified outcome of an erasure, a purge or a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Objects with all their versions, files, or endpoints of a cache. 0: nothing was there.
    pub objects: u64,
    /// How the absence was verified: one line for the receipt.
    pub how: &'static str,
}

impl Removal {
    pub(super) fn verified(objects: u64, how: &'static str) -> Removal {
        Removal { objects, how }
    }

    /// There was nothing to remove. The lookup that found nothing is the verification.
    pub(super) fn nothing() -> Removal {
        Removal { objects: 0, how: "looked up: nothing was there" }
    }
}
