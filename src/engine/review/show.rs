//! One case with everything that a moderator needs to decide it.

use crate::engine::error::Result;
use crate::engine::review::act::blindfold;
use crate::engine::review::{Cases, draw};
use crate::engine::triage::plot;
use crate::model::{CaseId, CaseSeq, Reviewer, UploadId, UploadMatch, UploadSeq};
use crate::store;
use crate::store::{CaseFile, CaseRow};
use crate::wire::{
    Audience, CaseDecisionView, CaseDetail, CaseEventView, CaseMemberView, DeletedVideo,
    EarlierCaseView, MatchPlot, Unredacted, UploadView,
};

/// Uploads shown with a case; `Cases::members` pages through all.
const MEMBERS: usize = 100;
/// Earlier cases of the uploader shown with a case.
const EARLIER: usize = 20;

impl Cases {
    /// A case in full; `None` when it does not exist. Hides the first of two blind decisions from everyone but its
    /// author.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when stored text does not open under this key.
    pub fn show(&self, id: CaseId, reviewer: Reviewer) -> Result<Option<Unredacted<CaseDetail>>> {
        let Some(mut file) = self.engine.store().case_file(id)? else { return Ok(None) };
        blindfold(&mut file, reviewer);
        let CaseFile { case, decisions, events, upload, plots } = file;
        let names = |actor| self.engine.store().actor_name(actor);
        let client_data = upload.as_ref().and_then(|(upload, _)| upload.client_data.clone());
        let row = CaseRow {
            upload: upload.as_ref().map(|(upload, _)| upload.id),
            duration_s: upload
                .as_ref()
                .and_then(|(upload, _)| upload.decision.as_ref()?.duration_s),
            client_data: client_data.clone(),
            case,
        };
        let said = self.uploads.client_data(client_data.as_ref())?;
        let line = self.view_of(&row, reviewer)?;
        let (first, matches) = upload.map_or((None, Vec::new()), |(u, m)| (Some(u), m));
        let uploader = first.as_ref().and_then(|upload| upload.uploader);
        let earlier = match uploader {
            Some(uploader) => self.engine.store().earlier_cases(uploader, row.case.seq, EARLIER)?,
            None => Vec::new(),
        };
        let kept = first.as_ref().is_some_and(|upload| upload.bytes_gone_at.is_none());
        let is_being_drawn =
            draw::is_to_be_drawn(&row.case) && kept && plots.is_empty() && !matches.is_empty();
        let first = first.map(|upload| UploadView::new(&upload, &said, &matches));
        Ok(Some(Unredacted::new(CaseDetail {
            is_being_drawn,
            case: line,
            first: first.map(|view| view.for_audience(Audience::WithScores)),
            group: self
                .group(row.case.seq, UploadSeq::default(), MEMBERS)?
                .into_iter()
                .map(|m| m.1)
                .collect(),
            deleted: self.deleted(&matches)?,
            plots: drawn(&plots, &matches),
            decisions: decisions
                .iter()
                .map(|one| CaseDecisionView::new(one, &names))
                .collect::<store::Result<_>>()?,
            history: events
                .iter()
                .map(|one| CaseEventView::new(one, &names))
                .collect::<store::Result<_>>()?,
            earlier: earlier.into_iter().map(EarlierCaseView::new).collect(),
            appeal: self.said_in_appeal(row.case.appeal_statement.as_ref())?,
            parted_from: row.case.parted_from.map(|id| id.to_string()),
        })))
    }

    /// Up to `limit` uploads of a case with their cursors, after a cursor; `None` when the case does not exist.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when client data does not open under this key.
    pub fn members(
        &self,
        id: CaseId,
        after: UploadSeq,
        limit: usize,
    ) -> Result<Option<Vec<(UploadSeq, CaseMemberView)>>> {
        let Some(case) = self.engine.store().case(id)? else { return Ok(None) };
        self.group(case.seq, after, limit).map(Some)
    }

    /// The case that an upload belongs to.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn of_upload(&self, upload: UploadId) -> Result<Option<CaseId>> {
        Ok(self.engine.store().case_of_upload(upload)?.map(|case| case.id))
    }

    fn group(
        &self,
        case: CaseSeq,
        after: UploadSeq,
        limit: usize,
    ) -> Result<Vec<(UploadSeq, CaseMemberView)>> {
        let members = self.engine.store().case_members(case, after, limit)?;
        let line = |member| -> Result<(UploadSeq, CaseMemberView)> {
            let member: crate::store::CaseMember = member;
            let client_data = self.uploads.client_data(member.upload.client_data.as_ref())?;
            Ok((member.upload.seq, CaseMemberView::new(&member, client_data)))
        };
        members.into_iter().map(line).collect()
    }

    fn deleted(&self, matches: &[UploadMatch]) -> Result<Vec<DeletedVideo>> {
        let mut found = Vec::new();
        for one in matches {
            let tombstone = self.engine.store().get_by_id(&one.tombstone)?;
            found.extend(tombstone.as_ref().map(DeletedVideo::new));
        }
        Ok(found)
    }

    fn said_in_appeal(&self, sealed: Option<&crate::model::Sealed>) -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let bytes = self.engine.keys().identity.open(sealed)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn drawn(plots: &[(u32, Vec<u8>)], matches: &[UploadMatch]) -> Vec<MatchPlot> {
    let plot = |(rank, bytes): &(u32, Vec<u8>)| {
        let tombstone = matches.get(*rank as usize)?.tombstone.0.clone();
        let (keypoints, frames) = plot::read(bytes)?;
        Some(MatchPlot { tombstone, keypoints, frames })
    };
    plots.iter().filter_map(plot).collect()
}
