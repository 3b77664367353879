//! The signed-in user of a page, from the session cookie, and the check of their role.
//!
//! The cookie is `HttpOnly` and `SameSite=Lax`: links from other sites work, but their forms do not send it. Every form
//! also has the session's form token, see [`form`](super::form).

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::http::error::{Kind, Problem};
use crate::http::middleware::observe::KnownCaller;
use crate::http::request::sender::Peer;
use crate::http::state::App;
use crate::model::{Actor, Reviewer, Role, SessionSecret};
use crate::store::User;

/// The cookie's name over plain HTTP.
const COOKIE: &str = "cenotaph_session";
/// The cookie's name over HTTPS; the prefix binds it to this host and to HTTPS.
const COOKIE_HTTPS: &str = "__Host-cenotaph_session";
/// Prefix of the pages that sign-in may return to.
const PAGES: &str = "/review";

/// A signed-in user.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub user: User,
    pub secret: SessionSecret,
}

impl Visitor {
    pub fn actor(&self) -> Actor {
        Actor::User(self.user.id)
    }

    /// The user as a reviewer of cases.
    pub fn reviewer(&self) -> Reviewer {
        Reviewer { actor: self.actor(), role: self.user.role }
    }

    /// Whether the user has this role or a higher one.
    pub fn is(&self, role: Role) -> bool {
        self.user.role >= role
    }
}

/// The requirement of a group of pages.
#[derive(Clone)]
pub struct Needs {
    pub app: App,
    pub role: Role,
}

/// Middleware that admits users with the role, and redirects others to the sign-in page.
pub async fn require(State(needs): State<Needs>, mut request: Request, next: Next) -> Response {
    let visitor = match known(&needs.app, request.headers()).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return sign_in_first(&request),
        Err(problem) => return problem.into_response(),
    };
    if !visitor.is(needs.role) {
        let detail = format!("This page requires the role {}.", needs.role);
        return Problem::new(Kind::Forbidden, detail).into_response();
    }
    let caller = KnownCaller(visitor.actor().to_string());
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    response
}

/// The user whose session the cookie names.
///
/// # Errors
/// [`Kind::Internal`] if the store fails.
pub async fn known(app: &App, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    let Some(secret) = secret(app, headers) else { return Ok(None) };
    let shown = secret.clone();
    let user = app.ask(move |engine, environment| engine.signed_in(&shown, environment)).await?;
    Ok(user.map(|user| Visitor { user, secret }))
}

fn secret(app: &App, headers: &HeaderMap) -> Option<SessionSecret> {
    let name = cookie_name(app);
    headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok()).find_map(|line| {
        let pairs = line.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, v)| SessionSecret::parse(v))
    })
}

fn cookie_name(app: &App) -> &'static str {
    if app.options().behind_proxy { COOKIE_HTTPS } else { COOKIE }
}

/// The header that sets the session cookie, or with `None` deletes it.
pub fn cookie(app: &App, secret: Option<&SessionSecret>) -> HeaderValue {
    let secure = if app.options().behind_proxy { "; Secure" } else { "" };
    let (value, age) = match secret {
        Some(secret) => (secret.reveal(), ""),
        None => (String::new(), "; Max-Age=0"),
    };
    let name = cookie_name(app);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    HeaderValue::from_str(&text).expect("an ASCII cookie is a valid header")
}

/// The client's address, by which failed sign-ins are counted.
pub fn address(app: &App, request_headers: &HeaderMap, peer: Option<&Peer>) -> String {
    // Only the last address was added by our own proxy; the client can forge the others.
    let forwarded = request_headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()).map(|one| one.trim().to_owned());
    let seen = peer.map(|peer| peer.0.ip().to_string()).unwrap_or_default();
    last.filter(|_| app.options().behind_proxy).unwrap_or(seen)
}

/// The page to return to: `next` if it is one of ours, otherwise the queue.
pub fn safe_next(next: &str) -> &str {
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let ours =
        next == PAGES || next.strip_prefix(PAGES).is_some_and(|rest| rest.starts_with(['/', '?']));
    let loops = next.starts_with("/review/sign-in");
    if plain && ours && !loops && !next.contains("//") { next } else { PAGES }
}

/// Redirects to the sign-in page, which returns here; scripts get a 401 instead.
fn sign_in_first(request: &Request) -> Response {
    let headers = request.headers();
    let by_script = headers.get("sec-fetch-dest").is_some_and(|dest| dest == "empty")
        || headers.get(header::ACCEPT).is_some_and(|a| a == "application/json");
    if by_script {
        return Problem::new(Kind::Unauthenticated, "Your session has ended. Sign in again.")
            .into_response();
    }
    let from_form = || {
        let referer = headers.get(header::REFERER)?.to_str().ok()?;
        let url = url::Url::parse(referer).ok()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{query}", url.path()))
    };
    let uri = request.uri();
    let asked = uri.path_and_query().map_or(PAGES, |path| path.as_str()).to_owned();
    let back = if request.method() == Method::GET { Some(asked) } else { from_form() };
    let back = back.unwrap_or_default();
    let back: String = url::form_urlencoded::byte_serialize(safe_next(&back).as_bytes()).collect();
    Redirect::to(&format!("/review/sign-in?next={back}")).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Infallible> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        Ok(visitor.expect("a handler that extracts the visitor is in a group of pages with a role"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_returns_to_our_pages_only() {
        for good in ["/review", "/review?verdict=review", "/review/cases/cas_1"] {
            assert_eq!(safe_next(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "https://evil.example/review",
            "/reviews",
            "/review/sign-in?x",
            "/review//evil.example",
            "/review\\evil",
            "/v1/keys",
            "/review\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(safe_next(bad), "/review", "{bad}");
        }
    }
}
