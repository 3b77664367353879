//! A report as one line of JSON: what `scan` writes for each file and `check --json` prints.
//!
//! Numbers are rounded to what they mean: times to a hundredth of a second, places to a ten-thousandth of the picture.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Serialize;

use crate::engine::{Report, ReportMatch};
use crate::model::{Evidence, Placement, Reason, Span, SpanPair, VerdictKind};

/// One line. `verdict` and `reason` are null when the file could not be read, and `error` says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub path: String,
    /// The path's bytes in hexadecimal, when they are not UTF-8 and `path` shows them only nearly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    pub verdict: Option<VerdictKind>,
    pub reason: Option<Reason>,
    pub duration_s: Option<f64>,
    pub matches: Vec<LineMatch>,
    /// What was missing or broken in a file that could be decoded nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    pub error: Option<String>,
}

/// One match of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineMatch {
    pub tombstone: String,
    pub score: f64,
    pub verdict: VerdictKind,
    /// Present and true: the uploader's own deleted video.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Present and true: its owner allows this uploader to post it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub granted: bool,
    pub spans: Vec<LineSpan>,
    pub evidence: Evidence,
}

/// One span of a match; reversed playback has `speed` below 0 and `deleted` descending.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineSpan {
    pub upload: [f64; 2],
    pub deleted: [f64; 2],
    pub speed: f64,
    pub placement: LinePlacement,
}

/// Where the deleted picture sits in the upload's; see `model::Placement`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinePlacement {
    pub mirrored: bool,
    pub inverted: bool,
    pub rotation_deg: f64,
    pub scale: f64,
    pub quad: [[f64; 2]; 4],
}

impl Line {
    /// The line of a file that was checked.
    pub fn checked(path: &Path, report: &Report) -> Line {
        Line {
            verdict: Some(report.verdict.kind),
            reason: Some(report.verdict.reason),
            duration_s: report.duration_s.map(|s| round(s, 2)),
            matches: report.matches.iter().map(LineMatch::new).collect(),
            damage: report.damage.clone(),
            error: report.trouble.clone(),
            ..Line::bare(path)
        }
    }

    /// The line of a file that could not be checked.
    pub fn failed(path: &Path, error: String) -> Line {
        Line { error: Some(error), ..Line::bare(path) }
    }

    fn bare(path: &Path) -> Line {
        let bytes = path.as_os_str().as_bytes();
        let hex = || bytes.iter().map(|b| format!("{b:02x}")).collect();
        Line {
            path: path.to_string_lossy().into_owned(),
            path_bytes: path.to_str().is_none().then(hex),
            verdict: None,
            reason: None,
            duration_s: None,
            matches: Vec::new(),
            damage: None,
            error: None,
        }
    }
}

impl LineMatch {
    fn new(one: &ReportMatch) -> LineMatch {
        let evidence = &one.found.evidence;
        LineMatch {
            tombstone: one.found.tombstone.0.clone(),
            score: round(one.found.score, 2),
            verdict: one.found.verdict,
            own: one.own(),
            granted: one.granted(),
            spans: one.found.spans.iter().map(LineSpan::new).collect(),
            evidence: Evidence {
                coverage: round(evidence.coverage, 3),
                frames_nats: round(evidence.frames_nats, 1),
                common: round(evidence.common, 3),
                ..evidence.clone()
            },
        }
    }
}

impl LineSpan {
    fn new(pair: &SpanPair) -> LineSpan {
        let seconds = |span: &Span| [round(span.start_s, 2), round(span.end_s, 2)];
        LineSpan {
            upload: seconds(&pair.upload),
            deleted: seconds(&pair.deleted),
            speed: round(pair.speed, 3),
            placement: LinePlacement::new(&pair.placement),
        }
    }
}

impl LinePlacement {
    fn new(placement: &Placement) -> LinePlacement {
        LinePlacement {
            mirrored: placement.mirrored,
            inverted: placement.inverted,
            rotation_deg: round(placement.rotation_deg, 1),
            scale: round(placement.scale, 3),
            quad: placement.quad.map(|p| [round(p.x, 4), round(p.y, 4)]),
        }
    }
}

/// To `digits` behind the point; never a negative zero.
fn round(value: f64, digits: i32) -> f64 {
    let unit = 10f64.powi(digits);
    (value * unit).round() / unit + 0.0
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::model::{
        DeletionReason, Match, Point, Seen, Strength, TombstoneId, Verdict, Weighed,
    };

    #[test]
    fn a_line_has_the_documented_shape() {
        let placement = Placement {
            mirrored: true,
            inverted: false,
            rotation_deg: -0.04,
            scale: 0.333_333,
            quad: [Point { x: -0.123_456, y: 1.5 }; 4],
        };
        let spans = vec![SpanPair {
            upload: Span { start_s: 1.0, end_s: 2.004 },
            deleted: Span { start_s: 9.0, end_s: 8.0 },
            speed: -1.0,
            placement,
        }];
        let found = Match {
            tombstone: TombstoneId("cat".into()),
            score: 12.345_6,
            verdict: VerdictKind::Block,
            spans,
            evidence: Evidence { keypoints: 7, coverage: 0.5, ..Evidence::default() },
        };
        let strength = Strength::Block;
        let weighed = Weighed {
            score: found.score,
            may_block: true,
            same_bytes: false,
            common: false,
            reason: DeletionReason::OwnerRequest,
            leave: None,
        };
        let one = ReportMatch { found, weighed, strength };
        let report = Report {
            verdict: Verdict { kind: VerdictKind::Block, reason: Reason::Match },
            seen: Seen::All,
            duration_s: Some(10.0),
            matches: vec![one],
            trouble: None,
            damage: None,
        };
        let line = Line::checked(Path::new("a \"b\".mp4"), &report);
        let expected = concat!(
            r#"{"path":"a \"b\".mp4","verdict":"block","reason":"match","duration_s":10.0,"matches":["#,
            r#"{"tombstone":"cat","score":12.35,"verdict":"block","spans":[{"upload":[1.0,2.0],"#,
            r#""deleted":[9.0,8.0],"speed":-1.0,"placement":{"mirrored":true,"inverted":false,"#,
            r#""rotation_deg":0.0,"scale":0.333,"quad":[[-0.1235,1.5],[-0.1235,1.5],[-0.1235,1.5],"#,
            r#"[-0.1235,1.5]]}}],"evidence":{"same_bytes":false,"keypoints":7,"coverage":0.5,"#,
            r#""keyframes":0,"frames_nats":0.0,"common":0.0}}],"error":null}"#,
        );
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
    }

    #[test]
    fn a_name_that_is_not_utf8_keeps_its_bytes() {
        let path = Path::new(OsStr::from_bytes(b"a\xff.mp4"));
        let line = Line::failed(path, "no such file".into());
        assert_eq!(line.path_bytes.as_deref(), Some("61ff2e6d7034"));
        assert_eq!(line.path, "a\u{fffd}.mp4");
    }
}
