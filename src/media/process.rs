//! One worker process: how it comes to be, its pipes, its time, its end.
//!
//! Reading waits in `poll` for the worker's stdout and stderr, never longer than the nearer of the two limits (silence,
//! total), so that neither a silent nor a chatty worker can hold the caller. Dropping a `Worker` kills it and waits
//! until it is reaped, which covers every way out. Time that the caller spends on a frame is not the worker's and does
//! not count.

use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::media::nursery::{self, End, Leash};
use crate::media::options::{Start, Task};
use crate::media::{Error, Failure, Limit, Options};

/// Bytes of stderr that are looked at; the rest is read and dropped.
const STDERR_BYTES_MAX: usize = 4096;
/// A worker that closed its stdout gets this long to end by itself, so that its exit status can be told.
const EXIT_GRACE: Duration = Duration::from_millis(500);
/// How often a spawned worker is asked whether it has ended.
const EXIT_LOOK: Duration = Duration::from_millis(1);

/// A running worker.
pub(super) struct Worker {
    body: Body,
    stdout: PipeReader,
    stderr: Option<PipeReader>,
    complaints: Vec<u8>,
    /// Time spent waiting for it.
    waited: Duration,
    silence_max: Duration,
    total_max: Duration,
}

/// What the process hangs on; dropping either kills and reaps it.
enum Body {
    Forked(Leash),
    Spawned(Spawned),
}

impl Worker {
    pub fn start(file: &File, task: &Task, options: &Options) -> Result<Self, Error> {
        let seconds = |value: f64| Duration::from_secs_f64(value.clamp(0.0, 1e9));
        let silence_max = seconds(options.stall_timeout_s);
        let begun = Instant::now();
        let (body, stdout, stderr) = match options.start {
            Start::Forked => fork(file, task, options, silence_max),
            Start::Spawned => spawn(file, task, options),
        }
        .map_err(|cause| failed(Failure::NotStarted(cause)))?;
        Ok(Worker {
            body,
            stdout,
            stderr: Some(stderr),
            complaints: Vec::new(),
            waited: begun.elapsed(),
            silence_max,
            total_max: seconds(options.decode_timeout_s),
        })
    }

    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Reads what the worker wrote; 0 at its end.
    pub fn read(&mut self, piece: &mut [u8]) -> Result<usize, Error> {
        let mut silent = Duration::ZERO;
        loop {
            let Some(left) = self.total_max.checked_sub(self.waited).filter(|left| !left.is_zero())
            else {
                return Err(Error::LimitReached { which: Limit::WallTime });
            };
            let Some(silence_left) =
                self.silence_max.checked_sub(silent).filter(|left| !left.is_zero())
            else {
                return Err(failed(Failure::Hung));
            };
            let begun = Instant::now();
            let ready = wait(Some(&self.stdout), self.stderr.as_ref(), left.min(silence_left));
            let taken = begun.elapsed();
            self.waited += taken;
            silent += taken;
            let ready = ready.map_err(Error::Unreadable)?;
            if ready.stderr {
                self.hear_complaints();
            }
            if ready.stdout {
                match self.stdout.read(piece) {
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    outcome => return outcome.map_err(Error::Unreadable),
                }
            }
        }
    }

    /// Keeps the beginning of stderr; reads on beyond it, so that the worker does not block.
    fn hear_complaints(&mut self) {
        let mut piece = [0; 1024];
        let read = self.stderr.as_mut().map_or(Ok(0), |stderr| stderr.read(&mut piece));
        match read {
            Ok(0) | Err(_) => self.stderr = None,
            Ok(length) => {
                let room = STDERR_BYTES_MAX.saturating_sub(self.complaints.len());
                self.complaints.extend_from_slice(&piece[..length.min(room)]);
            }
        }
    }

