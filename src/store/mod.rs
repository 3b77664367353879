//! The record of truth: tombstones, uploads, cases, deletions, accounts and webhooks, in one SQLite database.
//!
//! Rooms in order; each may use only those above it (checked by `tests/tidy.rs`):
//!
//! 1. `database`: the data folder, its lock, connections, schema, transactions, errors.
//! 2. `access`: users, sessions, API keys, the audit log.
//! 3. `tombstones`: tombstones, fingerprints, the change log, grants, rulings.
//! 4. `webhooks`: subscriptions and the outbox.
//! 5. `uploads`: acceptance, work that is due, retention.
//! 6. `cases`: verdicts, the review queue, decisions, appeals.
//! 7. `deletions`: requests, jobs, copies, receipts.
//!
//! Flow: [`Folder`] finds or creates the data folder and takes the writer's lock; [`Store`] opens connections and
//! upgrades the schema; every other room is an `impl Store` with the calls of its noun, each one transaction. The store
//! keeps and finds; what a fingerprint's bytes mean is `fingerprint`'s business, who may do what and when is
//! `engine`'s. The index is derived from the change log and belongs to `index`; `engine` keeps the two in step.
//!
//! # Format
//! `cenotaph.db`, SQLite in WAL mode, `application_id` `0x43454e4f` ("CENO"), `user_version` = number of migrations
//! applied. Beside it, SQLite's own `cenotaph.db-wal` and `cenotaph.db-shm`, which belong to the database and must be
//! copied with it; they stay when the last writer goes, so that someone who may only read the folder still can.
//!
//! # Locking
//! One writing process a folder: an exclusive `flock` on `lock`, released by the kernel even after `kill -9`. Within
//! the process one writing connection behind a mutex. Readers take no lock of ours and work beside a writer; each
//! call sees one consistent state of the database.
//!
//! # Crashes
//! `synchronous=FULL`: when a call that changes something returns, the change is on the disk. Every call is one
//! transaction, and tombstone, fingerprint and log entry go in or out together.
//!
//! Removal erases: `secure_delete` overwrites the row with zeros, and the write-ahead log is folded in and truncated
//! right after, at the next removal or at the next opening for writing (a reader in the middle of a call delays it).
//! What the file system or the drive keeps of overwritten blocks is beyond us.
//!
//! # Compatibility
//! Migrations are append-only. A database from a newer version is refused, one that is damaged is reported and left
//! as it is, one from an older version is brought up to date by the next writer.

mod access;
mod cases;
mod database;
mod deletions;
#[cfg(test)]
mod tests;
mod tombstones;
mod uploads;
mod webhooks;

pub use access::{
    ApiKey, AuditFilter, AuditLine, Session, SessionsEnd, SessionsOf, User, UserChange,
};
pub use cases::{
    AppealOutcome, COUNTED_MAX, CaseCounts, CaseFile, CaseFilter, CaseMember, CaseOccurrence,
    CasePlace, CaseRow, CaseStats, DayStats, DueCase, EarlierCase, ErasedCounts, Joining,
    MemberEnd, NewAppeal, NewCase, NewDecision, NotAPlace, RankedPlot, RetentionLimits, Reversal,
    ReviewerStats, Settlement, Viewing,
};
pub use database::{
    Abandoned, DATABASE_FILE, Error, Folder, GroupCommit, Holder, INDEX_FOLDER, LOCK_FILE, Options,
    Result, Store,
};
pub use deletions::{
    AdmissionOutcome, CancelOutcome, CopyAttempt, DeletionFilter, KeptReceipt, LeasedDeletions,
    NewCopy, NewDeletion, NewReceipt, RetryOutcome,
};
pub use tombstones::{
    Change, ChangeKind, Claim, Grant, NewClaim, NewPrecedence, NewRelation, NewRuledOut,
    NewTombstone, Older, PostingRecord, Relation, RuledOut, RuledPictures, RulingFormat, Stats,
    StoredFingerprint, Tombstone, TombstoneEnd, UploadClaim,
};
pub use uploads::{
    Acceptance, Idempotency, NewAcceptance, NewPrint, NewUpload, StoredPrint, UploadFilter,
};
pub use webhooks::{
    Delivery, DeliveryCounts, DeliveryOutcome, DueDelivery, NewEvent, Subscription,
    SubscriptionChange,
};
