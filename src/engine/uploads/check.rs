//! Brings an upload from the spool to its verdict.
//!
//! ```text
//! fetching: download the bytes from the platform's address into the spool        (retried on failure)
//! waiting:  same bytes as a deleted file? else print (cached or decoded), index, matching, policy
//! decided:  commit verdict, matches and event in one transaction; then wake the waiting requests
//! ```
//!
//! Failures that may pass are retried with exponential backoff. After the last attempt the verdict is `review` with the
//! reason `unchecked`: an upload is never allowed because its check failed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::check::Checked;
use crate::engine::decoding::Effort;
use crate::engine::decoding::Look;
use crate::engine::error::{Error, Result};
use crate::engine::triage::Looks;
use crate::engine::uploads::Uploads;
use crate::engine::uploads::spool::NAME;
use crate::model::{
    EventId, Posted, Reason, Report, ReportMatch, Seen, Topic, Upload, UploadBytes, UploadDecision,
    UploadId, UploadMatch, UploadState, Verdict, VerdictKind, chain,
};
use crate::remote::{self, Address, AddressExtent};
use crate::store::{NewAcceptance, NewDecision, NewEvent, NewPrint, UploadClaim};
use crate::wire::{self, UploadView};

/// Pause after the first failed attempt, seconds. Each further pause is four times as long…
const PAUSE_S: i64 = 5;
/// …up to this limit, seconds.
const PAUSE_S_MAX: i64 = 600;
/// Read buffer, bytes.
const PIECE_BYTES: usize = 1 << 18;

/// The result of a check.
struct Outcome {
    report: Report,
    /// What only a new case needs.
    looks: Looks,
    left: Left,
}

/// What an upload leaves behind if it is accepted.
#[derive(Default)]
struct Left {
    /// Its fingerprint in stored form, if it is to be kept.
    print: Option<NewPrint>,
    claims: Vec<UploadClaim>,
}

/// What a run did for its upload.
enum Progress {
    /// It has a verdict now.
    Decided,
    /// It had a verdict before this run ended.
    AlreadyDecided,
    /// The next attempt is scheduled.
    Postponed,
}

/// Why an upload has no verdict yet.
#[derive(Debug, thiserror::Error)]
enum Setback {
    /// A retry may succeed.
    #[error(transparent)]
    Engine(#[from] Error),
    #[error("cannot fetch the bytes: {0}")]
    Remote(remote::Error),
    /// A retry cannot succeed: the bytes are gone.
    #[error("the spooled bytes are missing or have changed since the upload was accepted")]
    Lost,
}

impl From<remote::Error> for Setback {
    fn from(error: remote::Error) -> Setback {
        Setback::Remote(error)
    }
}

impl Setback {
    fn may_pass(&self) -> bool {
        match self {
            Setback::Engine(Error::TooLarge { .. }) | Setback::Lost => false,
            Setback::Engine(_) => true,
            Setback::Remote(error) => error.may_pass(),
        }
    }
}

impl Uploads {
    /// Brings an upload to its verdict, or schedules the next attempt. Idempotent.
    pub(in crate::engine) async fn run(self: Arc<Self>, upload: Upload) {
        let begun = Instant::now();
        let outcome = self.clone().check(upload.clone()).await;
        let (uploads, id) = (self.clone(), upload.id);
        let noted = self.pools.blocking(move || match outcome {
            Ok(outcome) => uploads.decide(&upload, outcome),
            Err(setback) => uploads.set_back(&upload, &setback),
        });
        match noted.await {
            Ok(Progress::Decided) => {
                let seconds = begun.elapsed().as_secs_f64();
                metrics::histogram!("cenotaph_check_seconds").record(seconds);
                self.verdicts.notify(id);
                self.wake_outbox.wake();
                self.wake_retention.wake();
            }
            Ok(Progress::AlreadyDecided) => {}
            Ok(Progress::Postponed) => self.wake.wake(),
            Err(error) => {
                let error = chain(&error);
                tracing::error!(upload = %id, %error, "cannot store a check's result; retrying");
            }
        }
    }

    async fn check(self: Arc<Self>, upload: Upload) -> std::result::Result<Outcome, Setback> {
        let bytes = match (upload.state, upload.bytes) {
            (UploadState::Fetching, _) => self.fetch(&upload).await?,
            (_, Some(bytes)) => bytes,
            (_, None) => return Err(Setback::Lost),
        };
        let uploads = self.clone();
        self.pools.decode(move || uploads.check_spooled(&upload, bytes)).await
    }

