//! Everything that leaves this machine: object stores, purge requests, callbacks and webhooks. Local files are here
//! too, as one more kind of store.
//!
//! # Flow
//!
//! [`Address`] parses an address once, and [`Remote::check`] decides whether the settings allow it. By the kind of the
//! address, `files`, `s3` or `objects` then reads the object, or erases it and verifies its absence. `purge` clears
//! caches, `callback` informs the platform, `webhook` informs subscribers.
//!
//! Web addresses that come from outside pass `egress`, the one guard against requests to internal machines. `client`
//! sends the requests and enforces the limits; `signature` signs those that the receiver must be able to trust. Object
//! stores are at endpoints that the settings name, and need no guard.
//!
//! # Invariants
//!
//! - An erasure is successful only after a second lookup has found nothing ([`Removal`]).
//! - No error and no log line of this room contains an address: addresses reveal videos.
//! - Nothing here retries by itself. The caller decides when (see [`crate::erasure::Backoff`]).
//! - Work on files runs in [`Pools::files`](crate::pools::Pools::files). There is no SQLite here, and no lock is held
//!   across an `await`.

mod error;
mod removal;

mod address;
mod egress;
pub mod signature;

mod options;

mod client;
mod download;

mod files;
mod objects;
mod s3;

mod purge;
mod webhook;

mod callback;

mod gateway;

pub use address::{Address, AddressExtent, Cloud, Spellings};
pub use client::use_ring;
pub use egress::{Network, NotANetwork};
pub use error::{Error, Result};
pub use gateway::Remote;
pub use options::{AzOptions, GsOptions, Limits, Options, PurgeRule, S3Credentials, S3Options};
pub use removal::Removal;
pub use webhook::{Message, Webhooks};
