//! `POST /hooks/tusd`: what tusd (version 2) tells and asks by its HTTP hooks.
//!
//! ```text
//! pre-create   refused when it is too large or too much is waiting; nothing is kept
//! pre-finish   the upload is accepted, its bytes are read from tusd's storage; the client is told 403 when it is blocked
//! post-finish  the same upload, for pipelines in which the client does not wait for a verdict
//! others       nothing
//! ```
//!
//! The client of a blocked upload sees that, and nothing else: whether an upload went to review is not its business.
//! Parts that are put together later (`IsPartial`) are no uploads.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::engine::wire::UploadLine;
use crate::engine::{Told, UploadWords};
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Json;
use crate::http::state::App;
use crate::model::VerdictKind;

/// Seconds after which a client may come again when too much is waiting.
const RETRY_AFTER_S: u32 = 5;
/// Names the upload here, in the answer that the client gets.
const UPLOAD_HEADER: &str = "Cenotaph-Upload";

/// What tusd tells.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TusdHook {
    /// `pre-create`, `pre-finish`, `post-finish`; others are passed over.
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

/// The client's request.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct TusdRequest {
    #[serde(rename = "Header", default)]
    #[schema(value_type = Option<Object>)]
    header: Option<BTreeMap<String, Vec<String>>>,
}

/// What tusd does.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TusdAnswer {
    /// Laid over tusd's answer to the client.
    #[serde(rename = "HTTPResponse", skip_serializing_if = "Option::is_none")]
    response: Option<TusdResponse>,
    /// True: the upload is not created.
    #[serde(rename = "RejectUpload", skip_serializing_if = "std::ops::Not::not")]
    reject: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TusdResponse {
    /// Absent: as tusd would answer.
    #[serde(rename = "StatusCode", skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(rename = "Body", skip_serializing_if = "String::is_empty")]
    body: String,
    #[serde(rename = "Header")]
    #[schema(value_type = Object)]
    header: BTreeMap<&'static str, String>,
}

/// Takes the HTTP hooks of tusd: `pre-create`, `pre-finish`, `post-finish`.
///
/// tusd is given this address by `-hooks-http`, with an API key as the password in it, and
/// `-hooks-enabled-events pre-create,pre-finish,post-finish`; it keeps its uploads where `uploads.uri_prefixes` allows to
/// fetch from. A blocked upload is answered 403 in `pre-finish`; one whose verdict is not there in time is told by the
/// event `upload.verdict`.
#[utoipa::path(
    post, path = "/hooks/tusd", tag = "hooks", request_body = TusdHook,
    responses((status = 200, description = "What tusd does.", body = TusdAnswer))
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

/// Whether an upload of this size would be taken at present.
fn may_create(app: &App, event: &TusdEvent) -> TusdAnswer {
    let bytes_max = app.uploads().options().bytes_max;
    if u64::try_from(event.upload.size).is_ok_and(|bytes| bytes > bytes_max) {
        let why = format!("An upload has at most {bytes_max} bytes.");
        return TusdAnswer::refusal(&Problem::new(Kind::TooLarge, why));
    }
    match app.uploads().has_room() {
        true => TusdAnswer::default(),
        false => TusdAnswer::refusal(
            &Problem::busy("Too many uploads are waiting.").retry_after(RETRY_AFTER_S.into()),
        ),
    }
}

/// Accepts an upload that is complete, waits for its verdict, and says what the client is told.
async fn finished(app: &App, event: TusdEvent, wait: Duration) -> Result<TusdAnswer, Problem> {
    let told = told(app, event)?;
    let accepted = app.ask_uploads(move |uploads| uploads.accept_told(&told)).await?;
    app.wait_for_verdict(accepted.id, wait).await;
    let line = app.ask_uploads(move |uploads| uploads.show(accepted.id)).await?;
    Ok(line.map_or_else(TusdAnswer::default, |line| TusdAnswer::of(&line)))
}

fn told(app: &App, event: TusdEvent) -> Result<Told, Problem> {
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
    let words = UploadWords {
        uploader: of_header.or(of_field).filter(|uploader| !uploader.is_empty()),
        reference: Some(upload.id.clone()).filter(|id| !id.is_empty()),
        metadata: Some(said).filter(|said| !said.is_empty()),
        uri: Some(uri.clone()),
    };
    Ok(Told { name: vec!["tusd".to_owned(), upload.id, uri], words })
}

/// Where tusd keeps an upload.
fn address(storage: Option<&BTreeMap<String, Value>>) -> Result<String, Problem> {
    let invalid =
        |why: &str| Problem::new(Kind::Invalid, format!("`Event.Upload.Storage`: {why}."));
    let storage = storage.ok_or_else(|| invalid("it is absent"))?;
    let text = |name: &str| {
        let found = storage.get(name).and_then(Value::as_str);
        found.ok_or_else(|| invalid(&format!("`{name}` is absent")))
    };
    let object =
        |scheme: &str, bucket: &str| Ok(format!("{scheme}://{}/{}", text(bucket)?, text("Key")?));
    match text("Type")? {
        "filestore" => {
            let url = url::Url::from_file_path(text("Path")?);
            let why = "`Path` is not absolute; give tusd an absolute -upload-dir";
            url.map(String::from).map_err(|()| invalid(why))
        }
        "s3store" => object("s3", "Bucket"),
        "gcsstore" => object("gs", "Bucket"),
        "azurestore" => object("az", "Container"),
        _ => Err(invalid("`Type` is none of filestore, s3store, gcsstore and azurestore")),
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

    fn of(line: &UploadLine) -> TusdAnswer {
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
