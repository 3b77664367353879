//! Settings, once, at the edge: what the environment and flags say, and where the deployment's keys lie.
//!
//! Flow: `EnvironmentVariables::read` takes the few variables that are paths; `file` is what `cenotaph.toml` may say;
//! `Settings::load` puts file, variables and flags together, validates, and makes the options of each room of it;
//! `Keys` loads the two secrets, or makes them before the first tombstone. Other rooms get the resulting values and
//! never see this one.

mod deletions;
mod environment;
mod error;
pub mod file;
mod keys;
mod receipt_key;
mod remote;
mod review;
mod settings;

pub use environment::EnvironmentVariables;
pub use error::{Error, Result};
pub use keys::{FINGERPRINT_KEY_FILE, IDENTITY_KEY_FILE, Keys, KeysMade, system_entropy};
pub use receipt_key::{RECEIPT_KEY_FILE, receipt_key};
pub use settings::{CONFIG_FILE, Flags, Settings};

/// The settings' file with every setting explained.
pub const EXAMPLE: &str = include_str!("example.toml");
