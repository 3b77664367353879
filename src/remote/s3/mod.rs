//! S3, through a client that knows object versions.
//!
//! In a bucket with versioning a plain delete only hides the object behind a *delete marker*. So all versions and markers
//! are listed and deleted by their ids. A server without versioning lists plain objects, and the same loop serves.
//! (`object_store` does not know versions, which is why S3 does not go through it: only the signatures are its.)
//!
//! ```text
//! abort multipart uploads that were never completed: their parts are bytes of the video, too
//! list the versions and markers of the key (or under the prefix)
//! delete them in batches; delete singly those that a batch refuses, to learn the reason
//!     a retention lock: held until its date        a legal hold: held until someone lifts it
//! held: put a delete marker on top, so that nobody is served meanwhile
//! else list again: any version that is left is an error
//! ```

mod xml;

mod client;

use jiff::Timestamp;
use reqwest::{Method, Response};

use crate::model::UnixSeconds;
use crate::remote::address::{AddressExtent, Target};
use crate::remote::client::explain;
use crate::remote::download::Download;
use crate::remote::error::{Error, Result};
use crate::remote::options::{Limits, S3Options};
use crate::remote::removal::Removal;
use crate::remote::s3::client::{Client, Request, WHAT, unreadable};
use crate::remote::s3::xml::push_escaped;

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
    /// A legal hold, which someone has to lift.
    Legal,
}

/// A client of one S3 server.
#[derive(Debug, Clone)]
pub(super) struct S3 {
    client: Client,
    objects_max: u64,
}

