//! Frames → fingerprint.
//!
//! `thumbs` shrinks every sampled frame, `calm` picks keyframes, `keypoints` finds stable points in them
//! (`pyramid`: where, `patch`: what is around), `patch_hash` turns descriptors to 64 keyed bits, `track` joins points
//! that stand still, `frame_hash` makes 256 regional bits of a whole frame, `tombstone` and `upload` put it together with
//! one deployment's `hasher`, `format` writes a `Fingerprint` as bytes. Everything here is deterministic on every x86-64 CPU: see `math` and `cpu`.

mod calm;
mod format;
pub mod frame_hash;
mod hasher;
mod key;
mod keypoints;
pub mod math;
mod patch;
mod patch_constants;
mod patch_hash;
mod pyramid;
mod thumbs;
mod tombstone;
mod track;
mod types;
mod upload;

pub use format::FormatError;
pub use hasher::{Hasher, distance};
pub use key::Secret;
pub use keypoints::{Described, Detector, Pick};
pub use patch::{inverted, mirrored, wrap};
pub use tombstone::TombstoneBuilder;
pub use types::*;
pub use upload::UploadBuilder;
