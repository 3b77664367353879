//! The queue: `page` lists cases, `query` is its filter as it stands in the address, `events` keeps the counts current,
//! `bulk` acts on many cases at once.

pub mod bulk;
pub mod events;
pub mod page;
pub mod query;
