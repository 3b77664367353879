//! `cenotaph eval`: recall and false positives on a benchmark.

use anyhow::{Context, Result};
use indicatif::ProgressBar;

use crate::cli::arguments::{Common, EvalCommand};
use crate::cli::output::Output;
use crate::cli::{Exit, SystemClock, session};
use crate::config::system_entropy;
use crate::engine::Options;
use crate::engine::eval::{Bench, Progress, Score, run as evaluate, score, write_answers};

/// Number of the worst misses, and of the surest wrong matches, that are printed.
const WORST: usize = 12;

pub(super) fn run(_: &Common, command: &EvalCommand, output: &mut Output) -> Result<Exit> {
    let bench = Bench::read(&command.clips, &command.truth)?;
    let mut secrets = [[0; 32]; 2];
    for secret in &mut secrets {
        system_entropy(secret).context("the system provides no random bytes")?;
    }
    let workers = session::workers(command.workers.map(usize::from));
    let bar = if output.is_watched() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let mut failed = 0;
    let answers = evaluate(
        &bench,
        Options::default(),
        secrets,
        (command.effort.into(), workers),
        &SystemClock,
        &mut |progress| match progress {
            Progress::Begun { clips, queries } => bar.set_length((clips + queries) as u64),
            Progress::ClipDone | Progress::QueryDone => bar.inc(1),
            Progress::Failed(why) => {
                failed += 1;
                bar.suspend(|| output.remark(&format!("cenotaph: {why}")));
            }
        },
    )?;
    bar.finish_and_clear();
    if let Some(path) = &command.keep_results {
        write_answers(&answers, path)?;
    }
    let score = score(&bench.queries, &answers);
    if output.json {
        output.line(&score)?;
    } else {
        output.say(&table(&score, command.per_edit))?;
        output.say(
            "The run began without relations: only what these clips have in common is known to be common.",
        )?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// The table as the benchmark's own scoring prints it, and the worst results.
fn table(score: &Score, per_edit: bool) -> String {
    let mut lines = vec![format!(
        "cenotaph: {} true pairs, {} distractor queries",
        score.pairs, score.distractors
    )];
    let overlap = match (score.query_iou, score.ref_iou) {
        (Some(query), Some(deleted)) => {
            format!("    overlap of query time {query:.2}, of reference time {deleted:.2}")
        }
        _ => String::new(),
    };
    lines.push(format!(
        "  own decision: recall {:.3}, {} false positives    at zero false positives: recall {:.3}    uAP {:.3}{overlap}",
        score.recall, score.false_positives, score.recall_at_0fp, score.uap
    ));
    let shown = score.groups.iter().filter(|(name, _)| per_edit || !name.contains('/'));
    lines.extend(shown.map(|(name, group)| {
        format!(
            "  {name:32} {:5}  recall {:.2}  at 0 fp {:.2}",
            group.pairs, group.recall, group.recall_at_0fp
        )
    }));
    lines.extend(score.wrong.iter().take(WORST).map(|w| {
        let flagged = if w.flagged { " flagged" } else { "" };
        format!("  wrong {:.4}{flagged} {} -> {}", w.score, w.query, w.deleted)
    }));
    lines.extend(score.worst.iter().filter(|p| !p.flagged).take(WORST).map(|p| {
        let score = p.score.map(|s| format!("{s:.4}")).unwrap_or_default();
        format!("  missed {} -> {} {score}", p.query, p.deleted).trim_end().to_owned()
    }));
    lines.join("\n")
}
