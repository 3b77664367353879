//! Deletions from the request to the receipt, on real files and against real servers: S3 over HTTP, Varnish, callbacks.
//!
//! What needs a program that is not there (`varnishd`) says so and passes; `make test` installs them.

#[path = "support/world.rs"]
mod world;

#[path = "deletion/stages.rs"]
mod stages;
