//! The endpoints of the API, one file each: what is taken, the handler, what is given.

pub mod audit_list;
pub mod deliveries_list;
pub mod deliveries_resend;
pub mod grants_create;
pub mod grants_list;
pub mod grants_revoke;
pub mod health;
pub mod keys_create;
pub mod keys_list;
pub mod keys_revoke;
pub mod metrics;
pub mod subscriptions_change;
pub mod subscriptions_create;
pub mod subscriptions_list;
pub mod subscriptions_remove;
pub mod subscriptions_resend;
pub mod subscriptions_rotate;
pub mod subscriptions_show;
pub mod tombstones_blocks;
pub mod tombstones_list;
pub mod tombstones_retire;
pub mod tombstones_reverse;
pub mod tombstones_show;
pub mod uploads_create;
pub mod uploads_list;
pub mod uploads_show;
