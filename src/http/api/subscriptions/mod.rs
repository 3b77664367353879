//! Webhook subscriptions and their secrets.
//!
//! [`create::SubscriptionView`] is the subscription that the other endpoints return.

pub mod change;
pub mod create;
pub mod list;
pub mod remove;
pub mod resend;
pub mod rotate;
pub mod show;
