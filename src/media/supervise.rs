//! The parent's side of a decode: starts a worker, reads its records, keeps the time limits, buries it.
//!
//! The loop waits in `poll` for the worker's stdout and stderr, never longer than the nearer of the two limits
//! (silence, total), so that neither a silent nor a chatty worker can hold the caller. `Worker` kills and reaps in
//! its `Drop`, which covers every way out. Time that the caller spends on a frame is not the worker's and does not
//! count.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::media::options::Task;
use crate::media::protocol::{Reader, Record};
use crate::media::{Error, Failure, Item, Limit, Options, Plan, Summary};
use crate::model::Frame;

/// Bytes of stderr that are looked at; the rest is read and dropped.
const STDERR_BYTES_MAX: usize = 4096;
/// Read from the pipe at once: what a pipe holds by default.
const READ_BYTES: usize = 1 << 16;
/// A worker that closed its stdout gets this long to end by itself, so that its exit status can be told.
const EXIT_GRACE: Duration = Duration::from_millis(500);

/// Decodes a video in a worker process and hands each sampled frame to `on_frame`, in order of time.
///
/// Frames have a long side of exactly `plan.long_side`, full range, turned as a player shows them. Frames that were
/// handed out before an error remain valid. The file's own offset is neither used nor moved; several decodes may share
/// one `File`.
///
/// # Errors
/// See `Error`; `Cancelled` when `on_frame` breaks.
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