impl S3 {
    /// # Errors
    /// [`Error::NotAllowed`] when the endpoint is no web address, or when the region or the credentials have
    /// characters that no header can carry. [`Error::Unreachable`] when TLS cannot be set up.
    pub fn new(options: &S3Options, limits: &Limits) -> Result<S3> {
        Ok(S3 { client: Client::new(options, limits)?, objects_max: limits.objects_max })
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
        let request = Request::new(Method::GET, target.bucket).key(&key);
        let mut body = match self.client.send(request).await {
            Ok(body) => body,
            Err(Error::Answered { status: 404, .. }) => return Err(Error::Absent),
            Err(error) => return Err(error),
        };
        while let Some(piece) = body.chunk().await.map_err(|error| explain(WHAT, error))? {
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
        let (mut key_marker, mut version_marker) = (None::<String>, None::<String>);
        loop {
            let request = Request::new(Method::GET, target.bucket)
                .query("versions", "")
                .query("prefix", target.key)
                .query("key-marker", key_marker.as_deref())
                .query("version-id-marker", version_marker.as_deref());
            let page = self.client.ask(request, "ListVersionsResult").await?;
            let versions = page.all("Version").map(|element| (element, false));
            let markers = page.all("DeleteMarker").map(|element| (element, true));
            let mut beyond = false;
            for (element, is_marker) in versions.chain(markers) {
                let key = element.text("Key").unwrap_or_default();
                if target.contains(key) {
                    let id = element.text("VersionId").filter(|id| !id.is_empty());
                    found.push(Version {
                        key: key.to_owned(),
                        id: id.map(str::to_owned),
                        is_marker,
                        is_latest: element.text("IsLatest") == Some("true"),
                    });
                } else {
                    beyond = true;
                }
            }
            self.check_count(found.len())?;
            // The list is sorted by key: the key itself comes before longer ones that begin with it.
            let is_truncated = page.text("IsTruncated") == Some("true");
            if !is_truncated || (beyond && target.extent == AddressExtent::One) {
                return Ok(found);
            }
            key_marker = page.text("NextKeyMarker").map(str::to_owned);
            version_marker = page.text("NextVersionIdMarker").map(str::to_owned);
            if key_marker.is_none() {
                return Err(unreadable("its list breaks off"));
            }
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
            let request = Request::new(Method::HEAD, target.bucket).key(target.key);
            return match self.client.send(request).await {
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
        let mut token: Option<String> = None;
        loop {
            let request = Request::new(Method::GET, target.bucket)
                .query("list-type", "2")
                .query("prefix", target.key)
                .query("continuation-token", token.as_deref());
            let page = self.client.ask(request, "ListBucketResult").await?;
            for object in page.all("Contents") {
                let key = object.text("Key").unwrap_or_default();
                if target.contains(key) {
                    let size = object.text("Size").and_then(|size| size.parse().ok());
                    found.push((key.to_owned(), size.unwrap_or_default()));
                }
            }
            self.check_count(found.len())?;
            token = page.text("NextContinuationToken").map(str::to_owned);
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
            match self.client.send(about(Method::DELETE, target, version)).await {
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
            let request = Request::new(Method::POST, target.bucket).query("delete", "");
            match self.client.ask(request.body(delete_body(batch)), "DeleteResult").await {
                Ok(answer) => refused.extend(answer.all("Error").filter_map(|error| {
                    let (key, id) = (error.text("Key"), error.text("VersionId"));
                    // Some servers name no version where none was asked for, or an empty one.
                    let id = id.filter(|id| !id.is_empty());
                    batch.iter().find(|v| {
                        key == Some(&v.key) && id.is_none_or(|id| v.id.as_deref() == Some(id))
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
        let head = self.client.send(about(Method::HEAD, target, version)).await.ok();
        let header = |name| header(head.as_ref()?, name);
        if header("x-amz-object-lock-legal-hold") == Some("ON") {
            return Ok(Hold::Legal);
        }
        let mut until = header("x-amz-object-lock-retain-until-date").and_then(seconds);
        if until.is_none() {
            // Some servers do not report it among the object's other properties.
            let request = about(Method::GET, target, version).query("retention", "");
            let retention = self.client.ask(request, "Retention").await.ok();
            until = retention.as_ref().and_then(|r| seconds(r.text("RetainUntilDate")?));
        }
        // One second later, so that the server's clock has passed it, too.
        until.map(|at| Hold::Retention(at + 1)).ok_or(error)
    }

    /// Puts a delete marker on a held object, so that a plain read finds nothing.
    async fn hide(&self, target: Target<'_>) -> Result<()> {
        let (found, _) = self.list(target).await?;
        for shown in found.iter().filter(|v| v.is_latest && !v.is_marker && v.id.is_some()) {
            let request = Request::new(Method::DELETE, target.bucket).key(&shown.key);
            self.client.send(request).await?;
        }
        Ok(())
    }

    /// Aborts multipart uploads that were never completed. A server that does not support them has none.
    async fn abort_uploads(&self, target: Target<'_>) -> Result<()> {
        let request = Request::new(Method::GET, target.bucket);
        let request = request.query("uploads", "").query("prefix", target.key);
        let listed = match self.client.ask(request, "ListMultipartUploadsResult").await {
            Ok(listed) => listed,
            Err(Error::Answered { status: 400 | 403 | 404 | 405 | 501, .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for upload in listed.all("Upload") {
            if let Some((key, id)) = upload.text("Key").zip(upload.text("UploadId"))
                && target.contains(key)
            {
                let abort = Request::new(Method::DELETE, target.bucket).key(key);
                self.client.send(abort.query("uploadId", id)).await?;
            }
        }
        Ok(())
    }
}

/// A request about one version.
fn about<'a>(method: Method, target: Target<'a>, version: &'a Version) -> Request<'a> {
    let request = Request::new(method, target.bucket).key(&version.key);
    request.query("versionId", version.id.as_deref())
}

/// The body of a `DeleteObjects` request.
fn delete_body(batch: &[Version]) -> Vec<u8> {
    let mut xml = String::from(r#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#);
    for version in batch {
        xml.push_str("<Object><Key>");
        push_escaped(&mut xml, &version.key);
        xml.push_str("</Key>");
        if let Some(id) = &version.id {
            xml.push_str("<VersionId>");
            push_escaped(&mut xml, id);
            xml.push_str("</VersionId>");
        }
        xml.push_str("</Object>");
    }
    xml.push_str("<Quiet>true</Quiet></Delete>");
    xml.into_bytes()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn seconds(date: &str) -> Option<UnixSeconds> {
    date.parse().ok().map(Timestamp::as_second)
}

/// The hold that ends first; a date comes before a legal hold, which has none.
fn sooner(one: Hold, other: Hold) -> Hold {
    match (one, other) {
        (Hold::Retention(one), Hold::Retention(other)) => Hold::Retention(one.min(other)),
        (Hold::Legal, hold) | (hold, Hold::Legal) => hold,
    }
}
