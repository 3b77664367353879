//! Cenotaph recognises re-uploads of deleted videos.
//!
//! An upload's way: `media` decodes the untrusted file in a worker process to timed luma frames; `fingerprint` turns
//! them into keyed hashes; `index` finds tombstones that share some; `matching` aligns these candidates and weighs the
//! evidence; `engine` asks the `store` for fingerprints and gives the verdict; `cli` prints it.
//!
//! Rooms in order; each may use only those above it (checked by `tests/tidy.rs`).

pub mod cpu;

pub mod model;

pub mod media;

pub mod fingerprint;

pub mod index;

pub mod matching;

pub mod store;

pub mod pools;

pub mod remote;

pub mod erasure;

pub mod wire;

pub mod engine;

pub mod http;

pub mod config;

pub mod cli;
