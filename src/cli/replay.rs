//! `cenotaph replay`: judges recorded uploads with other thresholds.

use std::cmp::Ordering;

use anyhow::{Result, bail};
use serde_json::json;

use crate::cli::arguments::{Common, ReplayCommand};
use crate::cli::output::Output;
use crate::cli::table::Table;
use crate::cli::{Exit, session};
use crate::engine::{Policy, ReplayCounts, Replayed};
use crate::matching;
use crate::model::VerdictKind;

pub(super) fn run(common: &Common, command: &ReplayCommand, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let tried = |now: &matching::Thresholds| matching::Thresholds {
        review: command.review.unwrap_or(now.review),
        block: command.block.unwrap_or(now.block),
    };
    let now = engine.policy();
    let policy = Policy {
        owner_request: tried(&now.owner_request),
        legal: tried(&now.legal),
        moderation: tried(&now.moderation),
        ..*now
    };
    for thresholds in [&policy.owner_request, &policy.legal, &policy.moderation] {
        // NaN cannot be compared and is refused as well.
        let order = thresholds.review.partial_cmp(&thresholds.block);
        if order.is_none_or(Ordering::is_gt) {
            bail!(
                "the threshold for review must not exceed the one for a block: no upload would ever be reviewed"
            );
        }
    }
    let mut told = Ok(());
    let counts = engine.replay(&policy, &mut |one| {
        if output.json && one.recorded.kind != one.verdict.kind && told.is_ok() {
            told = output.line(&changed(one));
        }
    })?;
    told?;
    if output.json {
        output.line(&json!({ "uploads": counts.uploads(), "recorded_to_verdict": counts.0 }))?;
    } else {
        output.say(&table(&counts))?;
    }
    Ok(Exit::Done)
}

fn changed(one: &Replayed) -> serde_json::Value {
    json!({
        "upload": one.upload.to_string(),
        "recorded": one.recorded.kind,
        "verdict": one.verdict.kind,
        "score": one.score.map(|score| (score * 100.0).round() / 100.0),
    })
}

fn table(counts: &ReplayCounts) -> String {
    let mut table = Table::new(&["recorded", "allow", "review", "block"]);
    for recorded in VerdictKind::ALL {
        let cell = |verdict| counts.of(recorded, verdict).to_string();
        let [allow, review, block] = VerdictKind::ALL.map(cell);
        table.row([recorded.as_str().to_owned(), allow, review, block]);
    }
    format!(
        "{} uploads; rows: recorded verdicts, columns: verdicts with these thresholds\n{}",
        counts.uploads(),
        table.take()
    )
}
