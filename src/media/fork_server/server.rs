//! The server's side: receives requests, forks, reaps and notifies. It has a single thread; with more, forking would be
//! unsound.
//!
//! The loop waits in `poll` for the control socket, the workers' sockets and the workers' process descriptors. Nothing
//! in the loop blocks, so that no worker waits for another.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, getppid, pidfd_open, pidfd_send_signal,
    set_parent_process_death_signal, waitid,
};

use crate::media::fork_server::{ARGUMENTS_BYTES_MAX, DESCRIPTORS, Notice};
use crate::media::worker;

/// Entry point of `cenotaph fork-server`, which [`decode`](crate::media::decode) starts with the control socket as
/// stdin; not for people.
///
/// Exit codes: 0 when the control socket was closed, 2 when stdin is no such socket.
pub fn main() -> ExitCode {
    close_inherited();
    let control = rustix::stdio::stdin();
    let may_fork = is_single_threaded();
    let mut workers: Vec<ForkedWorker> = Vec::new();
    let code = loop {
        let Ok(is_requested) = wait(control, &mut workers) else {
            break 2;
        };
        if !is_requested {
            continue;
        }
        match receive(control) {
            Ok(Message::Request(request)) if may_fork => workers = start(request, workers),
            Ok(Message::Request(request)) => {
                notify(&request.socket, Notice::Refused(libc::ENOTSUP));
            }
            Ok(Message::Malformed) => {}
            Ok(Message::End) => break 0,
            Err(_) => break 2,
        }
    };
    for worker in &workers {
        worker.kill();
    }
    for worker in &workers {
        // Blocks until the worker has ended: process 1 of a container, which would inherit it, might never reap it.
        let _ = worker.reap();
    }
    ExitCode::from(code)
}

/// Whether forking is sound: in the child only the forking thread continues, and a lock that another thread held would
/// stay locked for ever. Libraries of another build may have started threads when they were loaded.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

