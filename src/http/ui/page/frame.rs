//! The layout around every page (head, navigation, current user) and its response headers.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::http::error::{Kind, Problem};
use crate::http::state::App;
use crate::http::ui::page::assets;
use crate::http::ui::page::visitor::{self, Visitor};
use crate::model::Role;

/// The content security policy: our own resources only, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; media-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Queue,
    Deletions,
    Tombstones,
    Dashboard,
    Audit,
    People,
    /// A page that the navigation does not list.
    Elsewhere,
}

/// An entry of the navigation.
pub struct Entry {
    pub name: &'static str,
    pub href: &'static str,
    pub here: bool,
}

/// The frame around one page.
pub struct Frame {
    pub title: String,
    pub assets: String,
    /// `None` before signing in.
    pub visitor: Option<FrameVisitor>,
    pub entries: Vec<Entry>,
}

/// Who is signed in, as the frame shows it.
pub struct FrameVisitor {
    pub name: String,
    pub role: Role,
    pub form_token: String,
}

impl Frame {
    /// The frame for a signed-in user.
    pub fn new(visitor: &Visitor, place: Place, title: impl Into<String>) -> Frame {
        let all = [
            (Place::Queue, "Queue", "/review", Role::Moderator),
            (Place::Deletions, "Deletions", "/review/deletions", Role::Moderator),
            (Place::Tombstones, "Tombstones", "/review/tombstones", Role::Moderator),
            (Place::Dashboard, "Dashboard", "/review/dashboard", Role::Lead),
            (Place::Audit, "Audit log", "/review/audit", Role::Lead),
            (Place::People, "People", "/review/people", Role::Admin),
        ];
        let entries = all.into_iter().filter(|(.., role)| visitor.is(*role));
        let entries = entries.map(|(own, name, href, _)| Entry { name, href, here: own == place });
        Frame {
            title: title.into(),
            assets: assets::folder(),
            visitor: Some(FrameVisitor {
                name: visitor.user.name.clone(),
                role: visitor.user.role,
                form_token: visitor.secret.form_token(),
            }),
            entries: entries.collect(),
        }
    }

    /// The frame before signing in.
    pub fn bare(title: impl Into<String>) -> Frame {
        Frame { title: title.into(), assets: assets::folder(), visitor: None, entries: Vec::new() }
    }

    /// The token for the page's forms; empty before signing in.
    pub fn form_token(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.form_token)
    }
}

/// A page as a response.
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => Html(text).into_response(),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: &'static str,
    detail: String,
    status: u16,
}

/// Middleware that adds the headers of pages, and renders problems as pages for browsers.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let shown = request.headers().clone();
    let mut response = next.run(request).await;
    let problem = wants_page.then(|| response.extensions_mut().remove::<Problem>()).flatten();
    if let Some(problem) = problem {
        let visitor = visitor::known(&app, &shown).await.ok().flatten();
        response = problem_page(&problem, visitor.as_ref());
    }
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // Moderators' pages must not be stored on the browser's disk.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The problem for an unknown page.
pub async fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "No page has this address.")
}

fn problem_page(problem: &Problem, visitor: Option<&Visitor>) -> Response {
    let title = match problem.kind {
        Kind::Forbidden => "Permission denied",
        Kind::NotFound => "Page not found",
        Kind::Unauthenticated => "Sign in first",
        other => other.title(),
    };
    let frame = match visitor {
        Some(visitor) => Frame::new(visitor, Place::Elsewhere, title),
        None => Frame::bare(title),
    };
    let status: StatusCode = problem.kind.status();
    let detail = problem.detail.clone();
    (status, Page(ProblemPage { frame, title, detail, status: status.as_u16() })).into_response()
}
