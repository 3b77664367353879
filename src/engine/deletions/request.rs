//! Accepts, cancels and retries deletions.
//!
//! A request is validated in full before anything is written: ids and addresses must be valid, and the settings must
//! allow each address. Requests are idempotent: equal keyed digests of their canonical form are one deletion.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::engine::deletions::Deletions;
use crate::engine::error::{Error, Result};
use crate::engine::tombstones::invalid_time;
use crate::model::{
    Actor, CopyKind, DAY_S, DeletionClientData, DeletionId, DeletionReason, Engagement, Posted,
    Stage, UnixSeconds,
};
use crate::remote::AddressExtent;
use crate::store::{AdmissionOutcome, CancelOutcome, NewCopy, NewDeletion, RetryOutcome};

/// Largest count in the engagement; larger ones could overflow sums.
const COUNT_MAX: u64 = 1_000_000_000_000;
/// 9999-12-31, the last day that RFC 3339 can express.
const TIME_MAX: UnixSeconds = 253_402_214_400;

/// A request to delete a video.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletionRequest {
    /// The platform's id of the video.
    pub video: String,
    pub owner: Option<String>,
    pub reason: DeletionReason,
    pub uploaded_at: Option<Posted>,
    /// Whether the owner is known to be the author.
    pub original: bool,
    pub engagement: Engagement,
    pub copies: Vec<CopyRequest>,
    /// The caller's own data, echoed in views, events and callbacks.
    pub metadata: Option<Value>,
}

/// A copy named by a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyRequest {
    pub kind: CopyKind,
    pub uri: String,
    /// Whether `uri` is a prefix, and everything below it is erased.
    pub prefix: bool,
    /// Earliest time of the erasure; backups only.
    pub delete_after: Option<UnixSeconds>,
}

/// An accepted deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requested {
    pub id: DeletionId,
    /// False when the request repeats an earlier one.
    pub is_new: bool,
}

impl Deletions {
    /// Accepts a deletion. On return it is durable, and the video is hidden.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the invalid field; [`Error::DeletionConflict`] when a different deletion of the same
    /// video is in progress; [`Error::Store`] when the store cannot be read or written; [`Error::NoEntropy`] when no id
    /// can be made.
    pub fn request(&self, request: &DeletionRequest, by: Actor) -> Result<Requested> {
        let mut each = self.request_many(std::slice::from_ref(request), by)?;
        each.pop().unwrap_or_else(|| Err(invalid("body", "it is empty")))
    }

    /// Accepts the deletions of an account in one transaction. Each has its own result: an invalid one does not affect
    /// the others.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are too many; [`Error::Store`] when the store cannot be read or written. No
    /// deletion is accepted then.
    pub fn request_many(
        &self,
        requests: &[DeletionRequest],
        by: Actor,
    ) -> Result<Vec<Result<Requested>>> {
        let bulk_max = self.options.bulk_max;
        if requests.len() > bulk_max {
            return Err(invalid(
                "videos",
                format!("there are {}; at most {bulk_max} are allowed", requests.len()),
            ));
        }
        let now = self.environment.now();
        let prepared: Vec<Result<NewDeletion>> =
            requests.iter().map(|request| self.prepare_request(request, now)).collect();
        let sound: Vec<NewDeletion> =
            prepared.iter().filter_map(|p| p.as_ref().ok().cloned()).collect();
        let repeat_since = now - i64::from(self.options.repeat_s);
        let admitted = self.engine.store().add_deletions(sound, repeat_since, by)?;
        let mut admitted = admitted.into_iter();
        let mut answers = Vec::with_capacity(prepared.len());
        for one in prepared {
            let new = match one {
                Ok(new) => new,
                Err(error) => {
                    answers.push(Err(error));
                    continue;
                }
            };
            let admission = admitted.next().expect("the store answers each valid request");
            answers.push(match admission {
                AdmissionOutcome::New(id) => {
                    self.hide(&new)?;
                    Ok(Requested { id, is_new: true })
                }
                AdmissionOutcome::Repeated(id) => Ok(Requested { id, is_new: false }),
                AdmissionOutcome::Conflict(id) => Err(Error::DeletionConflict { id }),
            });
        }
        self.touch();
        self.wake().wake();
        Ok(answers)
    }

