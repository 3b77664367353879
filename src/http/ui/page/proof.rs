//! A match in plain words: placement, alterations, certainty and kinds of evidence.

use crate::http::ui::page::words;
use crate::wire::{EvidenceView, PlacementView, SpanView};

/// Larger powers of ten mean nothing to a reader.
const POWER_MAX: f64 = 20.0;
/// Spans shorter than this are still pictures, seconds.
const MOMENT_S: f64 = 0.05;
/// Share of a picture that an overlay must leave free to count as "all of it".
const FULL: f64 = 0.92;

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

/// How the deleted picture was altered, in a few words.
pub fn how(span: &SpanView) -> String {
    let PlacementView { mirrored, inverted, rotation_deg, scale, .. } = &span.placement;
    let mut parts = Vec::new();
    if *mirrored {
        parts.push("mirrored".to_owned());
    }
    if *inverted {
        parts.push("light and dark exchanged".to_owned());
    }
    if rotation_deg.abs() >= 1.5 {
        let way = if *rotation_deg > 0.0 { "clockwise" } else { "counter-clockwise" };
        parts.push(format!("turned {:.0}° {way}", rotation_deg.abs()));
    }
    if (*scale - 1.0).abs() >= 0.03 {
        parts.push(format!("at {:.0} % of its size", scale * 100.0));
    }
    if span.speed < 0.0 {
        parts.push("backwards".to_owned());
    }
    let speed = span.speed.abs();
    if (speed - 1.0).abs() >= 0.03 {
        parts.push(format!("at {speed:.2} × speed"));
    }
    if parts.is_empty() { "unaltered in place and speed".to_owned() } else { parts.join(", ") }
}

/// Where in the upload's picture it sits.
pub fn place(placement: &PlacementView) -> &'static str {
    let within = |axis: usize| {
        let ends = placement.quad.iter().map(|corner| corner[axis]);
        let (low, high) = ends.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0), low < -0.06 || high > 1.06)
    };
    let ((left, right, past_x), (top, bottom, past_y)) = (within(0), within(1));
    let (wide, high) = (right - left >= FULL, bottom - top >= FULL);
    if wide && high {
        return if past_x || past_y {
            "cropped to fill the picture"
        } else {
            "filling the picture"
        };
    }
    let third = |middle: f64| {
        if middle < 0.4 {
            0
        } else if middle > 0.6 {
            2
        } else {
            1
        }
    };
    match (wide, high, third((left + right) / 2.0), third((top + bottom) / 2.0)) {
        (true, _, _, 0) => "as a band at the top",
        (true, _, _, 2) => "as a band at the bottom",
        (true, ..) => "as a band across the middle",
        (_, true, 0, _) => "on the left side",
        (_, true, 2, _) => "on the right side",
        (_, true, ..) => "as a column in the middle",
        (_, _, 0, 0) => "in the upper left",
        (_, _, 2, 0) => "in the upper right",
        (_, _, 0, 2) => "in the lower left",
        (_, _, 2, 2) => "in the lower right",
        (_, _, 0, _) => "at the left",
        (_, _, 2, _) => "at the right",
        (_, _, _, 0) => "at the top",
        (_, _, _, 2) => "at the bottom",
        _ => "in the middle",
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
            value: if frames > 3.0 {
                "match"
            } else if frames < -3.0 {
                "differ"
            } else {
                "inconclusive"
            }
            .to_owned(),
            means: match frames {
                f if f > 3.0 => "along the timeline",
                f if f < -3.0 => "along the timeline: perhaps another recording",
                _ => "too little detail, too few, or covered",
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
        SpanView { upload: [3.0, 12.0], deleted: [10.0, 19.0], speed, placement }
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
        assert_eq!(how(&span(placed(WHOLE), 1.0)), "unaltered in place and speed");
        assert_eq!(place(&placed(WHOLE)), "filling the picture");
        let cropped = WHOLE.map(|corner| corner.map(|v| v * 1.4 - 0.2));
        assert_eq!(place(&placed(cropped)), "cropped to fill the picture");
        let corner = WHOLE.map(|[x, y]| [x * 0.3 + 0.65, y * 0.3 + 0.68]);
        let small =
            PlacementView { mirrored: true, rotation_deg: -3.2, scale: 0.3, ..placed(corner) };
        assert_eq!(place(&small), "in the lower right");
        let words = how(&span(small, -1.25));
        assert_eq!(
            words,
            "mirrored, turned 3° counter-clockwise, at 30 % of its size, backwards, at 1.25 × speed"
        );
        let band = WHOLE.map(|[x, y]| [x, y * 0.5]);
        assert_eq!(place(&placed(band)), "as a band at the top");
        let says = when(&span(placed(WHOLE), 1.0));
        assert_eq!(says, "0:03.0–0:12.0 shows 0:10.0–0:19.0 of the deleted video");
    }
}
