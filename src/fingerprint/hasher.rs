//! The hashers of one deployment's key, and the measures that both kinds of print take of a video's frames.

use crate::cpu::Cpu;
use crate::fingerprint::frame_hash::{Coefficients, FrameHasher};
use crate::fingerprint::key::Secret;
use crate::fingerprint::keypoints::Described;
use crate::fingerprint::patch_hash::PatchHasher;
use crate::fingerprint::thumbs::Thumb;
use crate::fingerprint::types::{FrameBits, Spot, UploadKeypoint};
use crate::model::KeyId;

/// Hashes keypoints and frames with one deployment's key. All extractions share it.
pub struct Hasher {
    cpu: Cpu,
    key_id: KeyId,
    patch: PatchHasher,
    pub(crate) frame: FrameHasher,
}

impl Hasher {
    /// Draws all rotations from `secret`, and uses the best [`Cpu`] of this machine.
    pub fn new(secret: &Secret) -> Self {
        Hasher::with_cpu(secret, Cpu::detect())
    }

    /// As [`Hasher::new`], at the level of `cpu`; for tests.
    pub fn with_cpu(secret: &Secret, cpu: Cpu) -> Self {
        Hasher {
            cpu,
            key_id: secret.id(),
            patch: PatchHasher::new(cpu, secret),
            frame: FrameHasher::new(cpu, secret),
        }
    }

    /// The key of all hashes.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The level at which all kernels run.
    pub fn cpu(&self) -> Cpu {
        self.cpu
    }

    /// A point of the keyframe at `time_s`, hashed in every variant.
    pub(crate) fn upload_keypoint(&self, point: &Described, time_s: f32) -> UploadKeypoint {
        let spot = Spot { first_s: time_s, last_s: time_s, ..point.spot };
        let (hashes, unsure) = self.patch.variants(&point.descriptor);
        UploadKeypoint { spot, hashes, unsure }
    }
}

/// The Hamming distance of two frame hashes, 0..=256.
pub fn distance(a: &FrameBits, b: &FrameBits) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Width and height of a video, long sides: those of its first frame (pixels), else of its first thumb, else a square.
pub(crate) fn shape(first: Option<&Thumb>, frame: Option<(u32, u32)>) -> (f32, f32) {
    let size = frame.or(first.map(|t| (t.luma.width, t.luma.height)));
    let (w, h) = size.unwrap_or((1, 1));
    let long = w.max(h) as f32;
    (w as f32 / long, h as f32 / long)
}

/// The contrast that is kept with a frame hash, grey levels.
pub(crate) fn quality(c: &Coefficients) -> u8 {
    c.contrast.clamp(0.0, 255.0) as u8
}
