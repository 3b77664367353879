//! Deletions over HTTP, on the real service: what the platform's button, its pages and proxies, its viewers and the
//! person who asked for the deletion meet. What happens within is tested in `deletion`, with a clock that can be turned.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says so when it is skipped"
)]

#[path = "support/bytes.rs"]
mod bytes;
#[path = "support/pictures.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod pictures;
#[path = "support/sandbox.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod sandbox;
#[path = "support/servers.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod servers;
#[path = "support/service.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod service;
#[path = "support/varnish.rs"]
mod varnish;

#[path = "deletions_http/bad_input.rs"]
mod bad_input;
#[path = "deletions_http/deadlines.rs"]
mod deadlines;
#[path = "deletions_http/endpoints.rs"]
mod endpoints;
#[path = "deletions_http/killed.rs"]
mod killed;
#[path = "deletions_http/load.rs"]
mod load;
#[path = "deletions_http/pages.rs"]
mod pages;
#[path = "deletions_http/platform.rs"]
mod platform;
#[path = "deletions_http/proxies.rs"]
mod proxies;
#[path = "deletions_http/stuck.rs"]
mod stuck;
