//! Around every request: [`observe`] logs and counts it, [`auth`] authenticates the caller, [`rate`] limits each key.

pub mod auth;
pub mod observe;
pub mod rate;
