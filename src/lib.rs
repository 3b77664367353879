//! Cenotaph recognises re-uploads of deleted videos.
pub mod fingerprint;
pub mod matching;
pub mod model;
