//! The parent's side: starts the nursery when it is first needed or the last one is gone, asks it for workers, and
//! holds their leashes.

use std::fs::File;
use std::io::{self, IoSlice, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown,
    SocketFlags, SocketType, recv, sendmsg, shutdown, socketpair,
};

use crate::media::nursery::{ARGUMENTS_BYTES_MAX, DESCRIPTORS, NOTICE_BYTES, Notice};

/// A worker that was killed gets this long to be reaped; more only when the kernel is stuck.
const REAP_GRACE: Duration = Duration::from_millis(500);

/// The nursery that bears the next worker, and the program that it runs.
static CURRENT: Mutex<Option<(PathBuf, Arc<Nursery>)>> = Mutex::new(None);

/// A worker and what it says.
pub struct Newborn {
    pub leash: Leash,
    pub stdout: PipeReader,
    pub stderr: PipeReader,
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited,
    Signalled(i32),
}

/// Has a worker born that reads `file`, within `limit`.
///
/// # Errors
/// When there is none: no nursery can be started, it refuses, or it does not answer.
pub fn fork(
    program: &Path,
    arguments: &[String],
    file: &File,
    limit: Duration,
) -> io::Result<Newborn> {
    let nursery = current(program)?;
    match nursery.ask(arguments, file, limit) {
        Err(Refusal::Gone) => {
            // It was killed since the last decode, most likely. Another one that goes too is a fault of the program's.
            retire(&nursery);
            let nursery = current(program)?;
            nursery.ask(arguments, file, limit).map_err(|refusal| {
                retire(&nursery);
                refusal.into()
            })
        }
        Err(Refusal::Silent) => {
            retire(&nursery);
            Err(Refusal::Silent.into())
        }
        outcome => outcome.map_err(io::Error::from),
    }
}

/// Ends this process's nursery, when nothing is being decoded; the next decode starts another.
///
/// For the end of a program: the times of what it started are then known to whoever waits for it, and nothing is left.
pub fn dismiss() {
    let last = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(last);
}

/// The nursery that runs `program`; starts it when there is none.
fn current(program: &Path) -> io::Result<Arc<Nursery>> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, nursery)) = current.as_ref().filter(|(runs, _)| runs == program) {
        return Ok(nursery.clone());
    }
    let nursery = Arc::new(Nursery::start(program)?);
    let former = current.replace((program.to_owned(), nursery.clone()));
    // Its end may take a while, which others need not wait for.
    drop(current);
    drop(former);
    Ok(nursery)
}

/// Lets it bear no further workers; it ends when the last one's leash does.
fn retire(nursery: &Arc<Nursery>) {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    let former = current.take_if(|(_, other)| Arc::ptr_eq(other, nursery));
    drop(current);
    drop(former);
}

/// Why there is no worker.
enum Refusal {
    /// The nursery has died.
    Gone,
    /// It said nothing in time.
    Silent,
    Other(io::Error),
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone => io::ErrorKind::BrokenPipe.into(),
            Refusal::Silent => io::ErrorKind::TimedOut.into(),
            Refusal::Other(cause) => cause,
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(cause: io::Error) -> Self {
        Refusal::Other(cause)
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Refusal::Gone,
            errno => Refusal::Other(errno.into()),
        }
    }
}

/// A running nursery; dropping it kills and reaps it.
struct Nursery {
    control: OwnedFd,
    program: Child,
}

impl Drop for Nursery {
    fn drop(&mut self) {
        // Each worker's leash holds the nursery, so it has none left; one that could not be reaped in time dies with it.
        // Fails only when it has ended already.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Nursery {
    fn start(program: &Path) -> io::Result<Self> {
        let (control, theirs) = pair()?;
        // A process group of its own: a Ctrl-C is for the parent, which may want to finish what is under way.
        let program = Command::new(program)
            .arg0("cenotaph")
            .arg("nursery")
            .env_clear()
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Nursery { control, program })
    }

    fn ask(
        self: &Arc<Self>,
        arguments: &[String],
        file: &File,
        limit: Duration,
    ) -> Result<Newborn, Refusal> {
        let (stdout, their_stdout) = io::pipe()?;
        let (stderr, their_stderr) = io::pipe()?;
        let (socket, their_end) = pair()?;
        let arguments = arguments.join("\n");
        assert!((1..=ARGUMENTS_BYTES_MAX).contains(&arguments.len()), "arguments are numbers");
        let rights = [file.as_fd(), their_stdout.as_fd(), their_stderr.as_fd(), their_end.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&rights)), "the space is for four");
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let packet = [IoSlice::new(arguments.as_bytes())];
        sendmsg(&self.control, &packet, &mut ancillary, flags)?;
        // From here on only the nursery has them, or their ends would not be seen.
        drop((their_stdout, their_stderr, their_end));
        let leash = Leash { socket, nursery: self.clone(), end: None };
        match leash.notice(limit)? {
            Some(Notice::Started) => Ok(Newborn { leash, stdout, stderr }),
            Some(Notice::Refused(errno)) => {
                Err(Refusal::Other(io::Error::from_raw_os_error(errno)))
            }
            Some(_) => Err(Refusal::Other(io::ErrorKind::InvalidData.into())),
            None => Err(Refusal::Silent),
        }
    }
}

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// The hold on one worker; dropping it kills the worker and waits until it is reaped.
pub struct Leash {
    socket: OwnedFd,
    nursery: Arc<Nursery>,
    end: Option<End>,
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.end.is_none() && shutdown(&self.socket, Shutdown::Write).is_ok() {
            self.wait(REAP_GRACE);
        }
    }
}

impl Leash {
    /// Waits for the worker's end, for `limit` at most. A nursery that died took its workers with it.
    pub fn wait(&mut self, limit: Duration) -> Option<End> {
        if self.end.is_none() {
            self.end = match self.notice(limit) {
                Ok(Some(Notice::Exited(_))) => Some(End::Exited),
                Ok(Some(Notice::Signalled(signal))) => Some(End::Signalled(signal)),
                Ok(Some(Notice::Started | Notice::Refused(_))) | Ok(None) => None,
                Err(_) => Some(End::Signalled(libc::SIGKILL)),
            };
        }
        self.end
    }

    /// Has the next workers born by another nursery, whose address space is laid out anew.
    pub fn retire_nursery(&self) {
        retire(&self.nursery);
    }

    /// The next notice; `None` when there is none within `limit`.
    fn notice(&self, limit: Duration) -> Result<Option<Notice>, Refusal> {
        let begun = Instant::now();
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            let left = Timespec::try_from(left).map_err(|_| Refusal::Silent)?;
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&left)) {
                Err(Errno::INTR) => continue,
                Ok(0) => return Ok(None),
                outcome => outcome?,
            };
            let mut bytes = [0; NOTICE_BYTES];
            return match recv(&self.socket, &mut bytes, RecvFlags::DONTWAIT) {
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(errno) => Err(errno.into()),
                Ok((_, 0)) => Err(Refusal::Gone),
                Ok((_, length)) => Notice::from_bytes(&bytes[..length.min(NOTICE_BYTES)])
                    .map(Some)
                    .ok_or(Refusal::Other(io::ErrorKind::InvalidData.into())),
            };
        }
    }
}
