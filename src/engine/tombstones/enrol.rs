//! Enrolment: creates tombstones from deleted videos.
//!
//! Files are decoded in parallel, one group at a time. Then each file of the group gets its voice, in the order given,
//! and the group is written to the store in one transaction and then to the index. A bad file is reported and does not
//! stop the others.
//!
//! A **voice** is the unit in which commonness is counted. All tombstones of an owner share one, and so do tombstones
//! of nearly the same content, whoever the owner is. Otherwise many deletions of one video would make it look like a
//! template.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::engine::core::sync;
use crate::engine::decoding::{DeletedLook, damage_words, open};
use crate::engine::jobs::each;
use crate::engine::{Engine, Error, Result};
use crate::fingerprint::{DeletedPrints, Fingerprint, UploadPrint};
use crate::matching::{Candidate, Judged};
use crate::model::{
    ByteDigest, Clock, DeletionReason, OwnerKey, Span, Strength, TombstoneId, UnixSeconds,
};
use crate::store::NewTombstone;

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
}

/// A decoded file that is ready to be stored.
pub(in crate::engine) struct Ready {
    pub new: NewTombstone,
    pub fingerprint: Fingerprint,
    pub print: UploadPrint,
    pub damage: Option<String>,
}

/// Id, owner and reason of a tombstone to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Naming {
    pub id: TombstoneId,
    pub owner: Option<OwnerKey>,
    pub reason: DeletionReason,
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

    /// Opens and decodes one file. Voice and slot are assigned later.
    fn prepare(&self, enrolment: &Enrolment, id: &TombstoneId, clock: &dyn Clock) -> Result<Ready> {
        let path = &enrolment.path;
        let file = open(path, self.options().file_bytes_max)?;
        let digest = self.digest(path, &file)?;
        let owner = enrolment.owner.as_ref().map(|owner| self.keys().identity.owner(owner));
        let naming = Naming { id: id.clone(), owner, reason: enrolment.reason };
        self.prepare_file(path, &file, digest, naming, clock.now())
    }

    /// Decodes an open file. `path` only names it in messages.
    pub(in crate::engine) fn prepare_file(
        &self,
        path: &Path,
        file: &File,
        digest: ByteDigest,
        Naming { id, owner, reason }: Naming,
        now: UnixSeconds,
    ) -> Result<Ready> {
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
            voice: first_voice(owner, &digest.0),
            created_at: now,
            bytes_digest: Some(digest),
            reason,
            key_id: self.keys().fingerprint.id(),
            fingerprint: bytes,
            strength,
            strength_why,
            self_match: Some(found),
            duration_s: summary.duration_s,
        };
        let damage = summary.damage.as_ref().map(damage_words);
        Ok(Ready { new, fingerprint, print, damage })
    }

    /// Assigns voices, then writes a group to the store and to the index, in this order.
    pub(in crate::engine) fn keep(&self, ready: &mut [(usize, Ready)]) -> Result<()> {
        if ready.is_empty() {
            return Ok(());
        }
        for at in 0..ready.len() {
            let (earlier, rest) = ready.split_at_mut(at);
            let one = &mut rest[0].1;
            if let Some(voice) = self.same_content(one, earlier)? {
                one.new.voice = voice;
            }
        }
        let new: Vec<NewTombstone> = ready.iter().map(|(_, one)| one.new.clone()).collect();
        self.store().add_tombstones(&new)?;
        if let Some(index) = self.index() {
            sync::catch_up(self.store(), index)?;
        }
        Ok(())
    }

    /// The voice of a tombstone with nearly the same content, in the store or earlier in the group.
    fn same_content(&self, one: &Ready, earlier: &[(usize, Ready)]) -> Result<Option<u32>> {
        if one.new.strength == Strength::Unmatchable {
            return Ok(None);
        }
        if let Some(digest) = &one.new.bytes_digest {
            let kept = self.store().find_by_digest(digest, 1)?;
            if let Some(kept) = kept.first() {
                return Ok(Some(kept.voice));
            }
        }
        let (considered, tombstones) = self.candidates(&one.print)?;
        let group = earlier.iter().map(|(_, other)| {
            let (fingerprint, voice) = (&other.fingerprint, other.new.voice);
            (Candidate { fingerprint, voice, found: None }, other.new.duration_s)
        });
        let others = considered.iter().map(|c| (c.candidate(), c.known.tombstone.duration_s));
        let (candidates, durations_s): (Vec<Candidate<'_>>, Vec<f64>) = group.chain(others).unzip();
        let judged = self.judge(&one.print, &candidates, tombstones + earlier.len());
        let same = judged.iter().find(|j| self.is_same(j, one, durations_s[j.candidate]));
        Ok(same.map(|judged| candidates[judged.candidate].voice))
    }

    fn is_same(&self, judged: &Judged, one: &Ready, other_duration_s: f64) -> bool {
        let share = |covered_s: f64, duration_s: f64| {
            duration_s > 0.0 && covered_s >= self.options().same_content_min * duration_s
        };
        let upload_s = covered_s(judged.spans.iter().map(|s| s.upload));
        let deleted_s = covered_s(judged.spans.iter().map(|s| s.deleted));
        judged.score >= self.options().policy.owner_request.block
            && share(upload_s, one.new.duration_s)
            && share(deleted_s, other_duration_s)
    }
}

impl Ready {
    fn enrolled(self) -> Enrolled {
        Enrolled {
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

/// The voice before contents are compared: one for all of an owner's tombstones, and its own for each without an owner.
pub(in crate::engine) fn first_voice(owner: Option<OwnerKey>, otherwise: &[u8; 32]) -> u32 {
    let name: &[u8] = owner.as_ref().map_or(otherwise, |owner| &owner.0);
    u32::from_le_bytes([name[0], name[1], name[2], name[3]])
}

/// Total time that at least one span covers, seconds. Spans may run backwards.
fn covered_s<V>(spans: impl Iterator<Item = Span<V>>) -> f64 {
    let mut spans: Vec<Span<V>> = spans.map(|span| span.ascending()).collect();
    spans.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let mut reached = f64::NEG_INFINITY;
    let mut sum = 0.0;
    for span in spans {
        sum += (span.end_s - span.start_s.max(reached)).max(0.0);
        reached = reached.max(span.end_s);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UploadSpan;

    #[test]
    fn overlapping_and_reversed_spans_are_counted_once() {
        let spans = [(5.0, 1.0), (4.0, 6.0), (8.0, 9.0)].map(|(a, b)| UploadSpan::new(a, b));
        assert!((covered_s(spans.into_iter()) - 6.0).abs() < 1e-9);
        assert_eq!(covered_s(std::iter::empty::<UploadSpan>()), 0.0);
    }

    #[test]
    fn ids_are_file_stems_with_invalid_bytes_escaped() {
        let id = |name: &[u8]| stem(Path::new(OsStr::from_bytes(name))).map(|id| id.0);
        assert_eq!(id(b"/x/cat.1.mp4").as_deref(), Some("cat.1"));
        assert_eq!(id(b"\xfe.mp4").as_deref(), Some("%FE"));
        assert_eq!(id(b"k\xc3\xa4se.mov").as_deref(), Some("käse"));
        assert_eq!(id(b"/"), None);
    }
}
