//! The parent's side: starts the fork server when it is first needed or when the last one has died, requests workers
//! from it, and holds a handle on each.

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

use crate::media::fork_server::{ARGUMENTS_BYTES_MAX, DESCRIPTORS, NOTICE_BYTES, Notice};

/// Time for the server to reap a killed worker. It takes longer only when the kernel is stuck.
const REAP_GRACE: Duration = Duration::from_millis(500);

/// The server that forks the next worker, and the program that it runs.
static CURRENT: Mutex<Option<(PathBuf, Arc<ForkServer>)>> = Mutex::new(None);

/// A started worker and the read ends of its pipes.
pub struct Forked {
    pub handle: WorkerHandle,
    pub stdout: PipeReader,
    pub stderr: PipeReader,
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited,
    Signalled(i32),
}

/// Starts a worker that reads `file`; waits for it no longer than `limit`.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] when the server does not answer within `limit`, [`io::ErrorKind::BrokenPipe`] when a
/// second server dies too; otherwise the error of starting the server, or the one with which it refused.
pub fn fork(
    program: &Path,
    arguments: &[String],
    file: &File,
    limit: Duration,
) -> io::Result<Forked> {
    let server = current(program)?;
    match server.request(arguments, file, limit) {
        Err(Refusal::Dead) => {
            // Most likely something killed it since the last decode. If its successor dies too, the program is at
            // fault.
            retire(&server);
            let server = current(program)?;
            server.request(arguments, file, limit).map_err(|refusal| {
                retire(&server);
                refusal.into()
            })
        }
        Err(Refusal::TimedOut) => {
            retire(&server);
            Err(Refusal::TimedOut.into())
        }
        outcome => outcome.map_err(io::Error::from),
    }
}

/// Ends this process's fork server once no decode uses it. The next decode starts another.
///
/// Call it at the end of a program: it leaves no process behind, and the CPU time of the workers is counted among that
/// of the program's children.
pub fn shut_down() {
    let last = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(last);
}

/// The server that runs `program`; starts one when there is none.
fn current(program: &Path) -> io::Result<Arc<ForkServer>> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, server)) = current.as_ref().filter(|(runs, _)| runs == program) {
        return Ok(server.clone());
    }
    let server = Arc::new(ForkServer::start(program)?);
    let former = current.replace((program.to_owned(), server.clone()));
    // Ending the former server may take a while; other threads need not wait for that.
    drop(current);
    drop(former);
    Ok(server)
}

/// Requests no further workers from `server`. It ends when the last of its workers' handles is dropped.
fn retire(server: &Arc<ForkServer>) {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    let former = current.take_if(|(_, other)| Arc::ptr_eq(other, server));
    drop(current);
    drop(former);
}

/// Why no worker was started.
enum Refusal {
    /// The server has died.
    Dead,
    /// The server did not answer in time.
    TimedOut,
    Other(io::Error),
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Dead => io::ErrorKind::BrokenPipe.into(),
            Refusal::TimedOut => io::ErrorKind::TimedOut.into(),
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
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Refusal::Dead,
            errno => Refusal::Other(errno.into()),
        }
    }
}

/// A running fork server. Dropping this kills and reaps the process.
struct ForkServer {
    control: OwnedFd,
    process: Child,
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        // Each worker's handle holds the server, so it has no workers left, or one that could not be reaped in time and
        // dies with the server. Killing fails only when the server has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ForkServer {
    fn start(program: &Path) -> io::Result<Self> {
        let (control, theirs) = pair()?;
        // In a process group of its own: a Ctrl-C reaches the parent only, which may want to finish its current work.
        let process = Command::new(program)
            .arg0("cenotaph")
            .arg("fork-server")
            .env_clear()
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(ForkServer { control, process })
    }

    fn request(
        self: &Arc<Self>,
        arguments: &[String],
        file: &File,
        limit: Duration,
    ) -> Result<Forked, Refusal> {
        let (stdout, their_stdout) = io::pipe()?;
        let (stderr, their_stderr) = io::pipe()?;
        let (socket, their_socket) = pair()?;
        let arguments = arguments.join("\n");
        assert!((1..=ARGUMENTS_BYTES_MAX).contains(&arguments.len()), "arguments are numbers");
        let rights =
            [file.as_fd(), their_stdout.as_fd(), their_stderr.as_fd(), their_socket.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(
            ancillary.push(SendAncillaryMessage::ScmRights(&rights)),
            "there is space for four"
        );
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let packet = [IoSlice::new(arguments.as_bytes())];
        sendmsg(&self.control, &packet, &mut ancillary, flags)?;
        // Only the server may hold these from here on; otherwise the parent would not notice that they are closed.
        drop((their_stdout, their_stderr, their_socket));
        let handle = WorkerHandle { socket, server: self.clone(), end: None };
        match handle.notice(limit)? {
            Some(Notice::Started) => Ok(Forked { handle, stdout, stderr }),
            Some(Notice::Refused(errno)) => {
                Err(Refusal::Other(io::Error::from_raw_os_error(errno)))
            }
            Some(_) => Err(Refusal::Other(io::ErrorKind::InvalidData.into())),
            None => Err(Refusal::TimedOut),
        }
    }
}

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// A handle on one worker. Dropping it kills the worker and waits until it is reaped.
pub struct WorkerHandle {
    socket: OwnedFd,
    server: Arc<ForkServer>,
    end: Option<End>,
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        if self.end.is_none() && shutdown(&self.socket, Shutdown::Write).is_ok() {
            self.wait(REAP_GRACE);
        }
    }
}

impl WorkerHandle {
    /// Waits up to `limit` for the worker to end. When the server has died, the kernel has killed the worker too.
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

    /// Lets another server, whose address space is laid out anew, fork the next workers.
    pub fn retire_server(&self) {
        retire(&self.server);
    }

    /// The next notice; `None` when none arrives within `limit`.
    fn notice(&self, limit: Duration) -> Result<Option<Notice>, Refusal> {
        let begun = Instant::now();
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            let left = Timespec::try_from(left).map_err(|_| Refusal::TimedOut)?;
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&left)) {
                Err(Errno::INTR) => continue,
                Ok(0) => return Ok(None),
                outcome => outcome?,
            };
            let mut bytes = [0; NOTICE_BYTES];
            return match recv(&self.socket, &mut bytes, RecvFlags::DONTWAIT) {
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(errno) => Err(errno.into()),
                Ok((_, 0)) => Err(Refusal::Dead),
                Ok((_, length)) => Notice::from_bytes(&bytes[..length.min(NOTICE_BYTES)])
                    .map(Some)
                    .ok_or(Refusal::Other(io::ErrorKind::InvalidData.into())),
            };
        }
    }
}
