//! Key pictures of an upload, where the player cannot show it; and a file that was only brought along to be compared.

use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::uploads::Uploads;
use crate::engine::uploads::spool::NAME;
use crate::engine::{Arriving, Effort, Error, Result};
use crate::media::{self, Plan, Sampling};
use crate::model::{Actor, AuditEntry, Frame, Report, UploadId};

/// Key pictures of an upload.
const PICTURES: usize = 12;
/// Their long side, pixels.
const PICTURE_LONG_SIDE: u32 = 480;

/// A picture out of an upload, grey.
#[derive(Debug, Clone)]
pub struct KeyPicture {
    pub time_s: f64,
    pub jpeg: Vec<u8>,
}

impl Uploads {
    /// Key pictures of an upload, spread over its length; fewer, or none, of what cannot be decoded. Takes as long as a
    /// decode. `None` when the bytes are not here any more.
    ///
    /// # Errors
    /// The store's or the disk's refusal; no worker can be started.
    pub fn pictures(&self, id: UploadId) -> Result<Option<Vec<KeyPicture>>> {
        let (Some(upload), Some(file)) = (self.engine.store().upload(id)?, self.spool.read(id)?)
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
        match media::decode(&file, &plan, &self.engine.options().media, &mut take) {
            // What came before the file broke off is shown.
            Ok(_) | Err(media::Error::Cancelled) => {}
            Err(error) if crate::engine::decoding::is_ours(&error) => {
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
            at: self.environment.now(),
            actor,
            action: "tombstone.compare",
            subject: "a file that was brought along".to_owned(),
            note: None,
        };
        self.engine.store().add_audit(&entry)?;
        let report = self.engine.check(&self.spool.path(id), None, Effort::Thorough);
        drop(arrived);
        report.map_err(|error| match error {
            Error::File { source, .. } => Error::File { path: Path::new(NAME).into(), source },
            other => other,
        })
    }
}
