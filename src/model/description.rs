//! Matches in words: where the deleted picture is, how it was altered, what the frames say. The command line and the
//! review pages both use these.

use crate::model::{Placement, Point};

/// Share of the upload's picture, per axis, from which the deleted picture counts as filling it. Tuned.
const FULL_MIN: f64 = 0.92;
/// How far a picture must reach beyond the upload's before it counts as cropped, in fractions of the upload's. Tuned.
const OUTSIDE_MIN: f64 = 0.05;
/// Smallest rotation that is worth a word, degrees. Measured rotations of upright pictures stay below it.
const ROTATION_DEG_MIN: f64 = 1.5;
/// Smallest change of speed that is worth a word, as a share: 24 to 25 frames a second is 0.042.
const SPEED_CHANGE_MIN: f64 = 0.03;
/// Frame evidence from which frames agree, and below whose negative they disagree, nats: 20 to 1.
const FRAMES_NATS_MIN: f64 = 3.0;

/// Where the deleted picture is in the upload's: `filling the picture`, `cropped to 50 % of its area`,
/// `30 × 25 % of the picture, in the lower right`.
pub fn position(placement: &Placement) -> String {
    let bounds = |of: fn(&Point) -> f64| {
        let values = placement.quad.iter().map(of);
        values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (bounds(|p| p.x), bounds(|p| p.y));
    let visible = |low: f64, high: f64| (high.min(1.0) - low.max(0.0)).max(0.0);
    let (width, height) = (visible(left, right), visible(top, bottom));
    let percent = |share: f64| (share * 100.0).round();
    let outside = [-left, -top, right - 1.0, bottom - 1.0].into_iter().fold(0.0, f64::max);
    if width >= FULL_MIN && height >= FULL_MIN {
        if outside < OUTSIDE_MIN {
            return "filling the picture".to_owned();
        }
        let area = ((right - left) * (bottom - top)).max(f64::MIN_POSITIVE);
        return format!("cropped to {} % of its area", percent(width * height / area));
    }
    let middle = |low: f64, high: f64| (low.clamp(0.0, 1.0) + high.clamp(0.0, 1.0)) / 2.0;
    let place = region(middle(left, right), middle(top, bottom));
    format!("{} × {} % of the picture, {place}", percent(width), percent(height))
}

/// The ninth of a picture that a point lies in.
fn region(x: f64, y: f64) -> &'static str {
    let third = |v: f64| match v {
        v if v < 0.4 => 0,
        v if v > 0.6 => 2,
        _ => 1,
    };
    match (third(x), third(y)) {
        (0, 0) => "in the upper left",
        (1, 0) => "at the top",
        (2, 0) => "in the upper right",
        (0, 1) => "on the left",
        (2, 1) => "on the right",
        (0, 2) => "in the lower left",
        (1, 2) => "at the bottom",
        (2, 2) => "in the lower right",
        _ => "in the middle",
    }
}

/// How the deleted picture was altered: `mirrored, rotated 3° clockwise, reversed, at 1.25× speed`, or `unaltered`.
pub fn alteration(placement: &Placement, speed: f64) -> String {
    let mut parts = Vec::new();
    if placement.mirrored {
        parts.push("mirrored".to_owned());
    }
    if placement.inverted {
        parts.push("inverted brightness".to_owned());
    }
    let degrees = placement.rotation_deg;
    if degrees.abs() >= ROTATION_DEG_MIN {
        let way = if degrees > 0.0 { "clockwise" } else { "counterclockwise" };
        parts.push(format!("rotated {:.0}° {way}", degrees.abs()));
    }
    if speed < 0.0 {
        parts.push("reversed".to_owned());
    }
    if (speed.abs() - 1.0).abs() >= SPEED_CHANGE_MIN {
        parts.push(format!("at {:.2}× speed", speed.abs()));
    }
    if parts.is_empty() { "unaltered".to_owned() } else { parts.join(", ") }
}

/// What the frames along the timeline say about a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameAgreement {
    Agree,
    Disagree,
    Inconclusive,
}

impl FrameAgreement {
    /// From the frame evidence of a match, nats.
    pub fn of(frames_nats: f64) -> FrameAgreement {
        if frames_nats >= FRAMES_NATS_MIN {
            FrameAgreement::Agree
        } else if frames_nats <= -FRAMES_NATS_MIN {
            FrameAgreement::Disagree
        } else {
            FrameAgreement::Inconclusive
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            FrameAgreement::Agree => "match",
            FrameAgreement::Disagree => "differ",
            FrameAgreement::Inconclusive => "inconclusive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(left: f64, top: f64, right: f64, bottom: f64) -> Placement {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        let quad = corners.map(|(x, y)| Point { x, y });
        Placement { mirrored: false, inverted: false, rotation_deg: 0.0, scale: 1.0, quad }
    }

    #[test]
    fn positions() {
        let cases = [
            (at(0.0, 0.0, 1.0, 1.0), "filling the picture"),
            (at(-0.04, 0.03, 1.04, 0.97), "filling the picture"),
            (at(-0.5, 0.0, 1.5, 1.0), "cropped to 50 % of its area"),
            (at(0.6, 0.7, 0.9, 0.95), "30 × 25 % of the picture, in the lower right"),
            (at(0.0, 0.22, 1.0, 0.78), "100 × 56 % of the picture, in the middle"),
            (at(0.0, 0.0, 1.0, 0.5), "100 × 50 % of the picture, at the top"),
            (at(-0.2, 0.0, 0.4, 1.0), "40 × 100 % of the picture, on the left"),
        ];
        for (placement, expected) in cases {
            assert_eq!(position(&placement), expected);
        }
    }

    #[test]
    fn alterations() {
        let whole = at(0.0, 0.0, 1.0, 1.0);
        assert_eq!(alteration(&whole, 1.01), "unaltered");
        assert_eq!(alteration(&whole, -1.0), "reversed");
        let turned = Placement { mirrored: true, inverted: true, rotation_deg: -10.2, ..whole };
        let expected =
            "mirrored, inverted brightness, rotated 10° counterclockwise, at 1.25× speed";
        assert_eq!(alteration(&turned, 1.25), expected);
    }

    #[test]
    fn frames_that_say_little_are_inconclusive() {
        let said = [-3.0, -2.9, 2.9, 3.0].map(|nats| FrameAgreement::of(nats).as_str());
        assert_eq!(said, ["differ", "inconclusive", "inconclusive", "match"]);
    }
}
