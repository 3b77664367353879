//! Views of an upload and its verdict, for API responses and events.
//!
//! Scores, evidence and weak matches would show an uploader how to evade detection. The complete view has them, and
//! [`Redact`] removes them for audiences without scores.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::model::{
    Evidence, Permission, Reason, ReportMatch, SpanPair, Upload, UploadClientData, UploadMatch,
    UploadState, Verdict, VerdictKind, rfc3339,
};
use crate::wire;
use crate::wire::{EvidenceView, Redact, ShareView, SpanView, Unredacted, round};

/// An upload and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadView {
    /// Id, `upl_…`.
    pub id: String,
    /// `fetching` while the bytes are fetched, `waiting` until the check ends, then `decided`.
    #[schema(schema_with = wire::schema::upload_state)]
    pub state: UploadState,
    /// When the upload was accepted, RFC 3339.
    pub created_at: String,
    /// The platform's id of the uploader; null when it was not sent or is erased.
    #[schema(required)]
    pub uploader: Option<String>,
    /// The platform's id of the upload; null when it was not sent or is erased.
    #[schema(required)]
    pub reference: Option<String>,
    /// Metadata as sent with the upload; null when it was not sent or is erased.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// The verdict: `allow`, `review` or `block`; null until the upload is decided.
    #[schema(required, schema_with = wire::schema::maybe_verdict)]
    pub verdict: Option<VerdictKind>,
    /// Reason of the verdict; null until the upload is decided.
    #[schema(required, schema_with = wire::schema::maybe_reason)]
    pub reason: Option<Reason>,
    /// When the verdict was given or last changed, RFC 3339; null until the upload is decided.
    #[schema(required)]
    pub decided_at: Option<String>,
    /// Duration, seconds; null until the upload is decided, or when unknown.
    #[schema(required)]
    pub duration_s: Option<f64>,
    /// Matches with deleted videos, best first.
    pub matches: Vec<UploadMatchView>,
    /// Why the upload could not be decoded in full; null when it was.
    #[schema(required)]
    pub trouble: Option<String>,
    /// Damage to a file that could still be decoded; null without damage.
    #[schema(required)]
    pub damage: Option<String>,
    /// State of the bytes.
    pub bytes: UploadBytes,
    /// The verdict of the check where `verdict` differs from it: in shadow mode, or after a reversal or a decision.
    /// Only with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedVerdict>,
}

/// The stored bytes of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UploadBytes {
    /// `awaited` until they are fetched, `kept`, or `gone`, verified.
    #[schema(schema_with = wire::schema::bytes_state)]
    pub state: BytesState,
    /// When they will be erased, RFC 3339; null while that is undecided and once they are gone.
    #[schema(required)]
    pub until: Option<String>,
}

/// State of an upload's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesState {
    Awaited,
    Kept,
    Gone,
}

/// The verdict of the check, where the current verdict differs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordedVerdict {
    /// Verdict of the check.
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    /// Reason of that verdict.
    #[schema(schema_with = wire::schema::reason)]
    pub reason: Reason,
}

/// A match of an upload with a deleted video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = UploadMatch)]
pub struct UploadMatchView {
    /// Id of the tombstone.
    pub tombstone: String,
    /// Verdict by this match alone.
    #[schema(schema_with = wire::schema::verdict)]
    pub verdict: VerdictKind,
    /// True for the uploader's own deleted video; absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// True when the owner permits this uploader to post the video; absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub granted: bool,
    /// True when a moderator ruled that this content is not that video; absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ruled_out: bool,
    /// True when the tombstone was retired and no longer counts; absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// Matching spans in time, with the position in the picture.
    pub spans: Vec<SpanView>,
    /// Number of deleted videos with this content, of which five are listed; absent in records of 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_content: Option<u32>,
    /// −log10 of the expected number of equally good chance matches per upload. Only with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How much of either video the match covers. Only with the scope `scores`; absent in records of 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareView>,
    /// Evidence for the match. Only with the scope `scores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceView>,
}

/// The stored parts of a match that policy does not use.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Detail {
    spans: Vec<SpanView>,
    evidence: EvidenceView,
}

/// The first stored span of a match.
pub(crate) fn first_span(detail: &str) -> Option<SpanPair> {
    let detail: Detail = serde_json::from_str(detail).unwrap_or_default();
    detail.spans.first().map(SpanView::pair)
}

/// The stored spans and evidence of a match; `None` if they cannot be read.
pub(crate) fn recorded_match(detail: &str) -> Option<(Vec<SpanPair>, Evidence)> {
    let detail: Detail = serde_json::from_str(detail).ok()?;
    let spans = detail.spans.iter().map(SpanView::pair).collect();
    Some((spans, detail.evidence.evidence()))
}

/// Spans and evidence of a match, in stored form.
pub(crate) fn detail(one: &ReportMatch) -> String {
    detail_of(&one.found.spans, &one.found.evidence)
}

/// Spans and evidence, in stored form.
pub(crate) fn detail_of(spans: &[SpanPair], evidence: &Evidence) -> String {
    let spans = spans.iter().map(SpanView::new).collect();
    let detail = Detail { spans, evidence: EvidenceView::new(evidence) };
    // Serialisation cannot fail: the value has only numbers and names.
    serde_json::to_string(&detail).unwrap_or_default()
}

impl UploadView {
    /// The complete view of an upload.
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
        // Shadow mode reveals no matches.
        if self.reason == Some(Reason::Shadow) {
            self.matches.clear();
        }
        self.matches.retain(|one| one.verdict != VerdictKind::Allow || one.own || one.granted);
        for one in &mut self.matches {
            (one.score, one.share, one.evidence) = (None, None, None);
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
            same_content: one.weighed.group.map(|group| group.tombstones),
            score: Some(wire::rounded_down(one.weighed.score)),
            share: one.weighed.share.as_ref().map(ShareView::new),
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
            same_content: Some(2),
            score: Some(5.0),
            share: None,
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
    fn redaction_removes_scores_and_weak_matches() {
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
    fn a_view_survives_a_round_trip_through_json() {
        let whole = line(Reason::Match);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<UploadView>(&text).unwrap(), whole);
    }
}
