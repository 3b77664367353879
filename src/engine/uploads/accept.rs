//! Accepting an upload: take a permit, spool the bytes (or keep the address), insert a row in the store.
//!
//! An acknowledged upload is never lost. The row is durable before the check begins; the row, the bytes and the name of
//! their file are durable before the sender gets a response. A process killed earlier leaves an unacknowledged upload.

use serde_json::json;

use crate::engine::error::{Error, Result};
use crate::engine::tombstones::invalid_time;
use crate::engine::uploads::Uploads;
use crate::engine::uploads::admission::Permit;
use crate::engine::uploads::spool::Spooling;
use crate::model::{Actor, UploadBytes, UploadClientData, UploadId};
use crate::remote::Address;
use crate::store::{Acceptance, Idempotency, NewUpload};

/// Longest `Idempotency-Key`, bytes.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Longest address, bytes. S3 keys have up to 1024 bytes, and percent-encoding triples them.
const URI_BYTES_MAX: usize = 4096;

/// An upload whose bytes are arriving. Dropping it removes the bytes.
#[derive(Debug)]
pub struct Arriving {
    spooling: Spooling,
    place: Permit,
}

/// A caller's name for a request, which makes retries safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub caller: Actor,
    pub key: String,
}

/// An accepted upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    pub id: UploadId,
    /// False when this request repeats an earlier one.
    pub is_new: bool,
}

impl Arriving {
    /// Names the file in the spool.
    pub(in crate::engine) fn id(&self) -> UploadId {
        self.spooling.id
    }

    /// Appends a piece. Blocks.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above the limit of [`Options`](super::Options); [`Error::File`] when the spool cannot be
    /// written.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.spooling.write(piece)
    }
}

impl Uploads {
    /// Begins to receive an upload's bytes.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many uploads have no verdict yet; [`Error::File`] when the spool cannot be written;
    /// [`Error::NoEntropy`] when no id can be made.
    pub fn begin(&self) -> Result<Arriving> {
        let place = self.admission.acquire().ok_or(Error::Busy { what: "uploads" })?;
        let id = self.new_id()?;
        let identity = &self.engine.keys().identity;
        Ok(Arriving { spooling: self.spool.begin(id, identity, self.options.bytes_max)?, place })
    }

    /// Accepts an upload whose bytes have arrived. Idempotent per `key`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty file, invalid client data or an invalid key; [`Error::KeyTaken`] when the key
    /// belongs to a different request; [`Error::File`] when the bytes cannot be made durable; [`Error::Store`] when the
    /// store cannot be written.
    pub fn accept(
        &self,
        arrived: Arriving,
        client_data: &UploadClientData,
        key: Option<&IdempotencyKey>,
    ) -> Result<Accepted> {
        let Arriving { spooling, place } = arrived;
        let bytes = spooling.bytes();
        if bytes.size == 0 {
            return Err(Error::Invalid { what: "file", why: "it is empty".to_owned() });
        }
        let id = spooling.id;
        let idempotency =
            key.map(|key| self.idempotency(key, client_data, Some(bytes))).transpose()?;
        let accepted = self.keep(id, client_data, Some(bytes), idempotency)?;
        if !accepted.is_new {
            self.settle(accepted.id)?;
            return Ok(accepted);
        }
        place.keep();
        let file = spooling.keep();
        // The check may begin before the bytes are durable: the upload is not acknowledged yet.
        self.wake.wake();
        let made = file.and_then(|file| file.sync_data());
        made.map_err(|source| Error::File { path: "the spool".into(), source })?;
        self.spool.sync()?;
        Ok(accepted)
    }

    /// Makes the bytes of a repeated request durable. The first request may still be doing so, but the response to this
    /// one acknowledges the upload too.
    fn settle(&self, id: UploadId) -> Result<()> {
        let Some(file) = self.spool.read(id)? else { return Ok(()) };
        file.sync_data().map_err(|source| Error::File { path: "the spool".into(), source })?;
        self.spool.sync()
    }

    /// Accepts an upload whose bytes will be fetched from `client_data.uri`. Idempotent per `key`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that the settings do not allow, invalid client data or an invalid key;
    /// [`Error::KeyTaken`] when the key belongs to a different request; [`Error::Busy`] when too many uploads have no
    /// verdict yet; [`Error::Store`] when the store cannot be written.
    pub fn accept_address(
        &self,
        client_data: &UploadClientData,
        key: Option<&IdempotencyKey>,
    ) -> Result<Accepted> {
        let idempotency = key.map(|key| self.idempotency(key, client_data, None)).transpose()?;
        self.accept_at_address(client_data, idempotency)
    }

