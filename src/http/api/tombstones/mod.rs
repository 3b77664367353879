//! Tombstones: list them, list the uploads that they block, retire them, reverse their verdicts.

pub mod blocks;
pub mod list;
pub mod retire;
pub mod reverse;
pub mod show;
