//! S3, through a client that knows object versions.
//!
//! In a bucket with versioning a plain delete only hides the object behind a *delete marker*. So all versions and markers
//! are listed and deleted by their ids. A server without versioning lists plain objects, and the same loop serves.
//! (`object_store` does not know versions, which is why S3 does not go through it.)
//!
//! ```text
//! abort multipart uploads that were never completed: their parts are bytes of the video, too
//! list the versions and markers of the key (or under the prefix)
//! delete them in batches; delete singly those that a batch refuses, to learn the reason
//!     a retention lock: held until its date        a legal hold: held until somebody lifts it
//! held: put a delete marker on top, so that nobody is served meanwhile
//! else list again: any version that is left is an error
//! ```

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ObjectLockLegalHoldStatus};
use aws_smithy_http_client::tls;

use crate::model::UnixSeconds;
use crate::remote::address::{AddressExtent, Target};
use crate::remote::download::Download;
use crate::remote::error::{Error, Result};
use crate::remote::options::{Limits, S3Options};
use crate::remote::removal::Removal;

const WHAT: &str = "the S3 server";
/// How an erasure was verified.
const HOW: &str = "listed again with all versions: none found";
const HOW_PLAIN: &str = "looked up again: not found";
/// Objects in one `DeleteObjects` request: the protocol's limit.
const BATCH: usize = 1000;

/// A version, a delete marker, or (without an id) an object of a server without versioning.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    key: String,
    id: Option<String>,
    is_marker: bool,
    is_latest: bool,
}

/// What keeps a version from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// A retention lock, which ends then.
    Retention(UnixSeconds),
    /// A legal hold, which somebody has to lift.
    Legal,
}

/// A client of one S3 server.
#[derive(Debug, Clone)]
pub(super) struct S3 {
    client: Client,
    objects_max: u64,
}

