//! Webhook subscriptions and their secrets.
//!
//! [`create`] has the view of a subscription that the others return.

pub mod change;
pub mod create;
pub mod list;
pub mod remove;
pub mod resend;
pub mod rotate;
pub mod show;
