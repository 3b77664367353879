//! Bodies, paths and queries as typed values. A malformed or invalid one is a [`Problem`].

use std::fmt;
use std::marker::PhantomData;

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::error::{Kind, Problem};

/// A JSON body, of a request or a response.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Problem> {
        if !is_json(&request) {
            let detail = "Send JSON, with `Content-Type: application/json`.";
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(unread)?;
        from_bytes(&body).map(Json)
    }
}

/// Parses JSON.
///
/// # Errors
/// [`Kind::Malformed`] for a syntax error, [`Kind::Invalid`] for JSON of another shape.
pub fn from_bytes<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would read a list as an object, field by field.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(Kind::Invalid, "The body must be a JSON object, not a list."));
    }
    serde_json::from_slice(body).map_err(|error| {
        // serde_json reports an unknown enum value as a syntax error, although the JSON is well-formed.
        if error.is_data() || serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            Problem::new(Kind::Invalid, format!("The body has an unexpected shape: {error}."))
        } else {
            Problem::new(Kind::Malformed, format!("The body is not valid JSON: {error}."))
        }
    })
}

/// A nested object. Unlike plain serde, it refuses a list of the fields' values.
#[derive(Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Only(PhantomData)).map(Object)
    }
}

/// Decodes UTF-8.
///
/// # Errors
/// [`Kind::Invalid`] for anything else.
pub fn utf8(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes)
        .map_err(|_| Problem::new(Kind::Invalid, "A text field is not valid UTF-8."))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The parameters of a path.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        // Whatever is wrong with a path parameter, nothing exists at that path.
        path.map(|path| Path(path.0)).map_err(|_| Problem::not_found("resource"))
    }
}

/// The query of a URL.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Query(query.0)).map_err(|rejection| {
            let why = std::error::Error::source(&rejection).map(ToString::to_string);
            let why = why.unwrap_or_else(|| "it is malformed".to_owned());
            Problem::new(Kind::Invalid, format!("Invalid query string: {why}."))
        })
    }
}

fn is_json(request: &Request) -> bool {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok());
    let essence = media_type.and_then(|t| t.split(';').next()).unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn unread(rejection: BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Kind::TooLarge, "The request body is larger than the limit.")
        }
        _ => Problem::new(Kind::Malformed, "The request body ended early."),
    }
}