/// Closes the descriptors that the parent process left open.
#[expect(unsafe_code, reason = "close_range has no safe wrapper in the standard library")]
fn close_inherited() {
    // SAFETY: nothing in this process owns a descriptor from 3 on yet. A kernel without the call (before 5.9) leaves
    // them open, which is no worse than in a spawned worker.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// A running worker.
struct ForkedWorker {
    process: OwnedFd,
    socket: OwnedFd,
    /// The parent has closed its end of the socket, and the worker has been sent the signal.
    is_killed: bool,
}

impl ForkedWorker {
    fn kill(&self) {
        // Fails only when the worker has ended already.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Waits for the worker to end.
    fn reap(&self) -> rustix::io::Result<Notice> {
        loop {
            match waitid(WaitId::PidFd(self.process.as_fd()), WaitIdOptions::EXITED) {
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
                Ok(None) => return Err(Errno::CHILD),
                Ok(Some(status)) => {
                    let exited = status.exit_status().map(Notice::Exited);
                    let signalled = status.terminating_signal().map(Notice::Signalled);
                    return exited.or(signalled).ok_or(Errno::INVAL);
                }
            }
        }
    }
}

/// Sends the parent a notice. A parent that no longer listens misses it.
fn notify(socket: &OwnedFd, notice: Notice) {
    let _ = send(socket, &notice.to_bytes(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
}

/// Waits for an event, reaps and kills workers accordingly, and returns whether the control socket is ready.
fn wait(control: BorrowedFd<'_>, workers: &mut Vec<ForkedWorker>) -> rustix::io::Result<bool> {
    let mut watched = vec![PollFd::from_borrowed_fd(control, PollFlags::IN)];
    for worker in &*workers {
        watched.push(PollFd::new(&worker.process, PollFlags::IN));
        // A closed socket stays ready. To keep this from spinning until the worker has ended, the process is watched
        // twice instead.
        let other = if worker.is_killed { &worker.process } else { &worker.socket };
        watched.push(PollFd::new(other, PollFlags::IN));
    }
    match poll(&mut watched, None) {
        Err(Errno::INTR) => return Ok(false),
        outcome => outcome?,
    };
    let ready: Vec<bool> = watched.iter().map(|one| !one.revents().is_empty()).collect();
    drop(watched);
    let (of_workers, _) = ready[1..].as_chunks::<2>();
    let mut of_workers = of_workers.iter();
    workers.retain_mut(|worker| {
        let [has_ended, is_closed] = *of_workers.next().expect("each worker is watched twice");
        if has_ended {
            if let Ok(notice) = worker.reap() {
                notify(&worker.socket, notice);
            }
        } else if is_closed {
            worker.kill();
            worker.is_killed = true;
        }
        !has_ended
    });
    Ok(ready[0])
}

/// One packet of the control socket.
enum Message {
    Request(Request),
    Malformed,
    End,
}

/// A request for a worker.
struct Request {
    arguments: String,
    file: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    socket: OwnedFd,
}

fn receive(control: BorrowedFd<'_>) -> rustix::io::Result<Message> {
    let mut bytes = [0; ARGUMENTS_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = match recvmsg(control, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags)
    {
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Message::Malformed),
        outcome => outcome?,
    };
    if received.bytes == 0 {
        return Ok(Message::End);
    }
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let whole = !received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    let arguments = str::from_utf8(&bytes[..received.bytes]).ok().filter(|_| whole);
    let descriptors = <[OwnedFd; DESCRIPTORS]>::try_from(descriptors);
    let (Some(arguments), Ok([file, stdout, stderr, socket])) = (arguments, descriptors) else {
        return Ok(Message::Malformed);
    };
    Ok(Message::Request(Request { arguments: arguments.to_owned(), file, stdout, stderr, socket }))
}

/// Forks a worker, notifies the parent, and returns the workers with the new one.
fn start(request: Request, mut workers: Vec<ForkedWorker>) -> Vec<ForkedWorker> {
    let server = getpid();
    let pid = match fork() {
        Ok(Some(pid)) => pid,
        Ok(None) => run_child(request, workers, server),
        Err(errno) => {
            notify(&request.socket, Notice::Refused(errno.raw_os_error()));
            return workers;
        }
    };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => {
            notify(&request.socket, Notice::Started);
            workers.push(ForkedWorker { process, socket: request.socket, is_killed: false });
        }
        Err(errno) => {
            // Nothing else reaps, so the process id is still the child's.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
            notify(&request.socket, Notice::Refused(errno.raw_os_error()));
        }
    }
    workers
}

/// The child's process id, or `None` in the child.
#[expect(unsafe_code, reason = "fork has no safe wrapper, for it is unsound with threads")]
fn fork() -> rustix::io::Result<Option<Pid>> {
    // SAFETY: `main` forks only when this process has a single thread, and it starts no other. FFmpeg has been loaded
    // but not called yet in this process.
    let outcome = unsafe { libc::fork() };
    if outcome < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EAGAIN);
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(Pid::from_raw(outcome))
}

/// The child: takes its descriptors, closes all others, and works as a spawned worker does.
fn run_child(request: Request, workers: Vec<ForkedWorker>, server: Pid) -> ! {
    let Request { arguments, file, stdout, stderr, socket } = request;
    let set_up = || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The server may have died before the kernel knew that it matters.
        if getppid() != Some(server) {
            return Err(Errno::CHILD);
        }
        rustix::stdio::dup2_stdin(&file)?;
        rustix::stdio::dup2_stdout(&stdout)?;
        rustix::stdio::dup2_stderr(&stderr)
    };
    let ready = set_up().is_ok();
    drop((file, stdout, stderr, socket, workers));
    // A panic must not unwind into the server's loop; its message has been printed to stderr already.
    let work = || worker::run(arguments.lines().map(str::to_owned));
    let code = if ready { std::panic::catch_unwind(work).unwrap_or(101) } else { 2 };
    std::process::exit(code.into())
}
