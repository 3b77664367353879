//! `POST /v1/deletions/{id}/retry`: retry a failed deletion now.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::api::deletions::show::{named, unknown, view};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::store::RetryOutcome;
use crate::wire::DeletionView;

/// Retry a deletion now.
///
/// Use it after you have fixed the cause that a stuck deletion reports; otherwise the next automatic retry is later.
/// Backups that are held until a date stay held.
#[utoipa::path(
    post, path = "/v1/deletions/{id}/retry", tag = "deletions",
    params(("id" = String, Path, description = "The deletion's id, `del_…`")),
    responses(
        (status = 202, description = "The deletion; the retry has been scheduled.",
         body = DeletionView),
        (status = 409, description = "The deletion is complete or cancelled",
         content_type = "application/problem+json", body = crate::http::error::ProblemBody),
    )
)]
pub async fn retry(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<DeletionView>), Problem> {
    let (id, by) = (named(&id)?, caller.actor());
    match app.ask_deletions(move |deletions| deletions.retry(id, by)).await? {
        RetryOutcome::Scheduled => Ok((StatusCode::ACCEPTED, view(&app, id).await?)),
        RetryOutcome::NothingLeft => {
            let detail = "The deletion is complete or cancelled; there is nothing to retry.";
            Err(Problem::new(Kind::Conflict, detail))
        }
        RetryOutcome::NoDeletion => Err(unknown()),
    }
}
