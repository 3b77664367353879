//! Whether a video may be shown: for one video, for several, and for a proxy that serves files.

pub mod batch;
pub mod gate;
pub mod show;
