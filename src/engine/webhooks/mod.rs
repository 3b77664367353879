//! Webhooks: subscriptions to events, and the outbox that delivers them.
//!
//! The transaction that causes an event also stores one delivery per subscription. The outbox then sends each delivery
//! until the receiver acknowledges it or the retries are used up (a *dead letter*, which can be resent).
//!
//! - Delivery is at least once and unordered: receivers deduplicate by the event's id.
//! - An event is redacted for its subscriber when it is sent. One that cannot be redacted is never sent.
//! - A hanging receiver delays only its own deliveries.

mod outbox;
mod subscriptions;

pub use outbox::{Options, Outbox, OutboxParts, attend_outbox};
pub use subscriptions::{NewSubscription, SubscriptionPatch, SubscriptionShown};
