//! A process that forks the decode workers, so that FFmpeg's libraries are loaded once and not once per file.
//!
//! Loading some 130 shared libraries takes about 40 ms of CPU time, more than most of a short clip's decode. Therefore the
//! first decode of a process starts `cenotaph fork-server` ([`server`]), which browsers and Android call a zygote: a
//! single thread that holds the loaded libraries and nothing else, neither a key nor an environment variable, and no
//! descriptor but its end of the control socket. For each file the parent (`client`) sends the server the worker's
//! arguments with four descriptors. The server forks, and the child continues as `cenotaph worker` does. The parent
//! itself never forks.
//!
//! # Format
//! Both sockets carry sequenced packets.
//! 1. Parent to server, on the control socket: the arguments, separated by line feeds. Four descriptors come with
//!    them, in this order: the file, the write ends of stdout and stderr, and the server's end of this worker's socket.
//!    When the control socket closes, the server kills all workers and exits.
//! 2. Server to parent, on the worker's socket: notices (`Notice`), each a kind (u8) and a value (i32, little endian).
//!    The first is 1 started (0) or 2 refused (the errno). After a start, the last is 3 exited (the exit code) or
//!    4 signalled (the signal). When the socket closes without a last notice, the server itself has died.
//! 3. Parent to server, on the worker's socket: no data. When the parent closes its end, the server kills the worker.
//!
//! # Lifetimes
//! Only the server reaps workers, so no process id is used after its process has ended. Before a worker reads a byte of
//! the file, it asks the kernel to be killed when the server dies.
//!
//! # Security
//! Forked workers share one layout of the address space. An attacker who may crash many of them could probe that layout
//! step by step. Therefore a server one of whose workers has crashed is retired (by `process`) and forks no more;
//! [`Start::Spawned`](crate::media::Start::Spawned) avoids the fork server altogether.

mod client;
pub mod server;

pub use client::shut_down;
pub(super) use client::{End, WorkerHandle, fork};

/// Longest list of arguments, bytes. They are numbers and take about 200.
const ARGUMENTS_BYTES_MAX: usize = 4096;
/// The file, stdout, stderr and the worker's socket.
const DESCRIPTORS: usize = 4;
const NOTICE_BYTES: usize = 5;

/// The server's message about one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    Started,
    /// The worker could not be started; the errno.
    Refused(i32),
    /// The exit code.
    Exited(i32),
    /// The signal that ended it.
    Signalled(i32),
}

impl Notice {
    fn to_bytes(self) -> [u8; NOTICE_BYTES] {
        let (kind, value) = match self {
            Notice::Started => (1, 0),
            Notice::Refused(errno) => (2, errno),
            Notice::Exited(code) => (3, code),
            Notice::Signalled(signal) => (4, signal),
        };
        let [a, b, c, d] = value.to_le_bytes();
        [kind, a, b, c, d]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [kind, value @ ..] = *<&[u8; NOTICE_BYTES]>::try_from(bytes).ok()?;
        let value = i32::from_le_bytes(value);
        match kind {
            1 => Some(Notice::Started),
            2 => Some(Notice::Refused(value)),
            3 => Some(Notice::Exited(value)),
            4 => Some(Notice::Signalled(value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_its_bytes() {
        let notices =
            [Notice::Started, Notice::Refused(11), Notice::Exited(2), Notice::Signalled(9)];
        for notice in notices {
            assert_eq!(Notice::from_bytes(&notice.to_bytes()), Some(notice));
        }
        assert_eq!(Notice::from_bytes(&[5, 0, 0, 0, 0]), None);
        assert_eq!(Notice::from_bytes(&[1, 0, 0, 0]), None);
    }
}
