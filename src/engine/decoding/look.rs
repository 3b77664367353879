//! Reads a file: its digest, and by way of a decoding worker its print or fingerprint.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::fingerprint::{DeletedPrints, TombstoneBuilder, UploadBuilder, UploadPrint};
use crate::media::{self, Damage, Failure, Frames, LoopFilter, Plan, Summary};
use crate::model::{ByteDigest, Frame};

/// How much of an upload is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Effort {
    /// Decode intra frames only; decode thoroughly if they look suspicious. Takes about 5 % of the decoding work and
    /// misses about one re-upload in eight.
    Fast,
    /// Sample four frames per second.
    #[default]
    Thorough,
}

/// A decoded upload.
pub(in crate::engine) struct Look {
    /// `None` if no picture was decoded.
    pub print: Option<UploadPrint>,
    /// Duration, seconds; the time of the last frame if the decode ended early. `None` if no picture was decoded.
    pub duration_s: Option<f64>,
    /// Why the decode ended early. The print then covers the part before.
    pub trouble: Option<media::Error>,
    pub damage: Option<Damage>,
}

/// A decoded deleted video.
pub(in crate::engine) struct DeletedLook {
    pub prints: DeletedPrints,
    pub summary: Summary,
}

/// Opens a regular file for reading. Does not block, as opening a pipe would.
///
/// # Errors
/// - [`Error::File`] if the file cannot be opened;
/// - [`Error::NotAFile`] if it is a folder, pipe, socket or device;
/// - [`Error::TooLarge`] if it has more than `bytes_max` bytes.
pub(in crate::engine) fn open(path: &Path, bytes_max: u64) -> Result<File> {
    let unreadable = |source| Error::File { path: path.to_path_buf(), source };
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        let kind = found.file_type();
        let what = if kind.is_dir() {
            "a folder"
        } else if kind.is_fifo() {
            "a pipe"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        };
        return Err(Error::NotAFile { path: path.to_path_buf(), what });
    }
    if found.len() > bytes_max {
        return Err(Error::TooLarge { path: path.to_path_buf(), bytes: found.len(), bytes_max });
    }
    // Should the file have been replaced by a pipe since: the open does not block, and `media` refuses pipes.
    let flags = libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)
}

impl Engine {
    /// The keyed digest of all bytes of a file.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read.
    pub(in crate::engine) fn digest(&self, path: &Path, mut file: &File) -> Result<ByteDigest> {
        let mut digester = self.keys().identity.digester();
        let copied = io::copy(&mut file, &mut digester);
        copied.map_err(|source| Error::File { path: path.to_path_buf(), source })?;
        Ok(digester.finish())
    }

    /// Decodes an upload to its print. Faults in the file are part of the result.
    ///
    /// # Errors
    /// [`Error::Media`] if the file cannot be read, the decode is cancelled, or no worker can be started.
    pub(in crate::engine) fn look(&self, path: &Path, file: &File, effort: Effort) -> Result<Look> {
        let plan = match effort {
            Effort::Thorough => Plan::thorough(),
            Effort::Fast => Plan::fast(),
        };
        let plan = Plan { loop_filter: LoopFilter::Skip, frames: Frames::Referenced, ..plan };
        let mut builder = UploadBuilder::new(self.hasher());
        let mut last_s = None;
        let begun = Instant::now();
        let decoded = media::decode(file, &plan, &self.options().media, &mut |frame: Frame| {
            last_s = Some(f64::from(frame.time_s));
            builder.push(frame);
            ControlFlow::Continue(())
        });
        metrics::histogram!("cenotaph_decode_seconds").record(begun.elapsed().as_secs_f64());
        let (duration_s, damage, trouble) = match decoded {
            Ok(summary) => (Some(summary.duration_s), summary.damage, None),
            Err(error) if is_ours(&error) => {
                return Err(Error::Media { path: path.to_path_buf(), source: error });
            }
            Err(error) => (last_s, None, Some(error)),
        };
        let print = last_s.map(|_| builder.finish(duration_s.unwrap_or_default() as f32));
        Ok(Look { print, duration_s, trouble, damage })
    }

    /// Decodes a deleted video to its fingerprint and prints.
    ///
    /// # Errors
    /// [`Error::Media`] if the video cannot be decoded to its end, or to where a damaged file breaks off.
    pub(in crate::engine) fn look_deleted(&self, path: &Path, file: &File) -> Result<DeletedLook> {
        // Non-reference frames are a third of the work, and skipping them changes no other frame. The loop filter stays
        // on, so that the fingerprint is that of the pictures that viewers saw.
        let plan = Plan { frames: Frames::Referenced, ..Plan::thorough() };
        let mut builder = TombstoneBuilder::with_reencode(self.hasher());
        let summary = media::decode(file, &plan, &self.options().media, &mut |frame: Frame| {
            builder.push(frame);
            ControlFlow::Continue(())
        })
        .map_err(|source| Error::Media { path: path.to_path_buf(), source })?;
        let prints = builder.finish_with_prints(summary.duration_s as f32);
        Ok(DeletedLook { prints, summary })
    }
}

/// Whether a decode failed for a reason unrelated to the file's content.
pub(in crate::engine) fn is_ours(error: &media::Error) -> bool {
    matches!(
        error,
        media::Error::Unreadable(_)
            | media::Error::Cancelled
            | media::Error::WorkerFailed { how: Failure::NotStarted(_) }
    )
}

/// Describes the damage of a file in words.
pub(in crate::engine) fn damage_words(damage: &Damage) -> String {
    let errors = match damage.errors {
        0 => String::new(),
        1 => "1 packet could not be decoded".to_owned(),
        n => format!("{n} packets could not be decoded"),
    };
    match (damage.truncated, errors.is_empty()) {
        (true, true) => "the file ends early".to_owned(),
        (true, false) => format!("the file ends early, {errors}"),
        (false, _) => errors,
    }
}
