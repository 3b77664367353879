//! The plot of a match: the moments at which upload and deleted video agree. Compact, because every case stores some.
//!
//! Format, little-endian: number of keypoints (u16), number of frames (u16), then the moments of the keypoints and of
//! the frames. A moment has 9 bytes: time in the upload, seconds (f32); time in the deleted video, seconds (f32);
//! weight (u8, 255 is 1).

use crate::model::{Agreement, Moment};
use crate::wire::round;

/// Size of a moment, bytes.
const MOMENT: usize = 9;

/// Moments for display: time in the upload, seconds; time in the deleted video, seconds; weight, 0..1.
pub(in crate::engine) type Shown = Vec<[f64; 3]>;

pub(in crate::engine) fn write(agreement: &Agreement) -> Vec<u8> {
    let count = |moments: &[Moment]| u16::try_from(moments.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::new();
    for moments in [&agreement.keypoints, &agreement.frames] {
        bytes.extend(count(moments).to_le_bytes());
    }
    for moments in [&agreement.keypoints, &agreement.frames] {
        for one in moments.iter().take(count(moments).into()) {
            bytes.extend(one.upload_s.to_le_bytes());
            bytes.extend(one.deleted_s.to_le_bytes());
            bytes.push((one.weight.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
    }
    bytes
}

/// The moments of the keypoints and of the frames. `None` if the bytes are not a plot.
pub(in crate::engine) fn read(bytes: &[u8]) -> Option<(Shown, Shown)> {
    let count = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let (keypoints, frames) = (usize::from(count(0)?), usize::from(count(2)?));
    let moments = bytes.get(4..)?;
    if moments.len() != (keypoints + frames) * MOMENT {
        return None;
    }
    let number = |bytes: &[u8]| Some(f64::from(f32::from_le_bytes(bytes.try_into().ok()?)));
    let moment = |bytes: &[u8; MOMENT]| {
        let weight = f64::from(bytes[8]) / 255.0;
        Some([round(number(&bytes[..4])?, 2), round(number(&bytes[4..8])?, 2), round(weight, 2)])
    };
    let all: Option<Vec<[f64; 3]>> = moments.as_chunks().0.iter().map(moment).collect();
    let mut all = all?;
    let frames = all.split_off(keypoints);
    Some((all, frames))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_round_trips_and_other_bytes_are_refused() {
        let moment = |s: f32| Moment { upload_s: s, deleted_s: s + 0.5, weight: 1.0 };
        let agreement = Agreement {
            keypoints: vec![moment(1.0), moment(2.25)],
            frames: vec![Moment { weight: 0.0, ..moment(3.0) }],
        };
        let bytes = write(&agreement);
        let (keypoints, frames) = read(&bytes).unwrap();
        assert_eq!(keypoints, [[1.0, 1.5, 1.0], [2.25, 2.75, 1.0]]);
        assert_eq!(frames, [[3.0, 3.5, 0.0]]);
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(read(&[]), None);
    }
}
