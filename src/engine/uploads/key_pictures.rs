//! Key pictures of an upload, for browsers that cannot play it; and the comparison of a file that does not become an
//! upload.

use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::decoding::Effort;
use crate::engine::error::{Error, Result};
use crate::engine::uploads::Arriving;
use crate::engine::uploads::Uploads;
use crate::engine::uploads::spool::NAME;
use crate::media::{self, Plan, Sampling};
use crate::model::{Actor, AuditEntry, Frame, Report, UploadId};

/// Key pictures of an upload.
const PICTURES: usize = 12;
/// Their long side, pixels.
const PICTURE_LONG_SIDE: u32 = 480;

/// A greyscale picture of an upload.
#[derive(Debug, Clone)]
pub struct KeyPicture {
    /// Position in the upload, seconds.
    pub time_s: f64,
    pub jpeg: Vec<u8>,
}

impl Uploads {
    /// Up to twelve pictures spread over an upload's duration; fewer when it decodes only in part. Takes as long as a
    /// decode. `None` when the upload is unknown or its bytes are gone.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::File`] when the spool cannot be read; [`Error::Media`]
    /// when no decoder can be started.
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
            // Keep the pictures decoded so far.
            Ok(_) | Err(media::Error::Cancelled) => {}
            Err(error) if crate::engine::decoding::is_ours(&error) => {
                return Err(Error::Media { path: NAME.into(), source: error });
            }
            Err(_) => {}
        }
        Ok(Some(pictures))
    }

    /// Checks a file against the tombstones without accepting it as an upload. Removes the file afterwards.
    ///
    /// # Errors
    /// As [`Engine::check`](crate::engine::Engine::check); [`Error::Store`] when the audit log cannot be written.
    pub fn compare(&self, arrived: Arriving, actor: Actor) -> Result<Report> {
        let id = arrived.id();
        let entry = AuditEntry {
            at: self.environment.now(),
            actor,
            action: "tombstone.compare",
            subject: "a file sent for comparison".to_owned(),
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
