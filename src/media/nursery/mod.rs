//! A process that bears the decode workers, so that FFmpeg's libraries are loaded once and not for every file.
//!
//! Loading some 130 shared libraries takes 42 ms of processor time, more than most of a short clip's decode. So the
//! first decode of a process starts `cenotaph nursery` (`server`), a single thread that holds the libraries and
//! nothing else: no key, no environment, no descriptor but its end of the control socket. For each file the parent
//! (`client`) sends it the worker's arguments with four descriptors, it forks, and the child goes on as
//! `cenotaph worker` does. The parent itself never forks.
//!
//! Format, both on sockets of sequenced packets:
//! 1. Parent to nursery, on the control socket: the arguments, separated by line feeds; with it, in order, the file,
//!    the write ends of stdout and stderr, and the nursery's end of this worker's leash. The end of the control
//!    socket is the end of the nursery and of all its workers.
//! 2. Nursery to parent, on the leash: notices (`Notice`), each a kind u8 and a value i32, little endian: first
//!    1 started (0) or 2 refused (the error's number); after a start, at last, 3 exited (the code) or 4 signalled
//!    (the signal). The leash ends without the last one when the nursery itself died.
//! 3. Parent to nursery, on the leash: nothing; its end has the worker killed.
//!
//! Only the nursery reaps, so that a number of a process is never used after its end. A worker asks the kernel to be
//! killed with the nursery before it reads a byte of the file.
//!
//! Forked workers share one layout of the address space, which an attacker who may crash many of them could probe
//! step by step. So a nursery one of whose workers crashed bears no further ones (`supervise` tells it), and
//! `Start::Spawned` does without it altogether.

mod client;
pub mod server;

pub use client::dismiss;
pub(super) use client::{End, Leash, fork};

/// Longest list of arguments, bytes; they are numbers and take some 200.
const ARGUMENTS_BYTES_MAX: usize = 4096;
/// The file, stdout, stderr, the leash.
const DESCRIPTORS: usize = 4;
const NOTICE_BYTES: usize = 5;

/// What the nursery says of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    Started,
    /// There is no worker, for this error's number.
    Refused(i32),
    Exited(i32),
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
    fn a_notice_survives_the_leash() {
        let notices =
            [Notice::Started, Notice::Refused(11), Notice::Exited(2), Notice::Signalled(9)];
        for notice in notices {
            assert_eq!(Notice::from_bytes(&notice.to_bytes()), Some(notice));
        }
        assert_eq!(Notice::from_bytes(&[5, 0, 0, 0, 0]), None);
        assert_eq!(Notice::from_bytes(&[1, 0, 0, 0]), None);
    }
}
