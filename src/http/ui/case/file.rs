//! The file of a case's upload, its key pictures, and the time spent viewing sensitive uploads.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::http::error::Problem;
use crate::http::request::extract::{Json, Path, Query};
use crate::http::response::ranged::ranged;
use crate::http::state::App;
use crate::http::ui::case::choices::named;
use crate::http::ui::case::page::ShowQuery;
use crate::http::ui::case::pictures;
use crate::http::ui::page::form::Form;
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::model::{CaseId, UploadId};

/// The upload that the address names: the case's first one, or another of its group.
async fn upload_of(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    of: &str,
) -> Result<UploadId, Problem> {
    let (other, reviewer) = (of.parse::<UploadId>().ok(), visitor.reviewer());
    let found = app.ask_cases(move |cases| match other {
        Some(upload) => Ok(cases.of_upload(upload)?.filter(|case| *case == id).map(|_| upload)),
        None => {
            let line = cases.line(id, reviewer)?;
            Ok(line.and_then(|line| line.whole().upload.as_ref()?.parse().ok()))
        }
    });
    found.await?.ok_or_else(pictures::gone)
}

/// `GET /review/cases/{id}/upload`
pub async fn upload(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upload = upload_of(&app, &visitor, named(&id)?, &query.of).await?;
    let reviewer = visitor.reviewer();
    let found = app.ask_cases(move |cases| cases.view(upload, reviewer)).await?;
    ranged(found.ok_or_else(pictures::gone)?, &headers).await
}

/// `GET /review/cases/{id}/pictures`
pub async fn key_pictures(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<pictures::Pictures>, Problem> {
    let upload = upload_of(&app, &visitor, named(&id)?, &query.of).await?;
    let uploads = app.uploads().clone();
    let job = app.pools().try_decode(move || uploads.pictures(upload));
    let job = job.map_err(|busy| Problem::busy(words::sentence(&busy.to_string())))?;
    pictures::sent(job.await?)
}

/// `POST /review/viewing`: adds seconds of viewing sensitive uploads.
pub async fn viewing(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Json<serde_json::Value>, Problem> {
    let seconds = form.text("seconds").parse().unwrap_or(0);
    let (user, minutes) = (visitor.user.id, app.options().break_minutes);
    let viewed = app
        .ask(move |engine, environment| engine.add_viewing(user, seconds, minutes, environment))
        .await?;
    Ok(Json(serde_json::json!({ "seconds": viewed.seconds, "break_due": viewed.break_due })))
}
