//! Cenotaph recognises re-uploads of deleted videos.
pub mod config;
pub mod fingerprint;
pub mod model;
pub mod store;
