//! Users of the review pages.

pub mod change;
pub mod create;
pub mod list;
