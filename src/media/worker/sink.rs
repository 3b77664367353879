//! The stream of records to the parent, and the reasons to end it early.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use crate::media::protocol::{Record, Refusal, Writer};

/// Longest time between two records of a working worker.
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// Why the worker stops before the end of the file.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file is at fault; the parent receives the reason.
    Refused(Refusal),
    /// The parent has closed the pipe.
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

/// Sends records to the parent.
pub(super) struct Sink {
    writer: Writer<File>,
    last: Instant,
}

impl Sink {
    /// Starts the stream of records on `out`.
    pub fn new(out: File) -> io::Result<Self> {
        Ok(Sink { writer: Writer::new(out)?, last: Instant::now() })
    }

    pub fn send(&mut self, record: &Record) -> io::Result<()> {
        self.writer.write(record)?;
        self.last = Instant::now();
        Ok(())
    }

    /// Sends a sign of life when the last record is old.
    pub fn keep_alive(&mut self) -> io::Result<()> {
        if self.last.elapsed() >= ALIVE_EVERY { self.send(&Record::Alive) } else { Ok(()) }
    }
}
