//! `GET /v1/tombstones`: tombstones, oldest first.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::Expiry;
use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::{Slot, Strength, rfc3339};
use crate::store::Tombstone;

/// The tombstone of a deleted video. The owner's id is stored as a keyed hash only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tombstone)]
pub struct TombstoneView {
    pub id: String,
    pub created_at: String,
    /// When the tombstone expires, as the settings say; null: never.
    #[schema(required)]
    pub expires_at: Option<String>,
    /// Why the video was deleted: `owner_request`, `legal` or `moderation`.
    pub reason: String,
    /// What a poor re-encode of the video gets, and the strongest verdict that a match can have, under the present
    /// thresholds: `block`, `review`, or `unmatchable` (neither; what matches nevertheless is reviewed).
    pub strength: String,
    /// The reason for this strength, and what would help.
    pub strength_reason: String,
    /// Duration of the video, seconds.
    pub duration_s: f64,
    /// Whether the owner is known. Owners may re-upload their own deleted videos.
    pub owned: bool,
    /// When the video was posted, as the deletion said: the earliest and the latest time; null: unknown.
    #[schema(required)]
    pub uploaded_at: Option<[String; 2]>,
    /// Whether the deletion asserted that the owner is the author.
    pub original: bool,
    pub fingerprint_bytes: u64,
}

impl TombstoneView {
    pub fn new(one: Tombstone, expiry: &Expiry) -> TombstoneView {
        let kept_s = expiry.of(one.reason);
        TombstoneView {
            id: one.id.0,
            created_at: rfc3339(one.created_at),
            expires_at: kept_s.map(|kept_s| rfc3339(one.created_at + kept_s)),
            reason: one.reason.to_string(),
            strength: match one.strength {
                Strength::Block => "block",
                Strength::Review => "review",
                Strength::Unmatchable => "unmatchable",
            }
            .to_owned(),
            strength_reason: one.strength_why,
            duration_s: (one.duration_s * 100.0).round() / 100.0,
            owned: one.owner.is_some(),
            uploaded_at: one.uploaded.map(|(from, to)| [rfc3339(from), rfc3339(to)]),
            original: one.original,
            fingerprint_bytes: one.fingerprint_size,
        }
    }
}

/// List tombstones, oldest first.
#[utoipa::path(
    get, path = "/v1/tombstones", tag = "tombstones", params(PageQuery),
    responses((status = 200, description = "A page of tombstones.", body = Page<TombstoneView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TombstoneView>>, Problem> {
    let limit = query.limit()?;
    let after = query.cursor.map(|slot| slot.parse().map(Slot)).transpose();
    let after = after.map_err(|_| bad_cursor())?;
    let found = app.ask(move |engine, _| engine.tombstones(after, limit + 1)).await?;
    let expiry = *app.engine().expiry();
    let view = |one| TombstoneView::new(one, &expiry);
    Ok(Json(Page::cut(found, limit, |one| one.slot.0.to_string(), view)))
}
