//! The likeness of an upload, to recognise near-identical ones: perceptual hashes of a few of its frames,
//! and the place of its best match. Stored only while other uploads can join its case.
//!
//! Near-identical means: about the same length, the same frames at the same fractions of the length apart from the
//! effects of another encoding, and the deleted picture in the same place. That is much narrower than a match, because
//! one decision holds for all of them.

/// Number of hashed frames, evenly spaced over the length.
pub const LIKENESS_FRAMES: usize = 8;
/// Largest mean difference of two likenesses, bits of 64. Unrelated frames differ by 32, the same frame at another
/// quality by 0 to 4.
const BITS_MAX: f64 = 6.0;
/// Largest difference of any single frame, bits of 64.
const BITS_WORST: u32 = 16;
/// Largest difference in length: seconds, and fraction of the length; the larger applies.
const LENGTH_MISS_S: f32 = 0.6;
const LENGTH_MISS: f32 = 0.02;
/// Largest distance between corresponding corners, fraction of the picture. Where the camera pans, two encodings of one
/// video may be placed half a second and 7 % of the picture apart; another inset lies further off.
const PLACE_MISS: f32 = 0.15;

/// The likeness of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    pub duration_s: f32,
    /// Frame hashes by time; empty if nothing could be decoded, and then similar to nothing.
    pub frames: Vec<u64>,
    /// The place of the best match's picture; `None` without a match.
    pub place: Option<LikenessPlace>,
}

/// The place of a deleted picture in the upload's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikenessPlace {
    pub mirrored: bool,
    pub inverted: bool,
    /// Corners, x and y of each, fractions of the upload's picture.
    pub quad: [f32; 8],
}

impl Likeness {
    /// Whether the two are near-identical, so that one decision holds for both.
    pub fn is_like(&self, other: &Likeness) -> bool {
        let miss_s = (LENGTH_MISS * self.duration_s.max(other.duration_s)).max(LENGTH_MISS_S);
        if (self.duration_s - other.duration_s).abs() > miss_s
            || self.frames.is_empty()
            || self.frames.len() != other.frames.len()
        {
            return false;
        }
        let far = |(a, b): (&u64, &u64)| (a ^ b).count_ones();
        let bits: Vec<u32> = self.frames.iter().zip(&other.frames).map(far).collect();
        let mean = f64::from(bits.iter().sum::<u32>()) / bits.len() as f64;
        mean <= BITS_MAX
            && bits.iter().all(|bits| *bits <= BITS_WORST)
            && self.is_placed_like(other)
    }

    fn is_placed_like(&self, other: &Likeness) -> bool {
        match (&self.place, &other.place) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                let near = |(x, y): (&f32, &f32)| (x - y).abs() <= PLACE_MISS;
                (a.mirrored, a.inverted) == (b.mirrored, b.inverted)
                    && a.quad.iter().zip(&b.quad).all(near)
            }
            _ => false,
        }
    }

    /// Stored form, little-endian: length, flags (1 placed, 2 mirrored, 4 inverted), the eight numbers of the place,
    /// then the frames.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.duration_s.to_le_bytes().to_vec();
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let place = self.place.as_ref();
        bytes.push(
            flag(place.is_some(), 1)
                | flag(place.is_some_and(|p| p.mirrored), 2)
                | flag(place.is_some_and(|p| p.inverted), 4),
        );
        let quad = place.map_or([0.0; 8], |place| place.quad);
        quad.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        self.frames.iter().for_each(|frame| bytes.extend(frame.to_le_bytes()));
        bytes
    }

    /// Parses the form of [`Likeness::to_bytes`]; `None` if it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Likeness> {
        const HEAD: usize = 4 + 1 + 32;
        let frames = bytes.get(HEAD..)?;
        if frames.len() % 8 != 0 || frames.len() / 8 > LIKENESS_FRAMES {
            return None;
        }
        let number = |at: usize| Some(f32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let flags = *bytes.get(4)?;
        let mut quad = [0.0; 8];
        for (at, corner) in quad.iter_mut().enumerate() {
            *corner = number(5 + 4 * at)?;
        }
        let place = LikenessPlace { mirrored: flags & 2 != 0, inverted: flags & 4 != 0, quad };
        Some(Likeness {
            duration_s: number(0)?,
            frames: frames.as_chunks().0.iter().copied().map(u64::from_le_bytes).collect(),
            place: (flags & 1 != 0).then_some(place),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness() -> Likeness {
        let quad = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        Likeness {
            duration_s: 12.0,
            frames: (0..8).map(|n| 0x0123_4567_89ab_cdef_u64.rotate_left(n * 7)).collect(),
            place: Some(LikenessPlace { mirrored: true, inverted: false, quad }),
        }
    }

    #[test]
    fn it_survives_its_bytes() {
        for likeness in [likeness(), Likeness { place: None, frames: Vec::new(), ..likeness() }] {
            assert_eq!(Likeness::from_bytes(&likeness.to_bytes()), Some(likeness));
        }
        for wrong in [&[][..], &[0; 38], &[0; 37 + 8 * 9]] {
            assert_eq!(Likeness::from_bytes(wrong), None);
        }
    }

    #[test]
    fn another_encoding_is_like_it_and_another_cut_place_or_picture_is_not() {
        let one = likeness();
        let mut encoded = Likeness { duration_s: 12.2, ..one.clone() };
        encoded.frames.iter_mut().for_each(|frame| *frame ^= 0b1011);
        assert!(one.is_like(&encoded) && one.is_like(&one));
        let longer = Likeness { duration_s: 14.0, ..one.clone() };
        let mut other = one.clone();
        other.frames[3] = !other.frames[3];
        let mut moved = one.clone();
        moved.place.iter_mut().for_each(|place| place.quad[2] = 0.5);
        let unplaced = Likeness { place: None, ..one.clone() };
        let nothing = Likeness { frames: Vec::new(), ..one.clone() };
        for unlike in [longer, other, moved, unplaced, nothing.clone()] {
            assert!(!one.is_like(&unlike), "{unlike:?}");
        }
        assert!(!nothing.is_like(&nothing), "nothing is known of it");
    }
}
