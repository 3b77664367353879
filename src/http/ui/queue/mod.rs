//! The queue: [`page`] lists cases, [`query`] is its filter, [`events`] updates the counts, [`bulk`] acts on many
//! cases.

pub mod bulk;
pub mod events;
pub mod page;
pub mod query;
