//! A file becomes a print or a fingerprint: by a decoding worker, or from the cache of prints of recent uploads.

pub mod look;
pub mod print_cache;
pub mod walk;
