//! What `examples/` shows, run as its pages say, against the real service.

mod django;
mod nginx;
mod tusd;
mod webhooks;

use std::path::{Path, PathBuf};

/// A file of the examples.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// What the programs of an example need of the test's environment.
#[expect(clippy::disallowed_methods, reason = "for the example's programs, not for ours")]
fn search_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}
