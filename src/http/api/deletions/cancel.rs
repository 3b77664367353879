//! `POST /v1/deletions/{id}/cancel`: cancel a deletion before any copy is erased.

use axum::extract::State;

use crate::engine::deletions::too_late_words;
use crate::http::api::deletions::show::{named, unknown, view};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::store::CancelOutcome;
use crate::wire::DeletionView;

/// Cancel a deletion.
///
/// Possible until the first copy is erased. The video becomes visible again, and its tombstone, if any, is removed.
/// Idempotent.
#[utoipa::path(
    post, path = "/v1/deletions/{id}/cancel", tag = "deletions",
    params(("id" = String, Path, description = "The deletion's id, `del_…`")),
    responses(
        (status = 200, description = "The cancelled deletion.", body = DeletionView),
        (status = 409, description = "Copies are already being erased",
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
        CancelOutcome::Done | CancelOutcome::AlreadyCancelled => view(&app, id).await,
        CancelOutcome::TooLate(stage) => {
            let detail =
                format!("The deletion can no longer be cancelled: {}.", too_late_words(stage));
            Err(Problem::new(Kind::Conflict, detail))
        }
    }
}