    /// Cancels a deletion before its copies are erased; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read or written.
    pub fn cancel(&self, id: DeletionId, by: Actor) -> Result<Option<CancelOutcome>> {
        let outcome = self.engine.store().cancel_deletion(id, self.environment.now(), by)?;
        if outcome == Some(CancelOutcome::Done)
            && let Some(deletion) = self.engine.store().deletion(id)?
        {
            let copies = self.engine.store().copies(deletion.seq)?;
            self.hidden.open_uris(&copies);
            self.hidden.refresh(self.engine.store(), deletion.video)?;
            self.touch();
            self.wake().wake();
        }
        Ok(outcome)
    }

    /// Retries everything that failed now.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be written.
    pub fn retry(&self, id: DeletionId, by: Actor) -> Result<RetryOutcome> {
        let outcome = self.engine.store().retry_deletion(id, self.environment.now(), by)?;
        self.touch();
        self.wake().wake();
        Ok(outcome)
    }

    fn hide(&self, new: &NewDeletion) -> Result<()> {
        self.hidden.close_uris(&new.copies);
        Ok(self.hidden.refresh(self.engine.store(), new.video)?)
    }

    /// Validates a request and converts it to its stored form.
    fn prepare_request(&self, request: &DeletionRequest, now: UnixSeconds) -> Result<NewDeletion> {
        self.check_client_data(request, now)?;
        let copies = self.prepare_copies(&request.copies)?;
        let identity = &self.engine.keys().identity;
        let client_data = DeletionClientData {
            video: request.video.clone(),
            owner: request.owner.clone(),
            metadata: request.metadata.clone(),
        };
        let client_data =
            serde_json::to_vec(&client_data).map_err(|e| invalid("metadata", e.to_string()))?;
        let id =
            DeletionId::make(&self.environment).map_err(|source| Error::NoEntropy { source })?;
        Ok(NewDeletion {
            id,
            video: identity.video(&request.video),
            owner: request.owner.as_ref().map(|owner| identity.owner(owner)),
            request_digest: identity.request_digest(&canonical(request)),
            reason: request.reason,
            requested_at: now,
            fingerprint_by: self.options.erasure.fingerprint_by(request.reason, now),
            client_data: self.seal(&client_data)?,
            copies,
            uploaded_on: request.uploaded_at.map(|at| at.from.div_euclid(DAY_S)),
            uploaded_at: request.uploaded_at,
            original: request.original,
            engagement: request.engagement,
        })
    }

    fn check_client_data(&self, request: &DeletionRequest, now: UnixSeconds) -> Result<()> {
        self.check_id("id", &request.video)?;
        if let Some(owner) = &request.owner {
            self.check_id("owner", owner)?;
        }
        let checked = request.uploaded_at.map(|at| at.checked(now)).transpose();
        checked.map_err(|error| invalid_time(&error))?;
        let Engagement { views, likes, comments, shares } = request.engagement;
        if [views, likes, comments, shares].iter().any(|count| *count > COUNT_MAX) {
            return Err(invalid("engagement", format!("a count is above {COUNT_MAX}")));
        }
        let bytes = request.metadata.as_ref().map_or(0, |metadata| metadata.to_string().len());
        let bytes_max = self.options.metadata_bytes_max;
        if bytes > bytes_max {
            return Err(invalid(
                "metadata",
                format!("it has {bytes} bytes; at most {bytes_max} are allowed"),
            ));
        }
        Ok(())
    }

