//! What is filed of a fingerprint and under which words.
//!
//! A keypoint is filed twice: under the low bits of its hash's low half (table 0) and of its high half (table
//! 1); the posting carries the *other* half as check bits, so that a look-up knows most of the distance
//! without touching the hash.
//!
//! A frame is filed three times: under its whole picture (table 2, check bits: the rest of the whole picture),
//! its top half (table 3) and its bottom half (table 4). Check bits of a half are 16 bits each of its two
//! quarters, so that a caption over the other half does not matter.

use std::f32::consts::TAU;

use crate::fingerprint::{FrameBits, Spot, Variant};

/// A word and its check bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// 32 (or, for halves, 24) bits of which a table uses the low ones.
    pub(crate) word: u32,
    pub(crate) check: u32,
}

/// The parts of a frame's hash that are filed: whole picture, top half, bottom half.
pub(crate) type FrameKeys = [u64; 3];

/// Key of a patch hash in keypoint table 0 or 1.
#[inline]
pub(crate) fn keypoint_key(hash: u64, table: usize) -> Key {
    let (low, high) = (hash as u32, (hash >> 32) as u32);
    if table == 0 { Key { word: low, check: high } } else { Key { word: high, check: low } }
}

/// Key of a frame in table 2, 3 or 4, given as 0, 1, 2.
#[inline]
pub(crate) fn frame_key(keys: &FrameKeys, part: usize) -> Key {
    let bits = keys[part];
    if part == 0 {
        Key { word: bits as u32, check: (bits >> 32) as u32 }
    } else {
        Key { word: bits as u32 & 0xff_ffff, check: (bits >> 24) as u32 }
    }
}

/// Collects the filed parts. Regions: 1 top half, 2 bottom half, 5 to 8 the quarters, row by row.
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

/// Angle (256 steps), log₂ scale (16 steps an octave, offset by 12 octaves), start (quarters of a second, 15
/// bits), and whether the point stands still for more than 2 s.
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
            still: spot.last_s - spot.first_s > 2.0,
        }
    }

    /// As seen in a mirrored or inverted copy: the mirror turns x round, inversion every gradient.
    pub(crate) fn in_variant(self, variant: Variant) -> Geometry {
        let mirrored = if variant.mirrored() { 128u8.wrapping_sub(self.angle) } else { self.angle };
        let turned = if variant.inverted() { 128 } else { 0 };
        Geometry { angle: mirrored.wrapping_add(turned), ..self }
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
    fn regions_are_taken_across_word_borders() {
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
