//! `POST /v1/uploads`: submit an upload as raw bytes, as a form, or by its address.

use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::engine::{Accepted, Arriving, IdempotencyKey};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{self, Json, Query};
use crate::http::request::receive::{self, Watch};
use crate::http::request::times::{parse_posted, wait_for};
use crate::http::state::App;
use crate::model::{Posted, Scope, UploadClientData, UploadId};
use crate::wire::{Audience, UploadView};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Parameters of a raw upload. With a form or JSON, only `wait` is allowed here.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreateQuery {
    /// Seconds to wait for the verdict, 0 to 60; 0 when absent.
    #[param(minimum = 0, maximum = 60)]
    wait: Option<u64>,
    /// The uploader's id on the platform. Proxies log query strings; send a form if the id must not be logged.
    #[param(min_length = 1, max_length = 1024)]
    uploader: Option<String>,
    /// The upload's id on the platform; returned in responses and events.
    #[param(min_length = 1, max_length = 1024)]
    reference: Option<String>,
    /// A JSON object; returned in responses and events.
    metadata: Option<String>,
    /// When the video was posted, as the platform knows: an RFC 3339 time, or a day. Never take it from the uploader:
    /// who posted something first may post it again.
    uploaded_at: Option<String>,
}

/// An upload as a multipart form.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of a form, for the API document; it is read piece by piece"
)]
pub struct UploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The uploader's id on the platform.
    #[schema(min_length = 1, max_length = 1024)]
    uploader: Option<String>,
    /// The upload's id on the platform; returned in responses and events.
    #[schema(min_length = 1, max_length = 1024)]
    reference: Option<String>,
    /// A JSON object; returned in responses and events.
    metadata: Option<String>,
    /// When the video was posted, as the platform knows: an RFC 3339 time, or a day.
    uploaded_at: Option<String>,
}

/// An upload by its address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadAddress {
    /// Address of the file: `file`, `s3`, `gs` or `az`, below a prefix that the settings allow.
    #[schema(max_length = 4096)]
    uri: String,
    /// The uploader's id on the platform.
    #[schema(min_length = 1, max_length = 1024)]
    uploader: Option<String>,
    /// The upload's id on the platform; returned in responses and events.
    #[schema(min_length = 1, max_length = 1024)]
    reference: Option<String>,
    /// Returned in responses and events.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// When the video was posted, as the platform knows: an RFC 3339 time, or a day.
    uploaded_at: Option<String>,
}

/// Submit an upload.
///
/// The body is the file itself, a form, or JSON with an address to fetch the file from. The response has the verdict if
/// it is ready within `wait` seconds. Otherwise the status is 202; the verdict is later at `Location` and sent as the
/// event `upload.verdict`. Identical bytes are decoded only once, but every upload gets its own verdict.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads",
    params(
        CreateQuery,
        ("Idempotency-Key" = Option<String>, Header,
         description = "Repeating the request within a day returns the same upload"),
    ),
    request_body(content(
        (String = "application/octet-stream"), (UploadForm = "multipart/form-data"),
         (UploadAddress = "application/json")
    )),
    responses(
        (status = 200, description = "The upload and its verdict.", body = UploadView),
        (status = 202, description = "The upload, accepted but not checked yet.", body = UploadView,
         headers(("Location" = String, description = "Address of the upload"))),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CreateQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let wait = wait_for(query.wait)?;
    let key = idempotency_key(request.headers(), &caller)?;
    let (request, watch) = receive::watch(&app, request);
    let accepted = match form_of(request.headers()) {
        Form::Bytes => {
            let client_data = query.client_data()?;
            let client_data = checked(&app, client_data).await?;
            too_large(&app, request.headers())?;
            let body = request.into_body().into_data_stream();
            let arrived = receive::receive(&app, &watch, body).await?;
            accept(&app, arrived, client_data, key).await?
        }
        Form::Multipart => {
            query.only_wait()?;
            let (arrived, client_data) = read_form(&app, &watch, request).await?;
            accept(&app, arrived, client_data, key).await?
        }
        Form::Json => {
            query.only_wait()?;
            let said = read_json(request).await?;
            let UploadAddress { uri, uploader, reference, metadata, uploaded_at } = said;
            let uploaded_at = uploaded_at.as_deref().map(posted).transpose()?;
            let uri = Some(uri);
            let client_data = UploadClientData { uploader, reference, metadata, uri, uploaded_at };
            app.ask_uploads(move |uploads| uploads.accept_address(&client_data, key.as_ref()))
                .await?
        }
    };
    app.wait_for_verdict(accepted.id, wait).await;
    answer(&app, accepted, &caller).await
}

