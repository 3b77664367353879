//! The events of deletions: complete, or stuck and in need of an operator.

use crate::engine::deletions::Deletions;
use crate::engine::error::{Error, Result};
use crate::model::{Deletion, EventId, Stage, StoredCopy, Topic, UnixSeconds};
use crate::store::NewEvent;
use crate::wire::{DeletionDetails, DeletionView};

impl Deletions {
    /// The event of a deletion that is about to complete.
    pub(in crate::engine) fn complete_event(
        &self,
        deletion: &Deletion,
        copies: Vec<StoredCopy>,
        at: UnixSeconds,
        retention_until: UnixSeconds,
    ) -> Result<NewEvent> {
        let complete = Deletion {
            stage: Stage::Complete,
            stuck_why: None,
            last_error: None,
            due_at: None,
            complete_at: Some(at),
            retention_until: Some(retention_until),
            ..deletion.clone()
        };
        self.deletion_event(Topic::DeletionComplete, &complete, copies, at)
    }

    /// The event of a deletion that is about to be stuck. `deletion` already has `stuck_why`.
    pub(in crate::engine) fn stuck_event(
        &self,
        deletion: &Deletion,
        copies: Vec<StoredCopy>,
        at: UnixSeconds,
    ) -> Result<NewEvent> {
        self.deletion_event(Topic::DeletionStuck, deletion, copies, at)
    }

    fn deletion_event(
        &self,
        topic: Topic,
        deletion: &Deletion,
        copies: Vec<StoredCopy>,
        at: UnixSeconds,
    ) -> Result<NewEvent> {
        let client_data = self.client_data(deletion.seq)?;
        let copies = self.with_addresses(copies)?;
        let line =
            DeletionView::new(DeletionDetails { deletion: deletion.clone(), client_data, copies });
        let body = serde_json::to_vec(&line).expect("its keys are strings");
        let id = EventId::make(&self.environment).map_err(|source| Error::NoEntropy { source })?;
        Ok(NewEvent { id, topic, at, body: self.seal(&body)? })
    }
}
