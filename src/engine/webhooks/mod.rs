//! Events for subscribers: subscriptions, and the outbox that delivers to them.

pub mod outbox;
pub mod subscriptions;
