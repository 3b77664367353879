//! Serves the bytes of an upload to moderators until its case is closed. Every viewing is in the audit log.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::engine::error::{Error, Result};
use crate::engine::review::{Cases, lock};
use crate::model::{Actor, AuditEntry, CaseState, Reviewer, UploadId};

/// A player requests many ranges of a video. Requests within this time of the first are one viewing, seconds.
const VIEWING_S: i64 = 600;
/// Viewings remembered in memory. Above it, a viewing may be logged more than once.
const VIEWINGS_MAX: usize = 10_000;

/// An upload's bytes.
#[derive(Debug)]
pub struct Viewing {
    pub file: File,
    pub length: u64,
    /// Sniffed from the first bytes; `application/octet-stream` for formats that browsers do not play.
    pub media_type: &'static str,
}

impl Cases {
    /// Opens an upload's bytes for a moderator; `None` when the upload does not exist, has no case, or its bytes are
    /// gone.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the case is closed; [`Error::File`] when the spool cannot be read; [`Error::Store`]
    /// when the store cannot be read or the audit log cannot be written.
    pub fn view(&self, upload: UploadId, reviewer: Reviewer) -> Result<Option<Viewing>> {
        let Some(case) = self.engine.store().case_of_upload(upload)? else { return Ok(None) };
        if case.state == CaseState::Closed {
            let why = "the case of this upload is closed".to_owned();
            return Err(Error::NotAllowed { why });
        }
        let Some(mut file) = self.uploads.spooled(upload)? else { return Ok(None) };
        let failed = |source| Error::File { path: "the spool".into(), source };
        let length = file.metadata().map_err(failed)?.len();
        let mut head = Vec::with_capacity(16);
        file.by_ref().take(16).read_to_end(&mut head).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.audit_viewing(upload, reviewer.actor)?;
        Ok(Some(Viewing { file, length, media_type: media_type(&head) }))
    }

    fn audit_viewing(&self, upload: UploadId, actor: Actor) -> Result<()> {
        let monotonic = self.monotonic.now();
        {
            let mut viewed = lock(&self.viewed);
            let last = viewed.get(&(actor, upload)).copied();
            if last.is_some_and(|last| monotonic - last < VIEWING_S) {
                return Ok(());
            }
            if viewed.len() >= VIEWINGS_MAX {
                viewed.retain(|_, last| monotonic - *last < VIEWING_S);
            }
            if viewed.len() < VIEWINGS_MAX {
                viewed.insert((actor, upload), monotonic);
            }
        }
        let (at, subject) = (self.environment.now(), upload.to_string());
        let entry = AuditEntry { at, actor, action: "upload.view", subject, note: None };
        Ok(self.engine.store().add_audit(&entry)?)
    }
}

/// The media type of a file by its first bytes. Never one whose content a browser would execute.
fn media_type(head: &[u8]) -> &'static str {
    let at = |from: usize, wanted: &[u8]| head.get(from..from + wanted.len()) == Some(wanted);
    if at(4, b"ftypqt") {
        "video/quicktime"
    } else if at(4, b"ftypM4A") {
        "audio/mp4"
    } else if at(4, b"ftypavif") {
        "image/avif"
    } else if at(4, b"ftyp") {
        "video/mp4"
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        "video/webm"
    } else if at(0, b"OggS") {
        "video/ogg"
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        "image/webp"
    } else if at(0, b"RIFF") && at(8, b"AVI ") {
        "video/x-msvideo"
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        "audio/wav"
    } else if at(0, &[0xff, 0xd8, 0xff]) {
        "image/jpeg"
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if at(0, b"GIF8") {
        "image/gif"
    } else if at(0, b"ID3") {
        "audio/mpeg"
    } else if at(0, b"fLaC") {
        "audio/flac"
    } else if at(0, &[0, 0, 1, 0xba]) {
        "video/mpeg"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_a_browser_could_execute_is_served_as_an_octet_stream() {
        assert_eq!(media_type(b"\0\0\0\x20ftypisom\0\0\0\0"), "video/mp4");
        assert_eq!(media_type(&[0x1a, 0x45, 0xdf, 0xa3, 1]), "video/webm");
        for other in [&b"<html><script>"[..], b"<svg xmlns=", b"%PDF-1.7", b"", b"RIFF"] {
            assert_eq!(media_type(other), "application/octet-stream");
        }
    }
}
