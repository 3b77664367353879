//! Google's and Azure's object stores, through `object_store`.
//!
//! It knows no versions: with object versioning or soft delete switched on, these stores keep what was deleted until
//! their own rules let go of it. `docs/deletion.md` tells operators to switch them off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::io::AsyncWriteExt;

use crate::remote::{AzOptions, Cloud, Error, Gone, GsOptions, Limits, Result};

const HOW: &str = "looked up again: not found";

/// Deletes at once within one prefix.
const DELETES_AT_ONCE: usize = 16;

/// Clients by store and bucket.
type Made = HashMap<(Cloud, String), Arc<dyn ObjectStore>>;

/// The clients, one a bucket.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    gs: Option<GsOptions>,
    az: Option<AzOptions>,
    limits: Limits,
    objects_max: u64,
    made: Arc<Mutex<Made>>,
}

/// An object, or everything below a prefix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub cloud: Cloud,
    pub bucket: &'a str,
    pub key: &'a str,
    pub prefix: bool,
}

impl Objects {
    pub fn new(
        gs: Option<GsOptions>,
        az: Option<AzOptions>,
        limits: &Limits,
        objects_max: u64,
    ) -> Objects {
        Objects { gs, az, limits: limits.clone(), objects_max, made: Arc::default() }
    }

    /// Whether the settings name this store.
    pub fn has(&self, cloud: Cloud) -> bool {
        match cloud {
            Cloud::Gs => self.gs.is_some(),
            Cloud::Az => self.az.is_some(),
            Cloud::S3 => false,
        }
    }

    /// Erases the target, and looks again.
    pub async fn erase(&self, target: Target<'_>) -> Result<Gone> {
        let store = self.store(target.cloud, target.bucket)?;
        let path = path(target.key)?;
        if target.prefix {
            return self.erase_below(target.cloud, &*store, &path).await;
        }
        match store.delete(&path).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(Gone::nothing()),
            Err(error) => return Err(explain(target.cloud, error)),
        }
        match store.head(&path).await {
            Ok(_) => Err(Error::StillThere { what: "an object" }),
            Err(object_store::Error::NotFound { .. }) => Ok(Gone::verified(1, HOW)),
            Err(error) => Err(explain(target.cloud, error)),
        }
    }

    /// Writes an object's bytes to a file; of a prefix those of its largest object.
    pub async fn read(
        &self,
        target: Target<'_>,
        file: &mut tokio::fs::File,
        bytes_max: u64,
    ) -> Result<()> {
        let store = self.store(target.cloud, target.bucket)?;
        let mut path = path(target.key)?;
        if target.prefix {
            let found = self.list(target.cloud, &*store, &path).await?;
            path = found.into_iter().max_by_key(|o| o.size).ok_or(Error::Absent)?.location;
        }
        let got = match store.get(&path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Err(Error::Absent),
            Err(error) => return Err(explain(target.cloud, error)),
        };
        if got.meta.size > bytes_max {
            return Err(Error::TooLarge { bytes_max });
        }
        let mut body = got.into_stream();
        while let Some(piece) = body.try_next().await.map_err(|e| explain(target.cloud, e))? {
            file.write_all(&piece).await?;
        }
        Ok(file.flush().await?)
    }

    async fn erase_below(
        &self,
        cloud: Cloud,
        store: &dyn ObjectStore,
        prefix: &Path,
    ) -> Result<Gone> {
        // Listed whole before the first deletion, so that a slip of somebody's pen removes nothing.
        let found = self.list(cloud, store, prefix).await?;
        if found.is_empty() {
            return Ok(Gone::nothing());
        }
        let objects = found.len() as u64;
        let deletes = found.into_iter().map(|object| delete(cloud, store, object.location).boxed());
        let mut deletes = futures::stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
        while let Some(deleted) = deletes.next().await {
            deleted?;
        }
        if self.list(cloud, store, prefix).await?.is_empty() {
            return Ok(Gone::verified(objects, HOW));
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
            if found.len() as u64 > self.objects_max {
                return Err(Error::TooMany { objects_max: self.objects_max });
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
        let wrong =
            |_| Error::not_allowed(format!("the settings of {} make no client", name(cloud)));
        let client = ClientOptions::new()
            .with_connect_timeout(Duration::from_millis(self.limits.connect_timeout_ms))
            .with_timeout(Duration::from_millis(self.limits.request_timeout_ms));
        // Jobs are tried again as a whole, later.
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
            _ => Err(Error::not_allowed(format!("{} is not in the settings", name(cloud)))),
        }
    }
}

/// What is gone already is gone.
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
        Error::not_allowed("the object's name has an empty, . or .. part, or a control character")
    })
}

/// The library's message has names and addresses in it; only its kind is told.
fn explain(cloud: Cloud, error: object_store::Error) -> Error {
    let what = name(cloud);
    let answered = |status| Error::Answered { what, status, code: None, retry_after_s: None };
    match error {
        object_store::Error::PermissionDenied { .. } => answered(403),
        object_store::Error::Unauthenticated { .. } => answered(401),
        object_store::Error::NotFound { .. } => answered(404),
        other => {
            let why = "it did not answer, or answered with a fault";
            Error::Unreachable { what, why, source: Some(Box::new(other)) }
        }
    }
}
