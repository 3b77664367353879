//! Cenotaph recognises re-uploads of deleted videos.
pub mod fingerprint;
pub mod model;
pub mod store;
