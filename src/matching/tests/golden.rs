//! The values of every step on fixed scenes, compared with `golden.json`; see [`tests`](super) for how to write it
//! anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::fingerprint::Variant;
use crate::matching::align::geometry::Affine;
use crate::matching::align::time_map::{TimeMap, best_time_map, refine};
use crate::matching::judge::placement;
use crate::matching::tests::scene::{Scene, spliced};
use crate::matching::{Background, Candidate, Options, judge};
use crate::model::{Placement, UploadSpan};

/// Relative difference within which two values are the same: other processors' and libraries' logarithms differ in
/// their last bits.
const SAME: f64 = 1e-9;

fn scenes() -> Vec<(&'static str, Scene)> {
    let scene = |seed| Scene::framed(seed);
    vec![
        ("as it was", scene(1)),
        ("small in a corner", Scene { scale: 0.4, shift: (0.25, -0.12), ..scene(2) }),
        ("mirrored and turned", Scene { variant: Variant::Mirrored, turn: 0.12, ..scene(3) }),
        ("negative", Scene { variant: Variant::Inverted, ..scene(4) }),
        ("faster", Scene { speed: 1.25, ..scene(5) }),
        ("backwards", Scene { speed: -1.0, ..scene(6) }),
        ("blurred", Scene { flips: 12, missing: 0.5, ..scene(7) }),
        ("keypoints only", Scene { framed: false, missing: 0.6, ..scene(8) }),
    ]
}

fn affine(map: &Affine) -> Value {
    json!([map.a, map.b, map.c, map.d, map.e, map.f])
}

fn time_map(map: &TimeMap) -> Value {
    json!({ "speed": map.speed, "offset_s": map.offset_s })
}

fn span(span: &UploadSpan) -> Value {
    json!([span.start_s, span.end_s])
}

fn placed(placement: &Placement) -> Value {
    let quad: Vec<[f64; 2]> = placement.quad.iter().map(|p| [p.x, p.y]).collect();
    json!({ "scale": placement.scale, "rotation_deg": placement.rotation_deg, "quad": quad })
}

/// All steps on one scene.
fn steps(scene: &Scene) -> Value {
    let (deleted, upload) = (scene.deleted(), scene.upload());
    let mut out = Map::new();
    let found = scene.alignments(&deleted, &upload);
    let consensus = found.iter().map(|a| {
        json!({
            "variant": a.variant as u8,
            "map": affine(&a.map),
            "time_map": time_map(&a.time_map),
            "agreeing": a.agreeing.len(),
            "distinct": a.distinct,
            "distinct_plain": a.distinct_plain,
        })
    });
    out.insert("consensus".into(), consensus.collect());
    if let Some(first) = found.first() {
        let best = best_time_map(&first.times()).expect("an alignment has hits");
        let refined = time_map(&refine(best, &first.times()));
        out.insert("timeline".into(), json!({ "best": time_map(&best), "refined": refined }));
        let fitted = scene.fit(&deleted, &upload, first);
        let placement = placement::of_alignment(&upload, &deleted, &fitted.alignment);
        out.insert("placement".into(), placed(&placement));
        out.insert("span".into(), span(&fitted.span));
        let coverage = &fitted.coverage;
        out.insert(
            "coverage".into(),
            json!({
                "visible": coverage.visible,
                "found": coverage.found,
                "nats": coverage.nats,
                "reupload_nats": coverage.reupload_nats,
            }),
        );
        let measured = fitted.measured();
        out.insert(
            "score".into(),
            json!({
                "placed_nats": measured.placed_nats,
                "prior_nats": measured.prior_nats,
                "supports": measured.supports,
                "evidence": measured.evidence(),
                "score_of_a_million": measured.score(1_000_000),
            }),
        );
    }
    out.insert("judged".into(), judgement(scene, &[&deleted], &upload));
    Value::Object(out)
}

