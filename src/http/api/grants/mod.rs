//! Standing permissions for an uploader to re-upload a deleted video.

pub mod create;
pub mod list;
pub mod revoke;
