//! An upload and what came of it, as the API answers it and events tell it.
//!
//! Scores, evidence and weak matches would show an uploader how to slip through. They are in the whole line, and
//! `Redact` removes them for an audience that may not see them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::model::{
    Permission, Reason, ReportMatch, SpanPair, Upload, UploadClientData, UploadMatch, UploadState,
    Verdict, VerdictKind, rfc3339,
};
use crate::wire;
use crate::wire::{EvidenceView, Redact, SpanView, Unredacted, round};

/// An upload and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadView {
    /// `upl_…`
    pub id: String,
    /// `fetching` and `waiting` until there is a verdict, then `decided`.
    #[schema(schema_with = wire::schema::upload_state)]
    pub state: UploadState,
    pub created_at: String,
    /// As it was said with the upload; null when it was not, or is no longer kept.
    #[schema(required)]
    pub uploader: Option<String>,
    /// As it was said with the upload; null when it was not, or is no longer kept.
    #[schema(required)]
    pub reference: Option<String>,
    /// As it was said with the upload; null when it was not, or is no longer kept.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// What to do with the upload; null until it is decided.
    #[schema(required, schema_with = wire::schema::maybe_verdict)]
    pub verdict: Option<VerdictKind>,
    /// Why the verdict is what it is; null until it is decided.
    #[schema(required, schema_with = wire::schema::maybe_reason)]
    pub reason: Option<Reason>,
    /// When the verdict was given, or changed.
    #[schema(required)]
    pub decided_at: Option<String>,
    /// Length of the video, seconds; null when it could not be told.
    #[schema(required)]
    pub duration_s: Option<f64>,
    /// What it was found to show, best first.
    pub matches: Vec<UploadMatchView>,
    /// Why it could not be decoded, or not to its end.
    #[schema(required)]
    pub trouble: Option<String>,
    /// What is missing or broken in a file that could be decoded nevertheless.
    #[schema(required)]
    pub damage: Option<String>,
    /// What became of its bytes.
    pub bytes: UploadBytes,
    /// What was recorded where another verdict was given, in shadow mode or after a reversal. Only for keys with the
    /// scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedVerdict>,
}

/// What became of an upload's bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UploadBytes {
    /// `awaited`, `kept`, or `gone`: looked for and not found.
    #[schema(schema_with = wire::schema::bytes_state)]
    pub state: BytesState,
    /// When they go; null before the verdict and after.
    #[schema(required)]
    pub until: Option<String>,
}

/// Where an upload's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesState {
    Awaited,
    Kept,
    Gone,
}

/// A verdict that was recorded and not given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordedVerdict {
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    #[schema(schema_with = wire::schema::reason)]
    pub reason: Reason,
}

/// One deleted video that an upload was found to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = UploadMatch)]
pub struct UploadMatchView {
    /// Id of the tombstone.
    pub tombstone: String,
    /// What this match alone amounts to.
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    /// Present and true: the uploader's own deleted video.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Present and true: its owner allows this uploader to post it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub granted: bool,
    /// Present and true: a moderator ruled that this content is not that video.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ruled_out: bool,
    /// Present and true: the tombstone was retired, and does not count any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// Which seconds show which, and where in the picture.
    pub spans: Vec<SpanView>,
    /// −log10 of the chance matches as good as this to be expected for one upload. Only for keys with the scope
    /// `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Only for keys with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceView>,
}

/// What is recorded of a match beside what policy asks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Detail {
    spans: Vec<SpanView>,
    evidence: EvidenceView,
}

/// The first span of what was recorded of a match.
pub(crate) fn first_span(detail: &str) -> Option<SpanPair> {
    let detail: Detail = serde_json::from_str(detail).unwrap_or_default();
    detail.spans.first().map(SpanView::pair)
}

/// Spans and evidence of a match, to be recorded.
pub(crate) fn detail(one: &ReportMatch) -> String {
    let spans = one.found.spans.iter().map(SpanView::new).collect();
    let detail = Detail { spans, evidence: EvidenceView::new(&one.found.evidence) };
    // A value of our own, with numbers and names only.
    serde_json::to_string(&detail).unwrap_or_default()
}

