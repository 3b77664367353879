//! The audit log: who changed what, newest first.

pub mod list;
