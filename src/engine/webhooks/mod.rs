//! Events for subscribers: subscriptions, and the outbox that delivers to them.

mod outbox;
mod subscriptions;

pub use outbox::{Options, Outbox, OutboxParts, attend_outbox};
pub use subscriptions::{NewSubscription, SubscriptionPatch, SubscriptionShown};
