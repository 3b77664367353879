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

pub use access::api_keys::NewApiKey;
pub use access::sign_in::SignIn;
pub use access::users::{NewUser, UserPatch};
pub use check::replay::{ReplayCounts, Replayed};
pub use core::{Engine, Expiry, Keys, Options, SessionOptions};
pub use decoding::look::Effort;
pub use decoding::walk::{Walked, walk};
pub use deletions::request::{CopyRequest, DeletionRequest, Requested};
pub use deletions::source::attend;
pub use deletions::{DeletionParts, Deletions};
pub use error::{Error, Result};
pub use jobs::parallel::each;
pub use operations::doctor::{Finding, diagnose};
pub use policy::Policy;
pub use review::act::CaseAction;
pub use review::appeal::Appealed;
pub use review::bulk::{BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, RefusalKind, SeenCase};
pub use review::bytes::Viewing;
pub use review::draw::attend_drawings;
pub use review::events::CaseNews;
pub use review::list::{CaseQuery, Whose};
pub use review::rules::DecisionRequest;
pub use review::settle::attend_cases;
pub use review::stats::{CaseDay, CaseNumbers, CaseReviewer};
pub use review::{CaseParts, Cases, QueueCounts};
pub use tombstones::enrol::{Enrolled, Enrolment};
pub use triage::changes::CaseChanges;
pub use triage::open::CaseOpening;
pub use triage::options::Options as CaseOptions;
pub use uploads::accept::{Accepted, Arriving, IdempotencyKey};
pub use uploads::announced::AnnouncedUpload;
pub use uploads::key_pictures::KeyPicture;
pub use uploads::reverse::Reversed;
pub use uploads::show::UploadQuery;
pub use uploads::source::attend_uploads;
pub use uploads::spool::SPOOL_FOLDER;
pub use uploads::{UploadParts, Uploads};
pub use webhooks::outbox::{Outbox, OutboxParts, attend_outbox};
pub use webhooks::subscriptions::{NewSubscription, SubscriptionPatch, SubscriptionShown};
