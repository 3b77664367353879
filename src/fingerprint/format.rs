//! The bytes of a [`Fingerprint`].
//!
//! # Format
//! Little endian, in order:
//! 1. magic `CNTF`, version u16, key id (8 bytes);
//! 2. duration u32, milliseconds; width, height, active x0, y0, x1, y1: u16 each, in 1/65535 of the long side;
//! 3. streams, each: tag u8, length varint, that many bytes;
//! 4. the first 4 bytes of the BLAKE3 hash of all bytes before.
//!
//! A varint is LEB128. Times are a number (varint) and that many differences (varint, milliseconds), the first from 0.
//!
//! Tag 1, keypoints:
//! 1. the times of the keyframes;
//! 2. for each keyframe, its flat share u8;
//! 3. for each keyframe, the number of keypoints that start there (varint);
//! 4. for each keypoint, in order of their start: hash u64 and geometry u32 (from the lowest bit: x 9 bits, y 9,
//!    logarithm of the scale 6, angle 8);
//! 5. for each keypoint a bit, lowest first in its byte: 1 if it lasts for more than one keyframe;
//! 6. for each keypoint whose bit is 1, the number of keyframes from its first to its last (varint).
//!
//! Tag 2, frames: the times; then for each frame its quality u8 and hash (32 bytes).
//!
//! Tag 3 is reserved for sound.
//!
//! Geometry is rounded to 1/511 of the long side, 1/11 of an octave and 1.4°, far below the tolerances of `matching`.
//!
//! # Compatibility
//! A reader skips streams whose tag it does not know. It refuses a version newer than its own.

use crate::fingerprint::math::{self, PI, TAU};
use crate::fingerprint::types::{Fingerprint, FrameHash, Keyframe, Keypoint, Rect, Spot, VERSION};
use crate::model::KeyId;

const MAGIC: &[u8; 4] = b"CNTF";
const TAG_KEYPOINTS: u8 = 1;
const TAG_FRAMES: u8 = 2;
/// Bytes of the checksum.
const CHECK: usize = 4;
/// Smallest scale that can be written, long sides: 1.44 pixels of 360, below the smallest that is found (1.8).
const SCALE_MIN: f64 = 0.004;
const SCALE_STEPS_PER_OCTAVE: f64 = 11.0;

/// Why bytes were refused as a fingerprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FormatError {
    /// They are damaged, or no fingerprint at all.
    #[error("not a fingerprint: {0}")]
    Malformed(&'static str),
    /// A newer program has written them.
    #[error("fingerprint of version {found}; this program reads up to {VERSION}: upgrade it")]
    Newer { found: u16 },
}

impl Fingerprint {
    /// The bytes that are stored. [`Fingerprint::from_bytes`] returns the same fingerprint with rounded geometry.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.keypoints.len() * 12 + self.frames.len() * 36);
        out.extend(MAGIC);
        out.extend(self.version.to_le_bytes());
        out.extend(self.key_id.0);
        out.extend(millis(self.duration_s).to_le_bytes());
        let a = self.active;
        for v in [self.width, self.height, a.x0, a.y0, a.x1, a.y1] {
            out.extend(((v.clamp(0.0, 1.0) * 65535.0).round() as u16).to_le_bytes());
        }
        put_stream(&mut out, TAG_KEYPOINTS, &keypoint_bytes(&self.keyframes, &self.keypoints));
        put_stream(&mut out, TAG_FRAMES, &frame_bytes(&self.frames));
        let check = blake3::hash(&out);
        out.extend(&check.as_bytes()[..CHECK]);
        out
    }

    /// Parses the output of [`Fingerprint::to_bytes`].
    ///
    /// # Errors
    /// [`FormatError::Newer`] for a version above [`VERSION`], [`FormatError::Malformed`] for any other fault.
    pub fn from_bytes(bytes: &[u8]) -> Result<Fingerprint, FormatError> {
        let body = bytes.len().checked_sub(CHECK).ok_or(FormatError::Malformed("too short"))?;
        let (body, check) = bytes.split_at(body);
        let mut from = Reader(body);
        if from.take(4)? != MAGIC {
            return Err(FormatError::Malformed("wrong magic"));
        }
        let version = from.u16()?;
        if version > VERSION {
            return Err(FormatError::Newer { found: version });
        }
        if &blake3::hash(body).as_bytes()[..CHECK] != check {
            return Err(FormatError::Malformed("checksum differs"));
        }
        let mut key_id = [0; 8];
        key_id.copy_from_slice(from.take(8)?);
        let duration_s = from.u32()? as f32 / 1000.0;
        let mut sides = [0f32; 6];
        for s in &mut sides {
            *s = f32::from(from.u16()?) / 65535.0;
        }
        let [width, height, x0, y0, x1, y1] = sides;
        let mut out = Fingerprint {
            version,
            key_id: KeyId(key_id),
            duration_s,
            width,
            height,
            active: Rect { x0, y0, x1, y1 },
            keyframes: Vec::new(),
            keypoints: Vec::new(),
            frames: Vec::new(),
        };
        while !from.0.is_empty() {
            let tag = from.take(1)?[0];
            let length = from.varint()?;
            let mut stream = Reader(from.take(length)?);
            match tag {
                TAG_KEYPOINTS => (out.keyframes, out.keypoints) = keypoints(&mut stream)?,
                TAG_FRAMES => out.frames = frames(&mut stream)?,
                _ => {}
            }
        }
        Ok(out)
    }
}

