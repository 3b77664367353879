//! `cenotaph backup`: a consistent copy of the database, also while the service is running.

use anyhow::Result;

use crate::cli::arguments::{BackupCommand, Common};
use crate::cli::output::Output;
use crate::cli::{Exit, session, words};

pub(super) fn run(common: &Common, command: &BackupCommand, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let size = engine.backup(&command.file)?;
    if output.json {
        let file = command.file.to_string_lossy();
        output.line(&serde_json::json!({ "file": file, "bytes": size }))?;
    } else {
        output.say(&format!("{}: {}", command.file.display(), words::bytes(size)))?;
    }
    Ok(Exit::Done)
}
