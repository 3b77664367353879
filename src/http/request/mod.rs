//! Requests as typed values, within limits.
//!
//! [`sender`] is where a request came from; [`extract`] reads bodies, paths and queries; [`paging`] and [`times`] are
//! parameters that several endpoints share; [`receive`] streams an upload into the spool.

pub mod extract;
pub mod paging;
pub mod receive;
pub mod sender;
pub mod times;