fn put_stream(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    put_varint(out, bytes.len());
    out.extend(bytes);
}

fn keypoint_bytes(keyframes: &[Keyframe], points: &[Keypoint]) -> Vec<u8> {
    let of_points = points.iter().flat_map(|k| [k.spot.first_s, k.spot.last_s]);
    let mut times: Vec<(u32, u8)> = of_points.map(|time_s| (millis(time_s), 0)).collect();
    times.extend(keyframes.iter().map(|k| (millis(k.time_s), k.flat)));
    // A keyframe's own entry comes first among those of its time, and stays.
    times.sort_unstable_by_key(|(time, flat)| (*time, u8::MAX - flat));
    times.dedup_by_key(|(time, _)| *time);
    let index = |s: f32| times.partition_point(|t| t.0 < millis(s));
    let mut out = Vec::new();
    put_times(&mut out, &times.iter().map(|t| t.0).collect::<Vec<_>>());
    out.extend(times.iter().map(|t| t.1));
    let mut starts = vec![0usize; times.len()];
    points.iter().for_each(|k| starts[index(k.spot.first_s)] += 1);
    starts.iter().for_each(|n| put_varint(&mut out, *n));
    let mut lasting = vec![0u8; points.len().div_ceil(8)];
    let mut lengths = Vec::new();
    for (i, k) in points.iter().enumerate() {
        out.extend(k.hash.to_le_bytes());
        out.extend(pack(&k.spot).to_le_bytes());
        let length = index(k.spot.last_s) - index(k.spot.first_s);
        if length > 0 {
            lasting[i / 8] |= 1 << (i % 8);
            put_varint(&mut lengths, length);
        }
    }
    out.extend(lasting);
    out.extend(lengths);
    out
}

fn keypoints(from: &mut Reader<'_>) -> Result<(Vec<Keyframe>, Vec<Keypoint>), FormatError> {
    let times = from.times()?;
    let flat = from.take(times.len())?;
    let keyframe = |(time_s, flat): (&f32, &u8)| Keyframe { time_s: *time_s, flat: *flat };
    let keyframes = times.iter().zip(flat).map(keyframe).collect();
    let mut starts = Vec::with_capacity(times.len());
    for at in 0..times.len() {
        let n = from.varint()?;
        if n > from.0.len() {
            return Err(FormatError::Malformed("more keypoints than bytes"));
        }
        starts.extend(std::iter::repeat_n(at, n));
    }
    let mut out = Vec::with_capacity(starts.len().min(from.0.len() / 12));
    for at in &starts {
        let hash = u64::from(from.u32()?) | u64::from(from.u32()?) << 32;
        let spot = unpack(from.u32()?, times[*at]);
        out.push(Keypoint { spot, hash });
    }
    let lasting = from.take(starts.len().div_ceil(8))?;
    for (i, (k, at)) in out.iter_mut().zip(&starts).enumerate() {
        if lasting[i / 8] >> (i % 8) & 1 == 1 {
            let last = at.saturating_add(from.varint()?);
            k.spot.last_s =
                *times.get(last).ok_or(FormatError::Malformed("keypoint beyond the keyframes"))?;
        }
    }
    Ok((keyframes, out))
}

fn frame_bytes(frames: &[FrameHash]) -> Vec<u8> {
    let mut out = Vec::new();
    put_times(&mut out, &frames.iter().map(|f| millis(f.time_s)).collect::<Vec<_>>());
    for f in frames {
        out.push(f.quality);
        f.bits.iter().for_each(|w| out.extend(w.to_le_bytes()));
    }
    out
}

fn frames(from: &mut Reader<'_>) -> Result<Vec<FrameHash>, FormatError> {
    let times = from.times()?;
    let mut out = Vec::with_capacity(times.len());
    for time_s in times {
        let quality = from.take(1)?[0];
        let mut bits = [0u64; 4];
        for w in &mut bits {
            *w = u64::from(from.u32()?) | u64::from(from.u32()?) << 32;
        }
        out.push(FrameHash { time_s, bits, quality });
    }
    Ok(out)
}

fn millis(s: f32) -> u32 {
    (f64::from(s.max(0.0)) * 1000.0).round().min(f64::from(u32::MAX)) as u32
}

fn pack(s: &Spot) -> u32 {
    let unit = |v: f32| (v.clamp(0.0, 1.0) * 511.0).round() as u32;
    let octaves = math::ln((f64::from(s.scale) / SCALE_MIN).max(1e-3)) / std::f64::consts::LN_2;
    let scale = (octaves * SCALE_STEPS_PER_OCTAVE).round().clamp(0.0, 63.0) as u32;
    let angle = ((s.angle + PI) / TAU * 256.0).round() as u32 & 255;
    unit(s.x) | unit(s.y) << 9 | scale << 18 | angle << 24
}

