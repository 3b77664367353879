//! Moments of upload and deleted video that agree, for people: what a drawing of the time × time agreement needs, and
//! no more. Nothing is judged by it.

use crate::fingerprint::UploadPrint;
use crate::matching::align::placed_hit::PlacedHit;
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::fitted::FittedAlignment;
use crate::model::{Agreement, Moment};

/// Points kept of each kind, thinned out evenly: what a drawing of some hundred pixels can show.
const POINTS_MAX: usize = 240;
/// Nats of a pair of frames that is drawn at full strength. Tuned.
const FULL_NATS: f64 = 12.0;

impl Agreement {
    /// The moments of several alignments.
    pub fn of<'f>(
        fitted: impl Iterator<Item = &'f FittedAlignment>,
        upload: &UploadPrint,
    ) -> Agreement {
        let mut all = Agreement::default();
        for one in fitted {
            let time_map = &one.alignment.time_map;
            all.keypoints.extend(one.alignment.agreeing.iter().map(|hit| moment(hit, time_map)));
            all.add_frames(upload, time_map, &one.frames.pairs);
        }
        all.keypoints = thinned(all.keypoints);
        all.frames = thinned(all.frames);
        all
    }

    /// Adds the frames that agree; `pairs` as in [`FrameEvidence`](crate::matching::evidence::frames::FrameEvidence).
    pub fn add_frames(&mut self, upload: &UploadPrint, time_map: &TimeMap, pairs: &[(usize, f64)]) {
        let agreeing = pairs.iter().filter(|(_, nats)| *nats > 0.0);
        self.frames.extend(agreeing.map(|(frame, nats)| {
            let upload_s = upload.frames[*frame].time_s;
            Moment {
                upload_s,
                deleted_s: time_map.deleted_s(f64::from(upload_s)) as f32,
                weight: (nats / FULL_NATS).clamp(0.0, 1.0) as f32,
            }
        }));
    }
}

/// A keypoint that stands still agrees for a while: it is drawn in the middle of the time that both have in common.
fn moment(hit: &PlacedHit, time_map: &TimeMap) -> Moment {
    let (upload, deleted) = (hit.times.upload, hit.times.deleted);
    let shown = time_map.upload_span(&deleted);
    let middle_s = (upload.start_s.max(shown.start_s) + upload.end_s.min(shown.end_s)) / 2.0;
    let upload_s = middle_s.clamp(upload.start_s, upload.end_s);
    let deleted_s = time_map.deleted_s(upload_s).clamp(deleted.start_s, deleted.end_s);
    let weight = hit.times.weight.clamp(0.0, 1.0) as f32;
    Moment { upload_s: upload_s as f32, deleted_s: deleted_s as f32, weight }
}

fn thinned(moments: Vec<Moment>) -> Vec<Moment> {
    let step = moments.len().div_ceil(POINTS_MAX).max(1);
    moments.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn moments_lie_on_the_time_map_and_are_few() {
        let scene = Scene { speed: 1.25, ..Scene::framed(95) };
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let alignment = &scene.alignments(&deleted, &upload)[0];
        let fitted = scene.fit(&deleted, &upload, alignment);
        let agreement = Agreement::of([&fitted, &fitted, &fitted].into_iter(), &upload);
        let planted = scene.time_map();
        for (moments, least) in [(&agreement.keypoints, 20), (&agreement.frames, 5)] {
            assert!((least..=POINTS_MAX).contains(&moments.len()), "{}", moments.len());
            for m in moments {
                let off = planted.deleted_s(f64::from(m.upload_s)) - f64::from(m.deleted_s);
                assert!(off.abs() < 1.5 && (0.0..=1.0).contains(&m.weight), "{off} {m:?}");
            }
        }
    }
}
