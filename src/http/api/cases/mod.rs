//! Cases of the review queue: list them, claim and decide them, follow what happens to them.
//!
//! [`claim::act`] applies an action to a case; [`list::CaseSelection`] has the filters that [`bulk`] and [`claim`]
//! share.

pub mod bulk;
pub mod claim;
pub mod decide;
pub mod events;
pub mod list;
pub mod pass;
pub mod show;
pub mod stats;
