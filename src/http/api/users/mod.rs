//! People who sign in to the pages.

pub mod change;
pub mod create;
pub mod list;