fn judgement(
    scene: &Scene,
    deleted: &[&crate::fingerprint::Fingerprint],
    upload: &crate::fingerprint::UploadPrint,
) -> Value {
    let candidates: Vec<Candidate<'_>> = deleted
        .iter()
        .map(|fingerprint| Candidate { fingerprint, common: None, found: None })
        .collect();
    let background = Background { tombstones: 1000 };
    let judged = judge(scene.hasher(), upload, &candidates, &background, &Options::default());
    let matches = judged.iter().map(|j| {
        let spans = j.spans.iter().map(|s| {
            json!({
                "upload": span(&s.upload),
                "deleted": [s.deleted.start_s, s.deleted.end_s],
                "speed": s.speed,
                "placement": placed(&s.placement),
            })
        });
        json!({
            "candidate": j.candidate,
            "score": j.score,
            "evidence": j.measured.evidence(),
            "unplaced_nats": j.measured.unplaced_nats,
            "supports": j.supports,
            "share": [j.share.deleted, j.share.deleted_s, j.share.upload],
            "spans": spans.collect::<Vec<Value>>(),
            "drawn": [j.agreement.keypoints.len(), j.agreement.frames.len()],
        })
    });
    matches.collect()
}

fn all() -> Value {
    let mut out = Map::new();
    for (name, scene) in scenes() {
        out.insert(name.into(), steps(&scene));
    }
    let first = Scene { begins_s: 1.0, from_s: 4.0, ..Scene::framed(11) };
    let then = Scene { begins_s: 7.0, from_s: 0.5, scale: 0.6, ..first };
    let upload = spliced(&first.upload(), &then.upload(), 7.0);
    out.insert("two scenes".into(), judgement(&first, &[&first.deleted()], &upload));
    let shared = Scene::framed(12);
    let (deleted, upload) = (shared.deleted(), shared.upload());
    out.insert("shared by three".into(), judgement(&shared, &[&deleted; 3], &upload));
    Value::Object(out)
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/matching/tests/golden.json")
}

/// The paths at which two values differ.
fn differences(path: &str, stored: &Value, now: &Value, out: &mut Vec<String>) {
    match (stored, now) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                differences(&format!("{path}/{key}"), &of(a), &of(b), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{n}"), a, b, out);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            if (a - b).abs() > SAME * a.abs().max(b.abs()).max(1.0) {
                out.push(format!("{path}: stored {a}, now {b}"));
            }
        }
        (a, b) if a != b => out.push(format!("{path}: stored {a}, now {b}")),
        _ => {}
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable of the person who blesses, no setting")]
fn every_step_gives_the_stored_values() {
    let now = all();
    if std::env::var_os("CENOTAPH_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
        fs::write(file(), text).unwrap();
        return;
    }
    let stored = fs::read_to_string(file()).expect("golden.json is part of the repository");
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let mut out = Vec::new();
    differences("", &stored, &now, &mut out);
    assert!(
        out.is_empty(),
        "{}\nIf this was intended: CENOTAPH_BLESS=1 cargo test --lib matching::tests::golden",
        out.join("\n")
    );
}

#[test]
fn a_difference_in_any_value_is_found() {
    let stored = json!({ "a": [1.0, { "b": 2 }], "c": "x" });
    let found = |now: Value| {
        let mut out = Vec::new();
        differences("", &stored, &now, &mut out);
        out.len()
    };
    assert_eq!(found(stored.clone()), 0);
    assert_eq!(found(json!({ "a": [1.0 + 1e-12, { "b": 2 }], "c": "x" })), 0);
    assert_eq!(found(json!({ "a": [1.0 + 1e-6, { "b": 2 }], "c": "x" })), 1);
    assert_eq!(found(json!({ "a": [1.0, { "b": 3 }], "c": "y" })), 2);
    assert_eq!(found(json!({ "a": [1.0], "c": "x", "d": 1 })), 2);
}
