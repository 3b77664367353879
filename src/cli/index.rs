//! `cenotaph index rebuild|stats`.

use anyhow::{Result, bail};

use crate::cli::arguments::{Common, IndexCommand};
use crate::cli::output::Output;
use crate::cli::{Exit, SystemClock, session, words};
use crate::engine::Engine;
use crate::index::Stats;
use crate::store::DATABASE_FILE;

pub(super) fn run(common: &Common, command: &IndexCommand, output: &mut Output) -> Result<Exit> {
    match command {
        IndexCommand::Rebuild => rebuild(common, output),
        IndexCommand::Stats => stats(common, output),
    }
}

fn rebuild(common: &Common, output: &mut Output) -> Result<Exit> {
    let settings = session::settings(common)?;
    let database = settings.data.join(DATABASE_FILE);
    if !database.exists() {
        bail!("there is no database {}, from which the index is built", database.display());
    }
    let keys = session::keys(&settings.keys)?;
    let program = "cenotaph index rebuild";
    let engine = Engine::rebuild(&settings.data, keys, settings.engine, program, &SystemClock)?;
    print(engine.index_stats().as_ref(), output)
}

fn stats(common: &Common, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    print(engine.index_stats().as_ref(), output)
}

fn print(stats: Option<&Stats>, output: &mut Output) -> Result<Exit> {
    let Some(stats) = stats else {
        bail!("there is no index yet; build it with `cenotaph index rebuild`");
    };
    if output.json {
        output.line(&serde_json::json!({
            "tombstones": stats.tombstones,
            "removed": stats.removed,
            "keypoints": stats.keypoints,
            "frames": stats.frames,
            "segments": stats.segments,
            "mapped_bytes": stats.mapped_bytes,
            "word_bits": stats.word_bits,
            "applied": stats.applied,
            "generation": stats.generation,
        }))?;
        return Ok(Exit::Done);
    }
    output.say(&format!(
        "tombstones   {} (and {} removed, not yet reclaimed)\nkeypoints    {}\nframes       {}\nsegments     {}, \
         {} mapped\nword         {} bits\napplied      change {} of the database, generation {}",
        stats.tombstones,
        stats.removed,
        stats.keypoints,
        stats.frames,
        stats.segments,
        words::bytes(stats.mapped_bytes),
        stats.word_bits,
        stats.applied,
        stats.generation,
    ))?;
    Ok(Exit::Done)
}
