//! Whole frames under a placement.
//!
//! The keypoints propose where the deleted picture sits in the upload's. The upload's small pictures are drawn out of
//! that place (`sample_grid`) and hashed as the deleted video's frames were. A re-upload that is letterboxed, turned,
//! mirrored, stretched or shown in a corner then agrees region by region, and where only a watermark agreed the frames
//! disagree everywhere. Regions outside the upload's picture are not compared.
//!
//! One set of hashes answers three questions: the evidence along a time map ([`PlacedFrames::along`]), what each moment
//! says ([`PlacedFrames::trace`], for the ends of a span), and which line the frames themselves prefer
//! ([`PlacedFrames::own_line`]: frames date a moment to 0.25 s, keyframes to 1 s).

use crate::fingerprint::{
    CONTRAST_COMPARED_MIN, Fingerprint, FrameBits, FrameHash, Hasher, UploadPrint,
};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::Affine;
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::frame_matrix::{FrameMatrix, MatrixLine};
use crate::matching::evidence::frames::{
    FrameEvidence, NEAR_S, SUPPORT_NATS, Visible, distinct, evidence_nats, is_same_picture,
    on_ground, pair_nats,
};
use crate::matching::evidence::sample_grid::{SampleGrid, Samples};
use crate::matching::evidence::slides::Changes;
use crate::model::{Luma, UploadSpan};

/// Frames of the upload that are hashed for one placement at most, evenly thinned out: a minute at 4 a second. Bounds
/// the work for long uploads.
const FRAMES_MAX: usize = 240;
/// Seconds by which a frame may lie outside a span and still count: less than one sample. Tuned.
const SPAN_SLACK_S: f64 = 0.2;

/// The upload's frames, drawn out of the place where an alignment puts the deleted picture, hashed.
pub struct PlacedFrames {
    /// The placement under which they were drawn.
    pub map: Affine,
    visible: Visible,
    /// Ascending by time.
    frames: Vec<PlacedFrame>,
}

struct PlacedFrame {
    /// Index of the upload's frame.
    index: usize,
    at_s: f64,
    bits: FrameBits,
}

impl PlacedFrames {
    /// Hashes the upload's frames within `around`; frames without contrast are left out.
    pub fn new(
        hasher: &Hasher,
        upload: &UploadPrint,
        deleted: &Fingerprint,
        alignment: &Alignment,
        around: UploadSpan,
    ) -> PlacedFrames {
        let grid = SampleGrid::new(upload, deleted, alignment);
        if grid.visible == 0 {
            return PlacedFrames { map: alignment.map, visible: 0, frames: Vec::new() };
        }
        let times = upload.frames.iter().enumerate().map(|(i, f)| (i, f64::from(f.time_s)));
        let wanted: Vec<(usize, f64)> = times.filter(|(_, at)| around.contains_s(*at)).collect();
        let step = wanted.len().div_ceil(FRAMES_MAX).max(1);
        let inverted = alignment.variant.inverted();
        let mut samples: Option<Samples> = None;
        let mut bits = |thumb: &Luma| {
            let size = (thumb.width, thumb.height);
            if samples.as_ref().is_none_or(|s| s.size != size) {
                samples = grid.samples(size.0, size.1);
            }
            Some(samples.as_ref()?.bits(&hasher.frame, thumb, inverted))
        };
        let frames = wanted
            .into_iter()
            .step_by(step)
            .filter(|(i, _)| upload.frames[*i].quality >= CONTRAST_COMPARED_MIN)
            .filter_map(|(index, at_s)| {
                let bits = bits(&upload.frames[index].thumb)?;
                Some(PlacedFrame { index, at_s, bits })
            })
            .collect();
        PlacedFrames { map: alignment.map, visible: grid.visible, frames }
    }

    /// Whether anything can be compared.
    pub fn sees(&self) -> bool {
        self.visible != 0 && !self.frames.is_empty()
    }

    /// The evidence of the deleted frames that `time_map` puts within `span`, each with its best partner.
    pub fn along(
        &self,
        deleted: &Fingerprint,
        time_map: &TimeMap,
        span: &UploadSpan,
    ) -> FrameEvidence {
        let telling = deleted.frames.iter().filter(|f| f.quality >= CONTRAST_COMPARED_MIN);
        let reach = span.padded(SPAN_SLACK_S);
        let pairs = telling.filter_map(|f| {
            let at = time_map.upload_s(f64::from(f.time_s));
            let inside = reach.contains_s(at);
            let k = inside.then(|| self.best_near(at, f)).flatten()?;
            let partner = &self.frames[k];
            let nats = evidence_nats(&partner.bits, &f.bits, self.visible);
            Some((f, partner.index, on_ground(nats, deleted, f)))
        });
        FrameEvidence { pairs: distinct(pairs) }
    }

