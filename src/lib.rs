//! Cenotaph recognises re-uploads of deleted videos.
pub mod fingerprint;
pub mod index;
pub mod model;
