//! What the worker takes from itself before it reads the file. A sandbox proper (landlock, seccomp) belongs here too:
//! `apply` runs after the last thing that needs a right and before the first untrusted byte.

use std::io;

use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};

use crate::media::options::Task;

/// Descriptors: the three standard ones, their two duplicates, and a few that libraries open in passing.
const DESCRIPTORS_MAX: u64 = 16;

/// Sets the resource limits; irrevocable, since the hard limits go down too.
///
/// Each worker does it for itself: the nursery that forked it has no limits but those from outside, a forked process
/// begins with no processor time spent, and one that was spawned has run the loader only, which is trusted code.
pub(super) fn apply(task: &Task) -> io::Result<()> {
    // The parent is whoever forked or spawned this process: the nursery, which has one thread, or the caller of
    // `decode`, which waits. One that died before this call is noticed at the first write to the pipe.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The soft limit raises SIGXCPU, by which the parent tells the cause; the hard one kills.
    limit(Resource::Cpu, task.cpu_s_max, task.cpu_s_max.saturating_add(2))?;
    limit(Resource::As, task.memory_bytes_max, task.memory_bytes_max)?;
    // The records go to a pipe, to which RLIMIT_FSIZE does not apply.
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, DESCRIPTORS_MAX, DESCRIPTORS_MAX)
}

fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    // A limit inherited from outside may be stricter; it stays. `None` is no limit.
    let hard = getrlimit(resource).maximum.map_or(hard, |inherited| hard.min(inherited));
    let wanted = Rlimit { current: Some(soft.min(hard)), maximum: Some(hard) };
    Ok(setrlimit(resource, wanted)?)
}
