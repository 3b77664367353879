//! What viewers of the platform meet, without a key: dead ends where deleted videos were, and the keys that receipts are
//! checked with.
//!
//! The platform's proxy sends these paths here, or asks here first. Nothing of a page depends on the id but whether there
//! is one, and nothing is to be kept by caches or search engines.

pub mod dead_end;
pub mod embed;
mod links;
pub mod oembed;
pub mod receipt_keys;
pub mod video;
