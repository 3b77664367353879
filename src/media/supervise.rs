//! The parent's side of a decode: starts a worker (`process`), reads its records, and enforces limits on them.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::media::options::Task;
use crate::media::process::Worker;
use crate::media::protocol::{Reader, Record};
use crate::media::{Error, Failure, Item, Options, Plan, SOUND_RATE_HZ, Sound, Summary};
use crate::model::Frame;

/// Bytes read at once: the default capacity of a pipe.
const READ_BYTES: usize = 1 << 16;

/// Decodes a video in a worker process and passes each sampled frame to `on_frame`, in order of time.
///
/// Frames are full-range luma, rotated as a player shows them, with a long side of exactly `plan.long_side`. The file's
/// own offset is neither used nor moved, so that several decodes may share one `File`.
///
/// # Errors
/// [`Error::Cancelled`] when `on_frame` returns `Break`; otherwise the variant of [`Error`] that says what failed.
/// Frames passed on before an error remain valid.
///
/// # Panics
/// When a value of `plan` lies outside its documented range.
pub fn decode(
    file: &File,
    plan: &Plan,
    options: &Options,
    on_frame: &mut dyn FnMut(Frame) -> ControlFlow<()>,
) -> Result<Summary, Error> {
    decode_items(file, plan, options, &mut |item| match item {
        Item::Frame(frame) => on_frame(frame),
        Item::Sound(_) => ControlFlow::Continue(()),
    })
}

/// As [`decode`], with the sound if `plan.sound` is [`Sound::On`].
///
/// # Errors
/// As [`decode`].
///
/// # Panics
/// As [`decode`].
pub fn decode_items(
    file: &File,
    plan: &Plan,
    options: &Options,
    on_item: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Summary, Error> {
    let task = Task::new(plan, options);
    assert!(task.is_sound(), "the plan is out of range");
    let metadata = file.metadata().map_err(Error::Unreadable)?;
    if !metadata.is_file() {
        // The worker reads at offsets, which only regular files allow.
        return Err(Error::Unreadable(io::ErrorKind::InvalidInput.into()));
    }
    // Otherwise a file opened for writing only would be reported as undecodable.
    std::os::unix::fs::FileExt::read_at(file, &mut [0], 0).map_err(Error::Unreadable)?;

    let mut worker = Worker::start(file, &task, options)?;
    let mut quota = Quota::new(&task);
    let mut reader = Reader::new(plan.long_side);
    let mut piece = vec![0; READ_BYTES];
    loop {
        let length = worker.read(&mut piece)?;
        if length == 0 {
            return Err(worker.failure());
        }
        reader.push(&piece[..length]);
        while let Some(record) = reader.next().map_err(|_| failed(Failure::Garbled))? {
            match record {
                Record::Alive => quota.alive(worker.waited())?,
                Record::Failure(refusal) => return Err(refusal.into_error()),
                Record::End(summary) => {
                    return Ok(Summary { frames_sent: quota.frames, ..summary });
                }
                Record::Frame(frame) => {
                    quota.frame(&frame)?;
                    stop_on_break(on_item(Item::Frame(frame)))?;
                }
                Record::Sound(chunk) => {
                    quota.sound(chunk.samples.len())?;
                    stop_on_break(on_item(Item::Sound(chunk)))?;
                }
            }
        }
    }
}

fn failed(how: Failure) -> Error {
    Error::WorkerFailed { how }
}

fn stop_on_break(flow: ControlFlow<()>) -> Result<(), Error> {
    if flow.is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

/// The records that the worker has sent so far, and how many it may send.
struct Quota {
    frames: u64,
    frames_max: u64,
    last_time_s: f32,
    time_s_max: f64,
    samples: u64,
    samples_max: u64,
    alives: u64,
}

impl Quota {
    fn new(task: &Task) -> Self {
        // Sound may extend beyond the last frame.
        let seconds = (task.duration_s_max + 60.0).min(1e9);
        let rate = match task.plan.sound {
            Sound::On => f64::from(SOUND_RATE_HZ),
            Sound::Off => 0.0,
        };
        Quota {
            frames: 0,
            frames_max: task.frames_max,
            last_time_s: 0.0,
            time_s_max: seconds,
            samples: 0,
            samples_max: (seconds * rate) as u64,
            alives: 0,
        }
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Error> {
        self.frames += 1;
        if self.frames > self.frames_max {
            return Err(failed(Failure::Flooded));
        }
        if frame.time_s < self.last_time_s || f64::from(frame.time_s) > self.time_s_max {
            return Err(failed(Failure::Garbled));
        }
        self.last_time_s = frame.time_s;
        Ok(())
    }

    fn sound(&mut self, samples: usize) -> Result<(), Error> {
        self.samples += samples as u64;
        // Empty chunks are refused, because any number of them would stay below the limit.
        if samples == 0 || self.samples > self.samples_max {
            return Err(failed(Failure::Flooded));
        }
        Ok(())
    }

    /// A worker sends one sign of life a second; ten are tolerated.
    fn alive(&mut self, waited: Duration) -> Result<(), Error> {
        self.alives += 1;
        if self.alives > 100 + 10 * waited.as_secs() {
            return Err(failed(Failure::Flooded));
        }
        Ok(())
    }
}
