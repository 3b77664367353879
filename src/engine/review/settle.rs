//! Settles decisions whose time to undo has passed. In one transaction every upload of the case gets its new verdict
//! and an event for subscribers, and rulings and standing grants are stored. A durable job: a decision made before a
//! kill takes effect after the next start.
//!
//! The first of two blind decisions takes effect too, if no second one follows in time.

use std::path::Path;
use std::sync::Arc;

use crate::engine::check::ruled_out;
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::engine::review::Cases;
use crate::engine::{Error, Result};
use crate::model::{
    Actor, AuditEntry, Case, CaseDecision, CaseState, DecisionKind, EventId, GrantId, Reason,
    Topic, UnixSeconds, UploadMatch, UploadSeq, Verdict, VerdictKind, chain, rfc3339,
};
use crate::store::{CaseMember, DueCase, Grant, MemberEnd, NewEvent, NewRuledOut, Settlement};
use crate::wire::{Audience, CaseDecided, Unredacted, UploadView};

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
        let mut content = member.content.clone();
        if kind == DecisionKind::NotReupload && content.is_none() && !against.is_empty() {
            content = self.content_of_spooled(member)?;
        }
        let one = |found: &&UploadMatch| NewRuledOut {
            tombstone: found.tombstone.clone(),
            digest: bytes.digest,
            content: content.clone(),
            at,
        };
        Ok(against.iter().map(one).collect())
    }

    /// Decodes an upload that was never decoded, because its bytes alone decided the verdict.
    fn content_of_spooled(&self, member: &CaseMember) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.uploads.spooled(member.upload.id)? else { return Ok(None) };
        let effort = self.uploads.options().effort;
        let look = self.engine.look(Path::new("the upload"), &file, effort)?;
        Ok(look.print.as_ref().and_then(ruled_out::content))
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
