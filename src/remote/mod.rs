//! Everything that leaves this machine: webhooks, purge and callback requests, object stores.
//!
//! Flow: addresses that come from outside pass `egress`, the one guard; requests go through `client`, which keeps the
//! limits; `signature` signs what others must be able to trust; `webhook` delivers events.
//!
//! Async; no SQLite, no waiting on locks. No message and no error of this room names an address: addresses tell of
//! videos.

mod client;
mod egress;
mod error;
pub mod signature;
mod webhook;

pub use egress::{Network, NotANetwork};
pub use error::{Error, Result};
pub use webhook::{Message, Webhooks};

use crate::remote::client::Client;
use crate::remote::egress::Guard;

/// Limits on every request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Making a connection, milliseconds. Default 5000.
    pub connect_timeout_ms: u64,
    /// A whole request with its answer, milliseconds. Default 30 000.
    pub request_timeout_ms: u64,
    /// Largest answer that is read, bytes. Default 1 MiB.
    pub answer_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connect_timeout_ms: 5000, request_timeout_ms: 30_000, answer_bytes_max: 1 << 20 }
    }
}

/// Settings of the room.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub limits: Limits,
    /// Networks that may be connected to beside the public ones: private, loopback, link-local. Default none.
    pub networks_allowed: Vec<Network>,
}

/// The way out. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Remote {
    webhooks: Webhooks,
}

impl Remote {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(options: &Options) -> Result<Remote> {
        let client = Client::new(Guard::new(&options.networks_allowed), &options.limits)?;
        Ok(Remote { webhooks: Webhooks { client } })
    }

    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }
}
