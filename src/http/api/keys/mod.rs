//! API keys: create, list, revoke.

pub mod create;
pub mod list;
pub mod revoke;
