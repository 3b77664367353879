//! A report as one line of JSON: what `scan` writes for each file and `check --json` prints. What the API answers of an
//! upload is in `upload`, of a case in `case`, of a deletion in `deletion`, in the same shapes.
//!
//! Numbers are rounded to what they mean: times to a hundredth of a second, places to a ten-thousandth of the picture.

mod audience;
mod case;
mod deletion;
pub mod schema;
mod upload;

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{
    DeletedSpan, Evidence, Placement, Point, Reason, Report, ReportMatch, SpanPair, UploadSpan,
    VerdictKind,
};

pub use audience::{Audience, Redact, Unredacted};
pub(crate) use case::CaseTimes;
pub use case::{
    CaseDecided, CaseDecisionView, CaseDetail, CaseEventView, CaseMemberView, CaseNewsView,
    CaseView, Claim, DeletedVideo, EarlierCaseView, MatchPlot, Person,
};
pub use deletion::{DeletionCopyView, DeletionDetails, DeletionView};
pub use upload::{BytesState, RecordedVerdict, UploadBytes, UploadMatchView, UploadView};
pub(crate) use upload::{detail, first_span};

/// One line. `verdict` and `reason` are null when the file could not be read, and `error` says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportView {
    pub path: String,
    /// The path's bytes in hexadecimal, when they are not UTF-8 and `path` shows them only nearly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    pub verdict: Option<VerdictKind>,
    pub reason: Option<Reason>,
    pub duration_s: Option<f64>,
    pub matches: Vec<MatchView>,
    /// What was missing or broken in a file that could be decoded nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    pub error: Option<String>,
}

/// One match of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchView {
    pub tombstone: String,
    pub score: f64,
    pub verdict: VerdictKind,
    /// Present and true: the uploader's own deleted video.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Present and true: its owner allows this uploader to post it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub granted: bool,
    pub spans: Vec<SpanView>,
    pub evidence: EvidenceView,
}

/// One span of a match; reversed playback has `speed` below 0 and `deleted` descending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Span)]
pub struct SpanView {
    /// From and to in the upload, seconds.
    pub upload: [f64; 2],
    /// From and to in the deleted video, seconds.
    pub deleted: [f64; 2],
    /// Seconds of the deleted video shown in one of the upload; below 0 when it runs backwards.
    pub speed: f64,
    pub placement: PlacementView,
}

/// Where the deleted picture sits in the upload's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Placement)]
pub struct PlacementView {
    pub mirrored: bool,
    /// Light and dark exchanged.
    pub inverted: bool,
    /// Clockwise, −180 to 180.
    pub rotation_deg: f64,
    /// Of the deleted picture's long side, in that of the upload's picture.
    pub scale: f64,
    /// Corners of the deleted picture, clockwise from its own top left, in fractions of the upload's picture; they may
    /// lie outside it.
    pub quad: [[f64; 2]; 4],
}

/// What speaks for a match.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceView {
    /// The same bytes as the deleted file.
    pub same_bytes: bool,
    /// Distinct keypoints of the deleted video that agree on one placement and time line.
    pub keypoints: u32,
    /// What they say, nats: ln of how much likelier a copy is than chance.
    #[serde(default)]
    pub keypoints_nats: f64,
    /// Of the deleted video's keypoints that ought to be visible, the share found, 0 to 1.
    pub coverage: f64,
    /// Distinct keyframes of the deleted video that contribute.
    pub keyframes: u32,
    /// Frame evidence along the time line, nats; negative when the frames contradict the keypoints.
    pub frames_nats: f64,
    /// Share of the agreeing keypoints that many owners' videos have, 0 to 1.
    pub common: f64,
}

impl ReportView {
    /// The line of a file that was checked.
    pub fn checked(path: &Path, report: &Report) -> ReportView {
        ReportView {
            verdict: Some(report.verdict.kind),
            reason: Some(report.verdict.reason),
            duration_s: report.duration_s.map(|s| round(s, 2)),
            matches: report.matches.iter().map(MatchView::new).collect(),
            damage: report.damage.clone(),
            error: report.trouble.clone(),
            ..ReportView::bare(path)
        }
    }

    /// The line of a file that could not be checked.
    pub fn failed(path: &Path, error: String) -> ReportView {
        ReportView { error: Some(error), ..ReportView::bare(path) }
    }

