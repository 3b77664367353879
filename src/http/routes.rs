//! All routes, by the scopes that they require. The routes of pages, by role, are in [`ui`].

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Extension, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::document::served::ApiDocument;
use crate::http::document::{docs, openapi, served};
use crate::http::error::{Kind, Problem};
use crate::http::middleware::auth::{self, Needs};
use crate::http::middleware::observe;
use crate::http::state::App;
use crate::http::{api, hooks, public, ui};
use crate::model::{Scope, Scopes};

/// Routes that require any one of the same scopes; without scopes, they are public.
struct Group {
    any_of: &'static [Scope],
    time: Time,
    size: Size,
    /// Public despite its scopes if the setting `visibility_open` says so.
    may_be_open: bool,
    routes: OpenApiRouter<App>,
}

/// The size limit of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Json,
    /// The deletion of a whole account.
    Bulk,
    /// The endpoint has its own limit.
    Own,
}

/// The time limit of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    /// The limit of the settings.
    Limited,
    /// The endpoint has its own limit: it reads a stream, sends one, or waits for a verdict.
    Own,
}

const EVERY: &[Scope] = &[Scope::Upload, Scope::Delete, Scope::Review, Scope::Scores, Scope::Admin];

fn group(any_of: &'static [Scope], routes: OpenApiRouter<App>) -> Group {
    Group { any_of, time: Time::Limited, size: Size::Json, may_be_open: false, routes }
}

fn streams(any_of: &'static [Scope], routes: OpenApiRouter<App>) -> Group {
    Group { time: Time::Own, size: Size::Own, ..group(any_of, routes) }
}

fn groups() -> Vec<Group> {
    let mut all = upload_groups();
    all.extend(tombstone_groups());
    all.extend(deletion_groups());
    all
}

/// Deletions, visibility and public pages.
fn deletion_groups() -> [Group; 6] {
    let public = OpenApiRouter::new()
        .routes(routes!(public::video::show))
        .routes(routes!(public::embed::show))
        .routes(routes!(public::oembed::show))
        .routes(routes!(public::receipt_keys::show));
    let requests = OpenApiRouter::new()
        .routes(routes!(api::deletions::create::create))
        .routes(routes!(api::deletions::cancel::cancel))
        .routes(routes!(api::deletions::retry::retry));
    let bulk = OpenApiRouter::new().routes(routes!(api::deletions::bulk::create));
    let reads = OpenApiRouter::new()
        .routes(routes!(api::deletions::list::list))
        .routes(routes!(api::deletions::show::show))
        .routes(routes!(api::deletions::receipt::show))
        .routes(routes!(api::retained::list::list));
    let events = OpenApiRouter::new().routes(routes!(api::deletions::events::events));
    let visibility = OpenApiRouter::new()
        .routes(routes!(api::visibility::show::show))
        .routes(routes!(api::visibility::batch::show))
        .routes(routes!(api::visibility::gate::ask));
    [
        group(&[], public),
        group(&[Scope::Delete], requests),
        Group { size: Size::Bulk, ..group(&[Scope::Delete], bulk) },
        group(&[Scope::Delete, Scope::Admin], reads),
        streams(&[Scope::Delete, Scope::Admin], events),
        Group { may_be_open: true, ..group(EVERY, visibility) },
    ]
}

/// The service itself, uploads and cases.
fn upload_groups() -> Vec<Group> {
    vec![
        group(
            &[],
            OpenApiRouter::new()
                .routes(routes!(api::service::health::alive))
                .routes(routes!(api::service::health::ready))
                .routes(routes!(api::service::metrics::metrics))
                .routes(routes!(docs::problem))
                .routes(routes!(docs::page))
                .routes(routes!(docs::style))
                .routes(routes!(served::serve)),
        ),
        streams(
            &[Scope::Upload],
            OpenApiRouter::new().routes(routes!(api::uploads::create::create)),
        ),
        group(
            &[Scope::Upload],
            OpenApiRouter::new()
                .routes(routes!(hooks::tusd::hook))
                .routes(routes!(hooks::s3::hook)),
        ),
        streams(
            &[Scope::Upload, Scope::Review],
            OpenApiRouter::new().routes(routes!(api::uploads::show::show)),
        ),
        group(
            &[Scope::Upload, Scope::Review],
            OpenApiRouter::new().routes(routes!(api::uploads::appeal::appeal)),
        ),
        streams(
            &[Scope::Review],
            OpenApiRouter::new()
                .routes(routes!(api::uploads::bytes::bytes))
                .routes(routes!(api::cases::events::events)),
        ),
        group(
            &[Scope::Review],
            OpenApiRouter::new()
                .routes(routes!(api::uploads::list::list))
                .routes(routes!(api::cases::list::list))
                .routes(routes!(api::cases::list::counts))
                .routes(routes!(api::cases::stats::stats))
                .routes(routes!(api::cases::bulk::bulk))
                .routes(routes!(api::cases::claim::claim_next))
                .routes(routes!(api::cases::show::show))
                .routes(routes!(api::cases::show::history))
                .routes(routes!(api::cases::show::members))
                .routes(routes!(api::cases::claim::claim, api::cases::claim::release))
                .routes(routes!(api::cases::decide::decide, api::cases::decide::undo))
                .routes(routes!(api::cases::pass::escalate))
                .routes(routes!(api::cases::pass::assign))
                .routes(routes!(api::cases::pass::set_due))
                .routes(routes!(api::cases::pass::note)),
        ),
    ]
}

