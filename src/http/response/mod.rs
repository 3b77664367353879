//! Responses that are streams: `ranged` sends a file or a part of it, `event_stream` sends events as they happen.

pub mod event_stream;
pub mod ranged;