    pub(in crate::engine) fn accept_at_address(
        &self,
        client_data: &UploadClientData,
        idempotency: Option<Idempotency>,
    ) -> Result<Accepted> {
        self.check_address(client_data.uri.as_deref().unwrap_or_default())?;
        let place = self.admission.acquire().ok_or(Error::Busy { what: "uploads" })?;
        let accepted = self.keep(self.new_id()?, client_data, None, idempotency)?;
        if accepted.is_new {
            place.keep();
            self.wake.wake();
        }
        Ok(accepted)
    }

    /// Validates an upload's client data before its bytes arrive.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field that is empty, too long or has control characters.
    pub fn check_client_data(&self, client_data: &UploadClientData) -> Result<()> {
        let bytes_max = self.options.word_bytes_max;
        let each = [("uploader", &client_data.uploader), ("reference", &client_data.reference)];
        for (what, word) in each {
            let Some(word) = word else { continue };
            let why = match word {
                word if word.is_empty() => "it is empty".to_owned(),
                word if word.len() > bytes_max => format!("it is longer than {bytes_max} bytes"),
                word if word.chars().any(char::is_control) => {
                    "it contains control characters".to_owned()
                }
                _ => continue,
            };
            return Err(Error::Invalid { what, why });
        }
        let now = self.environment.now();
        let checked = client_data.uploaded_at.map(|posted| posted.checked(now)).transpose();
        checked.map_err(|error| invalid_time(&error))?;
        let metadata =
            client_data.metadata.as_ref().map(|m| serde_json::to_string(m).unwrap_or_default());
        let bytes_max = self.options.metadata_bytes_max;
        if metadata.is_some_and(|text| text.len() > bytes_max) {
            let why = format!("its JSON is longer than {bytes_max} bytes");
            return Err(Error::Invalid { what: "metadata", why });
        }
        Ok(())
    }

    fn keep(
        &self,
        id: UploadId,
        client_data: &UploadClientData,
        bytes: Option<UploadBytes>,
        idempotency: Option<Idempotency>,
    ) -> Result<Accepted> {
        self.check_client_data(client_data)?;
        let identity = &self.engine.keys().identity;
        let has_data = *client_data != UploadClientData::default();
        let new = NewUpload {
            id,
            created_at: self.environment.now(),
            client_data: has_data.then(|| self.seal(client_data)).transpose()?,
            uploader: client_data.uploader.as_deref().map(|uploader| identity.owner(uploader)),
            reference: client_data.reference.as_deref().map(|reference| identity.video(reference)),
            bytes,
        };
        match self.engine.store().accept_upload(new, idempotency)? {
            Acceptance::New(upload) => {
                metrics::counter!("cenotaph_uploads_accepted_total").increment(1);
                Ok(Accepted { id: upload.id, is_new: true })
            }
            Acceptance::Repeated(upload) => Ok(Accepted { id: upload.id, is_new: false }),
            Acceptance::Conflict => Err(Error::KeyTaken),
        }
    }

    /// Keyed digests of the key and of the request: the bytes or the address, and all client data.
    fn idempotency(
        &self,
        key: &IdempotencyKey,
        client_data: &UploadClientData,
        bytes: Option<UploadBytes>,
    ) -> Result<Idempotency> {
        let printable = key.key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if key.key.is_empty() || key.key.len() > IDEMPOTENCY_KEY_BYTES_MAX || !printable {
            let why =
                format!("it must be 1 to {IDEMPOTENCY_KEY_BYTES_MAX} printable ASCII characters");
            return Err(Error::Invalid { what: "Idempotency-Key", why });
        }
        let identity = &self.engine.keys().identity;
        let name = json!(["idempotency", key.caller.to_string(), key.key]).to_string();
        let digest = bytes.map(|bytes| bytes.digest.0.to_vec());
        let request = json!(["upload", digest, client_data]).to_string();
        Ok(Idempotency {
            key: identity.request_digest(name.as_bytes()),
            request: identity.request_digest(request.as_bytes()),
        })
    }

    fn check_address(&self, uri: &str) -> Result<()> {
        let invalid = |why: String| Err(Error::Invalid { what: "uri", why });
        if uri.len() > URI_BYTES_MAX {
            return invalid(format!("it is longer than {URI_BYTES_MAX} bytes"));
        }
        let address = match Address::parse(uri) {
            Ok(address @ (Address::File(_) | Address::Object { .. })) => address,
            Ok(Address::Web(_)) => return invalid("web addresses are not allowed".into()),
            Err(error) => return invalid(error.to_string()),
        };
        let canonical = address.canonical();
        if !self.options.uri_prefixes.iter().any(|prefix| canonical.starts_with(prefix)) {
            return invalid("the settings (`uploads.uri_prefixes`) do not allow it".into());
        }
        if canonical.ends_with('/') {
            return invalid("it names a folder, not a file".into());
        }
        Ok(())
    }

    fn new_id(&self) -> Result<UploadId> {
        UploadId::make(&self.environment).map_err(|source| Error::NoEntropy { source })
    }
}
