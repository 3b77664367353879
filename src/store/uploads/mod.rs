//! Uploads: accepted once, checked until there is a verdict, erased when their time is over.
//!
//! Flow: `upload` accepts one (idempotent by the caller's key) and finds it later; `work` lists what is due and records
//! fetched bytes and failed attempts; the verdict is recorded in `cases`, with the case that it opens; `retention`
//! lists bytes that are due for erasure and erases client data and rows.
//!
//! `prints` keeps the fingerprints of accepted uploads for a while.
//!
//! Invariants: an upload has at most one verdict, and its row outlives its bytes.

pub(super) mod prints;
pub(super) mod retention;
pub(super) mod upload;
mod work;

pub use prints::{NewAcceptance, NewPrint, StoredPrint};
pub use upload::{Acceptance, Idempotency, NewUpload, UploadFilter};