/// The upload's current state: 200 with a verdict, 202 without.
async fn answer(app: &App, accepted: Accepted, caller: &Caller) -> Result<Response, Problem> {
    let Accepted { id, is_new } = accepted;
    let line = app.ask_uploads(move |uploads| uploads.show(id)).await?;
    let line = line
        .ok_or_else(|| Problem::not_found("upload"))?
        .for_audience(Audience::with_scope(caller.may(Scope::Scores)));
    let status = if line.verdict.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let mut response = (status, location(id), Json(line)).into_response();
    if !is_new {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn location(id: UploadId) -> [(header::HeaderName, String); 1] {
    [(header::LOCATION, format!("/v1/uploads/{id}"))]
}

impl CreateQuery {
    fn client_data(&self) -> Result<UploadClientData, Problem> {
        let metadata = self.metadata.as_deref().map(metadata).transpose()?;
        let (uploader, reference) = (self.uploader.clone(), self.reference.clone());
        let uploaded_at = self.uploaded_at.as_deref().map(posted).transpose()?;
        Ok(UploadClientData { uploader, reference, metadata, uri: None, uploaded_at })
    }

    fn only_wait(&self) -> Result<(), Problem> {
        let said = [&self.uploader, &self.reference, &self.metadata, &self.uploaded_at];
        let said = said.iter().any(|field| field.is_some());
        if said {
            let detail = "With a form or JSON, only `wait` is allowed in the query.";
            return Err(Problem::new(Kind::Invalid, detail));
        }
        Ok(())
    }
}

enum Form {
    Bytes,
    Multipart,
    Json,
}

/// Any content type but a form's and JSON's is the file itself: clients send many types for videos.
fn form_of(headers: &HeaderMap) -> Form {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok());
    let essence = media_type.and_then(|t| t.split(';').next()).unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => Form::Json,
        "multipart/form-data" => Form::Multipart,
        _ => Form::Bytes,
    }
}

fn posted(text: &str) -> Result<Posted, Problem> {
    parse_posted("uploaded_at", text)
}

fn metadata(text: &str) -> Result<Map<String, Value>, Problem> {
    let invalid = |_| Problem::new(Kind::Invalid, "`metadata`: must be a JSON object.");
    serde_json::from_str(text).map_err(invalid)
}

fn idempotency_key(
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|_| {
        Problem::new(
            Kind::Invalid,
            "`Idempotency-Key`: only printable ASCII characters are allowed.",
        )
    })?;
    Ok(Some(IdempotencyKey { caller: caller.actor(), key: key.to_owned() }))
}

/// Refuses an announced length over the limit before the body is read.
fn too_large(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let bytes_max = app.uploads().options().bytes_max;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: u64| bytes > bytes_max) {
        let detail = format!("An upload may have at most {bytes_max} bytes.");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(())
}

async fn checked(app: &App, client_data: UploadClientData) -> Result<UploadClientData, Problem> {
    app.uploads().check_client_data(&client_data)?;
    Ok(client_data)
}

async fn accept(
    app: &App,
    arrived: Arriving,
    client_data: UploadClientData,
    key: Option<IdempotencyKey>,
) -> Result<Accepted, Problem> {
    app.ask_uploads(move |uploads| uploads.accept(arrived, &client_data, key.as_ref())).await
}

/// Reads a JSON body, whose length [`receive::watch`] limits.
async fn read_json(request: Request) -> Result<UploadAddress, Problem> {
    let mut body = request.into_body().into_data_stream();
    let mut text = Vec::new();
    while let Some(piece) = body.next().await {
        text.extend_from_slice(&piece.map_err(|error| receive::broken(&error))?);
    }
    extract::from_bytes(&text)
}

/// Reads a form, with its fields in any order; the file goes to the spool.
async fn read_form(
    app: &App,
    watch: &Watch,
    request: Request,
) -> Result<(Arriving, UploadClientData), Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| receive::broken(&error);
    let form = Multipart::from_request(request, app).await;
    let mut form = form.map_err(|error| Problem::new(Kind::Malformed, format!("{error}.")))?;
    let (mut arrived, mut client_data) = (None, UploadClientData::default());
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let twice = match name.as_str() {
            "file" => arrived.replace(receive::receive(app, watch, &mut field).await?).is_some(),
            "uploader" => client_data.uploader.replace(text(app, &mut field).await?).is_some(),
            "reference" => client_data.reference.replace(text(app, &mut field).await?).is_some(),
            "metadata" => {
                let text = text(app, &mut field).await?;
                client_data.metadata.replace(metadata(&text)?).is_some()
            }
            "uploaded_at" => {
                let text = text(app, &mut field).await?;
                client_data.uploaded_at.replace(posted(&text)?).is_some()
            }
            _ => {
                let detail = "Unknown form field; allowed are file, uploader, reference, metadata \
                              and uploaded_at.";
                return Err(Problem::new(Kind::Invalid, detail));
            }
        };
        if twice {
            return Err(Problem::new(
                Kind::Invalid,
                format!("`{name}`: the form has this field twice."),
            ));
        }
    }
    let missing = || Problem::new(Kind::Invalid, "`file`: the form must have this field.");
    Ok((arrived.ok_or_else(missing)?, checked(app, client_data).await?))
}

/// Reads a text field up to the longest that any field may be.
async fn text(
    app: &App,
    field: &mut axum::extract::multipart::Field<'_>,
) -> Result<String, Problem> {
    let options = app.uploads().options();
    let bytes_max = options.metadata_bytes_max.max(options.word_bytes_max);
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| receive::broken(&error))? {
        if bytes.len() + piece.len() > bytes_max {
            return Err(Problem::new(
                Kind::TooLarge,
                format!("A text field may have at most {bytes_max} bytes."),
            ));
        }
        bytes.extend_from_slice(&piece);
    }
    extract::utf8(bytes)
}
