//! The nursery's own side: receives requests, forks, reaps, tells. Single-threaded, or the fork would be unsound.
//!
//! The loop waits in `poll` for the control socket, the leashes and the handles of the processes; nothing in it
//! blocks, so that no worker waits for another.

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

use crate::media::nursery::{ARGUMENTS_BYTES_MAX, DESCRIPTORS, Notice};
use crate::media::worker;

/// Entry point of `cenotaph nursery`, which `media::decode` starts with the control socket as stdin; not for people.
///
/// Exit codes: 0 the control socket ended, 2 it is none.
pub fn main() -> ExitCode {
    close_inherited();
    let control = rustix::stdio::stdin();
    let fit = is_single_threaded();
    let mut wards: Vec<Ward> = Vec::new();
    let code = loop {
        let Ok(asked) = attend(control, &mut wards) else {
            break 2;
        };
        if !asked {
            continue;
        }
        match receive(control) {
            Ok(Message::Request(request)) if fit => wards = bear(request, wards),
            Ok(Message::Request(request)) => request.tell(Notice::Refused(libc::ENOTSUP)),
            Ok(Message::Malformed) => {}
            Ok(Message::End) => break 0,
            Err(_) => break 2,
        }
    };
    for ward in &wards {
        ward.kill();
    }
    for ward in &wards {
        // Blocks until it is gone: were it left to whoever comes next, process 1 of a container might never reap it.
        let _ = ward.reap();
    }
    ExitCode::from(code)
}

/// What libraries of another build may have done; only the thread that forks goes on in the child, and a lock that
/// another one held would stay locked for ever.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

/// Closes what whoever started us left open.
#[expect(unsafe_code, reason = "close_range has no safe wrapper in the standard library")]
fn close_inherited() {
    // SAFETY: nothing in this process owns a descriptor from 3 on yet. A kernel without the call (before 5.9) leaves
    // them as they are, which is no worse than in a worker that was spawned.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// A running worker.
struct Ward {
    process: OwnedFd,
    leash: OwnedFd,
    /// Its leash has been cut and it is being killed.
    condemned: bool,
}

impl Ward {
    fn kill(&self) {
        // Fails only when it has ended already.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Waits for its end.
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

/// Tells the parent, if it still listens.
fn tell(leash: &OwnedFd, notice: Notice) {
    let _ = send(leash, &notice.to_bytes(), SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
}

/// Waits for something to happen, sees to the workers, and says whether the control socket has something.
fn attend(control: BorrowedFd<'_>, wards: &mut Vec<Ward>) -> rustix::io::Result<bool> {
    let mut watched = vec![PollFd::from_borrowed_fd(control, PollFlags::IN)];
    for ward in &*wards {
        watched.push(PollFd::new(&ward.process, PollFlags::IN));
        // A leash that was cut stays ready; in its place the process again, or this would spin until it is gone.
        let other = if ward.condemned { &ward.process } else { &ward.leash };
        watched.push(PollFd::new(other, PollFlags::IN));
    }
    match poll(&mut watched, None) {
        Err(Errno::INTR) => return Ok(false),
        outcome => outcome?,
    };
    let ready: Vec<bool> = watched.iter().map(|one| !one.revents().is_empty()).collect();
    drop(watched);
    let mut of_wards = ready[1..].chunks_exact(2);
    wards.retain_mut(|ward| {
        let (ended, cut) = of_wards.next().map_or((false, false), |pair| (pair[0], pair[1]));
        if ended {
            if let Ok(notice) = ward.reap() {
                tell(&ward.leash, notice);
            }
        } else if cut {
            ward.kill();
            ward.condemned = true;
        }
        !ended
    });
    Ok(ready[0])
}

/// What came by the control socket.
enum Message {
    Request(Request),
    Malformed,
    End,
}

/// A worker that is asked for.
struct Request {
    arguments: String,
    file: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    leash: OwnedFd,
}

impl Request {
    fn tell(&self, notice: Notice) {
        tell(&self.leash, notice);
    }
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
    let (Some(arguments), Ok([file, stdout, stderr, leash])) = (arguments, descriptors) else {
        return Ok(Message::Malformed);
    };
    Ok(Message::Request(Request { arguments: arguments.to_owned(), file, stdout, stderr, leash }))
}

/// Forks a worker, tells its parent, and counts it among the others.
fn bear(request: Request, mut wards: Vec<Ward>) -> Vec<Ward> {
    let nursery = getpid();
    let pid = match fork() {
        Ok(Some(pid)) => pid,
        Ok(None) => live(request, wards, nursery),
        Err(errno) => {
            request.tell(Notice::Refused(errno.raw_os_error()));
            return wards;
        }
    };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => {
            request.tell(Notice::Started);
            wards.push(Ward { process, leash: request.leash, condemned: false });
        }
        Err(errno) => {
            // Nobody else reaps, so the number is still the child's.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
            request.tell(Notice::Refused(errno.raw_os_error()));
        }
    }
    wards
}

/// The child's number, or `None` in the child.
#[expect(unsafe_code, reason = "fork has no safe wrapper, for it is unsound with threads")]
fn fork() -> rustix::io::Result<Option<Pid>> {
    // SAFETY: `main` asks for no fork unless this process has one thread, and starts none. FFmpeg has not been called
    // yet in this process, only loaded.
    let outcome = unsafe { libc::fork() };
    if outcome < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EAGAIN);
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(Pid::from_raw(outcome))
}

/// The child's life: takes its descriptors, gives up all others, and works as one that was spawned.
fn live(request: Request, wards: Vec<Ward>, nursery: Pid) -> ! {
    let Request { arguments, file, stdout, stderr, leash } = request;
    let set_up = || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have died before the kernel was asked.
        if getppid() != Some(nursery) {
            return Err(Errno::CHILD);
        }
        rustix::stdio::dup2_stdin(&file)?;
        rustix::stdio::dup2_stdout(&stdout)?;
        rustix::stdio::dup2_stderr(&stderr)
    };
    let ready = set_up().is_ok();
    drop((file, stdout, stderr, leash, wards));
    // A panic must not run into the nursery's loop; its message is on stderr already.
    let work = || worker::run(arguments.lines().map(str::to_owned));
    let code = if ready { std::panic::catch_unwind(work).unwrap_or(101) } else { 2 };
    std::process::exit(code.into())
}
