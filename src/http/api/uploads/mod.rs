//! Uploads: send one, follow it to its verdict, appeal.

pub mod appeal;
pub mod bytes;
pub mod create;
pub mod list;
pub mod show;
