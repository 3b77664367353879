//! Webhooks: who subscribes to which events, and the deliveries that are under way.
//!
//! Flow: the room that changes something calls `outbox::emit` in the same transaction, which writes the event once and
//! a delivery for each subscriber of its topic; the engine takes due deliveries, sends them, and records the outcome.
//!
//! Invariants: an event exists exactly when its change does; a delivery is sent at least once or ends as dead; without
//! a subscriber nothing is written.

pub(super) mod outbox;
mod subscriptions;

pub use outbox::{Delivery, DeliveryCounts, DeliveryOutcome, DueDelivery, NewEvent};
pub use subscriptions::{Subscription, SubscriptionChange};
