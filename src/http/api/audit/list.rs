//! `GET /v1/audit`: the audit log, newest first.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::http::request::extract::{Json, Query};
use crate::http::request::paging::{Page, PageQuery, bad_cursor};
use crate::http::state::App;
use crate::model::rfc3339;
use crate::store::{AuditFilter, AuditLine};

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditView {
    /// Position in the log; a newer entry has a larger number.
    pub seq: u64,
    pub at: String,
    /// `key_…`, `usr_…`, `local` (the command line), or `policy` (the settings).
    pub actor: String,
    /// Noun and verb, such as `key.create`.
    pub action: String,
    /// Id of the object that was acted on.
    pub subject: String,
    #[schema(required)]
    pub note: Option<String>,
}

impl AuditView {
    fn new(line: AuditLine) -> AuditView {
        AuditView {
            seq: line.seq,
            at: rfc3339(line.at),
            actor: line.actor.to_string(),
            action: line.action,
            subject: line.subject,
            note: line.note,
        }
    }
}

/// List the audit log, newest first. The log is append-only.
#[utoipa::path(
    get, path = "/v1/audit", tag = "service", params(PageQuery),
    responses((status = 200, description = "A page of audit log entries.", body = Page<AuditView>))
)]
pub async fn list(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let limit = query.limit()?;
    let before = query.cursor.map(|seq| seq.parse()).transpose().map_err(|_| bad_cursor())?;
    let lines =
        app.ask(move |engine, _| engine.audit(&AuditFilter::default(), before, limit + 1)).await?;
    Ok(Json(Page::cut(lines, limit, |line| line.seq.to_string(), AuditView::new)))
}
