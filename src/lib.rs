//! Cenotaph recognises re-uploads of deleted videos, and erases every stored copy of a video.
//!
//! **An upload.** [`media`] decodes the untrusted file in a separate process into timed luma frames. [`fingerprint`]
//! turns the frames into keyed hashes. [`index`] finds the tombstones that share some of them. [`matching`] aligns
//! these candidates and scores the evidence. [`engine`] reaches the verdict, records it in the [`store`], and opens a
//! case for moderators where policy requires one.
//!
//! **A deletion.** [`engine`] hides the video, creates its tombstone and executes the plan of [`erasure`], which
//! decides each next step. [`remote`] erases the copies in file systems, object stores, caches and on other platforms.
//! A signed receipt remains.
//!
//! [`http`] serves both as an API and as pages for moderators; [`cli`] offers them as commands. [`config`] reads
//! settings and keys. [`model`] defines the types that all rooms share, [`wire`] those that leave the process as JSON.
//! [`pools`] bounds blocking work, and [`cpu`] selects the code for the processor.
//!
//! Each module is a *room*. A room may use only the rooms listed before it below, which `tests/tidy.rs` checks.

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
