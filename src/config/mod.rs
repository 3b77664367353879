//! Settings, once, at the edge: what the environment and flags say, and where the deployment's keys lie.
//!
//! Flow: `Environment::read` takes the few variables we know (the only place that reads any); `keys_folder` weighs
//! them against the flag; `Keys` loads the two secrets from there, or makes them before the first tombstone. Other
//! rooms get the resulting values (`model::FingerprintKey`, `model::IdentityKey`) and never see this one.

mod environment;
mod error;
mod keys;

pub use environment::Environment;
pub use error::{Error, Result};
pub use keys::{FINGERPRINT_KEY_FILE, IDENTITY_KEY_FILE, Keys, KeysMade, system_entropy};
