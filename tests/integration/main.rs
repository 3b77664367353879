//! The integration tests: one program, so that they are compiled and linked once. `cargo test --test integration api::`
//! runs those of one part.
//!
//! Three tests are programs of their own: `fork_server`, which kills processes that others need, and the small `settings`
//! and `tidy`.

#![expect(clippy::print_stdout, reason = "figures and logs of a test that fails")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

mod api;
mod bad_input;
mod cli;
mod deletion;
mod deletions_http;
mod detection;
mod examples;
mod golden;
mod index_crash;
mod index_format;
mod judgement;
mod media;
mod strength;
mod support;
mod ui;
