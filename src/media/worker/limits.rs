//! What the worker takes from itself before it reads the file. A sandbox proper (landlock, seccomp) belongs here too:
//! `apply` runs after the last thing that needs a right and before the first untrusted byte.

use std::io;

use crate::media::options::Task;

/// Descriptors: the three standard ones, their two duplicates, and a few that libraries open in passing.
const DESCRIPTORS_MAX: u64 = 16;

/// Sets the resource limits; irrevocable, since the hard limits go down too.
///
/// The parent does not do it between fork and exec, because the loader runs trusted code only and posix_spawn is
/// cheaper than fork for a parent with a large index.
pub(super) fn apply(task: &Task) -> io::Result<()> {
    die_with_parent()?;
    // The soft limit raises SIGXCPU, by which the parent tells the cause; the hard one kills.
    limit(libc::RLIMIT_CPU, task.cpu_s_max, task.cpu_s_max.saturating_add(2))?;
    limit(libc::RLIMIT_AS, task.memory_bytes_max, task.memory_bytes_max)?;
    // The records go to a pipe, to which RLIMIT_FSIZE does not apply.
    limit(libc::RLIMIT_FSIZE, 0, 0)?;
    limit(libc::RLIMIT_CORE, 0, 0)?;
    limit(libc::RLIMIT_NOFILE, DESCRIPTORS_MAX, DESCRIPTORS_MAX)
}

#[expect(unsafe_code, reason = "prctl has no safe wrapper in the standard library")]
fn die_with_parent() -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes one integer and touches no memory of ours. A parent that died before this call is
    // noticed at the first write to the pipe.
    let outcome = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "setrlimit has no safe wrapper in the standard library")]
fn limit(resource: libc::__rlimit_resource_t, soft: u64, hard: u64) -> io::Result<()> {
    let mut current = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `current` is a valid rlimit that lives across the call.
    if unsafe { libc::getrlimit(resource, &mut current) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // A limit inherited from outside may be stricter; it stays.
    let hard = hard.min(current.rlim_max);
    let wanted = libc::rlimit { rlim_cur: soft.min(hard), rlim_max: hard };
    // SAFETY: `wanted` is a valid rlimit that lives across the call.
    if unsafe { libc::setrlimit(resource, &wanted) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
