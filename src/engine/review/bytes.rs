//! An upload that is to be looked at: its bytes, while its case is not closed. Looking is remembered in the audit log.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::engine::review::{Cases, lock};
use crate::engine::{Error, Result};
use crate::model::{Actor, AuditEntry, CaseState, Reviewer, UploadId};

/// Playing a video asks for many ranges of it: for so long they are one look at it, seconds.
const LOOK_S: i64 = 600;
/// Looks that are remembered in memory at most; beyond, some are written down twice.
const LOOKS_MAX: usize = 10_000;

/// An upload's bytes.
#[derive(Debug)]
pub struct Viewing {
    pub file: File,
    pub length: u64,
    /// By the first bytes; `application/octet-stream` when they are of nothing that browsers play.
    pub media_type: &'static str,
}

impl Cases {
    /// Opens an upload's bytes for somebody who works on its case; `None` when there is no such upload, it is in no
    /// case, or its bytes are gone.
    ///
    /// # Errors
    /// `NotAllowed` when its case is closed; the store's or the disk's refusal.
    pub fn view(&self, upload: UploadId, reviewer: Reviewer) -> Result<Option<Viewing>> {
        let Some(case) = self.engine.store().case_of_upload(upload)? else { return Ok(None) };
        if case.state == CaseState::Closed {
            let why = "an upload is looked at only while its case is not closed".to_owned();
            return Err(Error::NotAllowed { why });
        }
        let Some(mut file) = self.uploads.spooled(upload)? else { return Ok(None) };
        let failed = |source| Error::File { path: "the spool".into(), source };
        let length = file.metadata().map_err(failed)?.len();
        let mut head = Vec::with_capacity(16);
        file.by_ref().take(16).read_to_end(&mut head).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.remember_look(upload, reviewer.actor)?;
        Ok(Some(Viewing { file, length, media_type: media_type(&head) }))
    }

    fn remember_look(&self, upload: UploadId, actor: Actor) -> Result<()> {
        let steady = self.steady.now();
        {
            let mut viewed = lock(&self.viewed);
            let last = viewed.get(&(actor, upload)).copied();
            if last.is_some_and(|last| steady - last < LOOK_S) {
                return Ok(());
            }
            if viewed.len() >= LOOKS_MAX {
                viewed.retain(|_, last| steady - *last < LOOK_S);
            }
            if viewed.len() < LOOKS_MAX {
                viewed.insert((actor, upload), steady);
            }
        }
        let (at, subject) = (self.environment.now(), upload.to_string());
        let entry = AuditEntry { at, actor, action: "upload.view", subject, note: None };
        Ok(self.engine.store().add_audit(&entry)?)
    }
}

/// What browsers are told, by the first bytes of a file. Nothing that they would run.
fn media_type(head: &[u8]) -> &'static str {
    let at = |from: usize, wanted: &[u8]| head.get(from..from + wanted.len()) == Some(wanted);
    match () {
        () if at(4, b"ftypqt") => "video/quicktime",
        () if at(4, b"ftypM4A") => "audio/mp4",
        () if at(4, b"ftypavif") => "image/avif",
        () if at(4, b"ftyp") => "video/mp4",
        () if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) => "video/webm",
        () if at(0, b"OggS") => "video/ogg",
        () if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if at(0, b"RIFF") && at(8, b"AVI ") => "video/x-msvideo",
        () if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        () if at(0, &[0xff, 0xd8, 0xff]) => "image/jpeg",
        () if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        () if at(0, b"GIF8") => "image/gif",
        () if at(0, b"ID3") => "audio/mpeg",
        () if at(0, b"fLaC") => "audio/flac",
        () if at(0, &[0, 0, 1, 0xba]) => "video/mpeg",
        () => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_could_run_is_bytes_to_it() {
        assert_eq!(media_type(b"\0\0\0\x20ftypisom\0\0\0\0"), "video/mp4");
        assert_eq!(media_type(&[0x1a, 0x45, 0xdf, 0xa3, 1]), "video/webm");
        for other in [&b"<html><script>"[..], b"<svg xmlns=", b"%PDF-1.7", b"", b"RIFF"] {
            assert_eq!(media_type(other), "application/octet-stream");
        }
    }
}
