//! `cenotaph check`: the verdict on one file.

use anyhow::Result;

use crate::cli::arguments::{CheckCommand, Common};
use crate::cli::output::Output;
use crate::cli::{Exit, session, words};
use crate::model::VerdictKind;
use crate::wire::ReportView;

pub(super) fn run(common: &Common, command: &CheckCommand, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let report = engine.check(&command.file, command.uploader.as_deref(), command.effort.into())?;
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
