//! JSON views. This module has the report of one file, one line of JSON, as `scan` writes it and `check --json` prints
//! it. `upload`, `case` and `deletion` have the views of API responses and events, in the same shapes.
//!
//! Numbers are rounded to their precision: times to 0.01 s, positions to 0.0001 of the picture.

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
    DeletedSpan, Evidence, Placement, Point, Reason, Report, ReportMatch, Share, SpanPair,
    UploadSpan, VerdictKind,
};

pub use audience::{Audience, Redact, Unredacted};
pub(crate) use case::CaseTimes;
pub use case::{
    CaseDecided, CaseDecisionView, CaseDetail, CaseEventView, CaseMemberView, CaseNewsView,
    CaseView, Claim, DeletedVideo, EarlierCaseView, MatchPlot, Person,
};
pub use deletion::{DeletionCopyView, DeletionDetails, DeletionView};
pub use upload::{BytesState, RecordedVerdict, UploadBytes, UploadMatchView, UploadView};
pub(crate) use upload::{detail, detail_of, first_span, recorded_match};

/// The report of one file. When the file could not be read, `verdict` and `reason` are null and `error` says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportView {
    pub path: String,
    /// The bytes of the path, hexadecimal, when they are not UTF-8 and `path` is lossy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    pub verdict: Option<VerdictKind>,
    pub reason: Option<Reason>,
    pub duration_s: Option<f64>,
    pub matches: Vec<MatchView>,
    /// Damage to a file that could still be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    pub error: Option<String>,
}

/// One match of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchView {
    pub tombstone: String,
    pub score: f64,
    pub verdict: VerdictKind,
    /// Why this match alone calls for that verdict.
    pub reason: Reason,
    /// True for the uploader's own deleted video; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// True when the owner permits this uploader to post the video; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub granted: bool,
    /// Number of deleted videos with this content, of which five are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_content: Option<u32>,
    /// How much of either video the match covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareView>,
    pub spans: Vec<SpanView>,
    pub evidence: EvidenceView,
}

/// How much of the deleted video, and of the upload, a match covers, weighted by what there is to see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareView {
    /// Share of the deleted video that the upload shows, 0 to 1.
    pub deleted: f64,
    /// The same in seconds.
    pub deleted_s: f64,
    /// Of these seconds, those outside the parts that other deleted videos have as well.
    pub outside_common_s: f64,
    /// Share of the upload that shows the deleted video, 0 to 1.
    pub upload: f64,
}

impl ShareView {
    /// A rounded share.
    pub fn new(share: &Share) -> ShareView {
        ShareView {
            deleted: round(share.deleted, 3),
            deleted_s: round(share.deleted_s, 2),
            outside_common_s: round(share.outside_common_s, 2),
            upload: round(share.upload, 3),
        }
    }
}

/// One span of a match. Reversed playback has a negative `speed` and a descending `deleted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Span)]
pub struct SpanView {
    /// Start and end in the upload, seconds.
    pub upload: [f64; 2],
    /// Start and end in the deleted video, seconds.
    pub deleted: [f64; 2],
    /// Seconds of the deleted video per second of the upload; negative when it plays backwards.
    pub speed: f64,
    /// False in a still scene, where nothing tells the time: `deleted` and `speed` are then a guess.
    #[serde(default = "sure")]
    pub time_sure: bool,
    pub placement: PlacementView,
}

/// Position of the deleted picture in the picture of the upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Placement)]
pub struct PlacementView {
    /// Whether the picture is mirrored.
    pub mirrored: bool,
    /// Whether light and dark are inverted.
    pub inverted: bool,
    /// Rotation, degrees clockwise, −180 to 180.
    pub rotation_deg: f64,
    /// Long side of the deleted picture as a multiple of the long side of the upload's picture.
    pub scale: f64,
    /// Corners of the deleted picture as x and y, clockwise from its own top left, in fractions of the upload's
    /// picture. They may lie outside 0 to 1.
    pub quad: [[f64; 2]; 4],
}

/// Evidence for a match.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceView {
    /// Whether the upload is byte-identical to the deleted file.
    pub same_bytes: bool,
    /// Distinct keypoints of the deleted video that agree on one placement and time map.
    pub keypoints: u32,
    /// Evidence of the keypoints, nats: ln of the likelihood ratio of a re-upload to chance.
    #[serde(default)]
    pub keypoints_nats: f64,
    /// Share of the expected keypoints of the deleted video that were found, 0 to 1.
    pub coverage: f64,
    /// Distinct keyframes of the deleted video that contribute.
    pub keyframes: u32,
    /// Evidence of whole frames along the time map, nats; negative when they contradict the keypoints.
    pub frames_nats: f64,
    /// Keypoints of the deleted video that are not its ground (what stays or comes back) and should be visible.
    #[serde(default)]
    pub passing: u32,
    /// How many of these were found.
    #[serde(default)]
    pub passing_found: u32,
    /// How many are missing together, in one part of the picture: another story before the same ground, or a cover.
    #[serde(default)]
    pub passing_missing: u32,
    /// Of what is shown of the deleted video, the share that other deleted videos have as well, 0 to 1.
    pub common: f64,
}

