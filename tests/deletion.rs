//! Deletions from the request to the receipt, on real files and against real servers: S3 over HTTP, Varnish, callbacks.
//!
//! What needs a program that is not there says so and passes; `make test` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says so when it is skipped"
)]

#[path = "support/bytes.rs"]
mod bytes;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/varnish.rs"]
mod varnish;
#[path = "support/world.rs"]
mod world;

#[path = "deletion/caches.rs"]
mod caches;
#[path = "deletion/callbacks.rs"]
mod callbacks;
#[path = "deletion/forgotten.rs"]
mod forgotten;
#[path = "deletion/stages.rs"]
mod stages;
#[path = "deletion/stores.rs"]
mod stores;
#[path = "deletion/versions.rs"]
mod versions;
