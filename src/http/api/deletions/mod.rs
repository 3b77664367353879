//! Deletions: request them, one or a whole account, and follow each to its receipt.
//!
//! [`body`] has the shapes that [`create`] and [`bulk`] share; [`show::view`] is the response of the others.

pub mod body;
pub mod bulk;
pub mod cancel;
pub mod create;
pub mod events;
pub mod list;
pub mod receipt;
pub mod retry;
pub mod show;
