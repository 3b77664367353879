//! The tombstone of a deletion: from its main copy, or without a fingerprint when there is none to be had in time.

use std::fs::File;
use std::path::Path;

use crate::engine::tombstones::{Naming, Ready, first_voice};
use crate::engine::{Engine, Error, Result};
use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::model::{ByteDigest, Strength, TombstoneId, UnixSeconds, VideoKey};
use crate::store::NewTombstone;

/// What messages call the file: its own name would tell of the video.
const NAME: &str = "the main copy";

/// A main copy that gave no fingerprint.
pub(in crate::engine) struct Undecoded {
    pub error: Error,
    /// Of its bytes, as far as they could be read: enough to recognise the very same file.
    pub digest: Option<ByteDigest>,
}

/// The id of the tombstone of the `turn`th deletion of a video.
pub(in crate::engine) fn tombstone_id(video: VideoKey, turn: u32) -> TombstoneId {
    let again = if turn > 1 { format!("-{turn}") } else { String::new() };
    TombstoneId(format!("{video}{again}"))
}

impl Engine {
    /// Decodes a main copy; takes seconds of a core.
    ///
    /// # Errors
    /// `Undecoded`, with the digest of its bytes if these could be read.
    pub(in crate::engine) fn prepare_deleted(
        &self,
        file: &File,
        naming: Naming,
        now: UnixSeconds,
    ) -> std::result::Result<Ready, Box<Undecoded>> {
        let name = Path::new(NAME);
        let sized = self.check_size(file);
        let digest = sized.and_then(|()| self.digest(name, file));
        let digest = digest.map_err(|error| Box::new(Undecoded { error, digest: None }))?;
        let prepared = self.prepare_file(name, file, digest, naming, now);
        prepared.map_err(|error| Box::new(Undecoded { error, digest: Some(digest) }))
    }

    /// A tombstone that recognises at most the very same bytes.
    pub(in crate::engine) fn prepare_unfingerprinted(
        &self,
        digest: Option<ByteDigest>,
        Naming { id, owner, reason }: Naming,
        why: &str,
        now: UnixSeconds,
    ) -> Ready {
        let key_id = self.keys().fingerprint.id();
        let fingerprint = Fingerprint::empty(key_id);
        let print = UploadPrint::empty(key_id);
        let otherwise = digest.map_or([0; 32], |digest| digest.0);
        let new = NewTombstone {
            id,
            owner,
            voice: first_voice(owner, &otherwise),
            created_at: now,
            bytes_digest: digest,
            reason,
            key_id,
            fingerprint: fingerprint.to_bytes(),
            strength: Strength::Unmatchable,
            strength_why: format!("unfingerprinted: {why}"),
            duration_s: 0.0,
        };
        Ready { new, fingerprint, print, damage: None }
    }

    fn check_size(&self, file: &File) -> Result<()> {
        let unreadable = |source| Error::File { path: NAME.into(), source };
        let bytes = file.metadata().map_err(unreadable)?.len();
        let bytes_max = self.options().file_bytes_max;
        if bytes > bytes_max {
            Err(Error::TooLarge { path: NAME.into(), bytes, bytes_max })
        } else {
            Ok(())
        }
    }
}
