//! Cenotaph recognises re-uploads of deleted videos.
pub mod fingerprint;
pub mod media;
pub mod model;
