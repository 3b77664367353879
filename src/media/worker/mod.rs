//! The worker process: an untrusted file on stdin, records on stdout, nothing else.
//!
//! `main` reads its arguments, limits itself (`limits`), and only then looks at the file: a still image goes to
//! `still`, anything else through `video` (with `input` for the container, `timeline` and `grid` for which frames,
//! `picture` for their luma, `sound` for sound). FFmpeg runs here and nowhere else.

mod grid;
mod input;
mod limits;
mod picture;
mod sound;
mod still;
mod timeline;
mod video;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::media::Summary;
use crate::media::options::Task;
use crate::media::protocol::{Record, Refusal, Writer};

/// Longest time between two records while the worker works.
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// Entry point of `cenotaph worker key=value …`, which `media::decode` starts; not for people.
///
/// Exit codes: 0 a last record was written, 2 bad arguments or no pipe.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(2)))
}

/// The same, in a process that exists; the exit code.
pub(super) fn run(arguments: impl Iterator<Item = String>) -> u8 {
    let done = Task::from_arguments(arguments).is_some_and(|task| work(&task).is_ok());
    if done { 0 } else { 2 }
}

/// Fails only when the parent cannot be spoken to.
fn work(task: &Task) -> io::Result<()> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    limits::apply(task)?;
    let mut sink = Sink { writer: Writer::new(out)?, last: Instant::now() };
    let last_record = match look(file, task, &mut sink) {
        Ok(summary) => Record::End(summary),
        Err(Stop::Refused(refusal)) => Record::Failure(refusal),
        Err(Stop::Pipe(cause)) => return Err(cause),
    };
    sink.send(&last_record)?;
    Ok(())
}

fn look(file: File, task: &Task, sink: &mut Sink) -> Result<Summary, Stop> {
    let length = file.metadata().map_err(|_| Refusal::Unreadable)?.len();
    if length == 0 {
        return Err(Refusal::Empty.into());
    }
    match still::format_of(&file)? {
        Some(format) => still::decode(&file, format, task, sink),
        None => video::decode(file, task, sink),
    }
}

/// Why the worker stops before the end.
#[derive(Debug)]
enum Stop {
    /// The file is at fault; the parent is told.
    Refused(Refusal),
    /// The parent is gone.
    Pipe(io::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<io::Error> for Stop {
    fn from(cause: io::Error) -> Self {
        Stop::Pipe(cause)
    }
}

/// The way to the parent.
struct Sink {
    writer: Writer<File>,
    last: Instant,
}

impl Sink {
    fn send(&mut self, record: &Record) -> io::Result<()> {
        self.writer.write(record)?;
        self.last = Instant::now();
        Ok(())
    }

    /// Says that there is progress, when nothing else was said for a while.
    fn keep_alive(&mut self) -> io::Result<()> {
        if self.last.elapsed() >= ALIVE_EVERY { self.send(&Record::Alive) } else { Ok(()) }
    }
}
