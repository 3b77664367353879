//! From frames to a keyed fingerprint: the method.
//!
//! Two kinds of print come from the same steps. A [`Fingerprint`] is what stays of a deleted video: small, stored for
//! as long as its tombstone. An [`UploadPrint`] describes an upload: dense, kept only while the upload is checked. The
//! rooms `index` and `matching` compare the two.
//!
//! Input is a sequence of [`Frame`](crate::model::Frame)s in order of time: luma of 0..=255 with a long side of 360
//! pixels, some 4 a second. Lengths are in units of the picture's long side, so that 1.0 is 360 pixels; times are in
//! seconds; angles are in radians, y downward.
//!
//! # Keyframes
//! Of each window of time (2 s of a deleted video, 1 s of an upload) the calmest frame is the keyframe: the one that
//! differs least from its neighbours (`calm`). A re-upload sampled at another phase shows nearly the same there.
//!
//! # Keypoints
//! `keypoints` finds the extrema of a difference-of-Gaussian scale space (`pyramid`; Lowe, "Distinctive image features
//! from scale-invariant keypoints", IJCV 2004), without the usual doubling of the picture. A square of samples around
//! each point, rotated and scaled with it, becomes a RootSIFT descriptor of 128 numbers (`patch`; Arandjelović &
//! Zisserman, CVPR 2012). Points are ordered by response × scale, since strong and large points survive compression.
//!
//! - A tombstone keeps up to 24 points of a keyframe, none nearer to another than 6 % of the long side and all inside
//!   the active picture, and up to 40 where the bytes allow it (`tombstone`).
//! - An upload has up to 400 points of a keyframe, at most 12 from each cell of an 8 × 8 grid (`upload`).
//! - A point that stays in place over several keyframes is kept once, with its first and last time (`track`).
//!
//! # Patch hash
//! `patch_hash` maps a descriptor to 64 bits:
//!
//! ```text
//! reduced = BASISᵀ · (descriptor − MEAN)       64 numbers; constants estimated from real clips
//! bit i   = (row i of ROTATION) · reduced > 0   ROTATION: 64 × 64, orthonormal, drawn from the secret key
//! ```
//!
//! The Hamming distance of two hashes grows with the angle between the two descriptors (Charikar, STOC 2002; Gong &
//! Lazebnik, CVPR 2011). A distance of 10 or less is a hit.
//!
//! An upload's point has four hashes, one for each [`Variant`]: the patch as it is, mirrored, inverted, and both. The
//! descriptor of a mirrored or inverted patch is a permutation of the original's, so that a mirrored or inverted
//! re-upload is found by look-up alone, without a second extraction.
//!
//! # Frame hash
//! `frame_hash` maps a whole picture to 256 bits, for scenes with few stable points. The picture is reduced to 64 × 64;
//! the whole gives 64 bits, and four halves and four quarters give 24 bits each. The bits are signs of keyed rotations
//! of low-frequency DCT coefficients. A caption or a cut spoils some regions and leaves the others.
//!
//! A tombstone has one frame hash each 0.8 s, of the active picture, without near repetitions. An upload has one for
//! each frame, of the raw and of the active picture, as it is and mirrored; it also keeps a thumb of each frame
//! (`thumbs`, 128 pixels), so that `matching` can hash any placement of the deleted picture.
//!
//! # Poor re-encode
//! While a tombstone is made, `reencode` makes a third print, of degraded copies (`degrade`) of the same frames: what a
//! poor re-encode would look like. `matching` compares it with the fingerprint, to tell what the tombstone can promise.
//!
//! # Key
//! All rotations are drawn from one [`Secret`] of 256 bits (`key`). They preserve angles, so distances do not depend
//! on the key, while hashes under different keys are unrelated. Without the key, nobody can compute a hash to search
//! for. Fingerprints are keyed and pseudonymous, not irreversible.
//!
//! # Format
//! [`Fingerprint::to_bytes`] (`format`) writes at most about 12 KB a minute of video. Neither pixels nor descriptors
//! are kept.
//!
//! # Determinism
//! The same frames and key give the same bytes on every CPU: sums have a fixed order, the few transcendental functions
//! are our own ([`math`]), and every level of [`cpu`](crate::cpu) agrees with the scalar code. `tests/integration/golden.rs` fixes
//! the bytes of each [`VERSION`].

mod calm;
mod degrade;
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
mod reencode;
mod sparse;
mod thumbs;
mod tombstone;
mod track;
mod types;
mod upload;

pub use format::FormatError;
pub use hasher::{Hasher, distance};
pub use key::Secret;
pub use keypoints::{Described, Detector, Directions, Pick};
pub use patch::{inverted, mirrored, wrap};
pub use tombstone::{DeletedPrints, TombstoneBuilder};
pub use types::*;
pub use upload::UploadBuilder;
