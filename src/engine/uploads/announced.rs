//! Uploads announced by others: an upload server's hook, an object store's notification. The bytes are fetched from the
//! announced address. Delivery is at least once, so announcements are deduplicated by name.

use serde_json::json;

use crate::engine::error::{Error, Result};
use crate::engine::uploads::Uploads;
use crate::engine::uploads::accept::Accepted;
use crate::model::UploadClientData;
use crate::store::Idempotency;

/// An upload announced by a hook or a notification.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnouncedUpload {
    /// The sender and the sender's name for the upload. Announcements with equal names are one upload.
    pub name: Vec<String>,
    /// Includes the address of the bytes.
    pub client_data: UploadClientData,
}

impl Uploads {
    /// Accepts an announced upload. Idempotent per name.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the invalid field; [`Error::Busy`] when too many uploads have no verdict yet;
    /// [`Error::Store`] when the store cannot be written.
    pub fn accept_told(&self, announced: &AnnouncedUpload) -> Result<Accepted> {
        // Credentials and client data may differ between deliveries of one announcement, so only the name counts.
        let name = json!(["told", announced.name]).to_string();
        let digest = self.engine.keys().identity.request_digest(name.as_bytes());
        self.accept_at_address(
            &announced.client_data,
            Some(Idempotency { key: digest, request: digest }),
        )
    }

    /// Accepts several announced uploads in order. An invalid one gets its own error in the result. Any other error
    /// ends the batch: the uploads before it stay accepted, and the sender can repeat the whole batch.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many uploads have no verdict yet; [`Error::Store`] when the store cannot be written.
    pub fn accept_all_told(
        &self,
        all: &[AnnouncedUpload],
    ) -> Result<Vec<std::result::Result<Accepted, Error>>> {
        let mut outcomes = Vec::with_capacity(all.len());
        for announced in all {
            outcomes.push(match self.accept_told(announced) {
                Err(error @ Error::Invalid { .. }) => Err(error),
                other => Ok(other?),
            });
        }
        Ok(outcomes)
    }

    /// Whether admission control would admit one more upload now.
    pub fn has_room(&self) -> bool {
        self.admission.has_room()
    }
}