/// Tombstones and administration.
fn tombstone_groups() -> Vec<Group> {
    vec![
        group(
            &[Scope::Review, Scope::Admin],
            OpenApiRouter::new()
                .routes(routes!(api::tombstones::list::list))
                .routes(routes!(api::tombstones::show::show))
                .routes(routes!(api::tombstones::blocks::list))
                .routes(routes!(api::stretches::create::create, api::stretches::list::list))
                .routes(routes!(api::stretches::undo::undo)),
        ),
        group(
            &[Scope::Delete, Scope::Admin],
            OpenApiRouter::new().routes(routes!(
                api::grants::create::create,
                api::grants::list::list,
                api::grants::revoke::revoke
            )),
        ),
        group(
            &[Scope::Admin],
            OpenApiRouter::new()
                .routes(routes!(api::keys::create::create, api::keys::list::list))
                .routes(routes!(api::keys::revoke::revoke))
                .routes(routes!(api::tombstones::retire::retire))
                .routes(routes!(api::tombstones::reverse::reverse))
                .routes(routes!(api::subscriptions::create::create, api::subscriptions::list::list))
                .routes(routes!(
                    api::subscriptions::show::show,
                    api::subscriptions::change::change,
                    api::subscriptions::remove::remove
                ))
                .routes(routes!(api::subscriptions::rotate::rotate))
                .routes(routes!(api::subscriptions::resend::resend))
                .routes(routes!(api::deliveries::list::list))
                .routes(routes!(api::deliveries::resend::resend))
                .routes(routes!(api::audit::list::list))
                .routes(routes!(api::users::create::create, api::users::list::list))
                .routes(routes!(api::users::change::change))
                .routes(routes!(api::users::change::sign_out)),
        ),
    ]
}

/// The API document.
pub fn document() -> OpenApi {
    let mut whole = openapi::begin();
    for group in groups() {
        let (_, mut document) = group.routes.split_for_parts();
        openapi::secure(&mut document, group.any_of);
        whole.merge(document);
    }
    openapi::finish(&mut whole);
    whole
}

/// The service's router.
pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for group in groups() {
        let (mut routes, _) = group.routes.split_for_parts();
        let open = group.may_be_open && app.options().visibility_open;
        if !group.any_of.is_empty() && !open {
            let any_of: Scopes = group.any_of.iter().copied().collect();
            let needs = Needs { app: app.clone(), any_of };
            routes = routes.route_layer(middleware::from_fn_with_state(needs, auth::require));
        }
        if group.time == Time::Limited {
            let limit = Duration::from_secs(app.options().request_timeout_s);
            let status = StatusCode::REQUEST_TIMEOUT;
            routes = routes.route_layer(TimeoutLayer::with_status_code(status, limit));
        }
        routes = routes.route_layer(match group.size {
            Size::Json => DefaultBodyLimit::max(app.options().json_bytes_max),
            Size::Bulk => DefaultBodyLimit::max(app.options().bulk_bytes_max),
            Size::Own => DefaultBodyLimit::disable(),
        });
        router = router.merge(routes);
    }
    router
        .merge(ui::routes(app))
        .fallback(|| async { Problem::new(Kind::NotFound, "No endpoint has this path.") })
        .layer(Extension(ApiDocument::new(document)))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
        value.as_object().into_iter().flatten()
    }

    fn text(value: &Value) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_page_has_every_operation_and_loads_nothing_from_elsewhere() {
        let document = document();
        let page = docs::render(&document);
        for path in document.paths.paths.keys() {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
        assert!(page.contains("Bearer"), "problems are explained");
        assert!(!page.contains("//"), "a link to another host");
        assert!(!page.contains("<script"), "a script");
    }

    #[test]
    fn an_operation_has_a_tag_a_summary_and_an_id_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let mut ids = Vec::new();
        for (path, item) in entries(&document["paths"]) {
            for (method, one) in entries(item) {
                assert!(!text(&one["summary"]).is_empty(), "{method} {path} has no summary");
                assert!(!text(&one["tags"][0]).is_empty(), "{method} {path} has no tag");
                ids.push(text(&one["operationId"]));
            }
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "operation ids are used twice: {ids:?}");
    }
}
