//! `POST /hooks/s3`: event notifications of object stores, in the format of Amazon S3 and MinIO.
//!
//! Every created object becomes an upload that is fetched from the store. Notifications are delivered at least once;
//! one version of an object becomes one upload.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::engine::AnnouncedUpload;
use crate::http::error::Problem;
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::UploadClientData;

/// Prefix of user metadata in headers; MinIO's notifications include it.
const METADATA_PREFIX: &str = "x-amz-meta-";

/// A notification. A connection test has no records.
#[derive(Debug, Deserialize, ToSchema)]
pub struct S3Notification {
    #[serde(rename = "Records", default)]
    records: Vec<S3Record>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct S3Record {
    /// Events other than `ObjectCreated:…` are ignored.
    #[serde(rename = "eventName")]
    event: String,
    s3: S3Entity,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct S3Bucket {
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct S3Object {
    /// Form-encoded.
    key: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(rename = "eTag", default)]
    etag: Option<String>,
    #[serde(rename = "versionId", default)]
    version: Option<String>,
    #[serde(default)]
    sequencer: Option<String>,
    #[serde(rename = "userMetadata", default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<BTreeMap<String, String>>,
}

/// The outcome of a notification.
#[derive(Debug, Serialize, ToSchema)]
pub struct S3Accepted {
    pub uploads: Vec<S3Upload>,
    /// Objects that cannot be checked; redelivery would not help.
    pub refused: Vec<S3Refused>,
}

/// An object that became an upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct S3Upload {
    pub bucket: String,
    pub key: String,
    /// `upl_…`; its verdict is at `/v1/uploads/{id}` and sent as the event `upload.verdict`.
    pub upload: String,
}

/// An object that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct S3Refused {
    pub bucket: String,
    pub key: String,
    /// Why the object was refused.
    pub detail: String,
}

/// Event notifications of Amazon S3 and MinIO.
///
/// The `reference` of an upload is `bucket/key`. A 503 response means that too many uploads are waiting: the store will
/// redeliver the notification, and objects that were already accepted are not accepted twice.
#[utoipa::path(
    post, path = "/hooks/s3", tag = "hooks", request_body = S3Notification,
    responses((status = 200, description = "The outcome, object by object.", body = S3Accepted))
)]
pub async fn hook(
    State(app): State<App>,
    Json(notification): Json<S3Notification>,
) -> Result<Json<S3Accepted>, Problem> {
    let uploader_field = app.options().hooks.s3_uploader_field.as_deref();
    let (mut places, mut all) = (Vec::new(), Vec::new());
    for record in notification.records.into_iter().filter(S3Record::is_creation) {
        let (bucket, key) = (record.s3.bucket.name.clone(), decoded(&record.s3.object.key));
        all.push(told(&bucket, &key, record.s3.object, uploader_field));
        places.push((bucket, key));
    }
    let outcomes = app.ask_uploads(move |uploads| uploads.accept_all_told(&all)).await?;
    let mut answer = S3Accepted { uploads: Vec::new(), refused: Vec::new() };
    for ((bucket, key), outcome) in places.into_iter().zip(outcomes) {
        match outcome {
            Ok(accepted) => {
                answer.uploads.push(S3Upload { bucket, key, upload: accepted.id.to_string() });
            }
            Err(error) => answer.refused.push(S3Refused { bucket, key, detail: error.to_string() }),
        }
    }
    Ok(Json(answer))
}

impl S3Record {
    fn is_creation(&self) -> bool {
        let event = self.event.strip_prefix("s3:").unwrap_or(&self.event);
        event.starts_with("ObjectCreated:")
    }
}

fn told(
    bucket: &str,
    key: &str,
    object: S3Object,
    uploader_field: Option<&str>,
) -> AnnouncedUpload {
    let S3Object { size, etag, version, sequencer, metadata, .. } = object;
    let metadata = metadata.unwrap_or_default();
    let uploader = uploader_field.and_then(|field| {
        let found = metadata.iter().find(|(name, _)| bare(name).eq_ignore_ascii_case(field));
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    });
    let mut said = Map::new();
    for (name, value) in [("size", json!(size)), ("etag", json!(etag)), ("version", json!(version))]
    {
        if !value.is_null() {
            said.insert(name.to_owned(), value);
        }
    }
    if !metadata.is_empty() {
        let of_user = metadata.iter().map(|(name, value)| (bare(name).to_owned(), json!(value)));
        said.insert("user".to_owned(), Value::Object(of_user.collect()));
    }
    let uri = format!("s3://{bucket}/{key}");
    // Without versioning, the event's sequencer or the digest identifies the object's version.
    let which = version.filter(|v| !v.is_empty() && v != "null").or(sequencer).or(etag);
    let client_data = UploadClientData {
        uploader,
        reference: Some(format!("{bucket}/{key}")),
        metadata: Some(said).filter(|said| !said.is_empty()),
        uri: Some(uri.clone()),
        // What comes with it is the client's word.
        uploaded_at: None,
    };
    AnnouncedUpload { name: vec!["s3".to_owned(), uri, which.unwrap_or_default()], client_data }
}

fn bare(name: &str) -> &str {
    match name.get(..METADATA_PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(METADATA_PREFIX) => &name[prefix.len()..],
        _ => name,
    }
}

/// Decodes an object key, which notifications form-encode.
fn decoded(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        let coded = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let coded = coded.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, after) = match (first, coded) {
            (b'%', Some(byte)) => (byte, &tail[2..]),
            (b'+', _) => (b' ', tail),
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_in_a_form() {
        assert_eq!(decoded("a+b%2Fc%C3%A4.mp4"), "a b/cä.mp4");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%2"), "%zz%2");
        assert_eq!(decoded(""), "");
    }

    #[test]
    fn the_same_version_is_the_same_upload_and_another_is_another() {
        let object = |version: Option<&str>, sequencer: &str| S3Object {
            key: "k".into(),
            size: Some(1),
            etag: Some("e".into()),
            version: version.map(str::to_owned),
            sequencer: Some(sequencer.into()),
            metadata: Some(BTreeMap::from([("X-Amz-Meta-Owner".into(), "anna".into())])),
        };
        let name = |object| told("b", "k", object, None).name;
        assert_eq!(name(object(Some("v1"), "1")), name(object(Some("v1"), "2")));
        assert_ne!(name(object(Some("v1"), "1")), name(object(Some("v2"), "1")));
        assert_ne!(name(object(None, "1")), name(object(None, "2")));
        let told = told("b", "k", object(None, "1"), Some("owner"));
        assert_eq!(told.client_data.uploader.as_deref(), Some("anna"));
        assert_eq!(told.client_data.metadata.unwrap()["user"]["Owner"], "anna");
    }
}
