//! Signing in and out.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::engine::SignIn;
use crate::http::error::Problem;
use crate::http::request::extract::Query;
use crate::http::request::sender::Peer;
use crate::http::state::App;
use crate::http::ui::page::form::{Form, same_site};
use crate::http::ui::page::frame::{Frame, Page};
use crate::http::ui::page::visitor::{self, Visitor, safe_next};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// Class and text of the message.
    message: Option<(&'static str, String)>,
    name: String,
    next: String,
}

/// The page to return to after signing in.
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
    // Someone whose session ended may have been writing a note.
    let message = (next != "/review").then(|| {
        (
            "info",
            "Sign in to continue. If you were writing a note, your draft is still there."
                .to_owned(),
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
    let outcome = app.ask_with_password(move |engine, environment| {
        engine.sign_in(&name, &password, &address, environment)
    });
    let (status, words) = match outcome.await? {
        SignIn::Done { secret, .. } => {
            let cookie = visitor::cookie(&app, Some(&secret));
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response());
        }
        SignIn::Wrong => {
            let words = "Wrong name or password. Passwords are case-sensitive.";
            (StatusCode::UNPROCESSABLE_ENTITY, words.to_owned())
        }
        SignIn::Locked { wait_s } => {
            let minutes = (wait_s + 59) / 60;
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            let words = format!("Too many failed attempts. Try again in {minutes} {unit}.");
            (StatusCode::TOO_MANY_REQUESTS, words)
        }
    };
    Ok(shown(status, Some(("bad", words)), &typed, &next))
}

/// `POST /review/sign-out`
pub async fn sign_out(
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
        // Clears the drafts that the pages keep in the browser.
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
