//! Spans: the best stretch of votes, and its ends.

use proptest::prelude::*;

use crate::matching::evidence::placed_frames::PlacedFrames;
use crate::matching::evidence::spans::span;
use crate::matching::evidence::stretch::best_stretch;
use crate::matching::tests::scene::{Scene, cases};
use crate::model::UploadSpan;

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_other_stretch_has_a_larger_sum(votes in prop::collection::vec(-3.0f64..3.0, 0..24)) {
        let sum = |from: usize, to: usize| votes[from..to].iter().sum::<f64>();
        let all = (0..votes.len()).flat_map(|a| (a + 1..=votes.len()).map(move |b| (a, b)));
        let most = all.map(|(a, b)| sum(a, b)).fold(0.0, f64::max);
        match best_stretch(votes.iter().copied()) {
            None => prop_assert_eq!(most, 0.0),
            Some((best, stretch)) => {
                prop_assert!((best - most).abs() < 1e-9);
                prop_assert!((sum(stretch.start, stretch.end) - best).abs() < 1e-9);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_span_is_ordered_within_the_upload_and_covers_what_was_shown(
        seed in 0u64..1_000_000,
        begins_s in 1.0f64..8.0,
        lasts_s in 3.0f64..8.0,
        speed in prop::sample::select(vec![1.0, 1.25, 0.8, 2.0, -1.0]),
        framed in any::<bool>(),
    ) {
        let scene = Scene { begins_s, lasts_s, speed, framed, ..Scene::new(seed) };
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let alignments = scene.alignments(&deleted, &upload);
        prop_assume!(!alignments.is_empty());
        let around = UploadSpan::new(0.0, f64::from(upload.duration_s));
        let placed = PlacedFrames::new(scene.hasher(), &upload, &deleted, &alignments[0], around);
        let found = span(&upload, &deleted, &alignments[0], &scene.time_map(), &placed);
        prop_assert!(found.start_s <= found.end_s && found.start_s >= 0.0);
        prop_assert!(found.end_s <= f64::from(upload.duration_s));
        let shown = scene.shown();
        let (both, either) = (found.overlap_s(&shown), found.duration_s().max(shown.duration_s()));
        let least = if framed { 0.75 } else { 0.4 };
        prop_assert!(both / either > least, "{found:?} {shown:?}");
    }
}
