//! A synthetic tombstone as a row of the store.

use cenotaph::fingerprint::Fingerprint;
use cenotaph::model::{DeletionReason, Strength, TombstoneId};
use cenotaph::store::NewTombstone;

pub fn row(n: u32, fingerprint: &Fingerprint) -> NewTombstone {
    NewTombstone {
        id: TombstoneId(n.to_string()),
        owner: None,
        group: n,
        created_at: 0,
        bytes_digest: None,
        reason: DeletionReason::OwnerRequest,
        key_id: fingerprint.key_id,
        fingerprint: fingerprint.to_bytes(),
        strength: Strength::Block,
        strength_why: String::new(),
        self_match: None,
        duration_s: fingerprint.duration_s.into(),
        uploaded: None,
        original: false,
        relations: Vec::new(),
        precedence: cenotaph::store::NewPrecedence::default(),
    }
}
