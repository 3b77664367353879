//! The endpoints of the API, by resource and verb: `cases/claim.rs` has `POST /v1/cases/{id}/claim`.
//!
//! Each file has one endpoint, or one and its opposite: the shape of its input, the handler, the shape of its answer. A
//! handler calls one method of the engine. A file may use others of its resource; no resource uses another.

pub mod audit;
pub mod cases;
pub mod deletions;
pub mod deliveries;
pub mod grants;
pub mod keys;
pub mod retained;
pub mod service;
pub mod stretches;
pub mod subscriptions;
pub mod tombstones;
pub mod uploads;
pub mod users;
pub mod visibility;
