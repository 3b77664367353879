//! Uploads that somebody tells of: an upload server's hook, a store's notification. The bytes are fetched from where they
//! lie, and what is told twice (such messages come at least once) is one upload.

use serde_json::json;

use crate::engine::uploads::Uploads;
use crate::engine::uploads::accept::Accepted;
use crate::engine::{Error, Result};
use crate::model::UploadClientData;
use crate::store::Idempotency;

/// An upload that somebody tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnouncedUpload {
    /// Who tells of it, and what it is called there. The same again is the same upload.
    pub name: Vec<String>,
    /// With the address of its bytes.
    pub client_data: UploadClientData,
}

impl Uploads {
    /// Accepts an upload that somebody tells of.
    ///
    /// # Errors
    /// `Busy`; `Invalid` names the field; the store's refusal.
    pub fn accept_told(&self, told: &AnnouncedUpload) -> Result<Accepted> {
        // Who tells of it, and what is said with it, may differ from one message to the next; the upload does not.
        let name = json!(["told", told.name]).to_string();
        let digest = self.engine.keys().identity.request_digest(name.as_bytes());
        self.accept_at_address(
            &told.client_data,
            Some(Idempotency { key: digest, request: digest }),
        )
    }

    /// Accepts several. What cannot be accepted now nor later is told for each; when there is no room left, those before
    /// are accepted, and the whole can be told again.
    ///
    /// # Errors
    /// `Busy`; the store's refusal.
    pub fn accept_all_told(
        &self,
        all: &[AnnouncedUpload],
    ) -> Result<Vec<std::result::Result<Accepted, Error>>> {
        let mut outcomes = Vec::with_capacity(all.len());
        for told in all {
            outcomes.push(match self.accept_told(told) {
                Err(error @ Error::Invalid { .. }) => Err(error),
                other => Ok(other?),
            });
        }
        Ok(outcomes)
    }

    /// Whether one more upload would be accepted at present.
    pub fn has_room(&self) -> bool {
        self.admission.has_room()
    }
}
