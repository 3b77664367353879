//! The service under load, as a client on the same machine sees it.
//!
//!     cargo bench --bench service [-- --dir DIR] [overhead] [burst] [restart]
//!
//! - `overhead`: the time of the upload hook beyond decoding and searching, with 10 000 tombstones: the time that the
//!   client measures, minus the decode and search times in the service's own metrics. Every upload has different bytes.
//! - `burst`: 200 concurrent uploads of a 5 MB clip: whether one is lost, and the memory of the service with its workers.
//! - `restart`: the time until `/readyz` succeeds, with 100 000 tombstones.
//!
//! Tombstones are synthetic (30 s each), with the statistics of real ones, as in `index_scale`.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

mod clip;
mod measure;
#[path = "../index_scale/model.rs"]
#[allow(dead_code, reason = "a part of another bench")]
mod model;
#[path = "../index_scale/row.rs"]
mod row;
mod serve;
mod tombstones;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let at = arguments.iter().position(|a| a == "--dir");
    let dir = at.and_then(|at| arguments.get(at + 1)).map(PathBuf::from);
    let named = |name: &str| arguments.iter().any(|a| a == name);
    let wanted =
        |name: &str| named(name) || !["overhead", "burst", "restart"].iter().any(|n| named(n));
    let work = match &dir {
        Some(dir) => tempfile::tempdir_in(dir).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    println!("{}", measure::machine());
    println!();
    println!("| | measured | bar |");
    println!("|---|---|---|");
    if wanted("overhead") {
        measure::overhead(&work.path().join("overhead"));
    }
    if wanted("burst") {
        measure::burst(&work.path().join("burst"));
    }
    if wanted("restart") {
        measure::restart(&work.path().join("restart"));
    }
}
