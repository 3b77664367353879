//! Carries a deletion through to every copy, and proves it.
//!
//! # Flow
//!
//! `plan` decides, from the state of a deletion, what its job does next. `copy` erases one copy through
//! [`crate::remote`] and classifies the outcome. `backoff` schedules retries. `receipt` issues the signed statement of
//! what was erased. `retained` aggregates the statistics that outlive a deletion.
//!
//! ```text
//! requested → hidden → fingerprinted → purging → erased → (backups due later) → complete
//!     └───────────┴────────────┴→ cancelled: its tombstone is removed, too
//! ```
//!
//! Every stage but the last two may be *stuck*: a deletion then says why, is retried all the same, and can be retried
//! at once on request.
//!
//! # Invariants
//!
//! - Decisions are pure functions. `engine` runs the job that reads the facts, acts, and records the outcome; `store`
//!   keeps the rows.
//! - No byte is erased before the stage *purging*, the point of no return.
//! - A receipt is issued only when every copy is verifiably gone.

mod backoff;
mod copy;
mod plan;
mod receipt;
mod retained;

pub use backoff::Backoff;
pub use copy::{CopyTask, erase};
pub use plan::{Step, next_step};
pub use receipt::{
    InvalidReceipt, NotAKey, PublicKeys, ReceiptError, ReceiptFacts, ReceiptKey, Receipts,
    VerifiedReceipt, canonical, issue, verify,
};
pub use retained::{fold, month_start, period_start};

use crate::model::{DeletionReason, UnixSeconds};

/// Settings of this room.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the main copy is kept when it cannot be fingerprinted, seconds. Default 24 hours.
    pub fingerprint_wait_s: u32,
    /// The same for legal deletions, seconds. Default 1 hour.
    pub fingerprint_wait_legal_s: u32,
    /// Grace period between the tombstone and the first erasure, seconds, in which the deletion can still be cancelled.
    /// Default 0.
    pub grace_s: u32,
    /// Schedule of retries.
    pub backoff: Backoff,
    /// Consecutive failures after which a copy counts as stuck. Default 6: about two minutes with the default back-off.
    pub stuck_after: u32,
    /// Copies of one deletion that are erased concurrently. Default 8.
    pub copies_at_once: usize,
    /// The fewest videos that a published sum covers, and that it changes by at once. Default 10.
    pub anonymity_min: u64,
    /// How long names and addresses are kept in plain text after completion, seconds. Default 90 days.
    pub retention_s: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            fingerprint_wait_s: 24 * 3600,
            fingerprint_wait_legal_s: 3600,
            grace_s: 0,
            backoff: Backoff::default(),
            stuck_after: 6,
            copies_at_once: 8,
            anonymity_min: 10,
            retention_s: 90 * 86_400,
        }
    }
}

impl Options {
    /// The time after which a deletion that is requested now continues without a fingerprint.
    pub fn fingerprint_by(&self, reason: DeletionReason, now: UnixSeconds) -> UnixSeconds {
        let wait_s = match reason {
            DeletionReason::Legal => self.fingerprint_wait_legal_s.min(self.fingerprint_wait_s),
            DeletionReason::OwnerRequest | DeletionReason::Moderation => self.fingerprint_wait_s,
        };
        now.saturating_add(i64::from(wait_s))
    }
}
