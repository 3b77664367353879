//! Reads uploads: one, or a page.

use crate::engine::error::Result;
use crate::engine::uploads::Uploads;
use crate::model::{Upload, UploadId, UploadMatch, UploadState, VerdictKind};
use crate::store::UploadFilter;
use crate::wire::{Unredacted, UploadView};

/// Filters of a list of uploads; `None` matches all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadQuery {
    pub state: Option<UploadState>,
    pub verdict: Option<VerdictKind>,
    /// The platform's id of the upload.
    pub reference: Option<String>,
}

impl Uploads {
    /// One upload, unredacted; `None` when it does not exist or its record was erased.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when client data does not open under this key.
    pub fn show(&self, id: UploadId) -> Result<Option<Unredacted<UploadView>>> {
        let found = self.engine.store().upload_with_matches(id)?;
        found.map(|found| self.line(found)).transpose()
    }

    /// Up to `limit` uploads, unredacted, newest first, older than `before`.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read;
    /// [`Error::Sealed`](crate::engine::Error::Sealed) when client data does not open under this key.
    pub fn list(
        &self,
        query: &UploadQuery,
        before: Option<UploadId>,
        limit: usize,
    ) -> Result<Vec<Unredacted<UploadView>>> {
        let identity = &self.engine.keys().identity;
        let filter = UploadFilter {
            state: query.state,
            answer: query.verdict,
            reference: query.reference.as_deref().map(|reference| identity.video(reference)),
        };
        let found = self.engine.store().uploads(filter, before, limit)?;
        found.into_iter().map(|found| self.line(found)).collect()
    }

    pub(in crate::engine) fn line(
        &self,
        (upload, matches): (Upload, Vec<UploadMatch>),
    ) -> Result<Unredacted<UploadView>> {
        let client_data = self.client_data(upload.client_data.as_ref())?;
        Ok(UploadView::new(&upload, &client_data, &matches))
    }
}
