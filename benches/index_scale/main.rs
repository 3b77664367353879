//! The index at scale: build, open, search and change it with 10 000 to a million tombstones of 30 s.
//!
//!     cargo bench --bench index_scale -- --tombstones 10000,100000 [--dir DIR] [--keep] [--uploads 60]
//!         [--clips CLIPS.tsv --truth TRUTH.jsonl [--step 7]] [--whole]
//!     cargo bench --bench index_scale -- --estimate CLIPS.tsv > benches/index_scale/hashes.txt
//!
//! Tombstones are synthetic: 15 keyframes × 24 keypoints and 37 frames, with the hashes of `model`. An upload has 30
//! keyframes × 250 keypoints and 120 frames, and re-uploads one tombstone: 24 places in each keyframe are the tombstone's;
//! a quarter of them keep their hash, with each bit flipped with a probability of 6/64, and the others have another hash.
//!
//! - `--keep` reuses an index of the right size in the folder instead of building one.
//! - `--clips` files real deleted clips among the synthetic ones and searches for real edited re-uploads: the recall that
//!   matters.
//! - `--whole` also stores the tombstones' fingerprints, and times the whole answer: search, load, judge (see `whole`).
//!
//! Times are CPU times of one thread, so that a busy machine does not distort them. Every index is searched once before,
//! so that its blocks are checked.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

mod clips;
mod estimate;
mod model;
mod row;
mod scale;
mod whole;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    if let Some(clips) = value("--estimate") {
        return estimate::estimate(&PathBuf::from(clips));
    }
    let sizes = value("--tombstones").unwrap_or("10000".into());
    let sizes = sizes.split(',').map(|n| n.parse().expect("a number of tombstones")).collect();
    scale::run(&scale::Plan {
        sizes,
        dir: value("--dir").map_or_else(std::env::temp_dir, PathBuf::from),
        keep: arguments.iter().any(|a| a == "--keep"),
        whole: arguments.iter().any(|a| a == "--whole"),
        uploads: value("--uploads").map_or(60, |n| n.parse().expect("a number of uploads")),
        clips: value("--clips").map(PathBuf::from),
        truth: value("--truth").map(PathBuf::from),
        step: value("--step").map_or(7, |n| n.parse().expect("a step")),
    });
}
