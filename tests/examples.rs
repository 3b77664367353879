//! What `examples/` shows, run as its pages say, against the real service.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says so when it is skipped"
)]

#[path = "support/pictures.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod pictures;
#[path = "support/sandbox.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod sandbox;
#[path = "support/servers.rs"]
#[expect(dead_code, reason = "other tests need other servers")]
mod servers;
#[path = "support/service.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod service;
#[path = "api/videos.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod videos;

#[path = "examples/django.rs"]
mod django;
#[path = "examples/nginx.rs"]
mod nginx;
#[path = "examples/tusd.rs"]
mod tusd;
#[path = "examples/webhooks.rs"]
mod webhooks;

use std::path::{Path, PathBuf};

/// A file of the examples.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Where an example's programs are found: nothing else of the test's environment reaches them.
#[expect(clippy::disallowed_methods, reason = "a test passes its search path on")]
fn search_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}
