//! Health checks and metrics of the service.

pub mod health;
pub mod metrics;
