//! Reads deletions: one, a page, or the events of one.

use crate::engine::deletions::Deletions;
use crate::engine::deletions::request::DeletionRequest;
use crate::engine::error::{Error, Result};
use crate::model::{
    Actor, Deletion, DeletionClientData, DeletionEvent, DeletionEventSeq, DeletionId,
    DeletionReason, DeletionSeq, DeletionState, StoredCopy, UnixSeconds,
};
use crate::store::DeletionFilter;
use crate::wire::DeletionDetails;

/// Filters of a list of deletions; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    pub state: Option<DeletionState>,
    pub reason: Option<DeletionReason>,
    pub owner: Option<String>,
    pub video: Option<String>,
    pub requested_from: Option<UnixSeconds>,
    pub requested_until: Option<UnixSeconds>,
}

impl Deletions {
    /// Accepts a deletion and reads it back.
    ///
    /// # Errors
    /// As [`Deletions::request`]; [`Error::Sealed`] when stored text does not open under this key.
    pub fn request_shown(&self, request: &DeletionRequest, by: Actor) -> Result<DeletionDetails> {
        let requested = self.request(request, by)?;
        // Deletions outlive their request, so a store without it was tampered with.
        self.show(requested.id)?.ok_or(Error::Sealed(crate::model::NotOurs))
    }

    /// One deletion; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::Sealed`] when stored text does not open under this key.
    pub fn show(&self, id: DeletionId) -> Result<Option<DeletionDetails>> {
        self.engine.store().deletion(id)?.map(|deletion| self.view(deletion)).transpose()
    }

    /// Up to `limit` deletions, newest first, older than `before`.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::Sealed`] when stored text does not open under this key.
    pub fn list(
        &self,
        filter: &ListFilter,
        before: Option<DeletionSeq>,
        limit: usize,
    ) -> Result<Vec<DeletionDetails>> {
        let identity = &self.engine.keys().identity;
        let filter = DeletionFilter {
            state: filter.state,
            reason: filter.reason,
            owner: filter.owner.as_ref().map(|owner| identity.owner(owner)),
            video: filter.video.as_ref().map(|video| identity.video(video)),
            requested_from: filter.requested_from,
            requested_until: filter.requested_until,
        };
        let found = self.engine.store().list_deletions(&filter, before, limit)?;
        found.into_iter().map(|deletion| self.view(deletion)).collect()
    }

    /// Up to `limit` events of a deletion after `after`, oldest first, and whether they are the last; `None` when the
    /// deletion does not exist.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read.
    pub fn events(
        &self,
        id: DeletionId,
        after: DeletionEventSeq,
        limit: usize,
    ) -> Result<Option<(Vec<DeletionEvent>, bool)>> {
        // Read the stage first: when it is final, no event follows.
        let Some(deletion) = self.engine.store().deletion(id)? else { return Ok(None) };
        let events = self.engine.store().deletion_events(deletion.seq, after, limit)?;
        let last = deletion.stage.is_final() && events.len() < limit;
        Ok(Some((events, last)))
    }

    fn view(&self, deletion: Deletion) -> Result<DeletionDetails> {
        let client_data = self.client_data(deletion.seq)?;
        let copies = self.with_addresses(self.engine.store().copies(deletion.seq)?)?;
        Ok(DeletionDetails { deletion, client_data, copies })
    }

    /// Copies with their addresses, while these are kept.
    pub(in crate::engine) fn with_addresses(
        &self,
        copies: Vec<StoredCopy>,
    ) -> Result<Vec<(StoredCopy, Option<String>)>> {
        let with_address = |copy: StoredCopy| {
            let uri = copy.sealed.as_ref().map(|sealed| self.unseal(sealed)).transpose()?;
            Ok((copy, uri))
        };
        copies.into_iter().map(with_address).collect()
    }

    /// Unseals the client data; `None` once it is erased.
    pub(in crate::engine) fn client_data(
        &self,
        seq: DeletionSeq,
    ) -> Result<Option<DeletionClientData>> {
        let Some(sealed) = self.engine.store().deletion_client_data(seq)? else { return Ok(None) };
        let client_data = self.engine.keys().identity.open(&sealed)?;
        let client_data = serde_json::from_slice(&client_data)
            .map_err(|_| Error::Sealed(crate::model::NotOurs))?;
        Ok(Some(client_data))
    }
}
