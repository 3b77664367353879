//! `cenotaph scan`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::arguments::{Common, ScanCommand};
use crate::cli::output::{Output, in_one_line};
use crate::cli::table::Table;
use crate::cli::{Exit, session, words};
use crate::engine::{Engine, each, walk};
use crate::model::{Report, ReportMatch, VerdictKind};
use crate::wire::ReportView;

/// Most rows that wait for the table; more are printed as they come.
const TABLE_ROWS_MAX: usize = 500;

pub(super) fn run(common: &Common, command: &ScanCommand, output: &mut Output) -> Result<Exit> {
    let engine = session::reading(common)?;
    let walked = walk(&command.paths);
    let mut sink = match &command.output {
        Some(path) => Sink::File(create(path)?),
        None if output.json => Sink::Lines,
        None => Sink::Table { table: table(), waiting: vec![None; walked.files.len()], next: 0 },
    };
    let bar = bar(walked.files.len(), output);
    let mut counts = Counts::default();
    for (folder, error) in &walked.failed {
        let error = format!("cannot read {}: {error}", folder.display());
        counts.failed += 1;
        sink.take(None, folder, Err(error), output)?;
    }
    let workers = session::workers(command.workers.map(usize::from));
    let mut outcome = Ok(());
    let check = |path: &PathBuf| checked(&engine, path, command);
    each(&walked.files, workers, check, |at, result| {
        counts.add(&result);
        bar.inc(1);
        outcome = bar.suspend(|| sink.take(Some(at), &walked.files[at], result, output));
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    bar.finish_and_clear();
    outcome.and_then(|()| sink.end(output)).context("cannot write the results")?;
    if !output.json {
        output.remark(&counts.words());
    }
    Ok(if counts.failed == 0 { Exit::Done } else { Exit::Failed })
}

fn checked(engine: &Engine, path: &Path, command: &ScanCommand) -> Result<Report, String> {
    let report = engine.check(path, None, command.effort.into());
    report.map_err(|error| in_one_line(&error.into()))
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

fn bar(files: usize, output: &Output) -> ProgressBar {
    if !output.is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files as u64);
    let style =
        ProgressStyle::with_template("{bar:30} {pos} of {len} files, {per_sec}, {eta} left");
    // The template is valid; if it were not, the default bar would do.
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Where results go.
enum Sink {
    File(BufWriter<File>),
    Lines,
    /// Rows in the order of the files, printed when all are complete or there are many.
    Table {
        table: Table,
        waiting: Vec<Option<[String; 6]>>,
        next: usize,
    },
}

impl Sink {
    /// Takes one result; `at` is the file's position, `None` for a folder that could not be read.
    fn take(
        &mut self,
        at: Option<usize>,
        path: &Path,
        result: Result<Report, String>,
        output: &mut Output,
    ) -> io::Result<()> {
        let line = || match &result {
            Ok(report) => ReportView::checked(path, report),
            Err(error) => ReportView::failed(path, error.clone()),
        };
        match self {
            Sink::Lines => output.line(&line()),
            Sink::File(file) => {
                serde_json::to_writer(&mut *file, &line())?;
                file.write_all(b"\n")?;
                // So that a reader, and a killed scan, have whole lines.
                file.flush()
            }
            Sink::Table { table, waiting, next } => {
                let row = row(path, &result);
                match at {
                    Some(at) => waiting[at] = Some(row),
                    None => table.row(row),
                }
                while let Some(row) = waiting.get_mut(*next).and_then(Option::take) {
                    table.row(row);
                    *next += 1;
                }
                if table.rows() >= TABLE_ROWS_MAX { output.say(&table.take()) } else { Ok(()) }
            }
        }
    }

    fn end(&mut self, output: &mut Output) -> io::Result<()> {
        match self {
            Sink::File(file) => file.flush(),
            Sink::Table { table, .. } if table.rows() > 0 => output.say(&table.take()),
            _ => Ok(()),
        }
    }
}

fn table() -> Table {
    Table::new(&[
        "upload",
        "verdict",
        "deleted video",
        "seconds of the upload",
        "in the picture",
        "score",
    ])
}

fn row(path: &Path, result: &Result<Report, String>) -> [String; 6] {
    let path = path.to_string_lossy().into_owned();
    let empty = String::new;
    let report = match result {
        Ok(report) => report,
        Err(error) => return [path, "error".into(), error.clone(), empty(), empty(), empty()],
    };
    let verdict = report.verdict.kind.as_str().to_owned();
    let counted: Vec<&ReportMatch> =
        report.matches.iter().filter(|m| m.found.verdict != VerdictKind::Allow).collect();
    let Some(best) = counted.first() else {
        let why = report.trouble.clone().unwrap_or_else(|| "–".into());
        return [path, verdict, why, empty(), empty(), empty()];
    };
    let more = match counted.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let spans = &best.found.spans;
    let seconds: Vec<String> = spans.iter().take(3).map(|s| words::span(&s.upload)).collect();
    let rest = if spans.len() > 3 { ", …" } else { "" };
    [
        path,
        verdict,
        format!("{}{more}", best.found.tombstone),
        format!("{}{rest}", seconds.join(", ")),
        spans.first().map_or_else(|| "identical bytes".into(), words::manner),
        format!("{:.1}", best.found.score),
    ]
}

/// Files by outcome.
#[derive(Default)]
struct Counts {
    allow: usize,
    review: usize,
    block: usize,
    failed: usize,
}

impl Counts {
    fn add(&mut self, result: &Result<Report, String>) {
        match result.as_ref().map(|report| report.verdict.kind) {
            Ok(VerdictKind::Allow) => self.allow += 1,
            Ok(VerdictKind::Review) => self.review += 1,
            Ok(VerdictKind::Block) => self.block += 1,
            Err(_) => self.failed += 1,
        }
    }

    fn words(&self) -> String {
        let Counts { allow, review, block, failed } = self;
        let failed = match failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        format!("{allow} allowed, {review} for review, {block} blocked{failed}")
    }
}
