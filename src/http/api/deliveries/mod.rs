//! Deliveries of webhooks, and another attempt at a dead one.

pub mod list;
pub mod resend;
