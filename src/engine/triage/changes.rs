//! Listeners are woken when a case has changed.

use std::sync::Arc;

use tokio::sync::watch;

/// Notifies listeners of changes to cases. Clones share it.
#[derive(Debug, Clone)]
pub struct CaseChanges(Arc<watch::Sender<u64>>);

impl Default for CaseChanges {
    fn default() -> Self {
        CaseChanges(Arc::new(watch::Sender::new(0)))
    }
}

impl CaseChanges {
    /// A number that rises with every change.
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
