//! Uploads: submit one, get its verdict, appeal.

pub mod appeal;
pub mod bytes;
pub mod create;
pub mod list;
pub mod show;
