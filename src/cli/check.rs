//! `cenotaph check`: the verdict on one file.

use anyhow::{Context, Result};

use crate::cli::arguments::{CheckCommand, Common};
use crate::cli::output::Output;
use crate::cli::{Exit, SystemClock, session, words};
use crate::model::{Clock, VerdictKind};
use crate::wire::ReportView;

pub(super) fn run(common: &Common, command: &CheckCommand, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let uploader = command.uploader.as_deref();
    let posted = command.uploaded_at;
    if let Some(posted) = posted {
        posted.checked(SystemClock.now()).context("--uploaded-at")?;
    }
    let report = engine.check_posted(&command.file, uploader, posted, command.effort.into())?;
    if output.json {
        output.line(&ReportView::checked(&command.file, &report))?;
    } else {
        output.say(&words::report(&command.file, &report))?;
    }
    Ok(match report.verdict.kind {
        VerdictKind::Allow => Exit::Done,
        VerdictKind::Review => Exit::Review,
        VerdictKind::Block => Exit::Block,
    })
}
