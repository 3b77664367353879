//! A segment: an immutable file with the hashes and postings of some tombstones.
//!
//! | file | job |
//! |---|---|
//! | `bytes` | numbers as bytes and back |
//! | `files` | files that are written once, with a checksum per block |
//! | `keys` | what is filed of a fingerprint, and under which words |
//! | `layout` | the file byte by byte |
//! | `row` | one tombstone's share of a segment |
//! | `reader` | an open segment |
//! | `build` | a new segment |

mod bytes;
mod files;
mod keys;
mod layout;
mod row;

mod reader;

mod build;

pub(crate) use build::Builder;
pub(crate) use bytes::prefetch;
pub(crate) use files::{Output, TEMPORARY, discard, names, sync_dir};
pub(crate) use keys::{Geometry, Key, complement, frame_key, frame_keys, keypoint_key};
pub(crate) use layout::{FRAME_TABLES, KEYPOINT_TABLES, u32_at, u64_at};
pub(crate) use reader::Segment;
pub(crate) use row::Columns;
