//! `GET /openapi.json`: the API document, generated once, on the first request.
//!
//! The list of routes generates the document from the endpoints, and this endpoint is one of them. To keep the two from
//! importing each other, the routes add the document to each request as an extension.

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use crate::http::document::docs;

/// The API document, as JSON and as a page. Clones share it.
#[derive(Clone)]
pub struct ApiDocument(Arc<Texts>);

struct Texts {
    json: LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>,
    page: LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>,
}

impl ApiDocument {
    /// The document that `make` generates; it is called on the first request for either form.
    pub fn new(make: fn() -> OpenApi) -> ApiDocument {
        let json = move || {
            let text = make().to_pretty_json();
            Bytes::from(text.expect("a document of our own types can be serialised"))
        };
        let page = move || Bytes::from(docs::render(&make()));
        ApiDocument(Arc::new(Texts {
            json: LazyLock::new(Box::new(json)),
            page: LazyLock::new(Box::new(page)),
        }))
    }

    /// The document as a page.
    pub fn page(&self) -> Bytes {
        self.0.page.clone()
    }
}

/// The OpenAPI document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service",
    responses((status = 200, description = "The OpenAPI document.",
               content_type = "application/json", body = Object))
)]
pub async fn serve(Extension(document): Extension<ApiDocument>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.0.json.clone())
}