    /// Downloads an upload's bytes into the spool.
    async fn fetch(self: &Arc<Self>, upload: &Upload) -> std::result::Result<UploadBytes, Setback> {
        let client_data = self.client_data(upload.client_data.as_ref())?;
        let address = Address::parse(client_data.uri.as_deref().unwrap_or_default())?;
        let bytes_max = self.options.bytes_max;
        let file =
            self.remote.open(&address, AddressExtent::One, self.spool.folder(), bytes_max).await?;
        let (uploads, id, seq) = (self.clone(), upload.id, upload.seq);
        let copied = self.pools.blocking(move || {
            // An interrupted attempt may have left a partial file.
            uploads.spool.remove(&[id])?;
            let bytes = uploads.copy_in(file, id)?;
            uploads.spool.sync()?;
            uploads.engine.store().upload_fetched(seq, bytes)?;
            Ok::<_, Error>(bytes)
        });
        Ok(copied.await?)
    }

    fn copy_in(&self, mut from: File, id: UploadId) -> Result<UploadBytes> {
        let failed = |source| Error::File { path: NAME.into(), source };
        let identity = &self.engine.keys().identity;
        let mut spooling = self.spool.begin(id, identity, self.options.bytes_max)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match from.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => spooling.write(&piece[..length])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(failed(e)),
            }
        }
        let bytes = spooling.bytes();
        spooling.keep().and_then(|file| file.sync_data()).map_err(failed)?;
        Ok(bytes)
    }

    /// The CPU-bound part of a check. Runs on the decoding pool.
    fn check_spooled(
        &self,
        upload: &Upload,
        bytes: UploadBytes,
    ) -> std::result::Result<Outcome, Setback> {
        let engine = &self.engine;
        let file = self.spool.read(upload.id)?.ok_or(Setback::Lost)?;
        let length = file.metadata().map_err(|source| Error::File { path: NAME.into(), source })?;
        // After a power failure a file can have the right length and the wrong content.
        let doubted = upload.seq <= self.last_before;
        let name = Path::new(NAME);
        if length.len() != bytes.size || (doubted && engine.digest(name, &file)? != bytes.digest) {
            return Err(Setback::Lost);
        }
        let posted = self.client_data(upload.client_data.as_ref())?.uploaded_at;
        let uploader = engine.uploader(upload.uploader, posted)?;
        let look = |effort| self.look(&file, &bytes, effort);
        let Checked { report, look, claims } =
            engine.check_content(&bytes.digest, &uploader, self.options.effort, &look)?;
        let print = look.as_ref().and_then(|look| self.kept_print(upload, posted, look));
        let looks = look.map_or_else(Looks::default, |look| Looks::of(&look, &report));
        Ok(Outcome { report, looks, left: Left { print, claims } })
    }

    /// The print of an upload that is kept for later deletions of the same content: `None` without an uploader, or without features.
    fn kept_print(&self, upload: &Upload, posted: Option<Posted>, look: &Look) -> Option<NewPrint> {
        let uploader = upload.uploader.filter(|_| self.engine.options().prints_s > 0)?;
        let sparse = look.print.as_ref()?.sparse();
        let has_any = !sparse.keypoints.is_empty() || !sparse.frames.is_empty();
        has_any.then(|| NewPrint {
            uploader,
            posted: posted.unwrap_or(Posted::at(upload.created_at)),
            created_at: upload.created_at,
            bytes: sparse.to_bytes(),
        })
    }

    /// The print of these bytes, from the cache of recent uploads or decoded.
    pub(in crate::engine) fn look(
        &self,
        file: &File,
        bytes: &UploadBytes,
        effort: Effort,
    ) -> Result<Arc<Look>> {
        if let Some(look) = self.prints.get(&bytes.digest, effort) {
            metrics::counter!("cenotaph_prints_reused_total").increment(1);
            return Ok(look);
        }
        let look = Arc::new(self.engine.look(Path::new(NAME), file, effort)?);
        self.prints.put(&bytes.digest, effort, &look);
        Ok(look)
    }

    /// Records a failed attempt; after the last one the upload gets the verdict `review`, `unchecked`.
    fn set_back(&self, upload: &Upload, setback: &Setback) -> Result<Progress> {
        let attempts = upload.attempts + 1;
        if setback.may_pass() && attempts < self.options.attempts_max {
            let pause_s = PAUSE_S.saturating_mul(4_i64.saturating_pow(upload.attempts));
            let due_at = self.environment.now() + pause_s.min(PAUSE_S_MAX);
            self.engine.store().postpone_upload(upload.seq, due_at)?;
            let error = chain(setback);
            tracing::warn!(upload = %upload.id, attempts, %error, "a check failed; retrying later");
            return Ok(Progress::Postponed);
        }
        let error = chain(setback);
        tracing::error!(upload = %upload.id, attempts, %error, "giving up; the verdict is review");
        let report = Report {
            verdict: Verdict { kind: VerdictKind::Review, reason: Reason::Unchecked },
            seen: Seen::Part,
            duration_s: None,
            matches: Vec::new(),
            trouble: Some(setback.to_string()),
            damage: None,
        };
        let (looks, left) = (Looks::default(), Left::default());
        self.decide(upload, Outcome { report, looks, left })
    }

    /// Commits a verdict together with its event. An earlier verdict stays.
    fn decide(&self, upload: &Upload, outcome: Outcome) -> Result<Progress> {
        let Outcome { report, looks, left } = outcome;
        let now = self.environment.now();
        let answer = if self.engine.options().policy.shadow {
            Verdict { kind: VerdictKind::Allow, reason: Reason::Shadow }
        } else {
            report.verdict
        };
        let case = self.cases.case(&report, answer, looks, &self.environment)?;
        let matches = report.matches.iter().take(self.options.matches_max);
        let matches: Vec<UploadMatch> = matches.map(recorded).collect();
        let decision = UploadDecision {
            at: now,
            verdict: report.verdict,
            answer,
            answered_at: now,
            seen: report.seen,
            duration_s: report.duration_s,
            trouble: report.trouble,
            damage: report.damage,
        };
        // Moderators need the bytes until their decision takes effect.
        let bytes_until = case.is_none().then(|| self.bytes_until(answer.kind));
        let is_case = case.is_some();
        // Shadow mode answers `allow`, but nobody has accepted the upload.
        let is_accepted = answer.kind == VerdictKind::Allow && answer.reason != Reason::Shadow;
        let acceptance = (is_accepted || is_case).then(|| {
            let Left { print, claims } = left;
            NewAcceptance { is_accepted, print, claims }
        });
        let decided = Upload {
            state: UploadState::Decided,
            decision: Some(decision.clone()),
            bytes_until,
            ..upload.clone()
        };
        let event = self.event(&decided, &matches)?;
        let new = NewDecision { decision, matches, bytes_until, case, acceptance, event };
        if !self.engine.store().decide_upload(upload.seq, new)? {
            return Ok(Progress::AlreadyDecided);
        }
        self.admission.release();
        if is_case {
            self.cases.changes.notify();
        }
        let verdict = report.verdict;
        let labels = [("verdict", verdict.kind.as_str()), ("reason", verdict.reason.as_str())];
        metrics::counter!("cenotaph_verdicts_total", &labels).increment(1);
        Ok(Progress::Decided)
    }

    /// When to erase the bytes of an upload that gets this verdict now.
    pub(in crate::engine) fn bytes_until(&self, answer: VerdictKind) -> i64 {
        let now = self.environment.now();
        if answer == VerdictKind::Allow { now } else { now + self.options.appeal_s }
    }

    /// The event for an upload that has just got a verdict.
    pub(in crate::engine) fn event(
        &self,
        upload: &Upload,
        matches: &[UploadMatch],
    ) -> Result<NewEvent> {
        let client_data = self.client_data(upload.client_data.as_ref())?;
        let view = UploadView::new(upload, &client_data, matches);
        let id = EventId::make(&self.environment).map_err(|source| Error::NoEntropy { source })?;
        let (topic, at) = (Topic::UploadVerdict, self.environment.now());
        Ok(NewEvent { id, topic, at, body: self.seal_event(&view)? })
    }
}

fn recorded(one: &ReportMatch) -> UploadMatch {
    UploadMatch {
        tombstone: one.found.tombstone.clone(),
        verdict: one.found.verdict,
        weighed: one.weighed,
        detail: wire::detail(one),
        retired: false,
    }
}
