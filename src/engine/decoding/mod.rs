//! A file becomes a print or a fingerprint: by a decoding worker, or from the cache of prints of recent uploads.

mod look;
mod print_cache;
mod walk;

pub use look::Effort;
pub(in crate::engine) use look::{DeletedLook, Look, damage_words, is_ours, open};
pub(in crate::engine) use print_cache::Prints;
pub use walk::{Walked, walk};
