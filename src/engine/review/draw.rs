//! Plots of the agreeing moments, for cases opened by an appeal. The check made no plot for them, because the upload
//! was not meant for a moderator; so match the upload again, by its cached print or its bytes.
//!
//! A durable job: the store lists the missing plots. A plot that cannot be made is stored empty, so it is not retried
//! forever, and the case's page says so.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::decoding::Effort;
use crate::engine::error::Result;
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::engine::review::Cases;
use crate::engine::triage::{open, plot};
use crate::model::{Agreement, Case, CaseState, UnixSeconds, UploadId, chain};
use crate::store::RankedPlot;

/// The key of the only job: one runs at a time.
const KEY: i64 = 0;
/// Stored when no plot can be made.
const NOTHING: RankedPlot = (0, Vec::new());

struct DrawingSource(Arc<Cases>);

/// Registers the plotting job with the runner.
pub fn attend_drawings(cases: &Arc<Cases>, runner: &mut Runner) {
    runner.add_with(Arc::new(DrawingSource(cases.clone())), 1, cases.wake_drawings.clone());
}

/// Whether the job plots this case. Same condition as the store's query.
pub(in crate::engine) fn is_to_be_drawn(case: &Case) -> bool {
    let waits = matches!(case.state, CaseState::Open | CaseState::Escalated);
    waits && case.appealed_at.is_some() && case.tombstone.is_some()
}

impl Source for DrawingSource {
    fn name(&self) -> &'static str {
        "case drawings"
    }

    fn claim(self: Arc<Self>, _: Take) -> Result<Claim> {
        let cases = self.0.clone();
        let Some(upload) = cases.engine.store().uploads_to_draw(1)?.pop() else {
            return Ok(Claim::default());
        };
        let work = async move {
            let worker = cases.clone();
            let drawn = cases.pools.decode(move || worker.draw(upload)).await;
            if let Err(error) = drawn {
                tracing::error!(error = %chain(&error), "cannot store a plot; retrying");
                // Pause: the disk may need an operator.
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            cases.changed();
            cases.wake_drawings.wake();
        };
        Ok(Claim { jobs: vec![Job { key: KEY, work: Box::pin(work) }], next_due_at: None })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

impl Cases {
    fn draw(&self, upload: UploadId) -> Result<()> {
        let mut plots = self.drawings(upload).unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), "cannot plot a case; it goes without a plot");
            Vec::new()
        });
        if plots.is_empty() {
            plots.push(NOTHING);
        }
        self.engine.store().add_case_plots(upload, plots).map(drop)?;
        Ok(())
    }

    /// Plots of the best matches, by rank.
    fn drawings(&self, id: UploadId) -> Result<Vec<RankedPlot>> {
        let Some((upload, matches)) = self.engine.store().upload_with_matches(id)? else {
            return Ok(Vec::new());
        };
        let (Some(bytes), Some(file)) = (upload.bytes, self.uploads.spooled(id)?) else {
            return Ok(Vec::new());
        };
        let look = |effort: Effort| self.uploads.look(&file, &bytes, effort);
        let (_, recognised) =
            self.engine.recognise_file(&look, self.uploads.options().effort, None)?;
        let drawn = (0..).zip(&matches).take(open::PLOTS_MAX);
        let plot = |(rank, recorded): (u32, &crate::model::UploadMatch)| {
            let mut found = recognised.iter();
            let found = found.find(|one| one.known.tombstone.id == recorded.tombstone)?;
            let agreement = &found.judged.agreement;
            let some = *agreement != Agreement::default();
            some.then(|| (rank, plot::write(agreement)))
        };
        Ok(drawn.filter_map(plot).collect())
    }
}