    pub(in crate::engine) fn check_id(&self, what: &'static str, id: &str) -> Result<()> {
        let bytes_max = self.options.id_bytes_max;
        if id.is_empty() {
            return Err(invalid(what, "it is empty"));
        }
        if id.len() > bytes_max {
            let why = format!("it has {} bytes; at most {bytes_max} are allowed", id.len());
            return Err(invalid(what, why));
        }
        if id.chars().any(char::is_control) {
            return Err(invalid(what, "it contains a control character"));
        }
        Ok(())
    }

    fn prepare_copies(&self, copies: &[CopyRequest]) -> Result<Vec<NewCopy>> {
        let copies_max = self.options.copies_max;
        if copies.len() > copies_max {
            return Err(invalid(
                "copies",
                format!("there are {}; at most {copies_max} are allowed", copies.len()),
            ));
        }
        let mut seen = HashSet::new();
        copies
            .iter()
            .enumerate()
            .map(|(place, copy)| {
                let new = self.prepare_copy(copy);
                let new = new.map_err(|why| invalid("copies", format!("number {place}: {why}")))?;
                if !seen.insert((new.kind, new.uri)) {
                    return Err(invalid("copies", format!("number {place}: it is a duplicate")));
                }
                Ok(NewCopy { sealed: self.seal(copy.uri.as_bytes())?, ..new })
            })
            .collect()
    }

    /// Converts a copy except for its seal. Error messages never repeat the address.
    fn prepare_copy(&self, copy: &CopyRequest) -> std::result::Result<NewCopy, String> {
        let bytes_max = self.options.uri_bytes_max;
        if copy.uri.len() > bytes_max {
            return Err(format!(
                "its address has {} bytes; at most {bytes_max} are allowed",
                copy.uri.len()
            ));
        }
        if copy.uri.chars().any(char::is_control) {
            return Err("its address contains a control character".to_owned());
        }
        if copy.delete_after.is_some() && copy.kind != CopyKind::Backup {
            return Err("`delete_after` is only allowed for backups".to_owned());
        }
        if copy.delete_after.is_some_and(|at| !(0..=TIME_MAX).contains(&at)) {
            return Err("`delete_after` is out of range".to_owned());
        }
        let extent = AddressExtent::from_prefix_flag(copy.prefix);
        let address = self.remote.check(copy.kind, &copy.uri, extent).map_err(|e| e.to_string())?;
        Ok(NewCopy {
            kind: copy.kind,
            prefix: copy.prefix,
            sealed: crate::model::Sealed(Vec::new()),
            uri: self.engine.keys().identity.uri(&address.canonical()),
            delete_after: copy.delete_after,
        })
    }
}

/// The canonical form of a request: fields in a fixed order, maps sorted.
fn canonical(request: &DeletionRequest) -> Vec<u8> {
    // A known time is a number, and authorship is left out unless asserted, as before there were days and authors: a
    // request that is repeated after an upgrade is still the same.
    let uploaded_at = request.uploaded_at.map(|at| match at {
        Posted { from, to } if from == to => serde_json::json!(from),
        Posted { from, to } => serde_json::json!([from, to]),
    });
    let mut value = serde_json::json!({
        "video": request.video,
        "owner": request.owner,
        "reason": request.reason,
        "uploaded_at": uploaded_at,
        "engagement": request.engagement,
        "copies": request.copies,
        "metadata": request.metadata,
    });
    if request.original {
        value["original"] = true.into();
    }
    crate::erasure::canonical(&value).into_bytes()
}

fn invalid(what: &'static str, why: impl Into<String>) -> Error {
    Error::Invalid { what, why: why.into() }
}

/// Why a deletion in this stage cannot be cancelled, for messages.
pub fn too_late_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Purging => "its copies are already being erased",
        Stage::Erased | Stage::Complete => "the video is already erased",
        Stage::Requested | Stage::Hidden | Stage::Fingerprinted | Stage::Cancelled => {
            "its state does not allow it"
        }
    }
}
