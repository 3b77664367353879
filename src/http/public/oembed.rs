//! `GET /oembed?url=`: oEmbed, which other sites query before they embed a video.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::error::Problem;
use crate::http::public::dead_end::{Place, answer};
use crate::http::public::links::video_of;
use crate::http::request::extract::Query;
use crate::http::state::App;

/// Parameters of the oEmbed specification; `format`, `maxwidth` and `maxheight` are ignored.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OembedQuery {
    /// The video's address on the platform; the settings have the patterns of addresses.
    url: String,
}

/// oEmbed response for a deleted video.
#[utoipa::path(
    get, path = "/oembed", tag = "public", params(OembedQuery),
    responses(
        (status = 410, description = "A page saying that the video was deleted.",
         content_type = "text/html", body = String),
        (status = 404, description = "A page: no deleted video has this address.",
         content_type = "text/html", body = String),
    )
)]
pub async fn show(
    State(app): State<App>,
    Query(query): Query<OembedQuery>,
) -> Result<Response, Problem> {
    let video = video_of(&app.options().links, &query.url);
    Ok(answer(&app, video.as_deref(), Place::Page))
}
