//! `GET /oembed?url=`: what other sites ask before they show a video of the platform.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::error::Problem;
use crate::http::public::dead_end::{Place, answer};
use crate::http::public::links::video_of;
use crate::http::request::extract::Query;
use crate::http::state::App;

/// Whoever asks may send more, by the oEmbed specification: `format`, `maxwidth`, `maxheight`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OembedQuery {
    /// The platform's address of the video; the settings say how such addresses look.
    url: String,
}

/// oEmbed for deleted videos: there is nothing to embed.
#[utoipa::path(
    get, path = "/oembed", tag = "public", params(OembedQuery),
    responses(
        (status = 410, description = "A page that says that it was deleted.",
         content_type = "text/html", body = String),
        (status = 404, description = "Nobody has deleted a video at this address; a page.",
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