    /// The changes from one picture of the deleted video to the next, and those that `time_map` puts within `span` where
    /// both pictures agree.
    pub fn changes(&self, deleted: &Fingerprint, time_map: &TimeMap, span: &UploadSpan) -> Changes {
        let telling: Vec<&FrameHash> =
            deleted.frames.iter().filter(|f| f.quality >= CONTRAST_COMPARED_MIN).collect();
        let reach = span.padded(SPAN_SLACK_S);
        let agrees = |f: &FrameHash| {
            let at = time_map.upload_s(f64::from(f.time_s));
            let partner = reach.contains_s(at).then(|| self.best_near(at, f)).flatten();
            partner.is_some_and(|k| self.nats(k, f) > SUPPORT_NATS)
        };
        let mut out = Changes::default();
        for pair in telling.windows(2).filter(|pair| !is_same_picture(pair[0], pair[1])) {
            out.all += 1;
            out.shown += u32::from(agrees(pair[0]) && agrees(pair[1]));
        }
        out
    }

    fn best_near(&self, at: f64, frame: &FrameHash) -> Option<usize> {
        let first = self.frames.partition_point(|f| f.at_s < at - NEAR_S);
        let near = (first..self.frames.len()).take_while(|k| self.frames[*k].at_s <= at + NEAR_S);
        near.max_by(|a, b| self.nats(*a, frame).total_cmp(&self.nats(*b, frame)))
    }

    fn nats(&self, k: usize, frame: &FrameHash) -> f64 {
        pair_nats(&self.frames[k].bits, &frame.bits, self.visible)
    }

    /// For each hashed frame of the upload: its time, and the nats of the best deleted frame within `near_s` of the
    /// moment that it shows by `time_map`; `None` where the deleted video has no frame there.
    pub fn trace(
        &self,
        deleted: &Fingerprint,
        time_map: &TimeMap,
        near_s: f64,
    ) -> Vec<(f64, Option<f64>)> {
        let best = |own: &PlacedFrame| {
            let wanted = time_map.deleted_s(own.at_s);
            let first = deleted.frames.partition_point(|f| f64::from(f.time_s) < wanted - near_s);
            let near = deleted.frames[first..]
                .iter()
                .take_while(|f| f64::from(f.time_s) <= wanted + near_s)
                .filter(|f| f.quality >= CONTRAST_COMPARED_MIN);
            let nats = near.map(|f| pair_nats(&own.bits, &f.bits, self.visible));
            (own.at_s, nats.max_by(f64::total_cmp))
        };
        self.frames.iter().map(best).collect()
    }

    /// The line that the frames themselves prefer. `None` when they prefer none.
    pub fn own_line(&self, deleted: &Fingerprint) -> Option<MatrixLine> {
        let rows: Vec<&FrameHash> =
            deleted.frames.iter().filter(|f| f.quality >= CONTRAST_COMPARED_MIN).collect();
        let mut nats = Vec::with_capacity(rows.len() * self.frames.len());
        for own in &self.frames {
            let pair = |r: &&FrameHash| pair_nats(&own.bits, &r.bits, self.visible) as f32;
            nats.extend(rows.iter().map(pair));
        }
        let matrix = FrameMatrix {
            upload_s: self.frames.iter().map(|f| f.at_s).collect(),
            deleted_s: rows.iter().map(|f| f64::from(f.time_s)).collect(),
            nats,
        };
        matrix.best_line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::scene::Scene;

    fn placed(scene: &Scene, deleted: &Fingerprint, upload: &UploadPrint) -> PlacedFrames {
        let alignment = &scene.alignments(deleted, upload)[0];
        PlacedFrames::new(scene.hasher(), upload, deleted, alignment, UploadSpan::new(0.0, 60.0))
    }

    #[test]
    fn frames_of_a_re_upload_agree_along_its_time_map_and_nowhere_else() {
        let scene = Scene::framed(51);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let placed = placed(&scene, &deleted, &upload);
        assert!(placed.sees());
        let shown = scene.shown();
        let along = |offset_s: f64| {
            let time_map =
                TimeMap { offset_s: scene.time_map().offset_s + offset_s, ..scene.time_map() };
            placed.along(&deleted, &time_map, &shown).nats()
        };
        assert!(along(0.0) > 15.0, "{}", along(0.0));
        assert!(along(6.0) < 0.0, "{}", along(6.0));
    }

    #[test]
    fn the_frames_own_line_is_the_planted_time_map() {
        for speed in [1.0, 1.25, -1.0] {
            let scene = Scene { speed, ..Scene::framed(52) };
            let (deleted, upload) = (scene.deleted(), scene.upload());
            let line = placed(&scene, &deleted, &upload).own_line(&deleted).unwrap();
            let middle = scene.shown().middle_s();
            let off = line.time_map.deleted_s(middle) - scene.time_map().deleted_s(middle);
            assert!(line.time_map.speed == speed && off.abs() < 0.5, "{:?}", line.time_map);
        }
    }

    #[test]
    fn where_the_deleted_picture_lies_outside_nothing_is_seen() {
        let scene = Scene::framed(53);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let mut alignment = scene.alignments(&deleted, &upload)[0].clone();
        alignment.map.c += 9.0;
        let around = UploadSpan::new(0.0, 60.0);
        let placed = PlacedFrames::new(scene.hasher(), &upload, &deleted, &alignment, around);
        assert!(!placed.sees());
        let along = placed.along(&deleted, &alignment.time_map, &around);
        assert!(along.pairs.is_empty());
    }
}
