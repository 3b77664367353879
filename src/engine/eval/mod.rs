//! Evaluation: measures detection on a benchmark.
//!
//! ```text
//! table of clips, truth → Bench                                         bench
//! enrol the deleted clips → check the uploads → answers                 run
//! answers against the truth → recall, false positives, overlap          score
//! ```
//!
//! A run uses a temporary data folder with its own keys, so it begins without relations: only what the benchmark's own
//! clips have in common is known to be common. The owners are taken to be the authors.

mod bench;
mod score;

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

pub use bench::{Bench, Clip, Expected, Query};
pub use score::{Group, Pair, Score, Wrong, score};

use crate::engine::core::{Engine, Keys, Options};
use crate::engine::decoding::Effort;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::each;
use crate::engine::policy::Policy;
use crate::engine::tombstones::Enrolment;
use crate::model::{
    Clock, DeletionReason, FingerprintKey, IdentityKey, Report, TombstoneId, VerdictKind, chain,
};

/// The detector's answer for one upload. Serialises to the format that external scoring scripts read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub query: String,
    pub matches: Vec<AnswerMatch>,
    /// Why the upload could not be checked, or not to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One match of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerMatch {
    #[serde(rename = "ref")]
    pub deleted: String,
    pub score: f64,
    /// Whether the verdict is `review` or `block`.
    pub flagged: bool,
    /// `[upload start, upload end, deleted start, deleted end]`, seconds.
    pub segments: Vec<[f64; 4]>,
}

/// Progress of an evaluation.
pub enum Progress {
    /// The numbers of clips to enrol and of uploads to check.
    Begun {
        clips: usize,
        queries: usize,
    },
    ClipDone,
    QueryDone,
    /// A clip or an upload failed. It counts as not recognised.
    Failed(String),
}

/// Runs a benchmark on `workers` threads. `secrets` are the two keys of the temporary data folder.
///
/// # Errors
/// - [`Error::File`] if the temporary folder cannot be created;
/// - [`Error::Store`] or [`Error::Index`] if it cannot be read or written.
pub fn run(
    bench: &Bench,
    options: Options,
    secrets: [[u8; 32]; 2],
    (effort, workers): (Effort, usize),
    clock: &dyn Clock,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Answer>> {
    // The benchmark's clips are their owners' own work.
    let policy = Policy { assume_original: true, ..options.policy };
    let options = Options { policy, ..options };
    let folder =
        tempfile::tempdir().map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
    let keys = Keys {
        fingerprint: FingerprintKey::new(secrets[0]),
        identity: IdentityKey::new(secrets[1]),
    };
    let engine = Engine::open_writing(folder.path(), keys, options, "cenotaph eval", clock)?;
    let deleted: Vec<Enrolment> = bench.clips.iter().filter(|c| c.deleted).map(enrolment).collect();
    on_progress(Progress::Begun { clips: deleted.len(), queries: bench.queries.len() });
    engine.enrol(&deleted, workers, clock, &mut |_, outcome| {
        if let Err(error) = outcome {
            on_progress(Progress::Failed(chain(&error)));
        }
        on_progress(Progress::ClipDone);
    })?;
    let mut answers: Vec<Option<Answer>> = bench.queries.iter().map(|_| None).collect();
    let check = |query: &Query| engine.check(&query.path, None, effort);
    each(&bench.queries, workers, check, |at, outcome| {
        if let Err(error) = &outcome {
            on_progress(Progress::Failed(chain(&error)));
        }
        answers[at] = Some(answer(&bench.queries[at], outcome));
        on_progress(Progress::QueryDone);
        ControlFlow::Continue(())
    });
    Ok(answers.into_iter().flatten().collect())
}

/// Writes answers as JSON lines, one per upload.
///
/// # Errors
/// [`Error::File`] if the file cannot be written.
pub fn write_answers(answers: &[Answer], path: &Path) -> Result<()> {
    let write = || {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for answer in answers {
            serde_json::to_writer(&mut file, answer)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().map_err(|source| Error::File { path: path.to_path_buf(), source })
}

/// Gives each clip its own owner, so that what two clips share belongs to two owners. A benchmark knows the authors of its
/// clips.
fn enrolment(clip: &Clip) -> Enrolment {
    Enrolment {
        id: Some(TombstoneId(clip.id.clone())),
        owner: Some(format!("owner of {}", clip.id)),
        reason: DeletionReason::OwnerRequest,
        uploaded_at: None,
        original: true,
        path: clip.path.clone(),
    }
}

fn answer(query: &Query, outcome: Result<Report>) -> Answer {
    let (matches, error) = match outcome {
        Ok(report) => (report.matches, report.trouble),
        Err(error) => (Vec::new(), Some(chain(&error))),
    };
    let matches = matches.into_iter().map(|m| {
        let segment = |s: &crate::model::SpanPair| {
            [s.upload.start_s, s.upload.end_s, s.deleted.start_s, s.deleted.end_s]
        };
        AnswerMatch {
            deleted: m.found.tombstone.0,
            score: m.found.score,
            flagged: m.found.verdict != VerdictKind::Allow,
            segments: m.found.spans.iter().map(segment).collect(),
        }
    });
    Answer { query: query.name.clone(), matches: matches.collect(), error }
}
