//! `cenotaph user add|list|disable|enable|role|password|sign-out`: through the running service if
//! there is one.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::cli::arguments::{Common, UserCommand};
use crate::cli::control::Service;
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::{Exit, SystemClock, password, session};
use crate::engine::{NewUser, UserPatch};
use crate::model::{Actor, Role, rfc3339};
use crate::store::User;

pub(super) fn run(common: &Common, command: &UserCommand, output: &mut Output) -> Result<Exit> {
    match command {
        UserCommand::Add { name, role } => {
            let role = role.parse()?;
            add(
                common,
                NewUser { name: name.clone(), role, password: password::read(name)? },
                output,
            )
        }
        UserCommand::List => list(common, output),
        UserCommand::Disable { name } => change(common, name, UserPatch::Disabled(true), output),
        UserCommand::Enable { name } => change(common, name, UserPatch::Disabled(false), output),
        UserCommand::Role { name, role } => {
            change(common, name, UserPatch::Role(role.parse()?), output)
        }
        UserCommand::Password { name } => {
            let patch = UserPatch::Password(password::read(name)?);
            change(common, name, patch, output)
        }
        UserCommand::SignOut { name } => sign_out(common, name, output),
    }
}

fn add(common: &Common, new: NewUser, output: &mut Output) -> Result<Exit> {
    let settings = session::settings(common)?;
    let made = match Service::find(&settings.data) {
        Some(service) => {
            let NewUser { name, role, password } = new;
            let body = json!({ "name": name, "role": role.as_str(), "password": password });
            service.ask("POST", "/v1/users", Some(&body))?
        }
        None => {
            let engine = session::writing(common, "cenotaph user add", output)?;
            shown(&engine.add_user(new, Actor::Local, &session::environment(SystemClock))?)
        }
    };
    say(&made, "added", output)
}

fn list(common: &Common, output: &mut Output) -> Result<Exit> {
    // Reading does not disturb a running service.
    let users = session::reading(common)?.users()?;
    if output.json {
        users.iter().try_for_each(|user| output.line(&shown(user)))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["name", "role", "id", "added", "last seen", "disabled"]);
    for user in &users {
        table.row([
            user.name.clone(),
            user.role.to_string(),
            user.id.to_string(),
            rfc3339(user.created_at),
            user.seen_at.map(rfc3339).unwrap_or_default(),
            user.disabled_at.map(rfc3339).unwrap_or_default(),
        ]);
    }
    let none = users.is_empty();
    output.say(&if none { "There are no accounts.".to_owned() } else { table.take() })?;
    Ok(Exit::Done)
}

fn change(common: &Common, name: &str, patch: UserPatch, output: &mut Output) -> Result<Exit> {
    let user = find(common, name)?;
    let (body, done) = match &patch {
        UserPatch::Disabled(disabled) => {
            let done = if *disabled { "disabled, all sessions ended" } else { "enabled" };
            (json!({ "disabled": disabled }), done)
        }
        UserPatch::Role(role) => (json!({ "role": role.as_str() }), "role changed"),
        UserPatch::Password(password) => {
            (json!({ "password": password }), "password changed, all sessions ended")
        }
    };
    let settings = session::settings(common)?;
    let changed = match Service::find(&settings.data) {
        Some(service) => service.ask("PATCH", &format!("/v1/users/{}", user.id), Some(&body))?,
        None => {
            let engine = session::writing(common, "cenotaph user", output)?;
            let environment = session::environment(SystemClock);
            match engine.change_user(user.id, patch, Actor::Local, &environment)? {
                Some(user) => shown(&user),
                None => bail!("there is no account `{name}`"),
            }
        }
    };
    say(&changed, done, output)
}

fn sign_out(common: &Common, name: &str, output: &mut Output) -> Result<Exit> {
    let user = find(common, name)?;
    let settings = session::settings(common)?;
    let path = format!("/v1/users/{}/sessions", user.id);
    match Service::find(&settings.data) {
        Some(service) => drop(service.ask::<Value>("DELETE", &path, None)?),
        None => {
            let engine = session::writing(common, "cenotaph user sign-out", output)?;
            let environment = session::environment(SystemClock);
            engine.sign_out_everywhere(user.id, Actor::Local, &environment)?;
        }
    }
    say(&shown(&user), "all sessions ended", output)
}

fn find(common: &Common, name: &str) -> Result<User> {
    let found = session::reading(common)?.user_by_name(name)?;
    found.ok_or_else(|| anyhow::anyhow!("there is no account `{name}`"))
}

fn say(user: &Value, done: &str, output: &mut Output) -> Result<Exit> {
    if output.json {
        output.line(user)?;
    } else {
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        output.say(&format!("{} ({}): {done}", text("name"), text("role")))?;
    }
    Ok(Exit::Done)
}

/// An account as the API shows it.
fn shown(user: &User) -> Value {
    let role: Role = user.role;
    json!({
        "id": user.id.to_string(),
        "name": user.name,
        "role": role.as_str(),
        "created_at": rfc3339(user.created_at),
        "seen_at": user.seen_at.map(rfc3339),
        "disabled_at": user.disabled_at.map(rfc3339),
    })
}
