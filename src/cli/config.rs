//! `cenotaph config check|example`.

use anyhow::Result;

use crate::cli::arguments::{Common, ConfigCommand};
use crate::cli::output::Output;
use crate::cli::{Exit, session};
use crate::config::EXAMPLE;

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
    if output.json {
        output.line(&serde_json::json!({
            "file": file,
            "data": settings.data.to_string_lossy(),
            "keys": settings.keys.to_string_lossy(),
            "listen": settings.http.listen.to_string(),
        }))?;
        return Ok(Exit::Done);
    }
    output.say(&format!(
        "The settings are sound.\nfile    {}\ndata    {}\nkeys    {}\nlisten  {}",
        file.as_deref().unwrap_or("none: the defaults"),
        settings.data.display(),
        settings.keys.display(),
        settings.http.listen,
    ))?;
    Ok(Exit::Done)
}
