//! Settles decisions whose time to undo has passed. In one transaction every upload of the case gets its new verdict
//! and an event for subscribers, and rulings and standing grants are stored. A durable job: a decision made before a
//! kill takes effect after the next start.
//!
//! The first of two blind decisions takes effect too, if no second one follows in time.

use std::sync::Arc;

use crate::engine::check::{Extent, Recognised, RuledSamples};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::engine::review::Cases;
use crate::model::{
    Actor, AuditEntry, Case, CaseDecision, CaseState, DecisionKind, EventId, GrantId, Reason,
    TombstoneId, Topic, UnixSeconds, UploadMatch, UploadSeq, Verdict, VerdictKind, chain, rfc3339,
};
use crate::store::{
    CaseMember, DueCase, Grant, MemberEnd, NewEvent, NewRuledOut, RuledPictures, Settlement,
};
use crate::wire::{Audience, CaseDecided, Unredacted, UploadView, detail_of};

/// Cases settled in one step.
const AT_ONCE: usize = 50;
/// Uploads of a case read per page.
const MEMBERS_AT_ONCE: usize = 500;
/// The key of the only job: one runs at a time.
const KEY: i64 = 0;

struct CaseSource(Arc<Cases>);

/// Registers the job that settles decisions with the runner.
pub fn attend_cases(cases: &Arc<Cases>, runner: &mut Runner) {
    runner.add_with(Arc::new(CaseSource(cases.clone())), 1, cases.wake.clone());
}

/// Samples of an upload, and the detail of each of its matches, by tombstone.
type SeenAgain = (Option<RuledSamples>, Vec<(TombstoneId, String)>);

impl Source for CaseSource {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        let cases = self.0.clone();
        let monotonic = cases.monotonic.now();
        let (due, next) = cases.engine.store().cases_to_settle(monotonic, AT_ONCE)?;
        // The runner waits by the wall clock, so convert the remaining time.
        let next_due_at = next.map(|next| take.now + (next - monotonic));
        if due.is_empty() {
            return Ok(Claim { jobs: Vec::new(), next_due_at });
        }
        let work = async move {
            let worker = cases.clone();
            let settled = cases.pools.blocking(move || worker.settle_all(due)).await;
            if let Err(error) = settled {
                tracing::error!(error = %chain(&error), "cannot settle decisions; retrying");
                // Pause: the disk may need an operator.
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            }
            cases.changed();
        };
        Ok(Claim { jobs: vec![Job { key: KEY, work: Box::pin(work) }], next_due_at })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

/// The outcome for one upload of a settled case.
struct End {
    member: MemberEnd,
    ruled: Vec<NewRuledOut>,
}

impl Cases {
    fn settle_all(&self, due: Vec<DueCase>) -> Result<()> {
        for (case, decisions) in due {
            let last = decisions.into_iter().rfind(|decision| decision.undone_at.is_none());
            if let Some(decision) = last {
                self.settle(case, &decision)?;
            }
        }
        self.uploads.wake_after_verdicts();
        Ok(())
    }

    fn settle(&self, case: Case, decision: &CaseDecision) -> Result<()> {
        let at = self.environment.now();
        let mut ends = Vec::new();
        let mut after = UploadSeq::default();
        loop {
            let page = self.engine.store().case_members(case.seq, after, MEMBERS_AT_ONCE)?;
            let Some(last) = page.last() else { break };
            after = last.upload.seq;
            for member in page {
                ends.push(self.end(&case, decision, member, at)?);
            }
        }
        let (mut members, mut ruled) = (Vec::with_capacity(ends.len()), Vec::new());
        for end in ends {
            members.push(end.member);
            ruled.extend(end.ruled);
        }
        let (out, back) = match decision.kind {
            DecisionKind::NotReupload => (ruled, Vec::new()),
            DecisionKind::Reupload => (Vec::new(), ruled),
            DecisionKind::Authorised => (Vec::new(), Vec::new()),
        };
        let entry = AuditEntry {
            at,
            actor: Actor::Policy,
            action: "case.close",
            subject: case.id.to_string(),
            note: Some(decision.kind.to_string()),
        };
        let grant = self.standing_grant(&case, decision, at)?;
        let (kind, state) = (decision.kind, case.state);
        let settlement =
            Settlement { case, at, members, ruled_out: out, ruled_in: back, grant, entry };
        // False when the decision was undone or an upload joined concurrently: the next run settles the case.
        if self.engine.store().settle_case(settlement)? {
            metrics::counter!("cenotaph_cases_decided_total", "decision" => kind.as_str())
                .increment(1);
            if state == CaseState::Open {
                tracing::warn!("no second decision in time; the first one holds");
            }
        }
        Ok(())
    }

