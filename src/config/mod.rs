//! Settings and keys, at the edge of the program.
//!
//! [`EnvironmentVariables::read`] takes the variables; [`Settings::load`] puts the settings file, variables and flags
//! together, checks them, and makes the options of each room. [`Keys`] loads the two secrets, or creates them before the
//! first tombstone. Other rooms get the resulting values and never see this room.
//!
//! Each setting is declared once, in `sections`; `setting` explains the notation, `forms` has the kinds of values,
//! `draft` the fields that they set, `typed` what the user wrote, and `document` writes the example file and the
//! reference.

mod document;
mod draft;
mod environment;
mod error;
mod forms;
mod keys;
mod receipt_key;
mod sections;
mod setting;
mod settings;
mod typed;

pub use document::{example, reference};
pub use draft::{Format, Level, Log};
pub use environment::EnvironmentVariables;
pub use error::{Error, Fault, Result};
pub use keys::{FINGERPRINT_KEY_FILE, IDENTITY_KEY_FILE, Keys, KeysMade, system_entropy};
pub use receipt_key::{RECEIPT_KEY_FILE, receipt_key};
pub use settings::{CONFIG_FILE, Flags, InForce, Settings};
