//! Time maps: intervals meet where they meet, and either video may take the other's role.

use proptest::prelude::*;

use crate::matching::align::time_map::{
    HitTimes, SLACK_S, SPEEDS, TimeMap, best_time_map, best_time_map_unchanged, refine,
};
use crate::matching::tests::scene::{Stream, cases};
use crate::model::{DeletedSpan, UploadSpan};

fn time_map() -> impl Strategy<Value = TimeMap> {
    let speed = prop::sample::select(SPEEDS.to_vec());
    (speed, -20.0f64..20.0).prop_map(|(speed, offset_s)| TimeMap { speed, offset_s })
}

/// Hits on a time map, and as many strays; `miss_s` off at most.
fn hits(map: &TimeMap, seed: u64, strays: usize, miss_s: f64) -> Vec<HitTimes> {
    let mut stream = Stream::new(seed);
    let mut out = Vec::new();
    for n in 0..40 + strays {
        let at = stream.between(0.0, 30.0);
        let seen = if n < 40 {
            map.deleted_s(at) + stream.between(-miss_s, miss_s)
        } else {
            map.deleted_s(stream.between(0.0, 30.0))
        };
        out.push(HitTimes {
            upload: UploadSpan::new(at, at + stream.between(0.0, 1.0)),
            deleted: DeletedSpan::new(seen, seen),
            weight: stream.between(0.3, 1.0),
        });
    }
    out
}

/// The same hits with the roles of the videos exchanged.
fn reversed(hits: &[HitTimes]) -> Vec<HitTimes> {
    let swap = |h: &HitTimes| HitTimes {
        upload: UploadSpan::new(h.deleted.start_s, h.deleted.end_s),
        deleted: DeletedSpan::new(h.upload.start_s, h.upload.end_s),
        weight: h.weight,
    };
    hits.iter().map(swap).collect()
}

fn agreeing(map: &TimeMap, hits: &[HitTimes]) -> usize {
    hits.iter().filter(|h| map.miss_s(h) <= SLACK_S + 1e-6).count()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn there_and_back_is_the_same_moment(
        map in time_map(),
        at in -50.0f64..50.0,
        length in 0.1f64..9.0,
    ) {
        prop_assert!((map.upload_s(map.deleted_s(at)) - at).abs() < 1e-9);
        let span = UploadSpan::new(at, at + length);
        let back = map.upload_span(&map.deleted_span(&span));
        prop_assert!((back.start_s - span.start_s).abs() < 1e-9);
        prop_assert!((back.end_s - span.end_s).abs() < 1e-9);
        prop_assert_eq!(map.deleted_span(&span).duration_s() < 0.0, map.speed < 0.0);
    }

    #[test]
    fn two_intervals_miss_by_the_gap_between_them(
        map in time_map(),
        at in 0.0f64..20.0,
        length in 0.0f64..4.0,
        gap in -3.0f64..3.0,
    ) {
        let shown = map.deleted_span(&UploadSpan::new(at, at + length)).ascending();
        let later = DeletedSpan::new(shown.end_s + gap, shown.end_s + gap + 9.0);
        let upload = UploadSpan::new(at, at + length);
        let miss = map.miss_s(&HitTimes { upload, deleted: later, weight: 1.0 });
        prop_assert!((miss - gap.max(0.0)).abs() < 1e-9, "{miss} {gap}");
    }

    #[test]
    fn a_planted_time_map_is_found_among_as_many_strays(
        map in time_map(),
        seed in 0u64..1_000_000,
    ) {
        let hits = hits(&map, seed, 40, 0.2);
        let found = best_time_map(&hits).unwrap();
        // At another speed of the list only if as many agree there.
        prop_assert!(agreeing(&found, &hits[..40]) >= 36, "{found:?}");
        let refined = refine(found, &hits[..40]);
        prop_assert!(agreeing(&refined, &hits[..40]) >= 36, "{refined:?}");
        let late_s = refined.deleted_s(15.0) - map.deleted_s(15.0);
        prop_assert!(late_s.abs() < 1.0, "{refined:?}");
    }

    #[test]
    fn a_time_map_survives_the_reversal_of_roles(map in time_map(), seed in 0u64..1_000_000) {
        // The list has the inverse of every speed but this.
        prop_assume!(map.speed != -1.5);
        let hits = hits(&map, seed, 20, 0.2);
        let there = best_time_map(&hits).unwrap();
        let back = best_time_map(&reversed(&hits)).unwrap();
        prop_assert_eq!(there.speed < 0.0, back.speed < 0.0);
        for at in [5.0, 15.0, 25.0] {
            let returned = back.deleted_s(there.deleted_s(at));
            let slack_s = (2.0 * SLACK_S + 0.5) * (1.0 + 1.0 / map.speed.abs());
            prop_assert!((returned - at).abs() < slack_s, "{returned} {at} {there:?} {back:?}");
        }
    }

    #[test]
    fn weights_in_other_units_and_another_order_change_nothing(
        map in time_map(),
        seed in 0u64..1_000_000,
        late_s in -30.0f64..30.0,
    ) {
        let hits = hits(&map, seed, 10, 0.2);
        let found = best_time_map_unchanged(&hits).unwrap();
        prop_assert_eq!(found.speed, 1.0);
        let mut turned = hits.clone();
        turned.reverse();
        let again = best_time_map_unchanged(&turned).unwrap();
        prop_assert!((again.offset_s - found.offset_s).abs() < 1e-9);
        // Everything of the deleted video later: so is the offset.
        let later: Vec<HitTimes> = hits
            .iter()
            .map(|h| {
                let (from, to) = (h.deleted.start_s + late_s, h.deleted.end_s + late_s);
                HitTimes { deleted: DeletedSpan::new(from, to), ..*h }
            })
            .collect();
        let moved = best_time_map_unchanged(&later).unwrap();
        prop_assert!((moved.offset_s - found.offset_s - late_s).abs() < 1e-6);
    }
}

#[test]
fn without_hits_there_is_no_time_map_and_too_few_change_none() {
    assert_eq!(best_time_map(&[]), None);
    let map = TimeMap { speed: 1.0, offset_s: 3.0 };
    let few = hits(&map, 1, 0, 0.0);
    assert_eq!(refine(map, &few[..3]), map);
    let still: Vec<HitTimes> =
        few.iter().map(|h| HitTimes { upload: UploadSpan::new(0.0, 29.0), ..*h }).collect();
    assert_eq!(refine(map, &still), map, "what stands still dates nothing");
}
