//! `DELETE /v1/tombstones/{id}/stretches/{stretch}`: undo the ruling that a stretch is common.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::error::Problem;
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::Path;
use crate::http::state::App;
use crate::model::{StretchId, TombstoneId};

/// Undo the ruling that a stretch of a deleted video is common.
///
/// Verdicts that were given meanwhile stay.
#[utoipa::path(
    delete, path = "/v1/tombstones/{id}/stretches/{stretch}", tag = "tombstones",
    params(
        ("id" = String, Path, description = "The tombstone's id"),
        ("stretch" = String, Path, description = "The stretch's id, `str_…`")
    ),
    responses((status = 204, description = "The ruling was undone."))
)]
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path((id, stretch)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("stretch");
    let stretch: StretchId = stretch.parse().map_err(|_| missing())?;
    let (id, actor) = (TombstoneId(id), caller.actor());
    let undone =
        app.ask(move |engine, environment| engine.undo_stretch(&id, stretch, actor, environment));
    if undone.await? { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}
