//! Authentication and scopes.
//!
//! A caller sends an API key (`Authorization: Bearer cnt_…`, or as the password of Basic authentication), or uses the
//! control socket, which only the service's own user can open. Checking a key does not query the database.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::error::{Kind, Problem};
use crate::http::middleware::observe::KnownCaller;
use crate::http::request::sender::ByControlSocket;
use crate::http::state::App;
use crate::model::{Actor, Reviewer, Role, Scope, Scopes};
use crate::store::ApiKey;

/// The authenticated sender of a request.
#[derive(Debug, Clone)]
pub enum Caller {
    Key(Arc<ApiKey>),
    /// The service's own user, over the control socket.
    Local,
}

impl Caller {
    pub fn scopes(&self) -> Scopes {
        match self {
            Caller::Key(key) => key.scopes,
            Caller::Local => Scopes::all(),
        }
    }

    pub fn may(&self, scope: Scope) -> bool {
        self.scopes().has(scope)
    }

    /// The caller as a reviewer of cases; the scope `admin` makes a key a lead.
    pub fn reviewer(&self) -> Reviewer {
        let role = match self {
            Caller::Key(key) if !key.scopes.has(Scope::Admin) => Role::Moderator,
            Caller::Key(_) => Role::Lead,
            Caller::Local => Role::Admin,
        };
        Reviewer { actor: self.actor(), role }
    }

    /// The caller as the audit log names it.
    pub fn actor(&self) -> Actor {
        match self {
            Caller::Key(key) => Actor::Key(key.id),
            Caller::Local => Actor::Local,
        }
    }
}

/// The requirement of a group of routes: any one of these scopes.
#[derive(Clone)]
pub struct Needs {
    pub app: App,
    pub any_of: Scopes,
}

/// Middleware that admits a request whose caller has one of the scopes; the handler extracts the [`Caller`].
pub async fn require(State(needs): State<Needs>, mut request: Request, next: Next) -> Response {
    let caller = match admit(&needs, &request) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let known = KnownCaller(caller.actor().to_string());
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(known);
    response
}

fn admit(needs: &Needs, request: &Request) -> Result<Caller, Problem> {
    let caller = known(&needs.app, request)?;
    if !caller.scopes().has_any(needs.any_of) {
        let names: Vec<&str> = needs.any_of.iter().map(Scope::as_str).collect();
        let detail = format!("This request requires a key with the scope {}.", names.join(" or "));
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if let Caller::Key(key) = &caller {
        needs.app.limiter().take(key)?;
    }
    Ok(caller)
}

/// Authenticates the caller.
///
/// # Errors
/// [`Kind::Unauthenticated`] without a valid key.
pub fn known(app: &App, request: &Request) -> Result<Caller, Problem> {
    if request.extensions().get::<ByControlSocket>().is_some() {
        return Ok(Caller::Local);
    }
    let unknown = |detail: &str| Problem::new(Kind::Unauthenticated, detail);
    let shown = request.headers().get(header::AUTHORIZATION);
    let shown = shown.ok_or_else(|| unknown("Send `Authorization: Bearer cnt_…`."))?;
    let key = shown.to_str().ok().and_then(token).and_then(|t| app.engine().authenticate(&t));
    let key = key.ok_or_else(|| unknown("The API key is invalid or was revoked."))?;
    Ok(Caller::Key(key))
}

/// The key in an `Authorization` header: a bearer token, or the password of Basic authentication with any user name,
/// for programs that can only be configured with a URL (`https://tusd:cnt_…@host/hooks/tusd`).
fn token(shown: &str) -> Option<Cow<'_, str>> {
    let (scheme, token) = shown.split_once(' ')?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(token.into());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(password.to_owned().into())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Infallible> {
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(caller.expect("a handler that extracts the caller is in a group of routes with scopes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_bearer_token_or_a_basic_password() {
        assert_eq!(token("Bearer cnt_a").as_deref(), Some("cnt_a"));
        assert_eq!(token("bearer  cnt_a ").as_deref(), Some("cnt_a"));
        let pair = STANDARD.encode("tusd:cnt_a:b");
        assert_eq!(token(&format!("Basic {pair}")).as_deref(), Some("cnt_a:b"));
        for wrong in ["", "cnt_a", "Digest cnt_a", "Basic cnt_a", "Basic Y250X2E="] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
    }
}
