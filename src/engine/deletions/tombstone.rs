//! The tombstone of a deletion: from its main copy, or without a fingerprint when no copy decodes in time.

use std::fs::File;
use std::path::Path;

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::tombstones::{Naming, Ready, own_group};
use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::model::{ByteDigest, Strength, TombstoneId, UnixSeconds, VideoKey};
use crate::store::{NewPrecedence, NewTombstone};

/// The file's name in messages; its own name would identify the video.
const NAME: &str = "the main copy";

/// A main copy that yields no fingerprint.
pub(in crate::engine) struct Undecoded {
    pub error: Error,
    /// Digest of the bytes, if they could be read. It still recognises byte-identical files.
    pub digest: Option<ByteDigest>,
}

/// The id of the tombstone of the `turn`th deletion of a video.
pub(in crate::engine) fn tombstone_id(video: VideoKey, turn: u32) -> TombstoneId {
    let again = if turn > 1 { format!("-{turn}") } else { String::new() };
    TombstoneId(format!("{video}{again}"))
}

impl Engine {
    /// Decodes a main copy. Takes seconds of a core.
    ///
    /// # Errors
    /// [`Undecoded`], with the digest of the bytes if they could be read.
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

    /// A tombstone that recognises byte-identical files, or nothing if `digest` is `None`.
    pub(in crate::engine) fn prepare_unfingerprinted(
        &self,
        digest: Option<ByteDigest>,
        naming: Naming,
        why: &str,
        now: UnixSeconds,
    ) -> Ready {
        let (uploaded, is_doubtful) = (naming.uploaded(), naming.is_doubtful());
        let Naming { id, owner, reason, original, .. } = naming;
        let key_id = self.keys().fingerprint.id();
        let fingerprint = Fingerprint::empty(key_id);
        let print = UploadPrint::empty(key_id);
        let otherwise = digest.map_or([0; 32], |digest| digest.0);
        let new = NewTombstone {
            id,
            owner,
            group: own_group(&otherwise),
            created_at: now,
            bytes_digest: digest,
            reason,
            key_id,
            fingerprint: fingerprint.to_bytes(),
            strength: Strength::Unmatchable,
            strength_why: format!("unfingerprinted: {why}"),
            self_match: None,
            duration_s: 0.0,
            uploaded,
            original,
            relations: Vec::new(),
            precedence: NewPrecedence { is_doubtful, ..NewPrecedence::default() },
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
