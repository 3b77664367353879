//! Deletions: a job with its copies, the events of its progress, the receipt, and the audience figures that are kept.
//!
//! Flow: `deletion` admits a request with its `copies`; `jobs` leases what is due and moves it from stage to stage,
//! each move with an entry in `events`; `copies` records every attempt; finishing writes a row of `receipts` and
//! forgets the addresses; `retained` keeps and folds the figures that outlive the video.
//!
//! Invariants: a change of stage names the stage that it comes from, so of two that race one wins; a deletion is
//! complete only when every copy is gone.

mod copies;
mod deletion;
mod events;
mod jobs;
mod receipts;
mod retained;

pub use copies::{CopyAttempt, NewCopy};
pub use deletion::{AdmissionOutcome, DeletionFilter, NewDeletion};

pub use jobs::{CancelOutcome, LeasedDeletions, RetryOutcome};
pub use receipts::{KeptReceipt, NewReceipt};
