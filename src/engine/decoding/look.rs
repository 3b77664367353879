//! A file → what is looked at of it: its digest, and its print or fingerprint by way of a decoding worker.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use crate::engine::{Engine, Error, Result};
use crate::fingerprint::{Fingerprint, TombstoneBuilder, UploadBuilder, UploadPrint};
use crate::media::{self, Damage, Failure, Frames, LoopFilter, Plan, Summary};
use crate::model::{ByteDigest, Frame};

/// How much of an upload is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Effort {
    /// Intra frames; the rest only when these look suspicious.
    Fast,
    /// Four frames a second.
    #[default]
    Thorough,
}

/// What a decode gave for an upload.
pub(in crate::engine) struct Look {
    /// `None` when not one picture came out.
    pub print: Option<UploadPrint>,
    /// As far as it could be told.
    pub duration_s: Option<f64>,
    /// Why the decode ended early; the print then covers what came before.
    pub trouble: Option<media::Error>,
    pub damage: Option<Damage>,
}

/// What a decode gave for a deleted video.
pub(in crate::engine) struct DeletedLook {
    pub fingerprint: Fingerprint,
    /// The same video as an upload would show it, for comparing it with the tombstones that are there.
    pub print: UploadPrint,
    pub summary: Summary,
}

/// Opens a plain file for reading; never waits, as opening a pipe would.
pub(in crate::engine) fn open(path: &Path, bytes_max: u64) -> Result<File> {
    let unreadable = |source| Error::File { path: path.to_path_buf(), source };
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        let kind = found.file_type();
        let what = match () {
            () if kind.is_dir() => "a folder",
            () if kind.is_fifo() => "a pipe",
            () if kind.is_socket() => "a socket",
            () => "a device",
        };
        return Err(Error::NotAFile { path: path.to_path_buf(), what });
    }
    if found.len() > bytes_max {
        return Err(Error::TooLarge { path: path.to_path_buf(), bytes: found.len(), bytes_max });
    }
    // Should it have become a pipe since: opening does not wait, and `media` refuses it.
    let flags = libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)
}

impl Engine {
    /// The keyed digest of all bytes of a file.
    pub(in crate::engine) fn digest(&self, path: &Path, mut file: &File) -> Result<ByteDigest> {
        let mut digester = self.keys().identity.digester();
        let copied = io::copy(&mut file, &mut digester);
        copied.map_err(|source| Error::File { path: path.to_path_buf(), source })?;
        Ok(digester.finish())
    }

    /// Decodes an upload to its print.
    ///
    /// # Errors
    /// Only faults on this side: the file cannot be read, no worker can be started. What is wrong with the file is in
    /// the answer.
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

    /// Decodes a deleted video to its fingerprint.
    ///
    /// # Errors
    /// `Media` whenever the video could not be decoded to its end (or to where a damaged file breaks off).
    pub(in crate::engine) fn look_deleted(&self, path: &Path, file: &File) -> Result<DeletedLook> {
        // Frames that nothing refers to are a third of the work and change no other; the loop filter stays, so that a
        // tombstone shows exactly what was shown.
        let plan = Plan { frames: Frames::Referenced, ..Plan::thorough() };
        let mut builder = TombstoneBuilder::new(self.hasher());
        let summary = media::decode(file, &plan, &self.options().media, &mut |frame: Frame| {
            builder.push(frame);
            ControlFlow::Continue(())
        })
        .map_err(|source| Error::Media { path: path.to_path_buf(), source })?;
        let (fingerprint, print) = builder.finish_with_print(summary.duration_s as f32);
        Ok(DeletedLook { fingerprint, print, summary })
    }
}

/// Whether a decode failed for a reason that says nothing about the file's content.
pub(in crate::engine) fn is_ours(error: &media::Error) -> bool {
    matches!(
        error,
        media::Error::Unreadable(_)
            | media::Error::Cancelled
            | media::Error::WorkerFailed { how: Failure::NotStarted(_) }
    )
}

/// What is missing of a file, in words.
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