    /// Why stdout ended without a last record.
    pub fn autopsy(mut self) -> Error {
        let begun = Instant::now();
        let left = || EXIT_GRACE.saturating_sub(begun.elapsed());
        // It may have more to say before it ends, and stderr ends with it at the latest.
        while self.stderr.is_some() && !left().is_zero() {
            if wait(None, self.stderr.as_ref(), left()).is_ok_and(|ready| ready.stderr) {
                self.hear_complaints();
            }
        }
        let end = match &mut self.body {
            Body::Forked(leash) => leash.wait(left()),
            Body::Spawned(child) => child.wait(left()),
        };
        let Some(end) = end else {
            return failed(Failure::Hung);
        };
        let cause = cause_of_death(end, &self.complaints);
        if let (Body::Forked(leash), Error::WorkerFailed { how: Failure::Crashed }) =
            (&self.body, &cause)
        {
            leash.retire_nursery();
        }
        cause
    }
}

fn failed(how: Failure) -> Error {
    Error::WorkerFailed { how }
}

fn cause_of_death(end: End, complaints: &[u8]) -> Error {
    // What the standard library prints before it aborts for lack of memory.
    let starved = b"memory allocation of";
    if complaints.windows(starved.len()).any(|window| window == starved) {
        return Error::LimitReached { which: Limit::Memory };
    }
    match end {
        End::Signalled(libc::SIGXCPU) => Error::LimitReached { which: Limit::CpuTime },
        End::Signalled(libc::SIGKILL | libc::SIGTERM | libc::SIGINT) => failed(Failure::Killed),
        End::Signalled(_) | End::Exited => failed(Failure::Crashed),
    }
}

fn fork(
    file: &File,
    task: &Task,
    options: &Options,
    limit: Duration,
) -> io::Result<(Body, PipeReader, PipeReader)> {
    let born = nursery::fork(&options.worker_exe, &task.to_arguments(), file, limit)?;
    Ok((Body::Forked(born.leash), born.stdout, born.stderr))
}

/// A worker that was started as a program of its own.
struct Spawned(Child);

fn spawn(
    file: &File,
    task: &Task,
    options: &Options,
) -> io::Result<(Body, PipeReader, PipeReader)> {
    let (stdout, their_stdout) = io::pipe()?;
    let (stderr, their_stderr) = io::pipe()?;
    // No `pre_exec`: the worker limits itself before it reads a byte of the file, and without it the standard
    // library uses posix_spawn, whose cost does not grow with the parent's memory.
    let child = Command::new(&options.worker_exe)
        .arg0("cenotaph")
        .arg("worker")
        .args(task.to_arguments())
        .env_clear()
        .stdin(Stdio::from(file.try_clone()?))
        .stdout(their_stdout)
        .stderr(their_stderr)
        .spawn()?;
    Ok((Body::Spawned(Spawned(child)), stdout, stderr))
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Spawned {
    /// Waits for its end, for `limit` at most.
    fn wait(&mut self, limit: Duration) -> Option<End> {
        let begun = Instant::now();
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => {
                    return Some(status.signal().map_or(End::Exited, End::Signalled));
                }
                Ok(None) if begun.elapsed() < limit => std::thread::sleep(EXIT_LOOK),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// Which pipes have something to read (or have ended).
struct Ready {
    stdout: bool,
    stderr: bool,
}

/// Waits until one of the pipes is ready, or for `limit`.
fn wait(
    stdout: Option<&PipeReader>,
    stderr: Option<&PipeReader>,
    limit: Duration,
) -> io::Result<Ready> {
    let watch = |pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN);
    let mut watched: Vec<PollFd<'_>> =
        [stdout, stderr].into_iter().flatten().map(|pipe| watch(pipe.as_fd())).collect();
    let limit = Timespec::try_from(limit).map_err(|_| io::ErrorKind::InvalidInput)?;
    match poll(&mut watched, Some(&limit)) {
        Err(Errno::INTR) => return Ok(Ready { stdout: false, stderr: false }),
        outcome => outcome?,
    };
    let mut ready = watched.iter().map(|one| !one.revents().is_empty());
    let mut next = |watched: bool| watched && ready.next() == Some(true);
    Ok(Ready { stdout: next(stdout.is_some()), stderr: next(stderr.is_some()) })
}
