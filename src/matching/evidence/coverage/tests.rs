//! Coverage of made prints whose answers are known, and its bounds on random ones.

use proptest::prelude::*;

use super::*;
use crate::cpu::Cpu;
use crate::fingerprint::{Keyframe, UploadPrint};
use crate::matching::align::geometry::Affine;
use crate::matching::align::time_map::TimeMap;
use crate::matching::tests::scene::{self, Scene, noise};

/// Keypoints on a grid of 8 × 8, each with bits of its own.
fn deleted() -> Fingerprint {
    let keypoint = |n: u64| {
        let (x, y) = ((n % 8) as f32 / 8.0 + 0.06, (n / 8) as f32 / 8.0 + 0.06);
        Keypoint { spot: scene::spot(x, y, 1.0), hash: noise(n) }
    };
    scene::fingerprint(2.0, (0..64).map(keypoint).collect())
}

/// An upload that shows the keypoints for which `shows` holds, `flips` bits off; at the others something else.
fn upload(deleted: &Fingerprint, flips: u32, shows: impl Fn(usize) -> bool) -> UploadPrint {
    let keypoint = |(n, k): (usize, &Keypoint)| {
        let other = noise(n as u64 + 1000);
        let hash = if shows(n) { k.hash ^ ((1 << flips) - 1) } else { other };
        scene::upload_keypoint(k.spot, [hash; 4])
    };
    scene::upload_print(2.0, deleted.keypoints.iter().enumerate().map(keypoint).collect())
}

fn measure(deleted: &Fingerprint, upload: &UploadPrint) -> Coverage {
    let prepared = PreparedUpload::new(upload, Cpu::detect());
    let as_it_was = Affine { a: 1.0, b: 0.0, c: 0.0, d: 0.0, e: 1.0, f: 0.0 };
    let alignment = scene::alignment(as_it_was, TimeMap { speed: 1.0, offset_s: 0.0 });
    let lookalikes = Lookalikes::new(deleted, &prepared.hits(deleted, 3000));
    let search = CoverageSearch { prepared: &prepared, deleted, lookalikes: &lookalikes };
    search.coverage(&alignment, &UploadSpan::new(0.0, 2.0))
}

#[test]
fn a_re_upload_is_sure_and_chance_is_nothing() {
    let d = deleted();
    let shown = measure(&d, &upload(&d, 4, |_| true));
    assert_eq!((shown.visible, shown.found), (64, 64));
    assert!(shown.nats > 300.0 && shown.reupload_nats > 100.0, "{shown:?}");
    let chance = measure(&d, &upload(&d, 4, |_| false));
    assert!(chance.found == 0 && chance.nats < 1.0, "{} {}", chance.found, chance.nats);
}

#[test]
fn a_wall_of_text_leaves_a_re_upload_while_a_corner_alone_is_an_overlay() {
    let d = deleted();
    // Every eighth keypoint, all over; and as many in one corner.
    let covered = measure(&d, &upload(&d, 4, |n| n % 9 == 1));
    let corner = measure(&d, &upload(&d, 4, |n| n % 8 < 2 && n / 8 < 4));
    assert!(covered.found >= 7 && corner.found == 8, "{} {}", covered.found, corner.found);
    let (all_over, local) = (covered.reupload_nats, corner.reupload_nats);
    assert!(all_over > 3.0 && local < -1.0, "{all_over} {local}");
}

#[test]
fn a_pattern_says_little_by_lying_at_the_right_place() {
    let mut d = deleted();
    // A pattern: all bits alike but a few.
    for (n, k) in d.keypoints.iter_mut().enumerate() {
        k.hash = noise(7) ^ (1 << (n % 8));
    }
    let pattern = measure(&d, &upload(&d, 1, |_| true));
    let d = deleted();
    let distinct = measure(&d, &upload(&d, 1, |_| true));
    assert!(pattern.nats < 0.6 * distinct.nats, "{} {}", pattern.nats, distinct.nats);
}

#[test]
fn what_is_on_a_card_says_little() {
    let mut d = deleted();
    let up = upload(&d, 4, |_| true);
    let own = measure(&d, &up).nats;
    d.keyframes = vec![Keyframe { time_s: 1.0, flat: 200 }];
    assert!(measure(&d, &up).nats < own / 9.0);
}

#[test]
fn what_stands_still_in_the_upload_counts_once() {
    let mut d = deleted();
    let up = upload(&d, 4, |n| n == 0);
    let once = measure(&d, &up);
    // The same letter, found anew in each keyframe of the deleted video: different enough not to be twins of each
    // other.
    let hash = d.keypoints[0].hash;
    for n in 1..8u64 {
        let mut again = d.keypoints[0];
        again.hash = hash ^ (0xff << (8 * n));
        again.spot.x += 0.002;
        d.keypoints.push(again);
    }
    let often = measure(&d, &up);
    assert!(often.nats <= once.nats + 0.5, "{} {}", often.nats, once.nats);
}

proptest! {
    #![proptest_config(scene::cases(48))]

    #[test]
    fn the_share_found_stays_within_bounds_whatever_the_upload_shows(
        seed in 0u64..1000,
        from in 0.0f64..12.0,
        length in 0.0f64..12.0,
        late_s in -9.0f64..9.0,
        scale in 0.2f64..2.0,
    ) {
        let made = Scene { scale, ..Scene::new(seed) };
        let (deleted, upload) = (made.deleted(), made.upload());
        let prepared = PreparedUpload::new(&upload, Cpu::detect());
        let hits = prepared.hits(&deleted, 3000);
        let lookalikes = Lookalikes::new(&deleted, &hits);
        let search =
            CoverageSearch { prepared: &prepared, deleted: &deleted, lookalikes: &lookalikes };
        let own = made.time_map();
        let time_map = TimeMap { offset_s: own.offset_s + late_s, ..own };
        let alignment = scene::alignment(made.map(), time_map);
        let found = search.coverage(&alignment, &UploadSpan::new(from, from + length));
        prop_assert!((0.0..=1.0).contains(&found.share()), "{found:?}");
        prop_assert!(found.visible as usize <= deleted.keypoints.len());
        prop_assert!(found.nats >= 0.0 && found.nats.is_finite(), "{found:?}");
        prop_assert!(found.reupload_nats <= found.nats, "{found:?}");
        prop_assert_eq!(found.pairs.len(), found.found as usize);
        prop_assert!(found.pairs.iter().all(|p| p.weight > 0.0 && p.weight <= 1.0 + 1e-9));
    }

    #[test]
    fn showing_less_is_never_more_evidence(seed in 0u64..1000, kept in 0u64..64) {
        let d = deleted();
        let all = measure(&d, &upload(&d, 4, |_| true));
        let part = measure(&d, &upload(&d, 4, |n| noise(seed * 64 + n as u64) % 64 < kept));
        prop_assert!(part.found <= all.found);
        prop_assert!(part.nats <= all.nats + 1e-9, "{} {}", part.nats, all.nats);
    }
}
