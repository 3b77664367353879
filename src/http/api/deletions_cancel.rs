//! `POST /v1/deletions/{id}/cancel`: calls a deletion off, as long as no copy has begun to go.

use axum::extract::State;

use crate::engine::deletions::request::too_late_words;
use crate::http::api::deletions_show::{line, named, unknown};
use crate::http::auth::Caller;
use crate::http::error::{Kind, Problem};
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::store::CancelOutcome;
use crate::wire::DeletionView;

/// Cancels a deletion.
///
/// Only before copies are being erased; then the video is shown again, and the tombstone goes if there is one. Again is
/// the same.
#[utoipa::path(
    post, path = "/v1/deletions/{id}/cancel", tag = "deletions",
    params(("id" = String, Path, description = "The deletion")),
    responses(
        (status = 200, description = "It is cancelled, now or before.", body = DeletionView),
        (status = 409, description = "It is too late",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeletionView>, Problem> {
    let (id, by) = (named(&id)?, caller.actor());
    let outcome = app.ask_deletions(move |deletions| deletions.cancel(id, by)).await?;
    match outcome.ok_or_else(unknown)? {
        CancelOutcome::Done | CancelOutcome::AlreadyCancelled => line(&app, id).await,
        CancelOutcome::TooLate(stage) => {
            let detail = format!("It is too late: {}.", too_late_words(stage));
            Err(Problem::new(Kind::Conflict, detail))
        }
    }
}
