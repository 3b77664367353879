//! The database itself: the data folder and its lock, connections, schema, transactions, group commit, errors.
//!
//! Flow: [`Folder`] finds or creates the data folder and takes the writer's lock; `connection` opens SQLite and
//! upgrades the schema; [`Store`] hands out transactions: `read` for one snapshot, `write` for a transaction of its
//! own, `write_grouped` for one that shares its sync with those of other threads. `columns` converts values; `state`
//! keeps named values; `backup` writes a copy of the whole.
//!
//! Invariants: one writing process for each folder; one writing connection, behind a mutex; its fields are private, so
//! every other room goes through a transaction.

mod backup;
pub(super) mod columns;
pub(super) mod connection;
mod error;
mod folder;
mod group_commit;
mod state;
mod store;

pub use error::{Error, Result};
pub use folder::{DATABASE_FILE, Folder, Holder, INDEX_FOLDER, LOCK_FILE};
pub use group_commit::{Abandoned, GroupCommit};
pub use store::{Options, Store};
