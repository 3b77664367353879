//! `POST /hooks/tusd`: the HTTP hooks of tusd, version 2.
//!
//! ```text
//! pre-create   rejects an upload that is too large, or while too many uploads are waiting; stores nothing
//! pre-finish   accepts the upload, fetches it from tusd's storage, waits for the verdict; 403 to the client of a block
//! post-finish  accepts the same upload, for pipelines whose clients do not wait for a verdict
//! others       ignored
//! ```
//!
//! The client learns that its upload was blocked, and nothing more: it must not see that an upload went to review.
//! Partial uploads that are concatenated later (`IsPartial`) are ignored.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::engine::AnnouncedUpload;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::{UploadClientData, VerdictKind};
use crate::wire::{Audience, UploadView};

/// `Retry-After` of a rejected upload, seconds.
const RETRY_AFTER_S: u32 = 5;
/// Header of the response to the client that has the upload's id in Cenotaph.
const UPLOAD_HEADER: &str = "Cenotaph-Upload";

/// A hook request of tusd.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TusdHook {
    /// `pre-create`, `pre-finish` or `post-finish`; others are ignored.
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Event")]
    event: TusdEvent,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct TusdEvent {
    #[serde(rename = "Upload")]
    upload: TusdUpload,
    #[serde(rename = "HTTPRequest", default)]
    request: TusdRequest,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct TusdUpload {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(rename = "Size", default)]
    size: i64,
    #[serde(rename = "IsPartial", default)]
    is_partial: bool,
    #[serde(rename = "MetaData", default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<BTreeMap<String, String>>,
    /// `{"Type": "filestore", "Path"}`, `{"Type": "s3store", "Bucket", "Key"}`, `gcsstore`, `azurestore`.
    #[serde(rename = "Storage", default)]
    #[schema(value_type = Option<Object>)]
    storage: Option<BTreeMap<String, Value>>,
}

/// The client's request to tusd.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct TusdRequest {
    #[serde(rename = "Header", default)]
    #[schema(value_type = Option<Object>)]
    header: Option<BTreeMap<String, Vec<String>>>,
}

/// The response to a hook.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TusdAnswer {
    /// Overrides parts of tusd's response to the client.
    #[serde(rename = "HTTPResponse", skip_serializing_if = "Option::is_none")]
    response: Option<TusdResponse>,
    /// True: tusd does not create the upload.
    #[serde(rename = "RejectUpload", skip_serializing_if = "std::ops::Not::not")]
    reject: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TusdResponse {
    /// Absent: the status that tusd would send.
    #[serde(rename = "StatusCode", skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(rename = "Body", skip_serializing_if = "String::is_empty")]
    body: String,
    #[serde(rename = "Header")]
    #[schema(value_type = Object)]
    header: BTreeMap<&'static str, String>,
}

/// HTTP hooks of tusd: `pre-create`, `pre-finish` and `post-finish`.
///
/// Run tusd with `-hooks-http` set to this address, with an API key as the password in it, and with
/// `-hooks-enabled-events pre-create,pre-finish,post-finish`. The setting `uploads.uri_prefixes` must allow tusd's
/// storage. The response to `pre-finish` is 403 for a blocked upload; a verdict that is not ready in time is sent as
/// the event `upload.verdict`.
#[utoipa::path(
    post, path = "/hooks/tusd", tag = "hooks", request_body = TusdHook,
    responses((status = 200, description = "The response for tusd.", body = TusdAnswer))
)]
pub async fn hook(
    State(app): State<App>,
    Json(hook): Json<TusdHook>,
) -> Result<Json<TusdAnswer>, Problem> {
    let TusdHook { kind, event } = hook;
    if event.upload.is_partial {
        return Ok(Json(TusdAnswer::default()));
    }
    let answer = match kind.as_str() {
        "pre-create" => may_create(&app, &event),
        "pre-finish" => {
            let wait = Duration::from_secs(app.options().hooks.wait_s);
            finished(&app, event, wait).await?
        }
        "post-finish" => {
            finished(&app, event, Duration::ZERO).await?;
            TusdAnswer::default()
        }
        _ => TusdAnswer::default(),
    };
    Ok(Json(answer))
}

/// Whether an upload of this size would be accepted now.
fn may_create(app: &App, event: &TusdEvent) -> TusdAnswer {
    let bytes_max = app.uploads().options().bytes_max;
    if u64::try_from(event.upload.size).is_ok_and(|bytes| bytes > bytes_max) {
        let why = format!("An upload may have at most {bytes_max} bytes.");
        return TusdAnswer::refusal(&Problem::new(Kind::TooLarge, why));
    }
    if app.uploads().has_room() {
        return TusdAnswer::default();
    }
    let busy = Problem::busy("Too many uploads are waiting.").retry_after(RETRY_AFTER_S.into());
    TusdAnswer::refusal(&busy)
}

