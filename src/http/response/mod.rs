//! Streamed responses: [`ranged`] sends a file or a range of it, [`event_stream`] sends events.

pub mod event_stream;
pub mod ranged;
