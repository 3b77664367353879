//! Whether a video may be served, for one, for several, and for a reverse proxy.

pub mod batch;
pub mod gate;
pub mod show;
