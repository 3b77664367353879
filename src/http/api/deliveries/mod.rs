//! Webhook deliveries: list them, requeue one.

pub mod list;
pub mod resend;
