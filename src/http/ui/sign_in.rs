//! Signing in and out.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::engine::SignIn;
use crate::http::error::Problem;
use crate::http::extract::Query;
use crate::http::server::Peer;
use crate::http::state::App;
use crate::http::ui::form::{Form, same_site};
use crate::http::ui::frame::{Frame, Page};
use crate::http::ui::visitor::{self, Visitor, safe_next};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// How it is shown, and what it says.
    message: Option<(&'static str, String)>,
    name: String,
    next: String,
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    next: String,
}

/// `GET /review/sign-in`
pub async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<SignInQuery>,
) -> Result<Response, Problem> {
    let next = safe_next(&query.next).to_owned();
    if visitor::known(&app, &headers).await?.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    // Whoever was in the middle of something is told that it is kept.
    let message = (next != "/review").then(|| {
        (
            "info",
            "Sign in to go on. What you had begun to write on a case is still there.".to_owned(),
        )
    });
    Ok(shown(StatusCode::OK, message, "", &next))
}

/// `POST /review/sign-in`
pub async fn enter(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    same_site(&headers)?;
    let form = Form::parse(&body);
    let next = safe_next(form.text("next")).to_owned();
    let (name, password) = (form.text("name").to_owned(), form.exact("password").to_owned());
    let address = visitor::address(&app, &headers, peer.as_ref().map(|peer| &peer.0));
    let typed = name.clone();
    let outcome = app.ask_slowly(move |engine, environment| {
        engine.sign_in(&name, &password, &address, environment)
    });
    let (status, words) = match outcome.await? {
        SignIn::Done { secret, .. } => {
            let cookie = visitor::cookie(&app, Some(&secret));
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response());
        }
        SignIn::Wrong => {
            let words =
                "Name and password do not fit together. Capital letters matter in passwords.";
            (StatusCode::UNPROCESSABLE_ENTITY, words.to_owned())
        }
        SignIn::Locked { wait_s } => {
            let minutes = (wait_s + 59) / 60;
            let (unit, them) = if minutes == 1 { ("minute", "it") } else { ("minutes", "them") };
            let words = format!(
                "There were too many failures. Try again in {minutes} {unit}; before {them} no password is looked at."
            );
            (StatusCode::TOO_MANY_REQUESTS, words)
        }
    };
    Ok(shown(status, Some(("bad", words)), &typed, &next))
}

/// `POST /review/sign-out`
pub async fn leave(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let everywhere = form.text("everywhere") == "yes";
    app.ask(move |engine, environment| {
        if everywhere {
            return engine
                .sign_out_everywhere(visitor.user.id, visitor.actor(), environment)
                .map(drop);
        }
        engine.sign_out(&visitor.secret, visitor.user.id, environment)
    })
    .await?;
    let gone = [
        (header::SET_COOKIE, visitor::cookie(&app, None)),
        // What pages kept for this person goes with the session.
        (header::HeaderName::from_static("clear-site-data"), "\"storage\"".parse().expect("ASCII")),
    ];
    Ok((axum::response::AppendHeaders(gone), Redirect::to("/review/sign-in")).into_response())
}

fn shown(
    status: StatusCode,
    message: Option<(&'static str, String)>,
    name: &str,
    next: &str,
) -> Response {
    let page = SignInPage {
        frame: Frame::bare("Sign in"),
        message,
        name: name.chars().take(100).collect(),
        next: next.to_owned(),
    };
    (status, Page(page)).into_response()
}
