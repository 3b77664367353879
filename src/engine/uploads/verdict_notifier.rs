//! Waiting for a verdict: whoever wants to know listens, whoever decides rings.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::UploadId;

/// Who waits for which upload.
#[derive(Debug, Default)]
pub(in crate::engine) struct VerdictNotifier(Mutex<HashMap<UploadId, watch::Sender<bool>>>);

impl VerdictNotifier {
    /// From now on, a ring for this upload is heard.
    pub fn listen(&self, id: UploadId) -> watch::Receiver<bool> {
        self.lock().entry(id).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// Wakes everybody who listens for this upload.
    pub fn ring(&self, id: UploadId) {
        if let Some(sender) = self.lock().remove(&id) {
            sender.send_replace(true);
        }
    }

    /// A listener went away; what nobody listens for is not kept.
    pub fn leave(&self, id: UploadId, receiver: watch::Receiver<bool>) {
        drop(receiver);
        let mut waiting = self.lock();
        if waiting.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, watch::Sender<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_listens_hears_one_ring_and_nothing_stays() {
        let (bell, id) = (VerdictNotifier::default(), UploadId([1; 16]));
        let mut both = [bell.listen(id), bell.listen(id)];
        bell.ring(UploadId([2; 16]));
        bell.ring(id);
        for listener in &mut both {
            assert!(*listener.wait_for(|rung| *rung).await.unwrap());
        }
        bell.leave(id, bell.listen(id));
        assert!(bell.lock().is_empty());
    }
}
