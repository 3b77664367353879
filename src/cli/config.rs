//! `cenotaph config check|example`.

use anyhow::Result;

use crate::cli::arguments::{Common, ConfigCommand};
use crate::cli::output::Output;
use crate::cli::{Exit, session};
use crate::config::EXAMPLE;
use crate::remote;

pub(super) fn run(common: &Common, command: &ConfigCommand, output: &mut Output) -> Result<Exit> {
    match command {
        ConfigCommand::Check => check(common, output),
        ConfigCommand::Example => {
            output.say(EXAMPLE.trim_end())?;
            Ok(Exit::Done)
        }
    }
}

fn check(common: &Common, output: &mut Output) -> Result<Exit> {
    let settings = session::settings(common)?;
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
        "The settings are sound.\nfile    {}\ndata    {}\nkeys    {}\nlisten  {}\nerases  {}",
        file.as_deref().unwrap_or("none: the defaults"),
        settings.data.display(),
        settings.keys.display(),
        settings.http.listen,
        erases(remote),
    ))?;
    Ok(Exit::Done)
}

/// Where copies may be erased, by what the settings name.
fn erases(remote: &remote::Options) -> String {
    let mut places: Vec<String> =
        remote.file_roots.iter().map(|root| format!("files below {}", root.display())).collect();
    let stores =
        [("s3", remote.s3.is_some()), ("gs", remote.gs.is_some()), ("az", remote.az.is_some())];
    places.extend(stores.iter().filter(|(_, named)| *named).map(|(name, _)| (*name).to_owned()));
    places.push("caches at http and https".to_owned());
    if !remote.callback_secrets.is_empty() {
        places.push("callbacks".to_owned());
    }
    places.join(", ")
}
