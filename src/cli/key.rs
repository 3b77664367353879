//! `cenotaph key create|list|revoke`, through the running service if there is one.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::cli::arguments::{Common, KeyCommand};
use crate::cli::control::Service;
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::{Exit, SystemClock, session};
use crate::engine::{Engine, NewApiKey};
use crate::model::{Actor, ApiKeyId, Environment, Scope, Scopes, rfc3339};
use crate::store::ApiKey;

/// Keys read from the database at once.
const PAGE: usize = 500;

pub(super) fn run(common: &Common, command: &KeyCommand, output: &mut Output) -> Result<Exit> {
    match command {
        KeyCommand::Create { name, scopes, rate } => {
            let new = NewApiKey { name: name.clone(), scopes: set(scopes)?, rate_per_s: *rate };
            create(common, new, output)
        }
        KeyCommand::List => list(common, output),
        KeyCommand::Revoke { id } => revoke(common, id, output),
    }
}

fn set(names: &[String]) -> Result<Scopes> {
    if names.iter().any(|name| name == "all") {
        return Ok(Scopes::all());
    }
    Ok(names.iter().map(|name| name.parse::<Scope>()).collect::<Result<_, _>>()?)
}

fn create(common: &Common, new: NewApiKey, output: &mut Output) -> Result<Exit> {
    let settings = session::settings(common)?;
    let made = match Service::find(&settings.data) {
        Some(service) => {
            let scopes: Vec<&str> = new.scopes.iter().map(Scope::as_str).collect();
            let body = json!({ "name": new.name, "scopes": scopes, "rate_per_s": new.rate_per_s });
            service.ask("POST", "/v1/keys", Some(&body))?
        }
        None => {
            let engine = session::writing(common, "cenotaph key create", output)?;
            let (key, token) = engine.create_api_key(new, Actor::Local, &environment())?;
            let mut made = shown(&key);
            made["secret"] = token.reveal().into();
            made
        }
    };
    if output.json {
        output.line(&made)?;
        return Ok(Exit::Done);
    }
    output.remark(&format!(
        "Created {} with the scopes {}. The secret is not shown again: only its hash is stored.",
        text(&made["id"]),
        scopes(&made)
    ));
    output.say(text(&made["secret"]))?;
    Ok(Exit::Done)
}

fn list(common: &Common, output: &mut Output) -> Result<Exit> {
    // Reading does not disturb a running service.
    let engine = session::reading(common)?;
    let mut table = Table::new(&["id", "name", "scopes", "created", "revoked"]);
    let mut after = None;
    loop {
        let page = engine.api_keys(after, PAGE)?;
        for key in &page {
            if output.json {
                output.line(&shown(key))?;
                continue;
            }
            table.row([
                key.id.to_string(),
                key.name.clone(),
                key.scopes.to_string(),
                rfc3339(key.created_at),
                key.revoked_at.map(rfc3339).unwrap_or_default(),
            ]);
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    if !output.json {
        let none = table.rows() == 0;
        output.say(&if none { "There are no API keys.".to_owned() } else { table.take() })?;
    }
    Ok(Exit::Done)
}

fn revoke(common: &Common, id: &str, output: &mut Output) -> Result<Exit> {
    let id: ApiKeyId = id.parse()?;
    let settings = session::settings(common)?;
    let revoked: Value = match Service::find(&settings.data) {
        Some(service) => service.ask("DELETE", &format!("/v1/keys/{id}"), None)?,
        None => {
            let engine: Engine = session::writing(common, "cenotaph key revoke", output)?;
            match engine.revoke_api_key(id, Actor::Local, &environment())? {
                Some(key) => shown(&key),
                None => bail!("there is no API key {id}"),
            }
        }
    };
    if output.json {
        output.line(&revoked)?;
    } else {
        output.say(&format!("{id}: revoked"))?;
    }
    Ok(Exit::Done)
}

/// A key as the API shows it.
fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "scopes": key.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "rate_per_s": key.rate_per_s,
        "created_at": rfc3339(key.created_at),
        "revoked_at": key.revoked_at.map(rfc3339),
    })
}

fn scopes(made: &Value) -> String {
    let names = made["scopes"].as_array().into_iter().flatten().map(text);
    names.collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn environment() -> Environment {
    session::environment(SystemClock)
}
