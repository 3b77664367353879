//! A perceptual hash that groups near-identical pictures (dHash, bit for bit that of the `image_hasher` crate): 64 bits,
//! each the sign of the brightness step between two neighbours in a small version of the picture.
//!
//! The hash has no key and survives few edits. It groups the uploads of one wave while they wait for review; it does
//! not recognise re-uploads.

use image::GrayImage;
use image::imageops::{FilterType, resize};

use crate::model::Luma;

/// Comparisons in a row, and rows.
const SIDE: u32 = 8;

/// The 64-bit hash of a picture; near-identical pictures differ in few bits. `None` when the picture has no pixels.
pub fn picture_hash(luma: &Luma) -> Option<u64> {
    if luma.pixels.is_empty() {
        return None;
    }
    let picture = GrayImage::from_raw(luma.width, luma.height, luma.pixels.clone())?;
    // One pixel more than comparisons in a row.
    let small = resize(&picture, SIDE + 1, SIDE, FilterType::Lanczos3);
    let rows = small.as_raw().as_chunks::<{ SIDE as usize + 1 }>().0.iter();
    let rises = rows.flat_map(|row| row.array_windows().map(|[left, right]| right > left));
    Some(rises.zip(0..).fold(0, |hash, (rises, bit)| hash | u64::from(rises) << bit))
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

    /// What `image_hasher` 3.1.1 makes of the same pictures: hashes of uploads are kept.
    #[test]
    fn hashes_stay_the_same() {
        let hashes = [(1, 0), (4, 0), (5, 3)]
            .map(|(seed, noise)| picture_hash(&picture(seed, noise)).unwrap());
        let kept = [0xb3b6_266c_4dc9_db93, 0x45cf_8a3f_55ea_aa55, 0x3367_ce19_67cc_3973];
        assert_eq!(hashes, kept);
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
