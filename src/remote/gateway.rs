//! The way out: one façade over all kinds of addresses.

use std::fs::File;
use std::path::Path;

use crate::model::CopyKind;
use crate::pools::Pools;
use crate::remote::address::{Address, AddressExtent, Cloud, Target};
use crate::remote::callback::CallbackSender;
use crate::remote::client::Client;
use crate::remote::download::Download;
use crate::remote::egress::Guard;
use crate::remote::error::{Error, Result};
use crate::remote::files::Files;
use crate::remote::objects::Objects;
use crate::remote::options::Options;
use crate::remote::purge::Purger;
use crate::remote::removal::Removal;
use crate::remote::s3::S3;
use crate::remote::webhook::{Message, Webhooks};

/// Access to everything outside. Clones share connections.
#[derive(Debug, Clone)]
pub struct Remote {
    files: Files,
    s3: Option<S3>,
    objects: Objects,
    purger: Purger,
    callbacks: CallbackSender,
    webhooks: Webhooks,
    pools: Pools,
}

impl Remote {
    /// Opens no connection yet. `pools` bounds the work on files.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the TLS library cannot be set up, [`Error::NotAllowed`] when the endpoint of S3 is no
    /// web address.
    pub fn new(options: &Options, pools: Pools) -> Result<Remote> {
        let limits = &options.limits;
        let client = Client::new(Guard::new(&options.networks_allowed), limits)?;
        let (gs, az) = (options.gs.clone(), options.az.clone());
        let secrets = options.callback_secrets.clone();
        Ok(Remote {
            files: Files::new(&options.file_roots, limits.objects_max),
            s3: options.s3.as_ref().map(|s3| S3::new(s3, limits)).transpose()?,
            objects: Objects::new(gs, az, limits),
            purger: Purger {
                endpoints: Client::new(Guard::open(), limits)?,
                client: client.clone(),
                rules: options.purge_rules.clone(),
            },
            callbacks: CallbackSender { client: client.clone(), secrets },
            webhooks: Webhooks { client },
            pools,
        })
    }

    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Parses the address of a copy and checks that the settings allow it. Sends nothing.
    ///
    /// # Errors
    /// [`Error::NotAllowed`], which says why.
    pub fn check(&self, kind: CopyKind, uri: &str, extent: AddressExtent) -> Result<Address> {
        let address = Address::parse(uri)?;
        match (&address, kind.is_object()) {
            (Address::File(path), true) => self.files.locate(path).map(drop)?,
            (Address::Object { cloud, .. }, true) => {
                let known = self.objects.has(*cloud) || (*cloud == Cloud::S3 && self.s3.is_some());
                if !known {
                    return Err(Error::not_allowed(
                        "the settings name no object store for this scheme",
                    ));
                }
            }
            (Address::Web(url), false) => self.purger.client.check(url)?,
            (_, true) => {
                return Err(Error::not_allowed(
                    "main and backup copies need file, s3, gs or az addresses",
                ));
            }
            (_, false) => {
                return Err(Error::not_allowed(
                    "caches and callbacks need http or https addresses",
                ));
            }
        }
        if extent == AddressExtent::Prefix && !address.can_be_prefix() {
            return Err(Error::not_allowed(
                "a prefix is a file, s3, gs or az address that ends with / and is no root; \
                 caches are listed address by address",
            ));
        }
        let ends_with_slash = || address.canonical().ends_with('/');
        if extent == AddressExtent::One && kind.is_object() && ends_with_slash() {
            return Err(Error::not_allowed(
                "an address that ends with / is a prefix; set `prefix` to true",
            ));
        }
        Ok(address)
    }

    /// Opens the object at an address, or the largest object under a prefix. A remote object is first downloaded to a
    /// nameless file in the folder `spool`.
    ///
    /// # Errors
    /// - [`Error::Absent`] when there is no such object;
    /// - [`Error::TooLarge`] when a remote object has more than `bytes_max` bytes;
    /// - [`Error::NotAllowed`] for web addresses, and for addresses that the settings forbid;
    /// - [`Error::Local`] when the file cannot be read or `spool` is full;
    /// - [`Error::Answered`] and [`Error::Unreachable`] from the object store.
    pub async fn open(
        &self,
        address: &Address,
        extent: AddressExtent,
        spool: &Path,
        bytes_max: u64,
    ) -> Result<File> {
        let mut download = match address {
            Address::File(path) => {
                let (files, path) = (self.files.clone(), path.clone());
                let open = move || match extent {
                    AddressExtent::One => files.open(&path),
                    AddressExtent::Prefix => files.open_largest(&path),
                };
                return self.pools.files(open).await;
            }
            Address::Object { .. } => Download::create(spool, bytes_max, &self.pools).await?,
            Address::Web(_) => return Err(Error::not_allowed("nothing is read from the web")),
        };
        let target = Target::new(address, extent)?;
        match target.cloud {
            Cloud::S3 => self.s3()?.read(target, &mut download).await?,
            Cloud::Gs | Cloud::Az => self.objects.read(target, &mut download).await?,
        }
        download.finish().await
    }

    /// Erases the selected objects and verifies that they are gone. Idempotent.
    ///
    /// # Errors
    /// - [`Error::Held`] while a retention lock or a legal hold protects an object;
    /// - [`Error::StillThere`] when an object reappears;
    /// - [`Error::TooMany`] when a prefix has too many objects, and then none is erased;
    /// - [`Error::NotAllowed`] for web addresses, and for addresses that the settings forbid;
    /// - [`Error::Local`], [`Error::Answered`] and [`Error::Unreachable`] from the store.
    pub async fn erase(&self, address: &Address, extent: AddressExtent) -> Result<Removal> {
        if let Address::File(path) = address {
            let (files, path) = (self.files.clone(), path.clone());
            let erase = move || match extent {
                AddressExtent::One => files.erase(&path),
                AddressExtent::Prefix => files.erase_below(&path),
            };
            return self.pools.files(erase).await;
        }
        let target = Target::new(address, extent)?;
        match target.cloud {
            Cloud::S3 => self.s3()?.erase(target).await,
            Cloud::Gs | Cloud::Az => self.objects.erase(target).await,
        }
    }

    /// Purges an address from its cache and verifies that the cache no longer serves it. Idempotent.
    ///
    /// # Errors
    /// - [`Error::StillThere`] when the cache still serves it;
    /// - [`Error::NotAllowed`] when the address is no web address, or is forbidden;
    /// - [`Error::Answered`] and [`Error::Unreachable`] from the cache.
    pub async fn purge(&self, address: &Address) -> Result<Removal> {
        self.purger.purge(address.web()?).await
    }

    /// Asks a part of the platform to forget a video, until it answers that it has. Idempotent.
    ///
    /// # Errors
    /// - [`Error::NotYet`] while the platform works on it;
    /// - [`Error::NotAllowed`] when the address is no web address, is forbidden, or there is no secret to sign with;
    /// - [`Error::Answered`] and [`Error::Unreachable`] from the platform.
    pub async fn call_back(&self, address: &Address, message: Message<'_>) -> Result<Removal> {
        self.callbacks.call(address.web()?, message).await
    }

    fn s3(&self) -> Result<&S3> {
        self.s3.as_ref().ok_or_else(|| Error::not_allowed("the settings name no S3 server"))
    }
}
