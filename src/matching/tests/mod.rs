//! Tests of whole steps, and the made videos that all tests of this room share.
//!
//! - [`scene`] makes a deleted video and an upload of which everything is known.
//! - [`consensus`], [`timeline`], [`spans`], [`judgement`]: properties that hold whatever the thresholds.
//! - [`golden`]: the exact values of every step on fixed scenes, in `golden.json`. A change of a threshold or a table
//!   changes them; so does nothing else. They are written anew by
//!
//!   ```text
//!   CENOTAPH_BLESS=1 cargo test --lib matching::tests::golden
//!   ```
//!
//!   Read the difference before committing it.

mod consensus;
mod golden;
mod judgement;
pub mod scene;
mod spans;
mod timeline;
