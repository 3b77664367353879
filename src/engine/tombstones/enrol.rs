//! Enrolment: creates tombstones from deleted videos.
//!
//! Files are decoded in parallel, one batch at a time. Then each file of the batch is related to the older tombstones,
//! in the order given (`relations`), and the batch is written to the store in one transaction and then to the index. A
//! bad file is reported and does not stop the others.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::engine::core::Engine;
use crate::engine::core::sync;
use crate::engine::decoding::{DeletedLook, damage_words, open};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::each;
use crate::fingerprint::{DeletedPrints, Fingerprint, UploadPrint};
use crate::model::{
    ByteDigest, Clock, DeletionReason, NotATimeOfPosting, OwnerKey, Posted, Strength, TombstoneId,
    UnixSeconds, rfc3339,
};
use crate::store::{NewPrecedence, NewTombstone};

/// Files per worker in one group. More amortise the wait for the disk; fewer lose less work if the process dies before
/// the group is stored.
const FILES_PER_WORKER: usize = 4;

/// A deleted video to enrol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The tombstone's id. `None`: the file's name without its extension.
    pub id: Option<TombstoneId>,
    /// The platform's id of the owner.
    pub owner: Option<String>,
    pub reason: DeletionReason,
    /// When the video was posted; `None` if unknown.
    pub uploaded_at: Option<Posted>,
    /// Whether the owner is known to be the author.
    pub original: bool,
    pub path: PathBuf,
}

/// A new tombstone.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    pub id: TombstoneId,
    pub strength: Strength,
    pub strength_why: String,
    pub duration_s: f64,
    pub fingerprint_bytes: usize,
    pub keypoints: usize,
    pub frames: usize,
    /// What is missing or broken in the file, in words.
    pub damage: Option<String>,
    /// What is wrong with the request, although it was carried out, in words.
    pub warning: Option<String>,
}

/// A decoded file that is ready to be stored.
pub(in crate::engine) struct Ready {
    pub new: NewTombstone,
    pub fingerprint: Fingerprint,
    pub print: UploadPrint,
    pub damage: Option<String>,
}

/// What is said of a tombstone to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Naming {
    pub id: TombstoneId,
    pub owner: Option<OwnerKey>,
    pub reason: DeletionReason,
    /// When the deletion was requested.
    pub deleted_at: UnixSeconds,
    /// When the video was posted; `None` if unknown.
    pub uploaded_at: Option<Posted>,
    pub original: bool,
}

impl Naming {
    /// The time of posting, unless it says nothing.
    pub fn uploaded(&self) -> Option<(UnixSeconds, UnixSeconds)> {
        let known = self.uploaded_at?.before_deletion(self.deleted_at)?;
        Some((known.from, known.to))
    }

    /// Whether a time of posting is named that says nothing.
    pub fn is_doubtful(&self) -> bool {
        self.uploaded_at.is_some() && self.uploaded().is_none()
    }
}

impl Engine {
    /// Enrols a batch of files, decoding `workers` at a time. Calls `on_done` with each file's index in `batch` once
    /// its tombstone is durable, or with the error of that file.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::Index`] if the index cannot be searched or written.
    ///
    /// Tombstones that were reported to `on_done` before are durable. The error of a single file goes to `on_done`.
    pub fn enrol(
        &self,
        batch: &[Enrolment],
        workers: usize,
        clock: &dyn Clock,
        on_done: &mut dyn FnMut(usize, Result<Enrolled>),
    ) -> Result<()> {
        let mut taken = HashSet::new();
        let mut items = Vec::with_capacity(batch.len());
        for (at, enrolment) in batch.iter().enumerate() {
            match self.free_id(enrolment, &mut taken)? {
                Ok(id) => items.push((at, id)),
                Err(error) => on_done(at, Err(error)),
            }
        }
        for group in items.chunks(workers.max(1) * FILES_PER_WORKER) {
            let mut looked: Vec<Option<Result<Ready>>> = group.iter().map(|_| None).collect();
            let look = |(at, id): &(usize, TombstoneId)| self.prepare(&batch[*at], id, clock);
            each(group, workers, look, |at, ready| {
                looked[at] = Some(ready);
                std::ops::ControlFlow::Continue(())
            });
            let mut ready = Vec::with_capacity(group.len());
            for ((at, _), outcome) in group.iter().zip(looked) {
                match outcome {
                    Some(Ok(one)) => ready.push((*at, one)),
                    Some(Err(error)) => on_done(*at, Err(error)),
                    None => {}
                }
            }
            self.keep(&mut ready)?;
            ready.into_iter().for_each(|(at, one)| on_done(at, Ok(one.enrolled())));
        }
        Ok(())
    }

    /// The id of the new tombstone, unless it is taken. Checked before the costly decode.
    fn free_id(
        &self,
        enrolment: &Enrolment,
        taken: &mut HashSet<TombstoneId>,
    ) -> Result<Result<TombstoneId>> {
        let Some(id) = enrolment.id.clone().or_else(|| stem(&enrolment.path)) else {
            return Ok(Err(Error::NoId { path: enrolment.path.clone() }));
        };
        if self.store().get_by_id(&id)?.is_some() || !taken.insert(id.clone()) {
            return Ok(Err(Error::IdTaken { id }));
        }
        Ok(Ok(id))
    }

