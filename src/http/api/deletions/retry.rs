//! `POST /v1/deletions/{id}/retry`: what failed is tried again at once.

use axum::extract::State;
use axum::http::StatusCode;

use crate::engine::wire::DeletionLine;
use crate::http::api::deletions::show::{line, named, unknown};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;

/// Tries again at once.
///
/// For a deletion that is stuck, after what it said was put right; it would be tried again by itself, but later. What is
/// held until a date stays so.
#[utoipa::path(
    post, path = "/v1/deletions/{id}/retry", tag = "deletions",
    params(("id" = String, Path, description = "The deletion")),
    responses(
        (status = 202, description = "It is taken up again.", body = DeletionLine),
        (status = 409, description = "Nothing is left to do",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn retry(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<DeletionLine>), Problem> {
    let (id, by) = (named(&id)?, caller.actor());
    let hurried = app.ask_deletions(move |deletions| deletions.hurry(id, by)).await?;
    if !hurried.ok_or_else(unknown)? {
        let detail = "It is complete or cancelled: nothing is left to do.";
        return Err(Problem::new(Kind::Conflict, detail));
    }
    Ok((StatusCode::ACCEPTED, line(&app, id).await?))
}
