//! Moments of upload and deleted video that agree, for people to look at: what a drawing of the time × time agreement
//! needs, and no more. Nothing is judged by it.

use crate::fingerprint::UploadPrint;
use crate::matching::consensus::PlacedHit;
use crate::matching::fitted::FittedAlignment;
use crate::matching::time_map::TimeMap;
use crate::model::{Agreement, Moment};

/// Points kept of each kind, thinned out evenly.
const POINTS_MAX: usize = 240;
/// Nats of a pair of frames that says all that one can.
const SURE_NATS: f64 = 12.0;

impl Agreement {
    pub(super) fn of<'h>(
        fitted: impl Iterator<Item = &'h FittedAlignment>,
        upload: &UploadPrint,
    ) -> Agreement {
        let mut all = Agreement::default();
        for one in fitted {
            let time_map = &one.alignment.time_map;
            all.keypoints.extend(one.alignment.agreeing.iter().map(|s| placed_hit(s, time_map)));
            all.add_frames(upload, time_map, &one.frames.pairs);
        }
        all.keypoints = thinned(all.keypoints);
        all.frames = thinned(all.frames);
        all
    }

    pub(super) fn add_frames(
        &mut self,
        upload: &UploadPrint,
        time_map: &TimeMap,
        pairs: &[(usize, f64)],
    ) {
        let agreeing = pairs.iter().filter(|(_, nats)| *nats > 0.0);
        self.frames.extend(agreeing.map(|(frame, nats)| {
            let upload_s = upload.frames[*frame].time_s;
            Moment {
                upload_s,
                deleted_s: time_map.deleted_s(f64::from(upload_s)) as f32,
                weight: (nats / SURE_NATS).clamp(0.0, 1.0) as f32,
            }
        }));
    }
}

/// A keypoint that stands still agrees for a while: it is drawn in the middle of the time that both have in common.
fn placed_hit(one: &PlacedHit, time_map: &TimeMap) -> Moment {
    let (from, to) = one.times.upload;
    let (a, b) = (time_map.upload_s(one.times.deleted.0), time_map.upload_s(one.times.deleted.1));
    let (first, last) = (a.min(b), a.max(b));
    let upload_s = ((from.max(first) + to.min(last)) / 2.0).clamp(from, to);
    let deleted_s = time_map.deleted_s(upload_s).clamp(one.times.deleted.0, one.times.deleted.1);
    let weight = one.times.weight.clamp(0.0, 1.0) as f32;
    Moment { upload_s: upload_s as f32, deleted_s: deleted_s as f32, weight }
}

fn thinned(moments: Vec<Moment>) -> Vec<Moment> {
    let step = moments.len().div_ceil(POINTS_MAX).max(1);
    moments.into_iter().step_by(step).collect()
}
