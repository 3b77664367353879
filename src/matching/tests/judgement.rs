//! Whole judgements: what holds of every match, whatever is shown.

use proptest::prelude::*;

use crate::fingerprint::{Fingerprint, Keypoint, UploadPrint};
use crate::matching::tests::scene::{self, Scene, cases, noise, spliced};
use crate::matching::{Background, Candidate, Judged, Options, judge};
use crate::model::{Extent, extent};

fn judged(upload: &UploadPrint, deleted: &[&Fingerprint], tombstones: usize) -> Vec<Judged> {
    let candidates: Vec<Candidate<'_>> = deleted
        .iter()
        .map(|fingerprint| Candidate { fingerprint, common: None, found: None })
        .collect();
    let hasher = Scene::new(0).hasher();
    judge(hasher, upload, &candidates, &Background { tombstones }, &Options::default())
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn a_re_upload_is_found_with_its_seconds_and_a_larger_index_lowers_its_score(
        seed in 0u64..1_000_000,
        scale in 0.5f64..1.3,
        begins_s in 1.0f64..5.0,
        framed in any::<bool>(),
    ) {
        let scene = Scene { scale, begins_s, framed, ..Scene::new(seed) };
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let other = Scene { framed, ..Scene::new(seed + 5_000_000) }.deleted();
        let found = judged(&upload, &[&other, &deleted], 10);
        prop_assert!(!found.is_empty());
        let best = &found[0];
        prop_assert_eq!(best.candidate, 1);
        prop_assert!(best.score > 12.0 && best.supports >= 2, "{best:?}");
        prop_assert!((0.0..=1.0).contains(&best.evidence.coverage));
        prop_assert!((0.0..=1.0).contains(&best.evidence.common));
        let shown = scene.shown();
        prop_assert!(best.spans[0].upload.overlap_s(&shown) > 0.6 * shown.duration_s());
        prop_assert!(found.iter().skip(1).all(|j| j.score < 8.0), "an unrelated video blocks");
        let larger = judged(&upload, &[&other, &deleted], 1000);
        prop_assert!((best.score - larger[0].score - 2.0).abs() < 1e-9);
        prop_assert_eq!(&best.spans, &larger[0].spans);
    }

    #[test]
    fn spans_are_ordered_and_none_lies_mostly_within_another(
        seed in 0u64..1_000_000,
        cut_s in 6.0f32..8.0,
        from_s in 0.5f64..4.0,
        speed in prop::sample::select(vec![1.0, -1.0, 1.25]),
        scale in 0.5f64..1.0,
    ) {
        let first = Scene { begins_s: 1.0, from_s: 4.0, ..Scene::new(seed) };
        let then = Scene { begins_s: f64::from(cut_s).ceil(), from_s, speed, scale, ..first };
        let deleted = first.deleted();
        let upload = spliced(&first.upload(), &then.upload(), cut_s);
        let found = judged(&upload, &[&deleted], 1);
        prop_assert_eq!(found.len(), 1);
        let spans = &found[0].spans;
        prop_assert!(spans.windows(2).all(|w| w[0].upload.start_s <= w[1].upload.start_s));
        for (n, a) in spans.iter().enumerate() {
            let deleted_s = f64::from(deleted.duration_s);
            prop_assert!(a.upload.start_s >= 0.0);
            prop_assert!(a.upload.end_s <= f64::from(upload.duration_s));
            prop_assert!(a.upload.duration_s() >= 0.0);
            let shown = a.deleted.ascending();
            prop_assert!(shown.start_s >= 0.0 && shown.end_s <= deleted_s);
            prop_assert!(a.deleted.duration_s() * a.speed >= 0.0, "{a:?}");
            for b in &spans[n + 1..] {
                let shorter = a.upload.duration_s().min(b.upload.duration_s());
                prop_assert!(a.upload.overlap_s(&b.upload) <= 0.5 * shorter.max(1e-9) + 1e-9
                    || a.upload.duration_s().max(b.upload.duration_s()) > shorter, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn another_order_of_candidates_gives_the_same_matches() {
    let scene = Scene::framed(7);
    let (deleted, upload) = (scene.deleted(), scene.upload());
    let other = Scene::framed(8).deleted();
    let (one, two) =
        (judged(&upload, &[&deleted, &other], 5), judged(&upload, &[&other, &deleted], 5));
    assert_eq!((one[0].candidate, two[0].candidate), (0, 1));
    assert_eq!(one[0].measured, two[0].measured);
    assert_eq!(one[0].spans, two[0].spans);
}

#[test]
fn what_other_deleted_videos_have_in_common_changes_no_score_and_is_said() {
    let scene = Scene::framed(9);
    let (deleted, upload) = (scene.deleted(), scene.upload());
    let mut first_half = Extent::default();
    (0..deleted.duration_s as usize).for_each(|bin| first_half.add(bin, extent::WHOLE));
    let judged = |common: Option<&Extent>, copies: usize| {
        let candidate = Candidate { fingerprint: &deleted, common, found: None };
        let (background, options) = (Background { tombstones: 9 }, Options::default());
        judge(scene.hasher(), &upload, &vec![candidate; copies], &background, &options)
    };
    let (alone, among, common) = (judged(None, 1), judged(None, 5), judged(Some(&first_half), 1));
    assert_eq!(among.len(), 5);
    for one in among.iter().chain(&common) {
        assert_eq!((one.score, &one.spans), (alone[0].score, &alone[0].spans));
    }
    let (whole, part) = (alone[0].share, common[0].share);
    assert_eq!(whole.outside_common_s, whole.deleted_s);
    assert!(part.outside_common_s < 0.6 * part.deleted_s, "{part:?}");
    assert!((0.3..0.9).contains(&common[0].evidence.common), "{:?}", common[0].evidence);
}

/// Twelve keypoints of one picture, and an upload that shows them: two nearly as they were, the others 13 bits off.
fn blurred() -> (Fingerprint, UploadPrint) {
    let spot = |n: u64| {
        let (x, y) = ((n % 4) as f32 * 0.22 + 0.15, (n / 4) as f32 * 0.3 + 0.15);
        crate::fingerprint::Spot { scale: 0.02, ..scene::spot(x, y, 1.0) }
    };
    let off = |n: u64| if n < 2 { 0b11 } else { (1 << 13) - 1 };
    let seen = |n: u64| {
        let hashes = [noise(n) ^ off(n), noise(n + 100), noise(n + 200), noise(n + 300)];
        scene::upload_keypoint(spot(n), hashes)
    };
    let keypoints = (0..12).map(|n| Keypoint { spot: spot(n), hash: noise(n) }).collect();
    (scene::fingerprint(2.0, keypoints), scene::upload_print(2.0, (0..12).map(seen).collect()))
}

#[test]
fn two_near_pairs_propose_no_placement_but_with_wide_ones_beside_them_they_do() {
    let (deleted, upload) = blurred();
    let candidates = [Candidate { fingerprint: &deleted, common: None, found: None }];
    let judged = |wide_max| {
        let options = Options { wide_max, ..Options::default() };
        let hasher = Scene::new(0).hasher();
        judge(hasher, &upload, &candidates, &Background { tombstones: 1 }, &options)
    };
    assert_eq!(judged(0), []);
    let found = judged(1);
    assert!(found.len() == 1 && found[0].measured.keypoint_nats > 20.0, "{found:?}");
}
