//! A perceptual hash that groups near-identical pictures (dHash, by the `img_hash` crate): 64 bits, each the sign of
//! the brightness step between two neighbours in an 8 × 8 version of the picture.
//!
//! The hash has no key and survives few edits. It groups the uploads of one wave while they wait for review; it does
//! not recognise re-uploads.

use std::sync::LazyLock;

use image::GrayImage;
use img_hash::{HashAlg, Hasher, HasherConfig};

use crate::model::Luma;

static HASHER: LazyLock<Hasher<[u8; 8]>> = LazyLock::new(|| {
    HasherConfig::with_bytes_type::<[u8; 8]>()
        .hash_size(8, 8)
        .hash_alg(HashAlg::Gradient)
        .to_hasher()
});

/// The 64-bit hash of a picture; near-identical pictures differ in few bits. `None` when the picture has no pixels.
pub fn picture_hash(luma: &Luma) -> Option<u64> {
    if luma.pixels.is_empty() {
        return None;
    }
    let picture = GrayImage::from_raw(luma.width, luma.height, luma.pixels.clone())?;
    let hash = HASHER.hash_image(&picture);
    Some(u64::from_le_bytes(hash.as_bytes().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(seed: u32, noise: u32) -> Luma {
        let pixel = |at: u32| {
            let (x, y) = (at % 64, at / 64);
            let wave = (x * (3 + seed % 5) + y * (2 + seed % 7)) % 97 + (x * y * seed) / 50 % 90;
            (wave + (at.wrapping_mul(2_654_435_761) >> 20) % (noise + 1)).min(255) as u8
        };
        Luma::new(64, 36, (0..64 * 36).map(pixel).collect())
    }

    #[test]
    fn noise_changes_little_and_another_picture_much() {
        let far =
            |a: &Luma, b: &Luma| (picture_hash(a).unwrap() ^ picture_hash(b).unwrap()).count_ones();
        assert!(far(&picture(1, 0), &picture(1, 6)) <= 4);
        assert!(far(&picture(1, 0), &picture(4, 0)) >= 12);
        assert_eq!(picture_hash(&Luma::new(0, 0, Vec::new())), None);
    }
}