/// The same, with the sound when the plan asks for it.
///
/// # Errors
/// As `decode`.
///
/// # Panics
/// When the plan's values lie outside their documented ranges: a bug of the caller.
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
        // The worker reads at positions, which only regular files allow.
        return Err(Error::Unreadable(io::ErrorKind::InvalidInput.into()));
    }
    // A handle opened for writing only would otherwise look like a broken file.
    std::os::unix::fs::FileExt::read_at(file, &mut [0], 0).map_err(Error::Unreadable)?;

    let mut worker = Worker::start(file, &task, options)?;
    let mut ledger = Ledger::new(&task);
    let mut reader = Reader::new(plan.long_side);
    let mut piece = vec![0; READ_BYTES];
    loop {
        let length = worker.read(&mut piece, options)?;
        if length == 0 {
            return Err(worker.autopsy());
        }
        reader.push(&piece[..length]);
        while let Some(record) = reader.next().map_err(|_| failed(Failure::Garbled))? {
            match record {
                Record::Alive => ledger.alive(worker.waited)?,
                Record::Failure(refusal) => return Err(refusal.into_error()),
                Record::End(summary) => {
                    return Ok(Summary { frames_sent: ledger.frames, ..summary });
                }
                Record::Frame(frame) => {
                    ledger.frame(&frame)?;
                    stop_on_break(on_item(Item::Frame(frame)))?;
                }
                Record::Sound(chunk) => {
                    ledger.sound(chunk.samples.len())?;
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

/// What the worker has sent so far, against what it may send.
struct Ledger {
    frames: u64,
    frames_max: u64,
    last_time_s: f32,
    time_s_max: f64,
    samples: u64,
    samples_max: u64,
    alives: u64,
}

impl Ledger {
    fn new(task: &Task) -> Self {
        // Sound may reach beyond the last frame.
        let seconds = (task.duration_s_max + 60.0).min(1e9);
        let rate = match task.plan.sound {
            crate::media::Sound::On => f64::from(crate::media::SOUND_RATE_HZ),
            crate::media::Sound::Off => 0.0,
        };
        Ledger {
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
        // An empty chunk counts too, or it could be sent for ever.
        if samples == 0 || self.samples > self.samples_max {
            return Err(failed(Failure::Flooded));
        }
        Ok(())
    }

    /// One sign of life a second is meant; ten are tolerated.
    fn alive(&mut self, waited: Duration) -> Result<(), Error> {
        self.alives += 1;
        if self.alives > 100 + 10 * waited.as_secs() {
            return Err(failed(Failure::Flooded));
        }
        Ok(())
    }
}

/// A running worker; dropping it kills and reaps it.
struct Worker {
    child: Child,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    complaints: Vec<u8>,
    /// Time spent waiting for it.
    waited: Duration,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn start(file: &File, task: &Task, options: &Options) -> Result<Self, Error> {
        let input = file.try_clone().map_err(Error::Unreadable)?;
        // No `pre_exec`: the worker limits itself before it reads a byte of the file, and without it the standard
        // library uses posix_spawn, whose cost does not grow with the parent's memory.
        let mut child = Command::new(&options.worker_exe)
            .arg0("cenotaph")
            .arg("worker")
            .args(task.to_arguments())
            .env_clear()
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| failed(Failure::NotStarted(cause)))?;
        let stdout = child.stdout.take().expect("stdout was piped above");
        let stderr = child.stderr.take();
        Ok(Worker { child, stdout, stderr, complaints: Vec::new(), waited: Duration::ZERO })
    }

    /// Reads what the worker wrote; 0 at its end.
    fn read(&mut self, piece: &mut [u8], options: &Options) -> Result<usize, Error> {
        let silence_max = Duration::from_secs_f64(options.stall_timeout_s.clamp(0.0, 1e9));
        let total_max = Duration::from_secs_f64(options.decode_timeout_s.clamp(0.0, 1e9));
        let mut silent = Duration::ZERO;
        loop {
            let Some(left) = total_max.checked_sub(self.waited).filter(|left| !left.is_zero())
            else {
                return Err(Error::LimitReached { which: Limit::WallTime });
            };
            let Some(silence_left) = silence_max.checked_sub(silent).filter(|left| !left.is_zero())
            else {
                return Err(failed(Failure::Hung));
            };
            let begun = Instant::now();
            let ready = wait(&self.stdout, self.stderr.as_ref(), left.min(silence_left));
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
    fn autopsy(mut self) -> Error {
        let begun = Instant::now();
        while begun.elapsed() < EXIT_GRACE {
            if self.stderr.is_some() {
                let pause = Duration::from_millis(1);
                if wait(&self.stdout, self.stderr.as_ref(), pause).is_ok_and(|ready| ready.stderr) {
                    self.hear_complaints();
                    continue;
                }
            }
            match self.child.try_wait() {
                Ok(Some(status)) => return cause_of_death(status, &self.complaints),
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => break,
            }
        }
        failed(Failure::Hung)
    }
}

fn cause_of_death(status: ExitStatus, complaints: &[u8]) -> Error {
    // What the standard library prints before it aborts for lack of memory.
    let starved = b"memory allocation of";
    if complaints.windows(starved.len()).any(|window| window == starved) {
        return Error::LimitReached { which: Limit::Memory };
    }
    match status.signal() {
        Some(libc::SIGXCPU) => Error::LimitReached { which: Limit::CpuTime },
        Some(libc::SIGKILL | libc::SIGTERM | libc::SIGINT) => failed(Failure::Killed),
        _ => failed(Failure::Crashed),
    }
}

/// Which pipes have something to read (or have ended).
struct Ready {
    stdout: bool,
    stderr: bool,
}

/// Waits until one of the pipes is ready, or for `limit`.
#[expect(unsafe_code, reason = "poll has no safe wrapper in the standard library")]
fn wait(stdout: &ChildStdout, stderr: Option<&ChildStderr>, limit: Duration) -> io::Result<Ready> {
    let watch = |fd: i32| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // A negative descriptor is ignored by poll.
    let mut fds = [watch(stdout.as_raw_fd()), watch(stderr.map_or(-1, AsRawFd::as_raw_fd))];
    // Rounded up, so that the last fraction of a millisecond is not spent spinning.
    let limit_ms = i32::try_from(limit.as_millis() + 1).unwrap_or(i32::MAX);
    // SAFETY: `fds` is an array of two initialised pollfd that lives across the call, and 2 is its length.
    let count = unsafe { libc::poll(fds.as_mut_ptr(), 2, limit_ms) };
    if count < 0 {
        let cause = io::Error::last_os_error();
        if cause.kind() != io::ErrorKind::Interrupted {
            return Err(cause);
        }
        return Ok(Ready { stdout: false, stderr: false });
    }
    Ok(Ready { stdout: fds[0].revents != 0, stderr: fds[1].revents != 0 })
}
