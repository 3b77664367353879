//! One worker process: its start, its pipes, its time limits and its end.
//!
//! Reading waits in `poll` for the worker's stdout and stderr, no longer than the nearer of the two limits (silence and
//! total time), so that neither a silent nor a chatty worker can hold the caller. Time that the caller spends on a
//! frame does not count against the worker. Dropping a [`Worker`] kills the process and waits until it is reaped, on
//! every path out of a decode.

use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::media::fork_server::{self, End, WorkerHandle};
use crate::media::options::{Start, Task};
use crate::media::{Error, Failure, Limit, Options};

/// Bytes of stderr that are kept; the rest is read and dropped.
const STDERR_BYTES_MAX: usize = 4096;
/// Time for a worker that has closed its stdout to exit by itself, so that its exit status can be read.
const EXIT_GRACE: Duration = Duration::from_millis(500);
/// Interval at which a spawned worker's exit status is polled.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A running worker.
pub(super) struct Worker {
    body: Body,
    stdout: PipeReader,
    stderr: Option<PipeReader>,
    /// The first bytes of stderr.
    messages: Vec<u8>,
    /// Time spent waiting for the worker.
    waited: Duration,
    silence_max: Duration,
    total_max: Duration,
}

/// The handle on the process. Dropping either variant kills and reaps the process.
enum Body {
    Forked(WorkerHandle),
    Spawned(Spawned),
}

impl Worker {
    /// Starts a worker that reads `file`.
    ///
    /// # Errors
    /// [`Failure::NotStarted`] when the process cannot be started.
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
            messages: Vec::new(),
            waited: begun.elapsed(),
            silence_max,
            total_max: seconds(options.decode_timeout_s),
        })
    }

    /// Time spent waiting for the worker so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Reads from the worker's stdout into `piece` and returns the number of bytes, 0 at the end of stdout.
    ///
    /// # Errors
    /// [`Limit::WallTime`] when the total time is used up, [`Failure::Hung`] after too long a silence,
    /// [`Error::Unreadable`] when the pipe cannot be read.
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
            let ready =
                poll_pipes(Some(&self.stdout), self.stderr.as_ref(), left.min(silence_left));
            let taken = begun.elapsed();
            self.waited += taken;
            silent += taken;
            let ready = ready.map_err(Error::Unreadable)?;
            if ready.stderr {
                self.read_stderr();
            }
            if ready.stdout {
                match self.stdout.read(piece) {
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    outcome => return outcome.map_err(Error::Unreadable),
                }
            }
        }
    }

    /// Keeps the beginning of stderr. Reads beyond it too, so that the worker does not block.
    fn read_stderr(&mut self) {
        let mut piece = [0; 1024];
        let read = self.stderr.as_mut().map_or(Ok(0), |stderr| stderr.read(&mut piece));
        match read {
            Ok(0) | Err(_) => self.stderr = None,
            Ok(length) => {
                let room = STDERR_BYTES_MAX.saturating_sub(self.messages.len());
                self.messages.extend_from_slice(&piece[..length.min(room)]);
            }
        }
    }

    /// The reason why stdout ended without a last record.
    pub fn failure(mut self) -> Error {
        let begun = Instant::now();
        let left = || EXIT_GRACE.saturating_sub(begun.elapsed());
        // The worker may print more before it exits; stderr is closed when it does.
        while self.stderr.is_some() && !left().is_zero() {
            if poll_pipes(None, self.stderr.as_ref(), left()).is_ok_and(|ready| ready.stderr) {
                self.read_stderr();
            }
        }
        let end = match &mut self.body {
            Body::Forked(handle) => handle.wait(left()),
            Body::Spawned(child) => child.wait(left()),
        };
        let Some(end) = end else {
            return failed(Failure::Hung);
        };
        let cause = failure_of(end, &self.messages);
        if let (Body::Forked(handle), Error::WorkerFailed { how: Failure::Crashed }) =
            (&self.body, &cause)
        {
            handle.retire_server();
        }
        cause
    }
}

fn failed(how: Failure) -> Error {
    Error::WorkerFailed { how }
}

fn failure_of(end: End, messages: &[u8]) -> Error {
    // The standard library prints this before it aborts for lack of memory.
    let out_of_memory = b"memory allocation of";
    if messages.windows(out_of_memory.len()).any(|window| window == out_of_memory) {
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
    let forked = fork_server::fork(&options.worker_exe, &task.to_arguments(), file, limit)?;
    Ok((Body::Forked(forked.handle), forked.stdout, forked.stderr))
}

/// A worker that runs as a program of its own.
struct Spawned(Child);

fn spawn(
    file: &File,
    task: &Task,
    options: &Options,
) -> io::Result<(Body, PipeReader, PipeReader)> {
    let (stdout, their_stdout) = io::pipe()?;
    let (stderr, their_stderr) = io::pipe()?;
    // The worker limits itself before it reads a byte of the file. Without a `pre_exec` hook for that, the standard
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
        // Fails only when the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Spawned {
    /// Waits up to `limit` for the process to end.
    fn wait(&mut self, limit: Duration) -> Option<End> {
        let begun = Instant::now();
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => {
                    return Some(status.signal().map_or(End::Exited, End::Signalled));
                }
                Ok(None) if begun.elapsed() < limit => std::thread::sleep(EXIT_POLL_INTERVAL),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// Which pipes have something to read or are closed.
struct Ready {
    stdout: bool,
    stderr: bool,
}

/// Waits up to `limit` until one of the pipes is ready.
fn poll_pipes(
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