/// Accepts a complete upload, waits for its verdict, and makes the response to the client.
async fn finished(app: &App, event: TusdEvent, wait: Duration) -> Result<TusdAnswer, Problem> {
    let told = told(app, event)?;
    let accepted = app.ask_uploads(move |uploads| uploads.accept_told(&told)).await?;
    app.wait_for_verdict(accepted.id, wait).await;
    let line = app.ask_uploads(move |uploads| uploads.show(accepted.id)).await?;
    Ok(line.map_or_else(TusdAnswer::default, |view| {
        TusdAnswer::of(&view.for_audience(Audience::WithoutScores))
    }))
}

fn told(app: &App, event: TusdEvent) -> Result<AnnouncedUpload, Problem> {
    let TusdEvent { upload, request } = event;
    let options = &app.options().hooks;
    let metadata = upload.metadata.unwrap_or_default();
    let of_header = options.tusd_uploader_header.as_deref().and_then(|name| {
        let headers = request.header.as_ref()?;
        let found = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.and_then(|(_, values)| values.first().cloned())
    });
    let of_field = options.tusd_uploader_field.as_deref().and_then(|f| metadata.get(f).cloned());
    let uri = address(upload.storage.as_ref())?;
    let said: Map<String, Value> =
        metadata.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let client_data = UploadClientData {
        uploader: of_header.or(of_field).filter(|uploader| !uploader.is_empty()),
        reference: Some(upload.id.clone()).filter(|id| !id.is_empty()),
        metadata: Some(said).filter(|said| !said.is_empty()),
        uri: Some(uri.clone()),
        // What comes with it is the client's word.
        uploaded_at: None,
    };
    Ok(AnnouncedUpload { name: vec!["tusd".to_owned(), upload.id, uri], client_data })
}

/// The address of an upload in tusd's storage.
fn address(storage: Option<&BTreeMap<String, Value>>) -> Result<String, Problem> {
    let invalid =
        |why: &str| Problem::new(Kind::Invalid, format!("`Event.Upload.Storage`: {why}."));
    let storage = storage.ok_or_else(|| invalid("missing"))?;
    let text = |name: &str| {
        let found = storage.get(name).and_then(Value::as_str);
        found.ok_or_else(|| invalid(&format!("`{name}` is missing")))
    };
    let object =
        |scheme: &str, bucket: &str| Ok(format!("{scheme}://{}/{}", text(bucket)?, text("Key")?));
    match text("Type")? {
        "filestore" => {
            let url = url::Url::from_file_path(text("Path")?);
            let why = "`Path` is not absolute; run tusd with an absolute -upload-dir";
            url.map(String::from).map_err(|()| invalid(why))
        }
        "s3store" => object("s3", "Bucket"),
        "gcsstore" => object("gs", "Bucket"),
        "azurestore" => object("az", "Container"),
        _ => Err(invalid("`Type` must be filestore, s3store, gcsstore or azurestore")),
    }
}

impl TusdAnswer {
    fn refusal(problem: &Problem) -> TusdAnswer {
        let mut header = BTreeMap::from([("Content-Type", "text/plain".to_owned())]);
        header.extend(problem.retry_after_s.map(|s| ("Retry-After", s.to_string())));
        let status = Some(problem.kind.status().as_u16());
        let body = problem.detail.clone();
        TusdAnswer { response: Some(TusdResponse { status, body, header }), reject: true }
    }

    fn of(line: &UploadView) -> TusdAnswer {
        let mut header = BTreeMap::from([(UPLOAD_HEADER, line.id.clone())]);
        let (mut status, mut body) = (None, String::new());
        if line.verdict == Some(VerdictKind::Block) {
            header.insert("Content-Type", "application/json".to_owned());
            status = Some(403);
            body = json!({ "upload": line.id, "verdict": VerdictKind::Block }).to_string();
        }
        TusdAnswer { response: Some(TusdResponse { status, body, header }), reject: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(storage: Value) -> Result<String, String> {
        let storage = serde_json::from_value(storage).unwrap();
        address(Some(&storage)).map_err(|problem| problem.detail)
    }

    #[test]
    fn every_storage_of_tusd_has_an_address() {
        let file =
            json!({ "Type": "filestore", "Path": "/srv/in/a b", "InfoPath": "/srv/in/a.info" });
        assert_eq!(of(file).unwrap(), "file:///srv/in/a%20b");
        let s3 = json!({ "Type": "s3store", "Bucket": "in", "Key": "x/y" });
        assert_eq!(of(s3).unwrap(), "s3://in/x/y");
        let gcs = json!({ "Type": "gcsstore", "Bucket": "in", "Key": "y" });
        assert_eq!(of(gcs).unwrap(), "gs://in/y");
        let azure = json!({ "Type": "azurestore", "Container": "in", "Key": "y" });
        assert_eq!(of(azure).unwrap(), "az://in/y");
        assert!(
            of(json!({ "Type": "filestore", "Path": "./data/a" }))
                .unwrap_err()
                .contains("-upload-dir")
        );
        assert!(of(json!({ "Type": "s3store", "Key": "y" })).unwrap_err().contains("Bucket"));
        assert!(of(json!({ "Type": "tape" })).is_err() && of(json!({})).is_err());
    }
}
