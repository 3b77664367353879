//! Health and metrics of the service itself.

pub mod health;
pub mod metrics;
