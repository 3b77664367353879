//! `cenotaph tombstone add|list|show|remove`; `stretches` has `tombstone stretch` and `tombstone stretches`.

mod stretches;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::cli::arguments::{AddCommand, Common, TombstoneCommand};
use crate::cli::output::{Output, in_one_line};
use crate::cli::table::Table;
use crate::cli::{Exit, SystemClock, session, words};
use crate::engine::{Enrolled, Enrolment};
use crate::model::{DeletionReason, Posted, Strength, TombstoneId, rfc3339};
use crate::store::Tombstone;

/// Tombstones read from the database at once.
const PAGE: usize = 1000;
/// Longest line of a manifest, bytes.
const LINE_BYTES_MAX: usize = 1 << 16;

pub(super) fn run(
    common: &Common,
    command: &TombstoneCommand,
    output: &mut Output,
) -> Result<Exit> {
    match command {
        TombstoneCommand::Add(command) => add(common, command, output),
        TombstoneCommand::List => list(common, output),
        TombstoneCommand::Show { id } => show(common, id, output),
        TombstoneCommand::Stretch(command) => stretches::rule(common, command, output),
        TombstoneCommand::Stretches { id } => stretches::list(common, id, output),
        TombstoneCommand::Remove { ids } => remove(common, ids, output),
    }
}

/// The outcome for one file as JSON.
#[derive(Serialize)]
struct AddLine<'a> {
    path: String,
    tombstone: Option<&'a str>,
    strength: Option<Strength>,
    why: Option<&'a str>,
    duration_s: Option<f64>,
    fingerprint_bytes: Option<usize>,
    damage: Option<&'a str>,
    warning: Option<&'a str>,
    error: Option<String>,
}

fn add(common: &Common, command: &AddCommand, output: &mut Output) -> Result<Exit> {
    if command.id.is_some() && command.files.len() > 1 {
        bail!("--id is for one file, but there are {} files", command.files.len());
    }
    let batch = match &command.manifest {
        Some(path) => manifest(path, command.reason)?,
        None => command.files.iter().map(|file| enrolment(command, file)).collect(),
    };
    let engine = session::writing(common, "cenotaph tombstone add", output)?;
    let workers = session::workers(command.workers.map(usize::from));
    let mut exit = Exit::Done;
    let mut printed = Ok(());
    engine.enrol(&batch, workers, &SystemClock, &mut |at, outcome| {
        let path = &batch[at].path;
        let outcome = outcome.map_err(|error| in_one_line(&error.into()));
        if outcome.is_err() {
            exit = Exit::Failed;
        }
        // The other tombstones are made even if the output is closed.
        if printed.is_ok() {
            printed = print(path, outcome, output);
        }
    })?;
    printed?;
    Ok(exit)
}

fn print(
    path: &Path,
    outcome: Result<Enrolled, String>,
    output: &mut Output,
) -> std::io::Result<()> {
    if output.json {
        let made = outcome.as_ref().ok();
        return output.line(&AddLine {
            path: path.to_string_lossy().into_owned(),
            tombstone: made.map(|m| m.id.0.as_str()),
            strength: made.map(|m| m.strength),
            why: made.map(|m| m.strength_why.as_str()),
            duration_s: made.map(|m| (m.duration_s * 100.0).round() / 100.0),
            fingerprint_bytes: made.map(|m| m.fingerprint_bytes),
            damage: made.and_then(|m| m.damage.as_deref()),
            warning: made.and_then(|m| m.warning.as_deref()),
            error: outcome.as_ref().err().cloned(),
        });
    }
    match outcome {
        Ok(made) => output.say(&format!(
            "{}: {}, {}; {} ({}){}{}",
            made.id,
            words::duration(made.duration_s),
            words::bytes(made.fingerprint_bytes as u64),
            words::strength(made.strength),
            made.strength_why,
            made.damage.map(|d| format!("; note: {d}")).unwrap_or_default(),
            made.warning.map(|w| format!("; warning: {w}")).unwrap_or_default(),
        )),
        Err(error) => {
            output.remark(&format!(
                "cenotaph: cannot make a tombstone of {}: {error}",
                path.display()
            ));
            Ok(())
        }
    }
}

fn enrolment(command: &AddCommand, file: &Path) -> Enrolment {
    Enrolment {
        id: command.id.clone().map(TombstoneId),
        owner: command.owner.clone(),
        reason: command.reason,
        uploaded_at: command.uploaded_at,
        original: command.original,
        path: file.to_path_buf(),
    }
}

/// One line of a manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestLine {
    id: Option<String>,
    owner: Option<String>,
    reason: Option<DeletionReason>,
    uploaded_at: Option<String>,
    #[serde(default)]
    original: bool,
    file: PathBuf,
}

fn manifest(path: &Path, reason: DeletionReason) -> Result<Vec<Enrolment>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read the manifest {shown}"))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut batch = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let place = || format!("the manifest {shown}, line {}", at + 1);
        let line = line.with_context(place)?;
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > LINE_BYTES_MAX {
            bail!("{}: more than {LINE_BYTES_MAX} bytes", place());
        }
        let line: ManifestLine = serde_json::from_str(&line).with_context(place)?;
        let uploaded_at = line.uploaded_at.map(|at| at.parse::<Posted>()).transpose();
        let uploaded_at = uploaded_at.context("`uploaded_at`").with_context(place)?;
        batch.push(Enrolment {
            uploaded_at,
            original: line.original,
            id: line.id.map(TombstoneId),
            owner: line.owner,
            reason: line.reason.unwrap_or(reason),
            path: folder.join(line.file),
        });
    }
    Ok(batch)
}

