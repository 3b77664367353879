//! The users of the pages, for administrators.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::engine::{NewUser, UserPatch};
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::{Path, Query};
use crate::http::state::App;
use crate::http::ui::page::form::Form;
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::model::{Role, UserId};

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    message: Option<(&'static str, String)>,
    people: Vec<Person>,
    roles: [Role; 3],
    typed_name: String,
}

struct Person {
    id: String,
    name: String,
    role: Role,
    seen: String,
    added: String,
    disabled: bool,
    is_self: bool,
}

/// The change that led to this page.
#[derive(Debug, Deserialize)]
pub struct PeopleQuery {
    done: Option<Done>,
}

/// A change to confirm.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Done {
    Added,
    Changed,
}

/// `GET /review/people`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<PeopleQuery>,
) -> Result<Response, Problem> {
    let message = query.done.map(|done| match done {
        Done::Added => ("good", "User added. They can sign in now.".to_owned()),
        Done::Changed => ("good", "Changes saved.".to_owned()),
    });
    shown(&app, &visitor, StatusCode::OK, message, String::new()).await
}

/// `POST /review/people`
pub async fn add(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Problem> {
    let typed_name = form.text("name").to_owned();
    let new = NewUser {
        name: typed_name.clone(),
        role: role(&form)?,
        password: form.exact("password").to_owned(),
    };
    let actor = visitor.actor();
    let added = app
        .ask_with_password(move |engine, environment| engine.add_user(new, actor, environment))
        .await;
    match added {
        Ok(_) => Ok(Redirect::to("/review/people?done=added").into_response()),
        Err(problem) => refused(&app, &visitor, problem, typed_name).await,
    }
}

/// `POST /review/people/{id}`
pub async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id: UserId = id.parse().map_err(|_| Problem::not_found("user"))?;
    let patch = if !form.exact("password").is_empty() {
        UserPatch::Password(form.exact("password").to_owned())
    } else if id == visitor.user.id {
        // Without an administrator, only the command line could restore access.
        let detail = "Ask another administrator to change your role or disable your account.";
        return Err(Problem::new(Kind::Forbidden, detail));
    } else if let Some(disabled) = form.maybe("disabled") {
        UserPatch::Disabled(disabled == "yes")
    } else {
        UserPatch::Role(role(&form)?)
    };
    let actor = visitor.actor();
    let changed = app
        .ask_with_password(move |engine, environment| {
            engine.change_user(id, patch, actor, environment)
        })
        .await;
    match changed {
        Ok(Some(_)) => Ok(Redirect::to("/review/people?done=changed").into_response()),
        Ok(None) => Err(Problem::not_found("user")),
        Err(problem) => refused(&app, &visitor, problem, String::new()).await,
    }
}

async fn refused(
    app: &App,
    visitor: &Visitor,
    problem: Problem,
    typed_name: String,
) -> Result<Response, Problem> {
    if problem.kind != Kind::Invalid {
        return Err(problem);
    }
    let message = Some(("bad", words::sentence(&problem.detail)));
    shown(app, visitor, StatusCode::UNPROCESSABLE_ENTITY, message, typed_name).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    message: Option<(&'static str, String)>,
    typed_name: String,
) -> Result<Response, Problem> {
    let users = app.ask(|engine, _| engine.users()).await?;
    let now = app.environment().now();
    let people = users.into_iter().map(|user| Person {
        id: user.id.to_string(),
        seen: user.seen_at.map_or_else(|| "never".to_owned(), |at| words::ago(at, now)),
        added: words::day(user.created_at),
        disabled: user.disabled_at.is_some(),
        is_self: user.id == visitor.user.id,
        name: user.name,
        role: user.role,
    });
    let page = PeoplePage {
        frame: Frame::new(visitor, Place::People, "People"),
        message,
        people: people.collect(),
        roles: Role::ALL,
        typed_name,
    };
    Ok((status, Page(page)).into_response())
}

/// Ids and names of all enabled users.
///
/// # Errors
/// [`Kind::Internal`] if the store fails.
pub async fn names(app: &App) -> Result<Vec<(String, String)>, Problem> {
    let users = app.ask(|engine, _| engine.users()).await?;
    let good = users.into_iter().filter(|user| user.disabled_at.is_none());
    Ok(good.map(|user| (user.id.to_string(), user.name)).collect())
}

fn role(form: &Form) -> Result<Role, Problem> {
    form.text("role").parse().map_err(|e| Problem::new(Kind::Invalid, format!("`role`: {e}.")))
}
