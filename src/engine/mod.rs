//! The use cases: turn a deleted video into a tombstone, give an upload its verdict, review cases, erase every copy of
//! a video, deliver events, measure detection.
//!
//! ```text
//! upload     uploads → check (core, decoding) → triage opens a case → review → webhooks
//! deletion   deletions → decoding → tombstones → erasure of the copies → webhooks
//! ```
//!
//! Each submodule is a *room*. A room may use only the rooms listed before it, which `tests/tidy.rs` checks. The rest
//! of the crate uses the façade below: [`Engine`] for one open data folder, and [`Uploads`], [`Cases`], [`Deletions`]
//! and [`Outbox`], which run on top of it in the service.
//!
//! Two invariants hold in every room:
//!
//! - The store is the record. The index, the caches and the queues in memory are derived from it, so a crash loses
//!   none of what was acknowledged.
//! - The engine prints nothing and reads no flags. It takes the time of day and randomness from its caller's
//!   [`Environment`](crate::model::Environment).

mod error;
mod policy;

pub mod jobs;

pub mod core;

pub mod access;

pub mod decoding;

pub mod tombstones;

pub mod check;

pub mod webhooks;

pub mod triage;

pub mod uploads;

pub mod review;

pub mod deletions;

pub mod operations;

pub mod eval;

pub use access::NewApiKey;
pub use access::SignIn;
pub use access::{NewUser, UserPatch};
pub use check::{ReplayCounts, Replayed};
pub use core::{Engine, Expiry, Keys, Options, SessionOptions};
pub use decoding::Effort;
pub use decoding::{Walked, walk};
pub use deletions::attend;
pub use deletions::{CopyRequest, DeletionRequest, Requested};
pub use deletions::{DeletionParts, Deletions};
pub use error::{Error, Result};
pub use jobs::each;
pub use operations::{Finding, diagnose};
pub use policy::Policy;
pub use review::Appealed;
pub use review::CaseAction;
pub use review::CaseNews;
pub use review::DecisionRequest;
pub use review::Viewing;
pub use review::attend_cases;
pub use review::attend_drawings;
pub use review::{BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, RefusalKind, SeenCase};
pub use review::{CaseDay, CaseNumbers, CaseReviewer};
pub use review::{CaseParts, Cases, QueueCounts};
pub use review::{CaseQuery, Whose};
pub use tombstones::{EarlierPoster, Enrolled, Enrolment, NewStretch};
pub use triage::CaseChanges;
pub use triage::CaseOpening;
pub use triage::Options as CaseOptions;
pub use uploads::AnnouncedUpload;
pub use uploads::KeyPicture;
pub use uploads::Reversed;
pub use uploads::SPOOL_FOLDER;
pub use uploads::UploadQuery;
pub use uploads::attend_uploads;
pub use uploads::{Accepted, Arriving, IdempotencyKey};
pub use uploads::{UploadParts, Uploads};
pub use webhooks::{NewSubscription, SubscriptionPatch, SubscriptionShown};
pub use webhooks::{Outbox, OutboxParts, attend_outbox};
