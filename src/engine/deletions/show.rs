//! How far deletions are: one, a page of them, what happened to one.

use crate::engine::deletions::Deletions;
use crate::engine::deletions::request::DeletionRequest;
use crate::engine::{Error, Result};
use crate::model::{
    Actor, Deletion, DeletionClientData, DeletionEvent, DeletionEventSeq, DeletionId,
    DeletionReason, DeletionSeq, DeletionState, StoredCopy, UnixSeconds,
};
use crate::store::DeletionFilter;
use crate::wire::DeletionDetails;

/// Which deletions are listed, by the platform's words.
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
    /// Accepts a deletion and shows it as it is then.
    ///
    /// # Errors
    /// As `request`.
    pub fn request_shown(&self, request: &DeletionRequest, by: Actor) -> Result<DeletionDetails> {
        let requested = self.request(request, by)?;
        // Deletions are never removed; a store without it is one that somebody has tampered with.
        self.show(requested.id)?.ok_or(Error::Sealed(crate::model::NotOurs))
    }

    /// # Errors
    /// The store's refusal.
    pub fn show(&self, id: DeletionId) -> Result<Option<DeletionDetails>> {
        self.engine.store().deletion(id)?.map(|deletion| self.view(deletion)).transpose()
    }

    /// At most `limit` deletions, the latest first, from before the one with the number `before` on.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// At most `limit` events of a deletion from behind `after` on, and whether it is final; `None` when there is no
    /// such deletion.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn events(
        &self,
        id: DeletionId,
        after: DeletionEventSeq,
        limit: usize,
    ) -> Result<Option<(Vec<DeletionEvent>, bool)>> {
        // The stage is read first: if it is final, all events were written.
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

    /// Copies with their addresses, as long as these are kept.
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

    /// What is still known of a deletion in plain.
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