/// A tombstone as JSON. The owner is not shown: only a keyed hash is stored.
#[derive(Serialize)]
struct TombstoneLine<'a> {
    id: &'a str,
    created_at: String,
    duration_s: f64,
    strength: Strength,
    why: &'a str,
    owned: bool,
    reason: DeletionReason,
    uploaded_at: Option<[String; 2]>,
    original: bool,
    key_id: String,
    fingerprint_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypoints: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<usize>,
}

impl<'a> TombstoneLine<'a> {
    fn new(tombstone: &'a Tombstone, counts: Option<(usize, usize)>) -> Self {
        TombstoneLine {
            id: &tombstone.id.0,
            created_at: rfc3339(tombstone.created_at),
            duration_s: (tombstone.duration_s * 100.0).round() / 100.0,
            strength: tombstone.strength,
            why: &tombstone.strength_why,
            owned: tombstone.owner.is_some(),
            reason: tombstone.reason,
            uploaded_at: tombstone.uploaded.map(|(from, to)| [rfc3339(from), rfc3339(to)]),
            original: tombstone.original,
            key_id: tombstone.key_id.to_string(),
            fingerprint_bytes: tombstone.fingerprint_size,
            keypoints: counts.map(|c| c.0),
            frames: counts.map(|c| c.1),
        }
    }
}

fn list(common: &Common, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let mut table = Table::new(&["id", "created", "length", "strength", "owner", "size"]);
    let mut last: Option<Tombstone> = None;
    loop {
        let page = engine.tombstones(last.as_ref().map(|t| t.slot), PAGE)?;
        for one in &page {
            if output.json {
                output.line(&TombstoneLine::new(one, None))?;
                continue;
            }
            table.row([
                one.id.to_string(),
                rfc3339(one.created_at),
                words::duration(one.duration_s),
                words::strength(one.strength).to_owned(),
                if one.owner.is_some() { "known" } else { "unknown" }.to_owned(),
                words::bytes(one.fingerprint_size),
            ]);
        }
        // Columns are aligned per page: a million rows are not held in memory.
        if !output.json && table.rows() > 0 {
            output.say(&table.take())?;
        }
        match page.into_iter().last() {
            Some(one) => last = Some(one),
            None => break,
        }
    }
    if last.is_none() && !output.json {
        output.say("There are no tombstones.")?;
    }
    Ok(Exit::Done)
}

fn show(common: &Common, id: &str, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let Some(tombstone) = engine.tombstone(&TombstoneId(id.to_owned()))? else {
        bail!("there is no tombstone `{id}`");
    };
    let counts = engine.hash_counts(&tombstone)?;
    if output.json {
        output.line(&TombstoneLine::new(&tombstone, counts))?;
        return Ok(Exit::Done);
    }
    let (keypoints, frames) = counts.unwrap_or_default();
    let owner = match tombstone.owner {
        Some(_) => "known by a keyed hash; may re-upload the video",
        None => "unknown",
    };
    let owner = match tombstone.reason {
        DeletionReason::OwnerRequest => owner.to_owned(),
        reason => format!("may not re-upload the video: it was deleted for the reason `{reason}`"),
    };
    output.say(&format!(
        "tombstone    {}\ncreated      {}\nlength       {}\nstrength     {}: {}\nowner        {owner}\nposted       {}{}\n\
         stored       {} keypoints, {frames} frame hashes in {}{}\nkey          {}",
        tombstone.id,
        rfc3339(tombstone.created_at),
        words::duration(tombstone.duration_s),
        words::strength(tombstone.strength),
        tombstone.strength_why,
        posted(&tombstone),
        if tombstone.original { "; by its author" } else { "" },
        keypoints,
        words::bytes(tombstone.fingerprint_size),
        if tombstone.bytes_digest.is_some() { ", and a keyed digest of the file" } else { "" },
        tombstone.key_id,
    ))?;
    Ok(Exit::Done)
}

fn posted(tombstone: &Tombstone) -> String {
    match tombstone.uploaded {
        None => "at an unknown time".to_owned(),
        Some((from, to)) if from == to => rfc3339(from),
        Some((from, to)) => format!("between {} and {}", rfc3339(from), rfc3339(to)),
    }
}

fn remove(common: &Common, ids: &[String], output: &mut Output) -> Result<Exit> {
    // Fails without a database, which opening for writing would create.
    drop(session::reading(common)?);
    let engine = session::writing(common, "cenotaph tombstone remove", output)?;
    let ids: Vec<TombstoneId> = ids.iter().cloned().map(TombstoneId).collect();
    let removed = engine.remove(&ids)?;
    for (id, removed) in ids.iter().zip(&removed) {
        if output.json {
            output.line(&serde_json::json!({ "tombstone": id.0, "removed": removed }))?;
        } else if *removed {
            output.say(&format!("{id}: erased"))?;
        } else {
            output.remark(&format!("cenotaph: there is no tombstone `{id}`"));
        }
    }
    Ok(if removed.iter().all(|r| *r) { Exit::Done } else { Exit::Failed })
}