impl S3 {
    pub fn new(options: &S3Options, limits: &Limits) -> S3 {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let http = aws_smithy_http_client::Builder::new().tls_provider(provider).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
            .read_timeout(Duration::from_millis(limits.request_timeout_ms))
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(options.region.clone()))
            .http_client(http)
            .timeout_config(timeouts)
            // The caller retries a job as a whole, later: a second schedule in here would only hide errors.
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            // Many servers other than Amazon's do not support the new checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(options.path_style);
        if let Some(endpoint) = &options.endpoint {
            config = config.endpoint_url(endpoint);
        }
        config = match &options.credentials {
            Some(c) => config.credentials_provider(Credentials::new(
                &c.key_id,
                &c.secret,
                c.session_token.clone(),
                None,
                "settings",
            )),
            None => config.allow_no_auth(),
        };
        S3 { client: Client::from_conf(config.build()), objects_max: limits.objects_max }
    }

    /// Erases every version and marker of the target and verifies that they are gone.
    pub async fn erase(&self, target: Target<'_>) -> Result<Removal> {
        self.abort_uploads(target).await?;
        let (found, how) = self.list(target).await?;
        let hold = if target.extent == AddressExtent::Prefix || found.len() > 1 {
            self.delete_in_batches(target, &found).await?
        } else {
            self.delete_singly(target, &found).await?
        };
        if let Some(hold) = hold {
            self.hide(target).await?;
            return Err(match hold {
                Hold::Retention(at) => Error::Held {
                    until: Some(at),
                    why: "it is under a retention lock until a date",
                },
                Hold::Legal => Error::Held {
                    until: None,
                    why: "it is under a legal hold, which somebody has to lift",
                },
            });
        }
        if found.is_empty() {
            return Ok(Removal::nothing());
        }
        let (left, _) = self.list(target).await?;
        if !left.is_empty() {
            return Err(Error::StillThere { what: "an object" });
        }
        Ok(Removal::verified(found.len() as u64, how))
    }

    /// Downloads the current version of an object, or of the largest object under a prefix.
    pub async fn read(&self, target: Target<'_>, download: &mut Download) -> Result<()> {
        let key = match target.extent {
            AddressExtent::One => target.key.to_owned(),
            AddressExtent::Prefix => self.largest(target).await?.ok_or(Error::Absent)?,
        };
        let got = self.client.get_object().bucket(target.bucket).key(key).send().await;
        let mut body = match got.map_err(explain) {
            Ok(got) => got.body,
            Err(Error::Answered { status: 404, .. }) => return Err(Error::Absent),
            Err(error) => return Err(error),
        };
        while let Some(piece) = body.try_next().await.map_err(|source| Error::Unreachable {
            what: WHAT,
            why: "the response broke off",
            source: Some(Box::new(source)),
        })? {
            download.write(piece).await?;
        }
        Ok(())
    }

    /// Everything that the target selects, and how a second listing verifies an erasure.
    async fn list(&self, target: Target<'_>) -> Result<(Vec<Version>, &'static str)> {
        match self.list_versions(target).await {
            Ok(found) => Ok((found, HOW)),
            Err(Error::Answered { status: 405 | 501, .. }) => {
                Ok((self.list_plain(target).await?, HOW_PLAIN))
            }
            Err(error) => Err(error),
        }
    }

    async fn list_versions(&self, target: Target<'_>) -> Result<Vec<Version>> {
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(target.bucket)
                .prefix(target.key)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(explain)?;
            let versions =
                page.versions().iter().map(|v| (v.key(), v.version_id(), false, v.is_latest()));
            let markers = page
                .delete_markers()
                .iter()
                .map(|m| (m.key(), m.version_id(), true, m.is_latest()));
            let mut beyond = false;
            for (key, id, is_marker, latest) in versions.chain(markers) {
                let key = key.unwrap_or_default();
                if target.contains(key) {
                    let (key, id) = (key.to_owned(), id.map(str::to_owned));
                    found.push(Version { key, id, is_marker, is_latest: latest == Some(true) });
                } else {
                    beyond = true;
                }
            }
            self.check_count(found.len())?;
            // The list is sorted by key: the key itself comes before longer ones that begin with it.
            if page.is_truncated() != Some(true) || (beyond && target.extent == AddressExtent::One)
            {
                return Ok(found);
            }
            key_marker = page.next_key_marker().map(str::to_owned);
            version_marker = page.next_version_id_marker().map(str::to_owned);
        }
    }

    async fn list_plain(&self, target: Target<'_>) -> Result<Vec<Version>> {
        let plain = |key: &str| Version {
            key: key.to_owned(),
            id: None,
            is_marker: false,
            is_latest: true,
        };
        if target.extent == AddressExtent::One {
            let looked =
                self.client.head_object().bucket(target.bucket).key(target.key).send().await;
            return match looked.map_err(explain) {
                Ok(_) => Ok(vec![plain(target.key)]),
                Err(Error::Answered { status: 404, .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let objects = self.objects_below(target).await?;
        Ok(objects.iter().map(|(key, _)| plain(key)).collect())
    }

    /// Keys below the prefix with their sizes.
    async fn objects_below(&self, target: Target<'_>) -> Result<Vec<(String, i64)>> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(target.bucket)
                .prefix(target.key)
                .set_continuation_token(token)
                .send()
                .await
                .map_err(explain)?;
            let objects = page.contents().iter().map(|o| (o.key().unwrap_or_default(), o.size()));
            found.extend(
                objects
                    .filter(|(key, _)| target.contains(key))
                    .map(|(key, size)| (key.to_owned(), size.unwrap_or_default())),
            );
            self.check_count(found.len())?;
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    async fn largest(&self, target: Target<'_>) -> Result<Option<String>> {
        let objects = self.objects_below(target).await?;
        Ok(objects.into_iter().max_by_key(|(_, size)| *size).map(|(key, _)| key))
    }

    fn check_count(&self, found: usize) -> Result<()> {
        if found as u64 > self.objects_max {
            return Err(Error::TooMany { objects_max: self.objects_max });
        }
        Ok(())
    }

    /// Deletes versions one by one. Returns the first hold to end, if any version is held.
    async fn delete_singly(&self, target: Target<'_>, found: &[Version]) -> Result<Option<Hold>> {
        let mut first = None;
        for version in found {
            let deleted = self
                .client
                .delete_object()
                .bucket(target.bucket)
                .key(&version.key)
                .set_version_id(version.id.clone())
                .send()
                .await;
            match deleted.map_err(explain) {
                Ok(_) | Err(Error::Answered { status: 404, .. }) => {}
                Err(error) => {
                    let hold = self.hold(target, version, error).await?;
                    first = Some(first.map_or(hold, |first| sooner(first, hold)));
                }
            }
        }
        Ok(first)
    }

    /// Deletes versions in batches, and singly those that a batch refuses: only then the reason shows.
    async fn delete_in_batches(
        &self,
        target: Target<'_>,
        found: &[Version],
    ) -> Result<Option<Hold>> {
        let mut refused = Vec::new();
        for batch in found.chunks(BATCH) {
            let object = |v: &Version| {
                let object = ObjectIdentifier::builder().key(&v.key).set_version_id(v.id.clone());
                object.build().expect("a key was given")
            };
            let objects = batch.iter().map(object).collect();
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let delete = delete.expect("objects were given");
            let deleted =
                self.client.delete_objects().bucket(target.bucket).delete(delete).send().await;
            match deleted.map_err(explain) {
                Ok(deleted) => refused.extend(deleted.errors().iter().filter_map(|e| {
                    batch.iter().find(|v| {
                        e.key() == Some(&v.key)
                            && e.version_id().is_none_or(|id| v.id.as_deref() == Some(id))
                    })
                })),
                // The server does not support batches.
                Err(Error::Answered { status: 400 | 405 | 501, .. }) => refused.extend(batch),
                Err(error) => return Err(error),
            }
        }
        let refused: Vec<Version> = refused.into_iter().cloned().collect();
        self.delete_singly(target, &refused).await
    }

    /// The hold that kept a version from being deleted.
    ///
    /// # Errors
    /// `error`, with which the deletion failed, when no hold was the reason.
    async fn hold(&self, target: Target<'_>, version: &Version, error: Error) -> Result<Hold> {
        if !matches!(error, Error::Answered { status: 400 | 403 | 409, .. }) || version.is_marker {
            return Err(error);
        }
        let (bucket, key) = (target.bucket, &version.key);
        let head = self.client.head_object().bucket(bucket).key(key);
        let head = head.set_version_id(version.id.clone()).send().await.ok();
        let held = |h: &HeadObjectOutput| h.object_lock_legal_hold_status().cloned();
        if head.as_ref().and_then(held) == Some(ObjectLockLegalHoldStatus::On) {
            return Ok(Hold::Legal);
        }
        let mut until = head.and_then(|h| h.object_lock_retain_until_date().map(|at| at.secs()));
        if until.is_none() {
            // Some servers do not report it among the object's other properties.
            let retention = self.client.get_object_retention().bucket(bucket).key(key);
            let retention = retention.set_version_id(version.id.clone()).send().await.ok();
            until = retention.and_then(|r| r.retention()?.retain_until_date().map(|at| at.secs()));
        }
        // One second later, so that the server's clock has passed it, too.
        until.map(|at| Hold::Retention(at + 1)).ok_or(error)
    }

    /// Puts a delete marker on a held object, so that a plain read finds nothing.
    async fn hide(&self, target: Target<'_>) -> Result<()> {
        let (found, _) = self.list(target).await?;
        for shown in found.iter().filter(|v| v.is_latest && !v.is_marker && v.id.is_some()) {
            let marked = self.client.delete_object().bucket(target.bucket).key(&shown.key).send();
            marked.await.map_err(explain)?;
        }
        Ok(())
    }

    /// Aborts multipart uploads that were never completed. A server that does not support them has none.
    async fn abort_uploads(&self, target: Target<'_>) -> Result<()> {
        let listed = self.client.list_multipart_uploads().bucket(target.bucket).prefix(target.key);
        let listed = match listed.send().await.map_err(explain) {
            Ok(listed) => listed,
            Err(Error::Answered { status: 400 | 403 | 404 | 405 | 501, .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for upload in listed.uploads() {
            if let Some((key, id)) = upload.key().zip(upload.upload_id())
                && target.contains(key)
            {
                let abort = self.client.abort_multipart_upload().bucket(target.bucket);
                abort.key(key).upload_id(id).send().await.map_err(explain)?;
            }
        }
        Ok(())
    }
}

/// The hold that ends first; a date comes before a legal hold, which has none.
fn sooner(one: Hold, other: Hold) -> Hold {
    match (one, other) {
        (Hold::Retention(one), Hold::Retention(other)) => Hold::Retention(one.min(other)),
        (Hold::Legal, hold) | (hold, Hold::Legal) => hold,
    }
}

/// The library's message may contain bucket and key, so only the short code is reported.
fn explain<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code =
        error.code().filter(|c| c.chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned);
    let unreachable = |why, source| Error::Unreachable { what: WHAT, why, source };
    match error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            let header = refused.raw().headers().get("retry-after").and_then(|v| v.parse().ok());
            Error::Answered { what: WHAT, status, code, retry_after_s: header }
        }
        SdkError::TimeoutError(_) => unreachable("it did not answer in time", None),
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            if status >= 400 {
                return Error::Answered { what: WHAT, status, code, retry_after_s: None };
            }
            unreachable("its response cannot be parsed", None)
        }
        SdkError::ConstructionFailure(_) => Error::not_allowed("the S3 settings are invalid"),
        other => unreachable("no connection could be made", Some(Box::new(other))),
    }
}
