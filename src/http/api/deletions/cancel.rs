//! `POST /v1/deletions/{id}/cancel`: calls a deletion off, as long as no copy has begun to go.

use axum::extract::State;

use crate::engine::deletion_request::too_late_words;
use crate::engine::wire::DeletionLine;
use crate::http::api::deletions::show::{line, named, unknown};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::store::Cancelled;

/// Cancels a deletion.
///
/// Only before copies are being erased; then the video is shown again, and the tombstone goes if there is one. Again is
/// the same.
#[utoipa::path(
    post, path = "/v1/deletions/{id}/cancel", tag = "deletions",
    params(("id" = String, Path, description = "The deletion")),
    responses(
        (status = 200, description = "It is cancelled, now or before.", body = DeletionLine),
        (status = 409, description = "It is too late",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeletionLine>, Problem> {
    let (id, by) = (named(&id)?, caller.actor());
    let outcome = app.ask_deletions(move |deletions| deletions.cancel(id, by)).await?;
    match outcome.ok_or_else(unknown)? {
        Cancelled::Done | Cancelled::Before => line(&app, id).await,
        Cancelled::TooLate(stage) => {
            let detail = format!("It is too late: {}.", too_late_words(stage));
            Err(Problem::new(Kind::Conflict, detail))
        }
    }
}
