//! All routes, by the scopes that they need; those of pages, by the roles, are listed in `ui`.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::auth::{self, Needs};
use crate::http::error::{Kind, Problem};
use crate::http::state::App;
use crate::http::{api, docs, hooks, observe, openapi, public, ui};
use crate::model::{Scope, Scopes};

/// Routes that need any one of the same scopes; without scopes they are open to everybody.
struct Group {
    any_of: &'static [Scope],
    time: Time,
    size: Size,
    /// Open to everybody all the same when the settings say so of visibility.
    may_be_open: bool,
    routes: OpenApiRouter<App>,
}

/// How large a body may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Json,
    /// That of a whole account.
    Bulk,
    /// The endpoint sees to it itself.
    Own,
}

/// How long a request may take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    /// As the settings say.
    Limited,
    /// The endpoint sees to it itself: it takes a stream, gives one, or waits for something.
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

/// Deletions, and what is told of them.
fn deletion_groups() -> [Group; 6] {
    let public = OpenApiRouter::new()
        .routes(routes!(public::video::show))
        .routes(routes!(public::embed::show))
        .routes(routes!(public::oembed::show))
        .routes(routes!(public::receipt_keys::show));
    let wishes = OpenApiRouter::new()
        .routes(routes!(api::deletions_create::create))
        .routes(routes!(api::deletions_cancel::cancel))
        .routes(routes!(api::deletions_retry::retry));
    let bulk = OpenApiRouter::new().routes(routes!(api::deletions_bulk::create));
    let looks = OpenApiRouter::new()
        .routes(routes!(api::deletions_list::list))
        .routes(routes!(api::deletions_show::show))
        .routes(routes!(api::deletions_receipt::show))
        .routes(routes!(api::retained_list::list));
    let events = OpenApiRouter::new().routes(routes!(api::deletions_events::events));
    let shown = OpenApiRouter::new()
        .routes(routes!(api::visibility_show::show))
        .routes(routes!(api::visibility_batch::show))
        .routes(routes!(api::gate::ask));
    [
        group(&[], public),
        group(&[Scope::Delete], wishes),
        Group { size: Size::Bulk, ..group(&[Scope::Delete], bulk) },
        group(&[Scope::Delete, Scope::Admin], looks),
        streams(&[Scope::Delete, Scope::Admin], events),
        Group { may_be_open: true, ..group(EVERY, shown) },
    ]
}

/// What needs no key, uploads, and the cases that come of them.
fn upload_groups() -> Vec<Group> {
    vec![
        group(
            &[],
            OpenApiRouter::new()
                .routes(routes!(api::health::alive))
                .routes(routes!(api::health::ready))
                .routes(routes!(api::metrics::metrics))
                .routes(routes!(docs::problem))
                .routes(routes!(docs::page))
                .routes(routes!(docs::style))
                .routes(routes!(openapi::serve)),
        ),
        streams(
            &[Scope::Upload],
            OpenApiRouter::new().routes(routes!(api::uploads_create::create)),
        ),
        group(
            &[Scope::Upload],
            OpenApiRouter::new()
                .routes(routes!(hooks::tusd::hook))
                .routes(routes!(hooks::s3::hook)),
        ),
        streams(
            &[Scope::Upload, Scope::Review],
            OpenApiRouter::new().routes(routes!(api::uploads_show::show)),
        ),
        group(
            &[Scope::Upload, Scope::Review],
            OpenApiRouter::new().routes(routes!(api::uploads_appeal::appeal)),
        ),
        streams(
            &[Scope::Review],
            OpenApiRouter::new()
                .routes(routes!(api::uploads_bytes::bytes))
                .routes(routes!(api::cases_events::events)),
        ),
        group(
            &[Scope::Review],
            OpenApiRouter::new()
                .routes(routes!(api::uploads_list::list))
                .routes(routes!(api::cases_list::list))
                .routes(routes!(api::cases_list::counts))
                .routes(routes!(api::cases_stats::stats))
                .routes(routes!(api::cases_bulk::bulk))
                .routes(routes!(api::cases_claim::claim_next))
                .routes(routes!(api::cases_show::show))
                .routes(routes!(api::cases_show::history))
                .routes(routes!(api::cases_show::members))
                .routes(routes!(api::cases_claim::claim, api::cases_claim::release))
                .routes(routes!(api::cases_decide::decide, api::cases_decide::undo))
                .routes(routes!(api::cases_pass::escalate))
                .routes(routes!(api::cases_pass::assign))
                .routes(routes!(api::cases_pass::set_due))
                .routes(routes!(api::cases_pass::note)),
        ),
    ]
}

/// Tombstones, and what administrators do.
fn tombstone_groups() -> Vec<Group> {
    vec![
        group(
            &[Scope::Review, Scope::Admin],
            OpenApiRouter::new()
                .routes(routes!(api::tombstones_list::list))
                .routes(routes!(api::tombstones_show::show))
                .routes(routes!(api::tombstones_blocks::list)),
        ),
        group(
            &[Scope::Delete, Scope::Admin],
            OpenApiRouter::new().routes(routes!(
                api::grants_create::create,
                api::grants_list::list,
                api::grants_revoke::revoke
            )),
        ),
        group(
            &[Scope::Admin],
            OpenApiRouter::new()
                .routes(routes!(api::keys_create::create, api::keys_list::list))
                .routes(routes!(api::keys_revoke::revoke))
                .routes(routes!(api::tombstones_retire::retire))
                .routes(routes!(api::tombstones_reverse::reverse))
                .routes(routes!(api::subscriptions_create::create, api::subscriptions_list::list))
                .routes(routes!(
                    api::subscriptions_show::show,
                    api::subscriptions_change::change,
                    api::subscriptions_remove::remove
                ))
                .routes(routes!(api::subscriptions_rotate::rotate))
                .routes(routes!(api::subscriptions_resend::resend))
                .routes(routes!(api::deliveries_list::list))
                .routes(routes!(api::deliveries_resend::resend))
                .routes(routes!(api::audit_list::list))
                .routes(routes!(api::users_create::create, api::users_list::list))
                .routes(routes!(api::users_change::change))
                .routes(routes!(api::users_change::sign_out)),
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

/// Everything that is served, ready to be called.
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
        .fallback(|| async { Problem::new(Kind::NotFound, "There is nothing at this path.") })
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app.clone())
}
