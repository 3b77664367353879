//! `cenotaph tombstone stretch|stretches`.

use anyhow::{Result, bail};
use serde::Serialize;

use crate::cli::arguments::{Common, StretchCommand};
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::{Exit, SystemClock, session};
use crate::engine::NewStretch;
use crate::model::{Actor, DeletedSpan, TemplateStretch, TombstoneId, rfc3339};

/// Stretches read from the database at once.
const PAGE: usize = 1000;

/// A stretch as JSON.
#[derive(Serialize)]
struct StretchLine {
    stretch: String,
    start_s: f64,
    end_s: f64,
    ground: String,
    by: String,
    at: String,
    undone_at: Option<String>,
}

impl StretchLine {
    fn new(one: &TemplateStretch) -> StretchLine {
        StretchLine {
            stretch: one.id.to_string(),
            start_s: one.span.start_s,
            end_s: one.span.end_s,
            ground: one.ground.to_string(),
            by: one.by.to_string(),
            at: rfc3339(one.at),
            undone_at: one.undone.map(|(_, at)| rfc3339(at)),
        }
    }
}

pub(super) fn rule(common: &Common, command: &StretchCommand, output: &mut Output) -> Result<Exit> {
    // Fails without a database, which opening for writing would create.
    drop(session::reading(common)?);
    let engine = session::writing(common, "cenotaph tombstone stretch", output)?;
    let environment = session::environment(SystemClock);
    let id = TombstoneId(command.id.clone());
    if let Some(stretch) = command.undo {
        if !engine.undo_stretch(&id, stretch, Actor::Local, &environment)? {
            bail!("the tombstone `{id}` has no stretch `{stretch}` in force");
        }
        if output.json {
            output.line(&serde_json::json!({ "stretch": stretch.to_string(), "undone": true }))?;
        } else {
            output.say(&format!("{stretch}: undone"))?;
        }
        return Ok(Exit::Done);
    }
    let (Some(from_s), Some(to_s)) = (command.from_s, command.to_s) else {
        bail!("give the start and the end of the stretch, seconds");
    };
    let new = NewStretch { span: DeletedSpan::new(from_s, to_s), ground: command.ground };
    let Some(made) = engine.add_stretch(&id, new, None, Actor::Local, &environment)? else {
        bail!("there is no tombstone `{id}`");
    };
    if output.json {
        output.line(&StretchLine::new(&made))?;
    } else {
        output.say(&format!("{id}: {from_s} s to {to_s} s is common now ({})", made.id))?;
    }
    Ok(Exit::Done)
}

pub(super) fn list(common: &Common, id: &str, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let tombstone = TombstoneId(id.to_owned());
    let mut table = Table::new(&["id", "from", "to", "ground", "ruled", "undone"]);
    let mut last = None;
    loop {
        let Some(page) = engine.stretches(&tombstone, last, PAGE)? else {
            bail!("there is no tombstone `{id}`");
        };
        for one in &page {
            if output.json {
                output.line(&StretchLine::new(one))?;
                continue;
            }
            table.row([
                one.id.to_string(),
                format!("{:.2} s", one.span.start_s),
                format!("{:.2} s", one.span.end_s),
                one.ground.to_string(),
                rfc3339(one.at),
                one.undone.map_or(String::new(), |(_, at)| rfc3339(at)),
            ]);
        }
        match page.last() {
            Some(one) => last = Some(one.id),
            None => break,
        }
    }
    if !output.json {
        let none = table.rows() == 0;
        output.say(&if none { "No stretch was ruled common.".to_owned() } else { table.take() })?;
    }
    Ok(Exit::Done)
}
