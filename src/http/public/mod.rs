//! Public endpoints, without a key: the pages in place of deleted videos, and the keys that verify receipts.
//!
//! The platform's proxy routes these paths here, or checks here first. A page depends only on whether the video was
//! deleted and why; it may not be cached or indexed.

pub mod dead_end;
pub mod embed;
mod links;
pub mod oembed;
pub mod receipt_keys;
pub mod video;