    fn end(
        &self,
        case: &Case,
        decision: &CaseDecision,
        member: CaseMember,
        at: UnixSeconds,
    ) -> Result<End> {
        let kind = match decision.kind {
            DecisionKind::Reupload => VerdictKind::Block,
            DecisionKind::NotReupload | DecisionKind::Authorised => VerdictKind::Allow,
        };
        let answer = Verdict { kind, reason: Reason::Decided };
        let appealed = case.appealed_at.is_some();
        // An appeal is final, so nobody needs the bytes afterwards.
        let keeps = kind == VerdictKind::Block && !appealed;
        let bytes_until = if keeps { at + self.uploads.options().appeal_s } else { at };
        let found = self.engine.store().upload_with_matches(member.upload.id)?;
        let (mut upload, matches) = found.unwrap_or((member.upload.clone(), Vec::new()));
        if let Some(decision) = &mut upload.decision {
            (decision.answer, decision.answered_at) = (answer, at);
        }
        upload.bytes_until = Some(bytes_until);
        let client_data = self.uploads.client_data(upload.client_data.as_ref())?;
        let view = UploadView::new(&upload, &client_data, &matches);
        let decided = Unredacted::new(CaseDecided {
            case: case.id.to_string(),
            decision: decision.kind,
            grounds: decision.grounds,
            decided_at: rfc3339(decision.at),
            upload: view.for_audience(Audience::WithScores),
        });
        let topic = if appealed { Topic::AppealDecided } else { Topic::CaseDecided };
        let id = EventId::make(&self.environment).map_err(|source| Error::NoEntropy { source })?;
        let event = NewEvent { id, topic, at, body: self.uploads.seal_event(&decided)? };
        let ruled = self.ruled(decision.kind, &member, &matches, at)?;
        Ok(End { member: MemberEnd { upload: upload.seq, answer, bytes_until, event }, ruled })
    }

    /// Pairs this content with each tombstone that counted against it.
    fn ruled(
        &self,
        kind: DecisionKind,
        member: &CaseMember,
        matches: &[UploadMatch],
        at: UnixSeconds,
    ) -> Result<Vec<NewRuledOut>> {
        let Some(bytes) = member.upload.bytes else { return Ok(Vec::new()) };
        let against: Vec<&UploadMatch> =
            matches.iter().filter(|one| one.verdict != VerdictKind::Allow).collect();
        let (mut seen, mut again) = (None, Vec::new());
        if kind == DecisionKind::NotReupload && !against.is_empty() {
            seen = member.content.as_deref().and_then(RuledSamples::from_bytes);
            let measured = |one: &&UploadMatch| Extent::recorded(&one.detail).is_some();
            if seen.is_none() || !against.iter().all(measured) {
                (seen, again) = self.seen_again(member, &against)?;
            }
        }
        let one = |found: &&UploadMatch| {
            let matched = again.iter().find(|(tombstone, _)| *tombstone == found.tombstone);
            let extent = matched.map_or(&found.detail, |(_, detail)| detail);
            NewRuledOut {
                tombstone: found.tombstone.clone(),
                digest: bytes.digest,
                pictures: seen.as_ref().and_then(|seen| pictures(extent, seen)),
                at,
            }
        };
        Ok(against.iter().map(one).collect())
    }

    /// Matches an upload again of which no samples were kept: its bytes alone decided the verdict, or it got its verdict
    /// before there were samples. Returns the samples, and the detail of each match that was found.
    fn seen_again(&self, member: &CaseMember, against: &[&UploadMatch]) -> Result<SeenAgain> {
        let (Some(bytes), Some(file)) =
            (member.upload.bytes, self.uploads.spooled(member.upload.id)?)
        else {
            return Ok((None, Vec::new()));
        };
        let look = |effort| self.uploads.look(&file, &bytes, effort);
        let (look, recognised) =
            self.engine.recognise_file(&look, self.uploads.options().effort, None)?;
        let counts =
            |one: &&Recognised| against.iter().any(|m| m.tombstone == one.known.tombstone.id);
        let found: Vec<&Recognised> = recognised.iter().filter(counts).collect();
        let spans = found.iter().map(|one| one.judged.spans.iter().map(|s| s.upload).collect());
        let samples = look.print.as_ref().map(|print| RuledSamples::of(print, spans));
        let details = found.iter().map(|one| {
            let detail = detail_of(&one.judged.spans, &one.judged.evidence);
            (one.known.tombstone.id.clone(), detail)
        });
        Ok((samples, details.collect()))
    }

    fn standing_grant(
        &self,
        case: &Case,
        decision: &CaseDecision,
        at: UnixSeconds,
    ) -> Result<Option<Grant>> {
        let (Some(_), Some(tombstone)) = (&decision.permission, &case.tombstone) else {
            return Ok(None);
        };
        let members = self.engine.store().case_members(case.seq, UploadSeq::default(), 1)?;
        let uploader = members.first().and_then(|member| member.upload.uploader);
        let tombstone = self.engine.store().get_by_id(tombstone)?;
        let (Some(uploader), Some(tombstone)) = (uploader, tombstone) else { return Ok(None) };
        let id = GrantId::make(&self.environment).map_err(|source| Error::NoEntropy { source })?;
        Ok(Some(Grant { id, slot: tombstone.slot, uploader, created_at: at }))
    }
}

/// What another encoding of an upload is recognised by; `None` if the ruling holds for the same bytes only.
fn pictures(extent: &str, seen: &RuledSamples) -> Option<RuledPictures> {
    let spans = Extent::recorded(extent)?.upload_spans();
    let samples = seen.within(&spans)?;
    Some(RuledPictures { extent: extent.to_owned(), content: samples.to_bytes() })
}
