//! `POST /v1/tombstones/{id}/stretches`: rule that a stretch of a deleted video is common.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::NewStretch;
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::Caller;
use crate::http::request::extract::{Json, Path};
use crate::http::state::App;
use crate::model::{DeletedSpan, StretchGround, TemplateStretch, TombstoneId, rfc3339};

/// A stretch to be ruled common.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StretchRequest {
    /// Start in the deleted video, seconds.
    #[schema(minimum = 0)]
    pub start_s: f64,
    /// End in the deleted video, seconds.
    #[schema(minimum = 0)]
    pub end_s: f64,
    /// `template`: many videos have it. `not_owners`: it does not belong to the owner of the deleted video.
    pub ground: String,
    /// A note for the audit log. Do not name people or videos: the log is never erased.
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// A stretch of a deleted video that a moderator ruled to be common.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stretch)]
pub struct StretchView {
    /// Id, `str_…`.
    pub id: String,
    /// Start in the deleted video, seconds.
    pub start_s: f64,
    /// End in the deleted video, seconds.
    pub end_s: f64,
    /// `template` or `not_owners`.
    pub ground: String,
    /// Who ruled: the id of a key or user, or `local` for the command line.
    pub by: String,
    pub at: String,
    /// Who undid the ruling; null while it is in force.
    #[schema(required)]
    pub undone_by: Option<String>,
    /// When it was undone; null while it is in force.
    #[schema(required)]
    pub undone_at: Option<String>,
}

impl StretchView {
    pub fn new(one: TemplateStretch) -> StretchView {
        StretchView {
            id: one.id.to_string(),
            start_s: one.span.start_s,
            end_s: one.span.end_s,
            ground: one.ground.to_string(),
            by: one.by.to_string(),
            at: rfc3339(one.at),
            undone_by: one.undone.map(|(by, _)| by.to_string()),
            undone_at: one.undone.map(|(_, at)| rfc3339(at)),
        }
    }
}

/// Rule that a stretch of a deleted video is common.
///
/// Common is what many videos have, such as an ident, or what does not belong to the owner of the deleted video. The
/// ruling holds for all uploads until it is undone. All stretches of a tombstone together may be at most 30 % of the video;
/// to clear more of it, retire the tombstone.
#[utoipa::path(
    post, path = "/v1/tombstones/{id}/stretches", tag = "tombstones",
    params(("id" = String, Path, description = "The tombstone's id")),
    request_body = StretchRequest,
    responses((status = 201, description = "The stretch.", body = StretchView))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<StretchRequest>,
) -> Result<(StatusCode, Json<StretchView>), Problem> {
    let ground = request.ground.parse::<StretchGround>();
    let ground = ground.map_err(|e| Problem::new(Kind::Invalid, format!("`ground`: {e}.")))?;
    let new = NewStretch { span: DeletedSpan::new(request.start_s, request.end_s), ground };
    let (id, actor, note) = (TombstoneId(id), caller.actor(), request.note);
    let made =
        app.ask(move |engine, environment| engine.add_stretch(&id, new, note, actor, environment));
    let made = made.await?.ok_or_else(|| Problem::not_found("tombstone"))?;
    Ok((StatusCode::CREATED, Json(StretchView::new(made))))
}
