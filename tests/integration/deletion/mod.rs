//! Deletions from the request to the receipt, on real files and against real servers: S3 over HTTP, Varnish, callbacks.
//!
//! A test whose program is not installed is skipped and listed; `make test` installs them.

mod caches;
mod callbacks;
mod forgotten;
mod stages;
mod stores;
mod versions;
