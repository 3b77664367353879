//! Resource limits that the worker sets on itself before it reads the file. A sandbox (landlock, seccomp) belongs here
//! too: `apply` runs after the last step that needs a permission and before the first untrusted byte.

use std::io;

use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};

use crate::media::options::Task;

/// Open descriptors: the three standard ones, two duplicates, and a few that libraries open temporarily.
const DESCRIPTORS_MAX: u64 = 16;

/// Sets the resource limits. They are irrevocable, because the hard limits are lowered too.
///
/// Each worker limits itself. The fork server has only the limits that it inherited, a forked process starts with no
/// CPU time used, and a spawned one has run nothing but the loader, which is trusted code.
pub(super) fn apply(task: &Task) -> io::Result<()> {
    // The signal comes when the thread that forked or spawned this process ends: the fork server's only one, or the
    // caller of `decode`, which waits. If it has ended already, the first write to the pipe fails.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The soft limit raises SIGXCPU, from which the parent learns the cause; the hard limit kills.
    limit(Resource::Cpu, task.cpu_s_max, task.cpu_s_max.saturating_add(2))?;
    limit(Resource::As, task.memory_bytes_max, task.memory_bytes_max)?;
    // RLIMIT_FSIZE does not apply to the pipe that the records go to.
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, DESCRIPTORS_MAX, DESCRIPTORS_MAX)
}

fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    // An inherited limit may be stricter, and stays. `None` means no limit.
    let hard = getrlimit(resource).maximum.map_or(hard, |inherited| hard.min(inherited));
    let wanted = Rlimit { current: Some(soft.min(hard)), maximum: Some(hard) };
    Ok(setrlimit(resource, wanted)?)
}
