//! From a file to its digest, and to the print of an upload or the fingerprint of a deleted video.
//!
//! [`look`] opens the file and sends it to a decoding worker; the parser of untrusted bytes never runs in this process.
//! [`print_cache`] saves the decode when the same bytes arrive again. [`walk()`] expands folders to the files in them.
//!
//! A fault in the file is part of the result of an upload's decode. Only a fault on our side is an error.

mod look;
mod print_cache;
mod walk;

pub use look::Effort;
pub(in crate::engine) use look::{DeletedLook, Look, damage_words, is_ours, open};
pub(in crate::engine) use print_cache::Prints;
pub use walk::{Walked, walk};
