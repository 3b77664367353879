//! The worker process: reads an untrusted file from stdin and writes records to stdout.
//!
//! [`main`] reads its arguments, limits its own resources (`limits`), and only then reads the file. A still image goes
//! to `still`, anything else to `video`, which opens the container with `input`, times frames with `timeline`, selects
//! them with `grid`, converts them with `picture` and decodes sound with `sound`. All records go through `sink`. FFmpeg
//! runs only here.

mod grid;
mod input;
mod limits;
mod picture;
mod sink;
mod sound;
mod still;
mod timeline;
mod video;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use crate::media::Summary;
use crate::media::options::Task;
use crate::media::protocol::{Record, Refusal};
use crate::media::worker::sink::{Sink, Stop};

/// Entry point of `cenotaph worker key=value …`, which [`decode`](crate::media::decode) starts; not for people.
///
/// Exit codes: 0 after the last record was written, 2 for bad arguments or a closed pipe.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(2)))
}

/// The work of [`main`] on arguments from elsewhere, for a forked worker. Returns the exit code.
pub(super) fn run(arguments: impl Iterator<Item = String>) -> u8 {
    let done = Task::from_arguments(arguments).is_some_and(|task| work(&task).is_ok());
    if done { 0 } else { 2 }
}

/// Decodes stdin to stdout. Fails only when the limits cannot be set or the parent has closed the pipe.
fn work(task: &Task) -> io::Result<()> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    limits::apply(task)?;
    let mut sink = Sink::new(out)?;
    let last_record = match decode(file, task, &mut sink) {
        Ok(summary) => Record::End(summary),
        Err(Stop::Refused(refusal)) => Record::Failure(refusal),
        Err(Stop::Pipe(cause)) => return Err(cause),
    };
    sink.send(&last_record)?;
    Ok(())
}

fn decode(file: File, task: &Task, sink: &mut Sink) -> Result<Summary, Stop> {
    let length = file.metadata().map_err(|_| Refusal::Unreadable)?.len();
    if length == 0 {
        return Err(Refusal::Empty.into());
    }
    match still::format_of(&file)? {
        Some(format) => still::decode(&file, format, task, sink),
        None => video::decode(file, task, sink),
    }
}
