//! A match in plain words: placement, alterations, certainty and kinds of evidence.

use crate::http::ui::page::words;
use crate::model::{FrameAgreement, Placement, Point, alteration, position};
use crate::wire::{EvidenceView, PlacementView, SpanView};

/// Larger powers of ten mean nothing to a reader.
const POWER_MAX: f64 = 20.0;
/// Spans shorter than this are still pictures, seconds.
const MOMENT_S: f64 = 0.05;

/// A kind of evidence.
pub struct Say {
    pub what: &'static str,
    pub value: String,
    pub means: String,
    /// Strength for a bar, 0 to 100; `None` where a bar makes no sense.
    pub level: Option<u8>,
}

/// The certainty of a match, in a sentence.
pub fn sure(score: f64, same_bytes: bool) -> String {
    if same_bytes {
        return "The file is byte-for-byte identical to the deleted one.".to_owned();
    }
    let power = score.floor();
    if power < 1.0 {
        return "Chance matches this strong are common, so this is weak evidence.".to_owned();
    }
    if power <= 6.0 {
        let n = words::grouped(10u64.pow(power as u32));
        return format!("Expect one chance match this strong in {n} uploads.");
    }
    let more = if power > POWER_MAX { "more than " } else { "" };
    let power = power.min(POWER_MAX);
    let digits = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().collect::<Vec<_>>();
    let raised: String = format!("{power:.0}")
        .chars()
        .filter_map(|c| digits.get(c.to_digit(10)? as usize))
        .collect();
    format!("Expect one chance match this strong in {more}10{raised} uploads.")
}

/// The times of a span in the upload and in the deleted video.
pub fn when(span: &SpanView) -> String {
    let [from, to] = span.upload.map(words::clock);
    let [of, till] = span.deleted.map(words::clock);
    if span.upload[1] - span.upload[0] < MOMENT_S {
        return format!("This picture shows {of} of the deleted video");
    }
    format!("{from}–{to} shows {of}–{till} of the deleted video")
}

/// How the deleted picture was altered.
pub fn how(span: &SpanView) -> String {
    alteration(&placement(&span.placement), span.speed)
}

/// Where the deleted picture is in the upload's.
pub fn place(placed: &PlacementView) -> String {
    position(&placement(placed))
}

fn placement(placed: &PlacementView) -> Placement {
    Placement {
        mirrored: placed.mirrored,
        inverted: placed.inverted,
        rotation_deg: placed.rotation_deg,
        scale: placed.scale,
        quad: placed.quad.map(|[x, y]| Point { x, y }),
    }
}

/// Each kind of evidence.
pub fn says(evidence: &EvidenceView) -> Vec<Say> {
    if evidence.same_bytes {
        return vec![Say {
            what: "Bytes",
            value: "identical".to_owned(),
            means: "The file's keyed digest equals the deleted file's.".to_owned(),
            level: Some(100),
        }];
    }
    let percent = |share: f64| (share.clamp(0.0, 1.0) * 100.0).round() as u8;
    let coverage = percent(evidence.coverage);
    let frames = evidence.frames_nats;
    let agreement = FrameAgreement::of(frames);
    vec![
        Say {
            what: "Keypoints",
            value: words::grouped(evidence.keypoints.into()),
            means: "match in one placement".to_owned(),
            level: Some(evidence.keypoints.min(100) as u8),
        },
        Say {
            what: "Coverage",
            value: format!("{coverage} %"),
            means: match coverage {
                50.. => "of the expected keypoints found",
                20..50 => "of the expected keypoints found; the rest may be covered",
                _ => "of the expected keypoints found: perhaps an overlay",
            }
            .to_owned(),
            level: Some(coverage),
        },
        Say {
            what: "Keyframes",
            value: words::grouped(evidence.keyframes.into()),
            means: match evidence.keyframes {
                1 => "matches",
                _ => "distinct keyframes match",
            }
            .to_owned(),
            level: Some((evidence.keyframes.min(10) * 10) as u8),
        },
        Say {
            what: "Frames",
            value: agreement.as_str().to_owned(),
            means: match agreement {
                FrameAgreement::Agree => "along the timeline",
                FrameAgreement::Disagree => "along the timeline: perhaps another recording",
                FrameAgreement::Inconclusive => "too little detail, too few, or covered",
            }
            .to_owned(),
            level: Some((frames.clamp(0.0, 60.0) / 60.0 * 100.0) as u8),
        },
        Say {
            what: "Common",
            value: format!("{} %", percent(evidence.common)),
            means: match evidence.common {
                c if c > 0.5 => "also in many other videos: perhaps a template",
                _ => "also in many other videos",
            }
            .to_owned(),
            level: None,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(placement: PlacementView, speed: f64) -> SpanView {
        SpanView { upload: [3.0, 12.0], deleted: [10.0, 19.0], speed, time_sure: true, placement }
    }

    fn placed(quad: [[f64; 2]; 4]) -> PlacementView {
        PlacementView { mirrored: false, inverted: false, rotation_deg: 0.0, scale: 1.0, quad }
    }

    const WHOLE: [[f64; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

    #[test]
    fn a_score_is_said_in_words() {
        assert!(sure(9.4, false).ends_with("in 10⁹ uploads."));
        assert!(sure(88.9, false).ends_with("in more than 10²⁰ uploads."));
        assert!(sure(12.0, false).ends_with("in 10¹² uploads."));
        assert!(sure(4.2, false).contains("10\u{202f}000 uploads"));
        assert!(sure(77.0, true).contains("byte-for-byte"));
        assert!(sure(0.3, false).contains("common"));
    }

    #[test]
    fn a_placement_is_said_in_words() {
        let small =
            PlacementView { mirrored: true, ..placed(WHOLE.map(|corner| corner.map(|v| v * 0.3))) };
        assert_eq!(place(&small), "30 × 30 % of the picture, in the upper left");
        assert_eq!(how(&span(small, -1.25)), "mirrored, reversed, at 1.25× speed");
        let says = when(&span(placed(WHOLE), 1.0));
        assert_eq!(says, "0:03.0–0:12.0 shows 0:10.0–0:19.0 of the deleted video");
    }
}
