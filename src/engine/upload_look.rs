//! An upload as a moderator looks at it: its bytes for the player, and key pictures where the player cannot show it. And
//! a file that was only brought along to be compared.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::engine::spool::NAME;
use crate::engine::uploads::Uploads;
use crate::engine::{Arriving, Effort, Error, Report, Result};
use crate::media::{self, Plan, Sampling};
use crate::model::{Actor, Frame, UploadId};
use crate::store::AuditEntry;

/// Key pictures of an upload.
const PICTURES: usize = 12;
/// Their long side, pixels.
const PICTURE_LONG_SIDE: u32 = 480;

/// The bytes of an upload that are still here.
#[derive(Debug)]
pub struct UploadFile {
    pub file: File,
    pub size: u64,
    pub kind: FileKind,
}

/// What the first bytes of a file announce, as far as browsers care. Nothing else is ever told of it: what a sender
/// says that a file is does not make it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Mp4,
    Webm,
    Ogg,
    Jpeg,
    Png,
    Gif,
    Webp,
    /// Something that browsers do not play.
    Other,
}

impl FileKind {
    fn of(head: &[u8]) -> FileKind {
        match head {
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => FileKind::Mp4,
            [0x1a, 0x45, 0xdf, 0xa3, ..] => FileKind::Webm,
            [b'O', b'g', b'g', b'S', ..] => FileKind::Ogg,
            [0xff, 0xd8, 0xff, ..] => FileKind::Jpeg,
            [0x89, b'P', b'N', b'G', ..] => FileKind::Png,
            [b'G', b'I', b'F', b'8', ..] => FileKind::Gif,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => FileKind::Webp,
            _ => FileKind::Other,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            FileKind::Mp4 => "video/mp4",
            FileKind::Webm => "video/webm",
            FileKind::Ogg => "video/ogg",
            FileKind::Jpeg => "image/jpeg",
            FileKind::Png => "image/png",
            FileKind::Gif => "image/gif",
            FileKind::Webp => "image/webp",
            FileKind::Other => "application/octet-stream",
        }
    }

    /// A picture, which does not play.
    pub fn is_still(self) -> bool {
        matches!(self, FileKind::Jpeg | FileKind::Png | FileKind::Gif | FileKind::Webp)
    }
}

/// A picture out of an upload, grey.
#[derive(Debug, Clone)]
pub struct KeyPicture {
    pub time_s: f64,
    pub jpeg: Vec<u8>,
}

impl Uploads {
    /// The bytes of an upload; `None` when they are not here any more, or not yet.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn file(&self, id: UploadId) -> Result<Option<UploadFile>> {
        let Some(file) = self.spool.read(id)? else { return Ok(None) };
        let failed = |source| Error::File { path: NAME.into(), source };
        let size = file.metadata().map_err(failed)?.len();
        let mut head = [0; 16];
        let length = file.read_at(&mut head, 0).map_err(failed)?;
        Ok(Some(UploadFile { file, size, kind: FileKind::of(&head[..length]) }))
    }

    /// Key pictures of an upload, spread over its length; fewer, or none, of what cannot be decoded. Takes as long as a
    /// decode. `None` when the bytes are not here any more.
    ///
    /// # Errors
    /// The store's or the disk's refusal; no worker can be started.
    pub fn pictures(&self, id: UploadId) -> Result<Option<Vec<KeyPicture>>> {
        let (Some(upload), Some(file)) = (self.engine.store.upload(id)?, self.spool.read(id)?)
        else {
            return Ok(None);
        };
        let duration_s = upload.decision.and_then(|decision| decision.duration_s);
        let sampling = match duration_s {
            Some(seconds) if seconds > 0.0 => {
                let fps = (PICTURES as f64 / seconds).clamp(0.01, 4.0);
                Sampling::Every { fps: fps as f32 }
            }
            _ => Sampling::IntraOnly,
        };
        let plan = Plan { sampling, long_side: PICTURE_LONG_SIDE, ..Plan::thorough() };
        let mut pictures = Vec::new();
        let mut take = |frame: Frame| {
            let picture = media::jpeg(&frame.luma);
            let time_s = f64::from(frame.time_s);
            pictures.extend(picture.map(|jpeg| KeyPicture { time_s, jpeg }));
            if pictures.len() < PICTURES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        match media::decode(&file, &plan, &self.engine.options.media, &mut take) {
            // What came before the file broke off is shown.
            Ok(_) | Err(media::Error::Cancelled) => {}
            Err(error) if crate::engine::look::is_ours(&error) => {
                return Err(Error::Media { path: NAME.into(), source: error });
            }
            Err(_) => {}
        }
        Ok(Some(pictures))
    }

    /// Which tombstones a file matches that somebody brought along: it is looked at and dropped, and becomes no upload.
    ///
    /// # Errors
    /// As `check`; the store's refusal.
    pub fn compare(&self, arrived: Arriving, actor: Actor) -> Result<Report> {
        let id = arrived.id();
        let entry = AuditEntry {
            at: self.outside.now(),
            actor,
            action: "tombstone.compare",
            subject: "a file that was brought along".to_owned(),
            note: None,
        };
        self.engine.store.add_audit(&entry)?;
        let report = self.engine.check(&self.spool.path(id), None, Effort::Thorough);
        drop(arrived);
        report.map_err(|error| match error {
            Error::File { source, .. } => Error::File { path: Path::new(NAME).into(), source },
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_bytes_say_what_a_file_is() {
        assert_eq!(FileKind::of(b"\0\0\0\x20ftypisom").media_type(), "video/mp4");
        assert_eq!(FileKind::of(b"\x1a\x45\xdf\xa3\x01").media_type(), "video/webm");
        assert!(FileKind::of(b"\x89PNG\r\n\x1a\n").is_still());
        for other in [&b"<svg onload=alert(1)>"[..], b"<html>", b"", b"%PDF"] {
            assert_eq!(FileKind::of(other).media_type(), "application/octet-stream");
        }
    }
}
