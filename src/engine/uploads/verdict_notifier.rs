//! Wakes requests that wait for an upload's verdict.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::UploadId;

/// The listeners of each upload.
#[derive(Debug, Default)]
pub(in crate::engine) struct VerdictNotifier(Mutex<HashMap<UploadId, watch::Sender<bool>>>);

impl VerdictNotifier {
    /// A receiver that turns `true` when this upload is decided after this call.
    pub fn listen(&self, id: UploadId) -> watch::Receiver<bool> {
        self.lock().entry(id).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// Wakes all listeners of this upload.
    pub fn notify(&self, id: UploadId) {
        if let Some(sender) = self.lock().remove(&id) {
            sender.send_replace(true);
        }
    }

    /// Removes a listener. Uploads without listeners use no memory.
    pub fn unlisten(&self, id: UploadId, receiver: watch::Receiver<bool>) {
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
    async fn one_notification_wakes_all_listeners_and_leaves_no_entry() {
        let (notifier, id) = (VerdictNotifier::default(), UploadId([1; 16]));
        let mut both = [notifier.listen(id), notifier.listen(id)];
        notifier.notify(UploadId([2; 16]));
        notifier.notify(id);
        for listener in &mut both {
            assert!(*listener.wait_for(|decided| *decided).await.unwrap());
        }
        notifier.unlisten(id, notifier.listen(id));
        assert!(notifier.lock().is_empty());
    }
}
