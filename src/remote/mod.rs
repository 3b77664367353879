//! Everything that leaves this machine: object stores, purge and callback requests, webhooks; and local files, which
//! are a store like the others.
//!
//! Flow: `address` reads an address once; `Remote::check` says whether the settings allow it; then by its kind `files`,
//! `s3` or `objects` read or erase what is there and look again, `purge` tells caches, `callback` the platform,
//! `webhook` subscribers. Web addresses that come from outside pass `egress`, the one guard; requests go through
//! `client`, which keeps the limits; `signature` signs what others must be able to trust. Object stores are at
//! endpoints that the settings name, and need no guard.
//!
//! Async; no SQLite, no waiting on locks. No message and no error of this room names an address: addresses tell of
//! videos. Nothing here tries again by itself: when to is its caller's business.

mod address;
mod callback;
mod client;
mod egress;
mod error;
mod files;
mod objects;
mod options;
mod purge;
mod s3;
pub mod signature;
mod webhook;

use std::fs::File;
use std::io::Seek;
use std::path::Path;

pub use address::{Address, Cloud, Spellings};
pub use egress::{Network, NotANetwork};
pub use error::{Error, Result};
pub use options::{AzOptions, GsOptions, Limits, Options, PurgeRule, S3Credentials, S3Options};
pub use webhook::{Message, Webhooks};

use crate::model::CopyKind;
use crate::remote::callback::Caller;
use crate::remote::client::Client;
use crate::remote::egress::Guard;
use crate::remote::files::Files;
use crate::remote::objects::Objects;
use crate::remote::purge::Purger;
use crate::remote::s3::S3;

/// What went, and how it was looked for afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Objects with their versions, files, doors of a cache; 0: nothing was there.
    pub objects: u64,
    /// One line for the receipt.
    pub how: &'static str,
}

impl Gone {
    fn verified(objects: u64, how: &'static str) -> Gone {
        Gone { objects, how }
    }

    /// The look that found nothing is the verification.
    fn nothing() -> Gone {
        Gone { objects: 0, how: "looked for: nothing was there" }
    }
}

/// The way out. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Remote {
    files: Files,
    s3: Option<S3>,
    objects: Objects,
    purger: Purger,
    caller: Caller,
    webhooks: Webhooks,
}

impl Remote {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(options: &Options) -> Result<Remote> {
        let limits = &options.limits;
        let client = Client::new(Guard::new(&options.networks_allowed), limits)?;
        let (gs, az) = (options.gs.clone(), options.az.clone());
        Ok(Remote {
            files: Files::new(&options.file_roots, limits.objects_max),
            s3: options.s3.as_ref().map(|s3| S3::new(s3, limits, limits.objects_max)),
            objects: Objects::new(gs, az, limits, limits.objects_max),
            purger: Purger {
                doors: Client::new(Guard::open(), limits)?,
                client: client.clone(),
                rules: options.purge_rules.clone(),
            },
            caller: Caller { client: client.clone(), secrets: options.callback_secrets.clone() },
            webhooks: Webhooks { client },
        })
    }

    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Reads the address of a copy and says whether the settings allow it, as far as can be told without asking.
    ///
    /// # Errors
    /// `NotAllowed` says why not.
    pub fn check(&self, kind: CopyKind, uri: &str, prefix: bool) -> Result<Address> {
        let address = Address::parse(uri)?;
        match (&address, kind.is_object()) {
            (Address::File(path), true) => self.files.locate(path).map(drop)?,
            (Address::Object { cloud, .. }, true) => {
                let known = self.objects.has(*cloud) || (*cloud == Cloud::S3 && self.s3.is_some());
                if !known {
                    return Err(Error::not_allowed(
                        "the settings name no object store of this scheme",
                    ));
                }
            }
            (Address::Web(url), false) => self.purger.client.check(url)?,
            (_, true) => {
                return Err(Error::not_allowed(
                    "main and backup copies are at file, s3, gs or az addresses",
                ));
            }
            (_, false) => {
                return Err(Error::not_allowed(
                    "caches and callbacks are at http or https addresses",
                ));
            }
        }
        if prefix && !address.can_be_prefix() {
            return Err(Error::not_allowed(
                "a prefix is of file, s3, gs or az, ends with / and is no root; caches are named address by address",
            ));
        }
        if !prefix && kind.is_object() && address.canonical().ends_with('/') {
            return Err(Error::not_allowed(
                "an address that ends with / is a prefix; say `prefix`",
            ));
        }
        Ok(address)
    }

    /// Opens what is stored at an address; what is not local is first written to a file without a name in `spool`,
    /// which goes when it is closed, or with the process. Of a prefix the largest object is taken.
    ///
    /// # Errors
    /// `Absent`, `TooLarge`, `NotAllowed`, `Local` (no room in the spool), and what the store says.
    pub async fn open(
        &self,
        address: &Address,
        prefix: bool,
        spool: &Path,
        bytes_max: u64,
    ) -> Result<File> {
        if let Address::File(path) = address {
            let (files, path) = (self.files.clone(), path.clone());
            let open = move || if prefix { files.open_largest(&path) } else { files.open(&path) };
            return blocking(open).await;
        }
        let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(spool)?);
        match address {
            Address::Object { cloud: Cloud::S3, bucket, key } => {
                let target = s3::Target { bucket, key, prefix };
                self.s3()?.read(target, &mut file, bytes_max).await?;
            }
            Address::Object { cloud, bucket, key } => {
                let target = objects::Target { cloud: *cloud, bucket, key, prefix };
                self.objects.read(target, &mut file, bytes_max).await?;
            }
            Address::File(_) | Address::Web(_) => {
                return Err(Error::not_allowed("nothing is read from the web"));
            }
        }
        let mut file = file.into_std().await;
        // Whoever digests it reads from where it stands.
        file.rewind()?;
        Ok(file)
    }

    /// Erases what is stored at an address, and looks again.
    ///
    /// # Errors
    /// `Held` until a date or somebody's leave, `StillThere`, and what the store says. Safe to call again.
    pub async fn erase(&self, address: &Address, prefix: bool) -> Result<Gone> {
        match address {
            Address::File(path) => {
                let (files, path) = (self.files.clone(), path.clone());
                blocking(move || if prefix { files.erase_below(&path) } else { files.erase(&path) })
                    .await
            }
            Address::Object { cloud: Cloud::S3, bucket, key } => {
                self.s3()?.erase(s3::Target { bucket, key, prefix }).await
            }
            Address::Object { cloud, bucket, key } => {
                self.objects.erase(objects::Target { cloud: *cloud, bucket, key, prefix }).await
            }
            Address::Web(_) => {
                Err(Error::not_allowed("nothing is erased on the web; say cache or callback"))
            }
        }
    }

    /// Purges an address from its cache, and asks the cache again.
    ///
    /// # Errors
    /// `StillThere`, and what the cache says. Safe to call again.
    pub async fn purge(&self, address: &Address) -> Result<Gone> {
        self.purger.purge(address.web()?).await
    }

    /// Calls a part of the platform back until it says done or gone.
    ///
    /// # Errors
    /// `NotYet`, and what it says. Safe to call again.
    pub async fn call_back(&self, address: &Address, message: Message<'_>) -> Result<Gone> {
        self.caller.call(address.web()?, message).await
    }

    fn s3(&self) -> Result<&S3> {
        self.s3.as_ref().ok_or_else(|| Error::not_allowed("the settings name no S3 server"))
    }
}

/// File systems block.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down: nobody will ask for this any more.
            Err(_) => std::future::pending().await,
        },
    }
}
