//! Fits and the consensus: what was planted is found, whatever it is planted among.

use proptest::prelude::*;

use crate::fingerprint::Variant;
use crate::matching::align::geometry::{
    Affine, DeletedPoint, PointPair, UploadPoint, fit_affine, fit_similarity,
};
use crate::matching::tests::scene::{Scene, Stream, cases};

fn affine() -> impl Strategy<Value = Affine> {
    let shift = (-1.0f64..1.0, -1.0f64..1.0);
    (0.2f64..2.0, -3.1f64..3.1, 0.7f64..1.4, shift).prop_map(|(k, turn, stretch, (c, f))| {
        let (s, e) = (k * turn.sin(), k * turn.cos());
        Affine { a: e * stretch, b: -s, c, d: s * stretch, e, f }
    })
}

fn pairs(map: &Affine, seed: u64, count: usize) -> Vec<PointPair> {
    let mut stream = Stream::new(seed);
    let pair = |_| {
        let from = DeletedPoint::new(stream.between(0.0, 1.0), stream.between(0.0, 0.6));
        PointPair { from, to: map.apply(from), weight: stream.between(0.2, 1.0) }
    };
    (0..count).map(pair).collect()
}

fn same(a: &Affine, b: &Affine, miss: f64) -> bool {
    [(0.0, 0.0), (1.0, 0.0), (0.0, 0.6)].into_iter().all(|(x, y)| {
        let corner = DeletedPoint::new(x, y);
        a.apply(corner).distance_squared(&b.apply(corner)).sqrt() <= miss
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn exact_pairs_give_back_their_transform(map in affine(), seed in 0u64..1000) {
        prop_assert!(same(&fit_affine(&pairs(&map, seed, 8)).unwrap(), &map, 1e-9));
        let shape = map.shape();
        let from = DeletedPoint::new(0.3, 0.2);
        let plain = Affine::similarity(shape.scale, shape.turn, from, UploadPoint::new(0.5, 0.4));
        prop_assert!(same(&fit_similarity(&pairs(&plain, seed, 3)).unwrap(), &plain, 1e-9));
        let (again, scale) = (plain.shape(), shape.scale);
        prop_assert!((again.scale - scale).abs() < 1e-9 && (again.turn - shape.turn).abs() < 1e-9);
        prop_assert!((plain.anisotropy() - 1.0).abs() < 1e-6 && map.anisotropy() >= 1.0);
    }

    #[test]
    fn mirroring_twice_changes_nothing_and_once_is_no_similarity(
        map in affine(),
        width in 0.3f64..1.0,
    ) {
        prop_assert!(same(&map.mirrored(width).mirrored(width), &map, 1e-9));
        prop_assert_eq!(map.mirrored(width).anisotropy(), f64::INFINITY);
        let at = map.apply(DeletedPoint::new(0.2, 0.1));
        let mirrored = map.mirrored(width).apply(DeletedPoint::new(0.2, 0.1));
        prop_assert!((at.x + mirrored.x - width).abs() < 1e-9 && at.y == mirrored.y);
    }

    #[test]
    fn points_on_a_line_give_a_similarity_and_no_affine_map(map in affine(), turn in 0.0f64..3.1) {
        let along = |n: u32| DeletedPoint::new(
            0.5 + f64::from(n) * 0.1 * turn.cos(),
            0.5 + f64::from(n) * 0.1 * turn.sin(),
        );
        let pair = |n| PointPair { from: along(n), to: map.apply(along(n)), weight: 1.0 };
        let pairs: Vec<PointPair> = (0..8).map(pair).collect();
        prop_assert!(fit_affine(&pairs).is_none());
        prop_assert!(fit_similarity(&pairs).is_some());
        prop_assert!(fit_similarity(&pairs[..1]).is_none());
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn a_planted_placement_is_found_among_noise_and_outliers(
        seed in 0u64..1_000_000,
        scale in 0.3f64..1.8,
        turn in -3.0f64..3.0,
        shift in (-0.15f64..0.15, -0.1f64..0.1),
        variant in 0usize..4,
        speed in prop::sample::select(vec![1.0, 1.25, 0.8, 1.5, 2.0, -1.0]),
        flips in 0u32..8,
        missing in 0.0f64..0.5,
    ) {
        let variant = Variant::ALL[variant];
        let (jitter, clutter) = (0.006, 300);
        let scene = Scene {
            scale, turn, shift, variant, speed, flips, missing, jitter, clutter,
            ..Scene::new(seed)
        };
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let found = scene.alignments(&deleted, &upload);
        let best = found.first();
        prop_assert!(best.is_some(), "nothing aligns");
        let best = best.unwrap();
        prop_assert_eq!(best.variant, variant);
        // The fit is good where the picture is seen: at its centre, and at the edge of what shows of it.
        let reach = 0.4 / scale.max(1.0);
        for (x, y) in [(0.0, 0.0), (reach, 0.0), (-reach, 0.0)] {
            let (x, y) = (0.5 - shift.0 / scale + x, 0.28 - shift.1 / scale + y);
            let from = DeletedPoint::new(x, y);
            let miss = best.map.apply(from).distance_squared(&scene.map().apply(from)).sqrt();
            prop_assert!(miss < 0.03 * scale.max(1.0), "{miss}");
        }
        let middle_s = scene.shown().middle_s();
        let late_s = best.time_map.deleted_s(middle_s) - scene.time_map().deleted_s(middle_s);
        prop_assert!(late_s.abs() < 1.6, "{late_s}");
        // What agrees is what was planted: the outliers were left out.
        let own = best.agreeing.iter().filter(|s| s.hit.distance as u32 <= flips).count();
        prop_assert!(own * 10 >= best.agreeing.len() * 9, "{own} of {}", best.agreeing.len());
        prop_assert!(f64::from(best.distinct_plain) >= best.distinct - 1e-9);
    }

    #[test]
    fn unrelated_videos_align_on_next_to_nothing(seed in 0u64..1_000_000) {
        let upload = Scene { clutter: 400, ..Scene::new(seed) }.upload();
        let other = Scene::new(seed + 5_000_000);
        let found = other.alignments(&other.deleted(), &upload);
        let best = found.first().map_or(0.0, |a| a.distinct);
        prop_assert!(best < 3.0, "{best}");
    }

    #[test]
    fn alignments_come_strongest_first_and_no_hit_serves_two(seed in 0u64..1_000_000) {
        let scene = Scene::new(seed);
        // The same video once more, smaller and later: two showings in one upload.
        let again = Scene { scale: 0.5, begins_s: 8.0, from_s: 4.0, ..scene };
        let upload = super::scene::spliced(&scene.upload(), &again.upload(), 7.5);
        let found = scene.alignments(&scene.deleted(), &upload);
        prop_assert!(found.len() >= 2);
        prop_assert!(found.windows(2).all(|w| w[0].distinct >= w[1].distinct));
        let mut used = std::collections::HashSet::new();
        for s in found.iter().flat_map(|a| &a.agreeing) {
            prop_assert!(used.insert((s.hit.upload, s.hit.deleted)));
        }
    }
}