fn unpack(v: u32, time_s: f32) -> Spot {
    let octaves = f64::from(v >> 18 & 63) / SCALE_STEPS_PER_OCTAVE;
    Spot {
        x: (v & 511) as f32 / 511.0,
        y: (v >> 9 & 511) as f32 / 511.0,
        scale: (SCALE_MIN * math::exp2(octaves)) as f32,
        angle: (v >> 24) as f32 / 256.0 * TAU - PI,
        first_s: time_s,
        last_s: time_s,
    }
}

fn put_times(out: &mut Vec<u8>, times: &[u32]) {
    put_varint(out, times.len());
    let mut before = 0;
    for t in times {
        put_varint(out, (t - before) as usize);
        before = *t;
    }
}

/// LEB128: seven bits a byte, lowest first; the top bit is 1 if more bytes follow.
fn put_varint(out: &mut Vec<u8>, mut v: usize) {
    while v >= 128 {
        out.push((v & 127) as u8 | 128);
        v >>= 7;
    }
    out.push(v as u8);
}

/// The bytes that have not been read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], FormatError> {
        if n > self.0.len() {
            return Err(FormatError::Malformed("ends too early"));
        }
        let (head, rest) = self.0.split_at(n);
        self.0 = rest;
        Ok(head)
    }

    fn u16(&mut self) -> Result<u16, FormatError> {
        let b = self.take(2)?;
        Ok(u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Result<u32, FormatError> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn varint(&mut self) -> Result<usize, FormatError> {
        let mut v = 0usize;
        for shift in (0..35).step_by(7) {
            let b = self.take(1)?[0];
            v |= usize::from(b & 127) << shift;
            if b < 128 {
                return Ok(v);
            }
        }
        Err(FormatError::Malformed("number too large"))
    }

    fn times(&mut self) -> Result<Vec<f32>, FormatError> {
        let n = self.varint()?;
        if n > self.0.len() {
            return Err(FormatError::Malformed("more times than bytes"));
        }
        let mut at = 0u64;
        (0..n)
            .map(|_| {
                at += self.varint()? as u64;
                Ok((at as f64 / 1000.0) as f32)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Fingerprint {
        let spot = Spot { x: 0.25, y: 0.5, scale: 0.01, angle: 1.0, first_s: 0.5, last_s: 0.5 };
        let still = Spot { first_s: 0.5, last_s: 4.25, ..spot };
        let late = Spot { first_s: 2.0, last_s: 4.25, ..spot };
        Fingerprint {
            duration_s: 5.0,
            height: 0.5625,
            active: Rect { x0: 0.0, y0: 0.1, x1: 1.0, y1: 0.5 },
            keyframes: [(0.5, 0), (2.0, 200), (4.25, 255)]
                .map(|(time_s, flat)| Keyframe { time_s, flat })
                .to_vec(),
            keypoints: [(spot, 1), (still, u64::MAX), (late, 7)]
                .map(|(spot, hash)| Keypoint { spot, hash })
                .to_vec(),
            frames: vec![FrameHash { time_s: 1.25, bits: [1, 2, 3, u64::MAX], quality: 40 }],
            ..Fingerprint::empty(KeyId([3; 8]))
        }
    }

    #[test]
    fn a_fingerprint_survives_its_bytes_within_the_rounding() {
        let made = sample();
        let read = Fingerprint::from_bytes(&made.to_bytes()).expect("own bytes");
        assert_eq!(read.frames, made.frames);
        assert_eq!(read.keyframes, made.keyframes);
        assert_eq!(read.keypoints.len(), 3);
        for (a, b) in read.keypoints.iter().zip(&made.keypoints) {
            assert_eq!(a.hash, b.hash);
            assert!((a.spot.x - b.spot.x).abs() < 0.001 && (a.spot.y - b.spot.y).abs() < 0.001);
            assert!((a.spot.scale / b.spot.scale - 1.0).abs() < 0.04);
            assert!((a.spot.angle - b.spot.angle).abs() < 0.013);
            assert_eq!((a.spot.first_s, a.spot.last_s), (b.spot.first_s, b.spot.last_s));
        }
        // Rounding happens once: a second round trip changes nothing.
        assert_eq!(Fingerprint::from_bytes(&read.to_bytes()), Ok(read));
    }

    #[test]
    fn damaged_bytes_and_newer_versions_are_refused() {
        let bytes = sample().to_bytes();
        for at in 6..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            assert_eq!(
                Fingerprint::from_bytes(&bad),
                Err(FormatError::Malformed("checksum differs")),
                "byte {at}"
            );
        }
        for end in 0..bytes.len() {
            assert!(Fingerprint::from_bytes(&bytes[..end]).is_err());
        }
        let mut newer = bytes;
        newer[4] = 9;
        assert_eq!(Fingerprint::from_bytes(&newer), Err(FormatError::Newer { found: 9 }));
    }
}
