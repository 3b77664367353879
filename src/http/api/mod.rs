//! The endpoints of the API, one file each: what is taken, the handler, what is given.

pub mod health;
pub mod keys_create;
pub mod keys_list;
pub mod keys_revoke;
pub mod metrics;
pub mod uploads_create;
pub mod uploads_list;
pub mod uploads_show;