    fn bare(path: &Path) -> ReportView {
        let bytes = path.as_os_str().as_bytes();
        let hex = || bytes.iter().map(|b| format!("{b:02x}")).collect();
        ReportView {
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

impl MatchView {
    fn new(one: &ReportMatch) -> MatchView {
        let evidence = &one.found.evidence;
        MatchView {
            tombstone: one.found.tombstone.0.clone(),
            score: round(one.found.score, 2),
            verdict: one.found.verdict,
            own: one.own(),
            granted: one.granted(),
            spans: one.found.spans.iter().map(SpanView::new).collect(),
            evidence: EvidenceView::new(evidence),
        }
    }
}

impl EvidenceView {
    fn new(evidence: &Evidence) -> EvidenceView {
        EvidenceView {
            same_bytes: evidence.same_bytes,
            keypoints: evidence.keypoints,
            keypoints_nats: round(evidence.keypoints_nats, 1),
            coverage: round(evidence.coverage, 3),
            keyframes: evidence.keyframes,
            frames_nats: round(evidence.frames_nats, 1),
            common: round(evidence.common, 3),
        }
    }
}

impl SpanView {
    /// A span, rounded.
    pub fn new(pair: &SpanPair) -> SpanView {
        let seconds = |start_s, end_s| [round(start_s, 2), round(end_s, 2)];
        SpanView {
            upload: seconds(pair.upload.start_s, pair.upload.end_s),
            deleted: seconds(pair.deleted.start_s, pair.deleted.end_s),
            speed: round(pair.speed, 3),
            placement: PlacementView::new(&pair.placement),
        }
    }
}

impl SpanView {
    /// The span that a line tells of.
    fn pair(&self) -> SpanPair {
        let PlacementView { mirrored, inverted, rotation_deg, scale, quad } = self.placement;
        let quad = quad.map(|[x, y]| Point { x, y });
        SpanPair {
            upload: UploadSpan::new(self.upload[0], self.upload[1]),
            deleted: DeletedSpan::new(self.deleted[0], self.deleted[1]),
            speed: self.speed,
            placement: Placement { mirrored, inverted, rotation_deg, scale, quad },
        }
    }
}

impl PlacementView {
    fn new(placement: &Placement) -> PlacementView {
        PlacementView {
            mirrored: placement.mirrored,
            inverted: placement.inverted,
            rotation_deg: round(placement.rotation_deg, 1),
            scale: round(placement.scale, 3),
            quad: placement.quad.map(|p| [round(p.x, 4), round(p.y, 4)]),
        }
    }
}

/// To `digits` behind the point; never a negative zero.
pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let unit = 10f64.powi(digits);
    (value * unit).round() / unit + 0.0
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::model::{DeletionReason, Match, Seen, Strength, TombstoneId, Verdict, Weighed};

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
            upload: UploadSpan::new(1.0, 2.004),
            deleted: DeletedSpan::new(9.0, 8.0),
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
            permission: None,
            ruled_out: false,
        };
        let agreement = crate::model::Agreement::default();
        let one = ReportMatch { found, weighed, strength, agreement };
        let report = Report {
            verdict: Verdict { kind: VerdictKind::Block, reason: Reason::Match },
            seen: Seen::All,
            duration_s: Some(10.0),
            matches: vec![one],
            trouble: None,
            damage: None,
        };
        let line = ReportView::checked(Path::new("a \"b\".mp4"), &report);
        let expected = concat!(
            r#"{"path":"a \"b\".mp4","verdict":"block","reason":"match","duration_s":10.0,"matches":["#,
            r#"{"tombstone":"cat","score":12.35,"verdict":"block","spans":[{"upload":[1.0,2.0],"#,
            r#""deleted":[9.0,8.0],"speed":-1.0,"placement":{"mirrored":true,"inverted":false,"#,
            r#""rotation_deg":0.0,"scale":0.333,"quad":[[-0.1235,1.5],[-0.1235,1.5],[-0.1235,1.5],"#,
            r#"[-0.1235,1.5]]}}],"evidence":{"same_bytes":false,"keypoints":7,"keypoints_nats":0.0,"coverage":0.5,"#,
            r#""keyframes":0,"frames_nats":0.0,"common":0.0}}],"error":null}"#,
        );
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
    }

    #[test]
    fn a_name_that_is_not_utf8_keeps_its_bytes() {
        let path = Path::new(OsStr::from_bytes(b"a\xff.mp4"));
        let line = ReportView::failed(path, "no such file".into());
        assert_eq!(line.path_bytes.as_deref(), Some("61ff2e6d7034"));
        assert_eq!(line.path, "a\u{fffd}.mp4");
    }
}
