//! Google's and Azure's object stores, through `object_store`.
//!
//! That crate does not know object versions. With versioning or soft delete enabled, these stores keep deleted objects
//! until their own lifecycle rules remove them; operators have to disable both.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};

use crate::remote::address::{AddressExtent, Cloud, Target};
use crate::remote::download::Download;
use crate::remote::error::{Error, Result};
use crate::remote::options::{AzOptions, GsOptions, Limits};
use crate::remote::removal::Removal;

const HOW: &str = "looked up again: not found";

/// Concurrent deletions within one prefix. *Tuned.*
const DELETES_AT_ONCE: usize = 16;

/// Clients by store and bucket.
type Clients = HashMap<(Cloud, String), Arc<dyn ObjectStore>>;

/// The clients of both stores, one per bucket.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    gs: Option<GsOptions>,
    az: Option<AzOptions>,
    limits: Limits,
    made: Arc<Mutex<Clients>>,
}

impl Objects {
    pub fn new(gs: Option<GsOptions>, az: Option<AzOptions>, limits: &Limits) -> Objects {
        Objects { gs, az, limits: limits.clone(), made: Arc::default() }
    }

    /// Whether the settings name this object store.
    pub fn has(&self, cloud: Cloud) -> bool {
        match cloud {
            Cloud::Gs => self.gs.is_some(),
            Cloud::Az => self.az.is_some(),
            Cloud::S3 => false,
        }
    }

    /// Erases the target and verifies that it is gone.
    pub async fn erase(&self, target: Target<'_>) -> Result<Removal> {
        let store = self.store(target.cloud, target.bucket)?;
        let path = path(target.key)?;
        if target.extent == AddressExtent::Prefix {
            return self.erase_below(target.cloud, &*store, &path).await;
        }
        match store.delete(&path).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(Removal::nothing()),
            Err(error) => return Err(explain(target.cloud, error)),
        }
        match store.head(&path).await {
            Ok(_) => Err(Error::StillThere { what: "an object" }),
            Err(object_store::Error::NotFound { .. }) => Ok(Removal::verified(1, HOW)),
            Err(error) => Err(explain(target.cloud, error)),
        }
    }

    /// Downloads an object, or the largest object under a prefix.
    pub async fn read(&self, target: Target<'_>, download: &mut Download) -> Result<()> {
        let store = self.store(target.cloud, target.bucket)?;
        let mut path = path(target.key)?;
        if target.extent == AddressExtent::Prefix {
            let found = self.list(target.cloud, &*store, &path).await?;
            path = found.into_iter().max_by_key(|o| o.size).ok_or(Error::Absent)?.location;
        }
        let got = match store.get(&path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Err(Error::Absent),
            Err(error) => return Err(explain(target.cloud, error)),
        };
        download.announce(got.meta.size)?;
        let mut body = got.into_stream();
        while let Some(piece) = body.try_next().await.map_err(|e| explain(target.cloud, e))? {
            download.write(piece).await?;
        }
        Ok(())
    }

    async fn erase_below(
        &self,
        cloud: Cloud,
        store: &dyn ObjectStore,
        prefix: &Path,
    ) -> Result<Removal> {
        // The whole list comes before the first deletion, so that a mistyped prefix with too many objects removes
        // nothing.
        let found = self.list(cloud, store, prefix).await?;
        if found.is_empty() {
            return Ok(Removal::nothing());
        }
        let objects = found.len() as u64;
        let deletes = found.into_iter().map(|object| delete(cloud, store, object.location).boxed());
        let mut deletes = futures::stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
        while let Some(deleted) = deletes.next().await {
            deleted?;
        }
        if self.list(cloud, store, prefix).await?.is_empty() {
            return Ok(Removal::verified(objects, HOW));
        }
        Err(Error::StillThere { what: "an object" })
    }

    async fn list(
        &self,
        cloud: Cloud,
        store: &dyn ObjectStore,
        prefix: &Path,
    ) -> Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let mut listed = store.list(Some(prefix));
        while let Some(object) = listed.try_next().await.map_err(|e| explain(cloud, e))? {
            found.push(object);
            if found.len() as u64 > self.limits.objects_max {
                return Err(Error::TooMany { objects_max: self.limits.objects_max });
            }
        }
        Ok(found)
    }

    fn store(&self, cloud: Cloud, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = made.get(&(cloud, bucket.to_owned())) {
            return Ok(store.clone());
        }
        let store = self.build(cloud, bucket)?;
        made.insert((cloud, bucket.to_owned()), store.clone());
        Ok(store)
    }

    fn build(&self, cloud: Cloud, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        let wrong = |_| Error::not_allowed(format!("the settings for {} are invalid", name(cloud)));
        let client = ClientOptions::new()
            .with_connect_timeout(Duration::from_millis(self.limits.connect_timeout_ms))
            .with_timeout(Duration::from_millis(self.limits.request_timeout_ms));
        // The caller retries a job as a whole, later.
        let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        match (cloud, &self.gs, &self.az) {
            (Cloud::Gs, Some(gs), _) => {
                let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket);
                let plain = gs.endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
                if let Some(endpoint) = &gs.endpoint {
                    builder = builder.with_base_url(endpoint);
                }
                if let Some(key) = &gs.service_account_key {
                    builder = builder.with_service_account_key(key);
                }
                let client = client.with_allow_http(plain);
                let store = builder.with_client_options(client).with_retry(retry).build();
                Ok(Arc::new(store.map_err(wrong)?))
            }
            (Cloud::Az, _, Some(az)) => {
                let mut builder = MicrosoftAzureBuilder::new()
                    .with_account(&az.account)
                    .with_container_name(bucket)
                    .with_access_key(&az.access_key);
                if let Some(endpoint) = &az.endpoint {
                    let plain = endpoint.starts_with("http://");
                    builder = builder.with_endpoint(endpoint.clone()).with_allow_http(plain);
                }
                let plain = az.endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
                let client = client.with_allow_http(plain);
                let store = builder.with_client_options(client).with_retry(retry).build();
                Ok(Arc::new(store.map_err(wrong)?))
            }
            _ => Err(Error::not_allowed(format!("the settings do not name {}", name(cloud)))),
        }
    }
}

/// Deletes an object. Idempotent.
async fn delete(cloud: Cloud, store: &dyn ObjectStore, path: Path) -> Result<()> {
    match store.delete(&path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(explain(cloud, error)),
    }
}

fn name(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::S3 => "the S3 server",
        Cloud::Gs => "Google's object store",
        Cloud::Az => "Azure's object store",
    }
}

fn path(key: &str) -> Result<Path> {
    let trimmed = key.strip_suffix('/').unwrap_or(key);
    Path::parse(trimmed).ok().filter(|path| path.as_ref() == trimmed).ok_or_else(|| {
        Error::not_allowed("the object's key has an empty, . or .. part, or a control character")
    })
}

/// The library's message contains names and addresses, so only its kind is reported.
fn explain(cloud: Cloud, error: object_store::Error) -> Error {
    let what = name(cloud);
    let answered = |status| Error::Answered { what, status, code: None, retry_after_s: None };
    match error {
        object_store::Error::PermissionDenied { .. } => answered(403),
        object_store::Error::Unauthenticated { .. } => answered(401),
        object_store::Error::NotFound { .. } => answered(404),
        other => {
            let why = "it did not answer, or answered with an error";
            Error::Unreachable { what, why, source: Some(Box::new(other)) }
        }
    }
}
