//! What came of uploads.

use crate::engine::Result;
use crate::engine::uploads::Uploads;
use crate::model::{Upload, UploadId, UploadMatch, UploadState, VerdictKind};
use crate::store::UploadFilter;
use crate::wire::{Unredacted, UploadView};

/// Which uploads are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadQuery {
    pub state: Option<UploadState>,
    pub verdict: Option<VerdictKind>,
    /// As the platform calls it.
    pub reference: Option<String>,
}

impl Uploads {
    /// One upload, in full; `None` when there is none of this name, or no longer.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn show(&self, id: UploadId) -> Result<Option<Unredacted<UploadView>>> {
        let found = self.engine.store().upload_with_matches(id)?;
        found.map(|found| self.line(found)).transpose()
    }

    /// At most `limit` uploads in full, the latest first, from before `before` on.
    ///
    /// # Errors
    /// The store's refusal.
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