impl UploadView {
    /// An upload with all that is known of it.
    pub(crate) fn new(
        upload: &Upload,
        client_data: &UploadClientData,
        matches: &[UploadMatch],
    ) -> Unredacted<UploadView> {
        let decision = upload.decision.as_ref();
        let answer = decision.map(|d| d.answer);
        let recorded = decision.filter(|d| d.answer != d.verdict).map(|d| d.verdict);
        Unredacted::new(UploadView {
            id: upload.id.to_string(),
            state: upload.state,
            created_at: rfc3339(upload.created_at),
            uploader: client_data.uploader.clone(),
            reference: client_data.reference.clone(),
            metadata: client_data.metadata.clone(),
            verdict: answer.map(|answer| answer.kind),
            reason: answer.map(|answer| answer.reason),
            decided_at: decision.map(|d| rfc3339(d.answered_at)),
            duration_s: decision.and_then(|d| d.duration_s).map(|s| round(s, 2)),
            matches: matches.iter().map(UploadMatchView::new).collect(),
            trouble: decision.and_then(|d| d.trouble.clone()),
            damage: decision.and_then(|d| d.damage.clone()),
            bytes: UploadBytes::new(upload),
            recorded: recorded
                .map(|Verdict { kind, reason }| RecordedVerdict { verdict: kind, reason }),
        })
    }
}

impl Redact for UploadView {
    fn redact(&mut self) {
        self.recorded = None;
        // Shadow mode says nothing of what it found.
        if self.reason == Some(Reason::Shadow) {
            self.matches.clear();
        }
        self.matches.retain(|one| one.verdict != VerdictKind::Allow || one.own || one.granted);
        for one in &mut self.matches {
            (one.score, one.evidence) = (None, None);
        }
    }
}

impl UploadBytes {
    pub(crate) fn new(upload: &Upload) -> UploadBytes {
        let state = if upload.bytes_gone_at.is_some() {
            BytesState::Gone
        } else if upload.state == UploadState::Fetching {
            BytesState::Awaited
        } else {
            BytesState::Kept
        };
        let until = upload.bytes_until.filter(|_| state != BytesState::Gone);
        UploadBytes { state, until: until.map(rfc3339) }
    }
}

impl UploadMatchView {
    fn new(one: &UploadMatch) -> UploadMatchView {
        let detail: Detail = serde_json::from_str(&one.detail).unwrap_or_default();
        UploadMatchView {
            tombstone: one.tombstone.0.clone(),
            verdict: one.verdict,
            own: one.weighed.permission() == Some(Permission::Owner),
            granted: one.weighed.permission() == Some(Permission::Grant),
            ruled_out: one.weighed.ruled_out,
            retired: one.retired,
            spans: detail.spans,
            score: Some(round(one.weighed.score, 2)),
            evidence: Some(detail.evidence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Audience;

    fn matched(verdict: VerdictKind, own: bool) -> UploadMatchView {
        UploadMatchView {
            tombstone: "t".into(),
            verdict,
            own,
            granted: false,
            ruled_out: false,
            retired: false,
            spans: Vec::new(),
            score: Some(5.0),
            evidence: Some(EvidenceView::default()),
        }
    }

    fn line(reason: Reason) -> UploadView {
        UploadView {
            id: "upl_1".into(),
            state: UploadState::Decided,
            created_at: rfc3339(0),
            uploader: None,
            reference: None,
            metadata: None,
            verdict: Some(VerdictKind::Review),
            reason: Some(reason),
            decided_at: Some(rfc3339(0)),
            duration_s: None,
            matches: vec![
                matched(VerdictKind::Review, false),
                matched(VerdictKind::Allow, true),
                matched(VerdictKind::Allow, false),
            ],
            trouble: None,
            damage: None,
            bytes: UploadBytes { state: BytesState::Kept, until: None },
            recorded: Some(RecordedVerdict { verdict: VerdictKind::Block, reason: Reason::Match }),
        }
    }

    #[test]
    fn scores_and_weak_matches_are_for_those_who_may_see_them() {
        let shown = |line, audience| Unredacted::new(line).for_audience(audience);
        assert_eq!(shown(line(Reason::Match), Audience::WithScores), line(Reason::Match));
        let less = shown(line(Reason::Match), Audience::WithoutScores);
        assert_eq!(less.matches.len(), 2);
        let text = serde_json::to_string(&less).unwrap();
        assert!(!text.contains("score") && !text.contains("evidence"), "{text}");
        assert!(!text.contains("recorded"), "{text}");
        assert!(shown(line(Reason::Shadow), Audience::WithoutScores).matches.is_empty());
    }

    #[test]
    fn a_line_survives_its_text() {
        let whole = line(Reason::Match);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<UploadView>(&text).unwrap(), whole);
    }
}
