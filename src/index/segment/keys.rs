//! What is filed of a fingerprint, and under which words.
//!
//! | table | filed | word: the low bits of | 32 check bits |
//! |---|---|---|---|
//! | 0 | keypoint | the low half of its hash | the high half |
//! | 1 | keypoint | the high half of its hash | the low half |
//! | 2 | frame | the hash of the whole picture | the rest of that hash |
//! | 3 | frame | the 24 bits of the top half | 16 bits each of its two quarters |
//! | 4 | frame | the 24 bits of the bottom half | 16 bits each of its two quarters |
//!
//! The check bits of a keypoint are the half that the word is not taken from, so that a look-up knows most of the distance
//! without touching the hash. The halves of a frame are filed separately so that a caption over one does not hide the
//! other.

use std::f32::consts::TAU;

use crate::fingerprint::{FrameBits, Spot, Variant};

/// A word and its check bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// 32 bits (24 of a half of a frame), of which a table uses the low ones.
    pub(crate) word: u32,
    pub(crate) check: u32,
}

/// The filed parts of a frame's hash: whole picture, top half, bottom half.
pub(crate) type FrameKeys = [u64; 3];

/// The key of a patch hash in table 0 or 1.
#[inline]
pub(crate) fn keypoint_key(hash: u64, table: usize) -> Key {
    let (low, high) = (hash as u32, (hash >> 32) as u32);
    if table == 0 { Key { word: low, check: high } } else { Key { word: high, check: low } }
}

/// The key of a frame in table 2, 3 or 4, given as `part` 0, 1 or 2.
#[inline]
pub(crate) fn frame_key(keys: &FrameKeys, part: usize) -> Key {
    let bits = keys[part];
    if part == 0 {
        Key { word: bits as u32, check: (bits >> 32) as u32 }
    } else {
        Key { word: bits as u32 & 0xff_ffff, check: (bits >> 24) as u32 }
    }
}

/// Extracts the filed parts. Regions: 1 is the top half, 2 the bottom half, 5 to 8 are the quarters, row by row.
pub(crate) fn frame_keys(bits: &FrameBits) -> FrameKeys {
    let quarter = |r| region(bits, r) & 0xffff;
    let half = |r, left, right| region(bits, r) | quarter(left) << 24 | quarter(right) << 40;
    [bits[0], half(1, 5, 6), half(2, 7, 8)]
}

/// The keys of the inverted picture.
pub(crate) fn complement(keys: &FrameKeys) -> FrameKeys {
    [!keys[0], !keys[1], !keys[2]]
}

fn region(bits: &FrameBits, r: u32) -> u64 {
    let from = 24 * (r - 1);
    let (word, shift) = ((from / 64) as usize + 1, from % 64);
    let low = bits[word] >> shift;
    let high = if shift > 40 { bits[word + 1] << (64 - shift) } else { 0 };
    (low | high) & 0xff_ffff
}

/// Seconds after which a keypoint counts as standing still: its start then says little about the time of a hit. *Tuned.*
const STILL_S: f32 = 2.0;

/// Where and when a keypoint is, in 32 bits: angle (256 steps), log₂ of the scale (16 steps per octave, offset by 12
/// octaves), start (quarters of a second, 15 bits), and whether the keypoint stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) angle: u8,
    pub(crate) scale: u8,
    pub(crate) start: u16,
    pub(crate) still: bool,
}

impl Geometry {
    pub(crate) fn of(spot: &Spot) -> Geometry {
        Geometry {
            angle: (spot.angle.rem_euclid(TAU) / TAU * 256.0) as i32 as u8,
            scale: ((spot.scale.max(1e-6).log2() + 12.0) * 16.0).clamp(0.0, 255.0) as u8,
            start: (spot.first_s * 4.0).clamp(0.0, 32767.0) as u16,
            still: spot.last_s - spot.first_s > STILL_S,
        }
    }

    /// The geometry in a mirrored or inverted re-upload: mirroring flips x, inversion turns every gradient by 180°.
    pub(crate) fn in_variant(self, variant: Variant) -> Geometry {
        let mirrored = if variant.mirrored() { 128u8.wrapping_sub(self.angle) } else { self.angle };
        let half_turn = if variant.inverted() { 128 } else { 0 };
        Geometry { angle: mirrored.wrapping_add(half_turn), ..self }
    }

    pub(crate) fn pack(self) -> u32 {
        u32::from(self.angle)
            | u32::from(self.scale) << 8
            | u32::from(self.start) << 16
            | u32::from(self.still) << 31
    }

    pub(crate) fn unpack(bits: u32) -> Geometry {
        Geometry {
            angle: bits as u8,
            scale: (bits >> 8) as u8,
            start: (bits >> 16) as u16 & 0x7fff,
            still: bits >> 31 == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_that_cross_words_are_extracted() {
        let mut bits = [0u64; 4];
        for r in 1..=8u32 {
            for b in 0..24 {
                let at = 24 * (r - 1) + b;
                if (0x10_0000u32 + r * 0x1111) >> b & 1 == 1 {
                    bits[1 + at as usize / 64] |= 1 << (at % 64);
                }
            }
        }
        for r in 1..=8 {
            assert_eq!(region(&bits, r), 0x10_0000 + u64::from(r) * 0x1111);
        }
        let keys = frame_keys(&bits);
        assert_eq!(frame_key(&keys, 1).word, 0x10_1111);
        assert_eq!(frame_key(&keys, 2).check, 0x7777 | 0x8888 << 16);
    }

    #[test]
    fn geometry_survives_packing() {
        let spot = Spot { x: 0.0, y: 0.0, scale: 0.01, angle: -1.0, first_s: 12.3, last_s: 19.0 };
        let geometry = Geometry::of(&spot);
        assert_eq!(Geometry::unpack(geometry.pack()), geometry);
        assert!(geometry.still && geometry.start == 49);
    }
}
