//! The pages for moderators: the review queue, its cases, and the pages around them.
//!
//! [`page`] has what all pages share. [`queue`] and [`case`] are the review; each other page is a file with its
//! template's context and its handlers, which are as thin as those of the API. Templates escape everything; scripts
//! never build HTML from text. A GET changes nothing: browsers prefetch links, and chat programs preview them.

mod audit;
mod case;
mod dashboard;
mod deletions;
mod page;
mod people;
mod queue;
mod sign_in;
mod tombstones;

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower_http::timeout::TimeoutLayer;

use crate::http::state::App;
use crate::http::ui::page::visitor::Needs;
use crate::model::Role;

/// Largest form, bytes; the longest field is a note.
const FORM_BYTES_MAX: usize = 64 << 10;

/// All pages, by the role that they require.
pub fn routes(app: &App) -> Router<App> {
    let open = Router::new()
        .route("/review/assets/{version}/{name}", get(page::assets::serve))
        .route("/review/sign-in", get(sign_in::page).post(sign_in::enter));
    let all = Router::new()
        .route("/review/sign-out", post(sign_in::sign_out))
        .route("/review", get(queue::page::page))
        .route("/review/events", get(queue::events::stream))
        .route("/review/next", post(case::decide::skip))
        .route("/review/viewing", post(case::file::viewing))
        .route("/review/cases/{id}", get(case::page::page))
        .route("/review/cases/{id}/upload", get(case::file::upload))
        .route("/review/cases/{id}/pictures", get(case::file::key_pictures))
        .route("/review/cases/{id}/decision", post(case::decide::decide))
        .route("/review/cases/{id}/undo", post(case::decide::undo))
        .route("/review/cases/{id}/{way}", post(case::decide::claim))
        .route("/review/tombstones", get(tombstones::page))
        .route("/review/{*rest}", get(page::frame::not_found))
        .route("/review/deletions", get(deletions::page))
        .route("/review/deletions/{id}", get(deletions::show));
    let lead = Router::new()
        .route("/review/dashboard", get(dashboard::page))
        .route("/review/bulk", get(queue::bulk::again).post(queue::bulk::survey))
        .route("/review/bulk/act", get(queue::bulk::again).post(queue::bulk::act))
        .route("/review/bulk/undo", get(queue::bulk::again).post(queue::bulk::undo))
        .route("/review/cases/{id}/assign", post(case::decide::assign))
        .route("/review/cases/{id}/due", post(case::decide::due))
        .route("/review/deletions/{id}/retry", post(deletions::retry))
        .route("/review/audit", get(audit::page))
        .route("/review/audit.csv", get(audit::csv))
        .route("/review/audit.jsonl", get(audit::jsonl));
    let admin = Router::new()
        .route("/review/people", get(people::page).post(people::add))
        .route("/review/people/{id}", post(people::change));
    // Receives a file and decodes it, so it has its own limits.
    let files = Router::new()
        .route("/review/tombstones/compare", post(tombstones::compare))
        .layer(DefaultBodyLimit::disable());
    let limit = Duration::from_secs(app.options().request_timeout_s);
    open.merge(needing(app, Role::Moderator, all))
        .merge(needing(app, Role::Lead, lead))
        .merge(needing(app, Role::Admin, admin))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limit))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .merge(needing(app, Role::Moderator, files))
        .layer(middleware::from_fn_with_state(app.clone(), page::frame::dress))
}

fn needing(app: &App, role: Role, routes: Router<App>) -> Router<App> {
    let needs = Needs { app: app.clone(), role };
    routes.route_layer(middleware::from_fn_with_state(needs, page::visitor::require))
}