    /// Opens and decodes one file. Relations and slot are assigned later.
    fn prepare(&self, enrolment: &Enrolment, id: &TombstoneId, clock: &dyn Clock) -> Result<Ready> {
        let (path, now) = (&enrolment.path, clock.now());
        let checked = enrolment.uploaded_at.map(|posted| posted.checked(now)).transpose();
        checked.map_err(|error| invalid_time(&error))?;
        let file = open(path, self.options().file_bytes_max)?;
        let digest = self.digest(path, &file)?;
        let owner = enrolment.owner.as_ref().map(|owner| self.keys().identity.owner(owner));
        let naming = Naming {
            id: id.clone(),
            owner,
            reason: enrolment.reason,
            deleted_at: now,
            uploaded_at: enrolment.uploaded_at,
            original: enrolment.original,
        };
        self.prepare_file(path, &file, digest, naming, now)
    }

    /// Decodes an open file. `path` only names it in messages.
    pub(in crate::engine) fn prepare_file(
        &self,
        path: &Path,
        file: &File,
        digest: ByteDigest,
        naming: Naming,
        now: UnixSeconds,
    ) -> Result<Ready> {
        let (uploaded, is_doubtful) = (naming.uploaded(), naming.is_doubtful());
        let Naming { id, owner, reason, original, .. } = naming;
        let DeletedLook { prints, summary } = self.look_deleted(path, file)?;
        let DeletedPrints { fingerprint, print, reencode } = prints;
        let bytes = fingerprint.to_bytes();
        // The stored form has rounded geometry. Index that, as a rebuild from the store would.
        let fingerprint = Fingerprint::from_bytes(&bytes)
            .map_err(|source| Error::Fingerprint { id: id.clone(), source })?;
        let (found, strength, strength_why) = self.match_self(&fingerprint, &reencode, reason);
        let new = NewTombstone {
            id,
            owner,
            group: own_group(&digest.0),
            created_at: now,
            bytes_digest: Some(digest),
            reason,
            key_id: self.keys().fingerprint.id(),
            fingerprint: bytes,
            strength,
            strength_why,
            self_match: Some(found),
            duration_s: summary.duration_s,
            uploaded,
            original,
            relations: Vec::new(),
            precedence: NewPrecedence { is_doubtful, ..NewPrecedence::default() },
        };
        let damage = summary.damage.as_ref().map(damage_words);
        Ok(Ready { new, fingerprint, print, damage })
    }

    /// Relates a batch to the older tombstones, then writes it to the store and to the index, in this order.
    pub(in crate::engine) fn keep(&self, ready: &mut [(usize, Ready)]) -> Result<()> {
        if ready.is_empty() {
            return Ok(());
        }
        for at in 0..ready.len() {
            let (earlier, rest) = ready.split_at_mut(at);
            self.relate(&mut rest[0].1, earlier)?;
            self.find_earlier(&mut rest[0].1);
        }
        let new: Vec<NewTombstone> = ready.iter().map(|(_, one)| one.new.clone()).collect();
        self.store().add_tombstones(&new)?;
        if let Some(index) = self.index() {
            sync::catch_up(self.store(), index)?;
        }
        Ok(())
    }
}

impl Ready {
    fn enrolled(self) -> Enrolled {
        let doubtful = || {
            format!(
                "the time of posting counts as unknown: it is that of the deletion, {}",
                rfc3339(self.new.created_at)
            )
        };
        Enrolled {
            warning: self.new.precedence.is_doubtful.then(doubtful),
            id: self.new.id,
            strength: self.new.strength,
            strength_why: self.new.strength_why,
            duration_s: self.new.duration_s,
            fingerprint_bytes: self.new.fingerprint.len(),
            keypoints: self.fingerprint.keypoints.len(),
            frames: self.fingerprint.frames.len(),
            damage: self.damage,
        }
    }
}

/// The error for a time of posting that cannot be.
pub(in crate::engine) fn invalid_time(error: &NotATimeOfPosting) -> Error {
    Error::Invalid { what: "uploaded_at", why: error.to_string() }
}

/// A file's name without its extension. Bytes that are not UTF-8 become `%` and two hexadecimal digits, so that two
/// such names do not yield the same id.
fn stem(path: &Path) -> Option<TombstoneId> {
    let stem: &OsStr = path.file_stem()?;
    let mut id = String::new();
    for chunk in stem.as_bytes().utf8_chunks() {
        id.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| id.push_str(&format!("%{byte:02X}")));
    }
    Some(TombstoneId(id))
}

/// The number of the content group that a tombstone is the head of, from the digest of its bytes.
pub(in crate::engine) fn own_group(digest: &[u8; 32]) -> u32 {
    u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_stems_with_invalid_bytes_escaped() {
        let id = |name: &[u8]| stem(Path::new(OsStr::from_bytes(name))).map(|id| id.0);
        assert_eq!(id(b"/x/cat.1.mp4").as_deref(), Some("cat.1"));
        assert_eq!(id(b"\xfe.mp4").as_deref(), Some("%FE"));
        assert_eq!(id(b"k\xc3\xa4se.mov").as_deref(), Some("käse"));
        assert_eq!(id(b"/"), None);
    }
}
