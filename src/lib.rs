//! Cenotaph recognises re-uploads of deleted videos, and deletes videos for good.
//!
//! **An upload.** [`media`] decodes the untrusted file in a separate process into timed luma frames. [`fingerprint`]
//! turns the frames into keyed hashes. [`index`] finds the tombstones that share some of them. [`matching`] aligns
//! these candidates and scores the evidence. [`engine`] reaches the verdict, records it in the [`store`], and opens a
//! case for moderators where policy demands one.
//!
//! **A deletion.** [`engine`] hides the video, makes its tombstone and carries out the plan of [`erasure`], which
//! decides what to do next. [`remote`] erases copies in files, object stores, caches and on other platforms. A signed
//! receipt remains.
//!
//! [`http`] offers both as an API and as pages for moderators, [`cli`] as commands; [`config`] reads settings and keys.
//! [`model`] has the nouns that all of them share.
//!
//! Each module is a *room*. A room may use only the rooms above it in this list, which `tests/tidy.rs` checks.

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