impl ReportView {
    /// The report of a checked file.
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

    /// The report of a file that could not be checked.
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

/// Records of 0.1.0 do not say.
fn sure() -> bool {
    true
}

impl MatchView {
    fn new(one: &ReportMatch) -> MatchView {
        let evidence = &one.found.evidence;
        MatchView {
            tombstone: one.found.tombstone.0.clone(),
            score: rounded_down(one.found.score),
            verdict: one.found.verdict,
            reason: one.found.reason,
            own: one.own(),
            granted: one.granted(),
            same_content: one.weighed.group.map(|group| group.tombstones),
            share: one.weighed.share.as_ref().map(ShareView::new),
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
            passing: evidence.passing,
            passing_found: evidence.passing_found,
            passing_missing: evidence.passing_missing,
            common: round(evidence.common, 3),
        }
    }

    /// The evidence of a view.
    fn evidence(&self) -> Evidence {
        let EvidenceView { same_bytes, keypoints, keyframes, .. } = *self;
        let EvidenceView { keypoints_nats, coverage, frames_nats, common, .. } = *self;
        let EvidenceView { passing, passing_found, passing_missing, .. } = *self;
        Evidence {
            same_bytes,
            keypoints,
            keypoints_nats,
            coverage,
            keyframes,
            frames_nats,
            passing,
            passing_found,
            passing_missing,
            common,
        }
    }
}

impl SpanView {
    /// A rounded span.
    pub fn new(pair: &SpanPair) -> SpanView {
        let seconds = |start_s, end_s| [round(start_s, 2), round(end_s, 2)];
        SpanView {
            upload: seconds(pair.upload.start_s, pair.upload.end_s),
            deleted: seconds(pair.deleted.start_s, pair.deleted.end_s),
            speed: round(pair.speed, 3),
            time_sure: pair.time_sure,
            placement: PlacementView::new(&pair.placement),
        }
    }
}

impl SpanView {
    /// The span of a view.
    fn pair(&self) -> SpanPair {
        let PlacementView { mirrored, inverted, rotation_deg, scale, quad } = self.placement;
        let quad = quad.map(|[x, y]| Point { x, y });
        SpanPair {
            upload: UploadSpan::new(self.upload[0], self.upload[1]),
            deleted: DeletedSpan::new(self.deleted[0], self.deleted[1]),
            speed: self.speed,
            time_sure: self.time_sure,
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

/// A score to two decimals, rounded down: 3.999 must not read like a threshold that it does not reach.
pub(crate) fn rounded_down(score: f64) -> f64 {
    (score * 100.0).floor() / 100.0 + 0.0
}

/// A score as people read it: one decimal, rounded down.
pub(crate) fn score_text(score: f64) -> String {
    format!("{:.1}", (score * 10.0).floor() / 10.0 + 0.0)
}

/// Rounds to `digits` decimals; never returns a negative zero.
pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let unit = 10f64.powi(digits);
    (value * unit).round() / unit + 0.0
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::model::{Match, Seen, Strength, TombstoneId, Verdict, Weighed};

    #[test]
    fn a_score_never_reads_like_a_threshold_that_it_does_not_reach() {
        assert_eq!(score_text(3.99), "3.9");
        assert_eq!((score_text(4.0).as_str(), score_text(-0.04).as_str()), ("4.0", "-0.1"));
        assert_eq!(rounded_down(3.9999), 3.99);
    }

    #[test]
    fn a_report_has_the_documented_shape() {
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
            time_sure: true,
            placement,
        }];
        let found = Match {
            tombstone: TombstoneId("cat".into()),
            score: 12.345_6,
            verdict: VerdictKind::Block,
            reason: Reason::Match,
            spans,
            evidence: Evidence { keypoints: 7, coverage: 0.5, ..Evidence::default() },
        };
        let strength = Strength::Block;
        let weighed = Weighed::of_score(found.score);
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
            r#"{"path":"a \"b\".mp4","verdict":"block","reason":"match","duration_s":10.0,"#,
            r#""matches":[{"tombstone":"cat","score":12.34,"verdict":"block","reason":"match","#,
            r#""spans":[{"upload":[1.0,2.0],"deleted":[9.0,8.0],"speed":-1.0,"time_sure":true,"#,
            r#""placement":{"mirrored":true,"inverted":false,"rotation_deg":0.0,"scale":0.333,"#,
            r#""quad":[[-0.1235,1.5],[-0.1235,1.5],[-0.1235,1.5],[-0.1235,1.5]]}}],"#,
            r#""evidence":{"same_bytes":false,"keypoints":7,"keypoints_nats":0.0,"coverage":0.5,"#,
            r#""keyframes":0,"frames_nats":0.0,"passing":0,"passing_found":0,"passing_missing":0,"common":0.0}}],"error":null}"#,
        );
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
    }

    #[test]
    fn a_path_that_is_not_utf8_keeps_its_bytes() {
        let path = Path::new(OsStr::from_bytes(b"a\xff.mp4"));
        let line = ReportView::failed(path, "no such file".into());
        assert_eq!(line.path_bytes.as_deref(), Some("61ff2e6d7034"));
        assert_eq!(line.path, "a\u{fffd}.mp4");
    }
}
