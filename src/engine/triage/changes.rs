//! Notifies listeners when a case has changed.

use std::sync::Arc;

use tokio::sync::watch;

/// A counter of changes to cases that listeners can await. Clones share the counter.
#[derive(Debug, Clone)]
pub struct CaseChanges(Arc<watch::Sender<u64>>);

impl Default for CaseChanges {
    fn default() -> Self {
        CaseChanges(Arc::new(watch::Sender::new(0)))
    }
}

impl CaseChanges {
    /// Subscribes to the counter, which rises with every change.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    pub(in crate::engine) fn notify(&self) {
        self.0.send_modify(|number| *number += 1);
    }

    pub(in crate::engine) fn number(&self) -> u64 {
        *self.0.borrow()
    }
}
