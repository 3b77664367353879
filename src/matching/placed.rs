//! Whole frames under a placement.
//!
//! The keypoints have proposed where the deleted picture sits in the upload's; the upload's small pictures are drawn out
//! of that place (`place`) and hashed like the deleted video's frames were. A picture-in-picture, a letterboxed, turned,
//! mirrored or stretched copy then compares region by region, and where only a watermark agreed the frames disagree
//! everywhere. Regions that fall outside the upload's picture say nothing.

use crate::fingerprint::{Fingerprint, FrameBits, FrameHash, Hasher, UploadPrint};
use crate::matching::consensus::Alignment;
use crate::matching::diagonal::{Stretch, best_diagonal};
use crate::matching::frames::{
    FrameEvidence, NEAR_S, QUALITY_MIN, SURE_NATS, Visible, distinct, evidence_nats, on_ground,
    pair_nats,
};
use crate::matching::geometry::Affine;
use crate::matching::place::{Place, Samples};
use crate::matching::time_map::TimeMap;
use crate::model::Luma;

/// Frames of the upload hashed again for one placement at most.
const PLACED_MAX: usize = 240;

/// The upload's frames drawn out of the place where an alignment says the deleted picture is, hashed.
pub struct Placed {
    /// The placement under which they were drawn.
    pub map: Affine,
    visible: Visible,
    /// (index of upload frame, its time, hash), by time.
    frames: Vec<(usize, f64, FrameBits)>,
}

impl Placed {
    /// Hashes the upload's frames between `span` of its time; thinned out to at most `PLACED_MAX`.
    pub fn new(
        hasher: &Hasher,
        upload: &UploadPrint,
        deleted: &Fingerprint,
        alignment: &Alignment,
        span: (f64, f64),
    ) -> Placed {
        let place = Place::new(upload, deleted, alignment);
        if place.visible == 0 {
            return Placed { map: alignment.map, visible: 0, frames: Vec::new() };
        }
        let times = upload.frames.iter().enumerate().map(|(i, f)| (i, f64::from(f.time_s)));
        let wanted: Vec<(usize, f64)> =
            times.filter(|(_, at)| *at >= span.0 && *at <= span.1).collect();
        let step = wanted.len().div_ceil(PLACED_MAX).max(1);
        let inverted = alignment.variant.inverted();
        let mut samples: Option<Samples> = None;
        let mut bits = |thumb: &Luma| {
            let size = (thumb.width, thumb.height);
            if samples.as_ref().is_none_or(|s| s.size != size) {
                samples = place.samples(size.0, size.1);
            }
            Some(samples.as_ref()?.bits(&hasher.frame, thumb, inverted))
        };
        let frames = wanted
            .into_iter()
            .step_by(step)
            .filter(|(i, _)| upload.frames[*i].quality >= QUALITY_MIN)
            .filter_map(|(i, at)| Some((i, at, bits(&upload.frames[i].thumb)?)))
            .collect();
        Placed { map: alignment.map, visible: place.visible, frames }
    }

    /// Whether any region can be compared.
    pub fn sees(&self) -> bool {
        self.visible != 0 && !self.frames.is_empty()
    }

    /// What the frames along `time_map` between `span` of upload time say.
    pub fn along(
        &self,
        deleted: &Fingerprint,
        time_map: &TimeMap,
        span: (f64, f64),
    ) -> FrameEvidence {
        let mut same = Vec::new();
        let pairs = deleted.frames.iter().filter(|f| f.quality >= QUALITY_MIN).filter_map(|f| {
            let at = time_map.upload_s(f64::from(f.time_s));
            let inside = at >= span.0 - 0.2 && at <= span.1 + 0.2;
            let (k, nats) = inside.then(|| self.best_near(at, f)).flatten()?;
            if nats >= SURE_NATS {
                same.push(self.stretch_around(k, f));
            }
            let (upload, _, bits) = &self.frames[k];
            let nats = evidence_nats(bits, &f.bits, self.visible);
            Some((f, *upload, on_ground(nats, deleted, f)))
        });
        let pairs = distinct(pairs);
        FrameEvidence { pairs, same }
    }

    fn best_near(&self, at: f64, frame: &FrameHash) -> Option<(usize, f64)> {
        let first = self.frames.partition_point(|f| f.1 < at - NEAR_S);
        let near = (first..self.frames.len()).take_while(|k| self.frames[*k].1 <= at + NEAR_S);
        near.map(|k| (k, self.nats(k, frame))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn nats(&self, k: usize, frame: &FrameHash) -> f64 {
        pair_nats(&self.frames[k].2, &frame.bits, self.visible)
    }

    /// From first to last of the upload's frames in a row that agree with `frame`, as indices of the upload.
    fn stretch_around(&self, k: usize, frame: &FrameHash) -> std::ops::RangeInclusive<usize> {
        let agrees = |k: &usize| self.nats(*k, frame) >= SURE_NATS;
        let first = (0..k).rev().take_while(agrees).last().unwrap_or(k);
        let last = (k + 1..self.frames.len()).take_while(agrees).last().unwrap_or(k);
        self.frames[first].0..=self.frames[last].0
    }

    /// For each hashed upload frame: its time and what the deleted frames within `near_s` of its time on `time_map` say;
    /// `None` where the deleted video has none there.
    pub fn trace(
        &self,
        deleted: &Fingerprint,
        time_map: &TimeMap,
        near_s: f64,
    ) -> Vec<(f64, Option<f64>)> {
        let says = |(_, at, bits): &(usize, f64, FrameBits)| {
            let wanted = time_map.deleted_s(*at);
            let first = deleted.frames.partition_point(|f| f64::from(f.time_s) < wanted - near_s);
            let near = deleted.frames[first..]
                .iter()
                .take_while(|f| f64::from(f.time_s) <= wanted + near_s)
                .filter(|f| f.quality >= QUALITY_MIN);
            (*at, near.map(|f| pair_nats(bits, &f.bits, self.visible)).max_by(f64::total_cmp))
        };
        self.frames.iter().map(says).collect()
    }

    /// The time map that the frames themselves prefer, with its evidence and the pairs on it.
    pub fn own_time_map(&self, deleted: &Fingerprint) -> Option<Stretch> {
        let rows: Vec<usize> = (0..deleted.frames.len())
            .filter(|i| deleted.frames[*i].quality >= QUALITY_MIN)
            .collect();
        let times_r: Vec<f64> = rows.iter().map(|i| f64::from(deleted.frames[*i].time_s)).collect();
        let times_c: Vec<f64> = self.frames.iter().map(|f| f.1).collect();
        let mut matrix = Vec::with_capacity(rows.len() * times_c.len());
        for (_, _, bits) in &self.frames {
            let nats = |r: &usize| pair_nats(bits, &deleted.frames[*r].bits, self.visible) as f32;
            matrix.extend(rows.iter().map(nats));
        }
        best_diagonal(&matrix, &times_c, &times_r)
    }
}
