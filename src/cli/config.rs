//! `cenotaph config check|show|example`.

use anyhow::Result;

use crate::cli::arguments::{Common, ConfigCommand};
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::{Exit, session};
use crate::config::{Settings, example};
use crate::remote;

/// The source of a value that nobody set.
const DEFAULT: &str = "default";

pub(super) fn run(common: &Common, command: &ConfigCommand, output: &mut Output) -> Result<Exit> {
    match command {
        ConfigCommand::Check => check(&session::settings(common)?, output),
        ConfigCommand::Show => show(&session::settings(common)?, output),
        ConfigCommand::Example => {
            output.say(example().trim_end())?;
            Ok(Exit::Done)
        }
    }
}

fn check(settings: &Settings, output: &mut Output) -> Result<Exit> {
    let file = settings.file.as_ref().map(|path| path.display().to_string());
    let remote = &settings.remote;
    if output.json {
        output.line(&serde_json::json!({
            "file": file,
            "data": settings.data.to_string_lossy(),
            "keys": settings.keys.to_string_lossy(),
            "listen": settings.http.listen.to_string(),
            "file_roots": remote.file_roots,
            "s3": remote.s3.is_some(),
            "gs": remote.gs.is_some(),
            "az": remote.az.is_some(),
            "purge_rules": remote.purge_rules.len(),
            "callback_secrets": remote.callback_secrets.len(),
        }))?;
        return Ok(Exit::Done);
    }
    output.say(&format!(
        "The settings are valid.\nfile       {}\ndata       {}\nkeys       {}\nlistens on {}\ncan erase  {}",
        file.as_deref().unwrap_or("none; defaults apply"),
        settings.data.display(),
        settings.keys.display(),
        settings.http.listen,
        erasable(remote),
    ))?;
    Ok(Exit::Done)
}

/// Where copies can be erased, by what the settings name.
fn erasable(remote: &remote::Options) -> String {
    let mut places: Vec<String> =
        remote.file_roots.iter().map(|root| format!("files below {}", root.display())).collect();
    let stores =
        [("s3", remote.s3.is_some()), ("gs", remote.gs.is_some()), ("az", remote.az.is_some())];
    places.extend(stores.iter().filter(|(_, named)| *named).map(|(name, _)| (*name).to_owned()));
    places.push("caches over http and https".to_owned());
    if !remote.callback_secrets.is_empty() {
        places.push("through callbacks".to_owned());
    }
    places.join(", ")
}

fn show(settings: &Settings, output: &mut Output) -> Result<Exit> {
    let mut table = Table::new(&["setting", "value", "source"]);
    for one in &settings.in_force {
        let source = one.origin.as_deref().unwrap_or(DEFAULT);
        if output.json {
            let (name, value) = (&one.name, &one.value);
            output.line(&serde_json::json!({ "name": name, "value": value, "source": source }))?;
        } else {
            table.row([one.name.clone(), one.value.clone(), source.to_owned()]);
        }
    }
    if !output.json {
        output.say(&table.take())?;
    }
    Ok(Exit::Done)
}
