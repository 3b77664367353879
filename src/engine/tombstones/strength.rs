//! The strength of tombstones: measured when they are made, derived whenever it is asked for.

use crate::engine::core::Engine;
use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::matching;
use crate::model::{DeletionReason, SelfMatch, Strength};
use crate::store::Tombstone;

impl Engine {
    /// What a poor re-encode of a deleted video amounts to against its fingerprint, and what that promises today.
    pub(in crate::engine) fn match_self(
        &self,
        fingerprint: &Fingerprint,
        reencode: &UploadPrint,
        reason: DeletionReason,
    ) -> (SelfMatch, Strength, String) {
        let options = &self.options().matching;
        let found = matching::match_self(self.hasher(), reencode, fingerprint, options);
        let (strength, why) = self.strength_of(&found, reason);
        (found, strength, why)
    }

    /// A tombstone with the strength that it has today, under the present policy and number of tombstones. One without
    /// a recorded [`SelfMatch`] keeps the recorded strength.
    pub(in crate::engine) fn promising(&self, tombstone: Tombstone) -> Tombstone {
        let Some(found) = &tombstone.self_match else { return tombstone };
        let (strength, strength_why) = self.strength_of(found, tombstone.reason);
        Tombstone { strength, strength_why, ..tombstone }
    }

    /// The strength that a tombstone has today: see [`Engine::promising`].
    pub(in crate::engine) fn strength(&self, tombstone: &Tombstone) -> Strength {
        let found = tombstone.self_match.as_ref();
        found.map_or(tombstone.strength, |found| self.strength_of(found, tombstone.reason).0)
    }

    /// What evidence promises today about a video that was deleted for this reason, and why.
    pub(in crate::engine) fn strength_of(
        &self,
        found: &SelfMatch,
        reason: DeletionReason,
    ) -> (Strength, String) {
        let tombstones = self.index().map_or(0, |index| index.snapshot().tombstones());
        matching::strength(found, self.options().policy.of(reason), tombstones)
    }
}
