//! Erases one copy, and classifies how that ended.

use crate::erasure::Options;
use crate::model::{CopyKind, CopyOutcome, UnixSeconds};
use crate::remote::{Address, AddressExtent, Error, Message, Remote, Removal};

/// One copy that is due to be erased.
#[derive(Debug, Clone)]
pub struct CopyTask {
    pub kind: CopyKind,
    pub address: Address,
    pub extent: AddressExtent,
    /// Consecutive failures before this try.
    pub failures: u32,
    /// Spreads the time of the next try; see [`Backoff::retry_at`](crate::erasure::Backoff::retry_at).
    pub seed: u64,
    /// For a callback: the id of the message, the same in every try.
    pub message_id: String,
    /// For a callback: the body of the message, JSON.
    pub message: Vec<u8>,
}

/// Erases a copy in the way that its kind needs, and verifies that it is gone. A failure is a [`CopyOutcome`], not an
/// error; its text contains no address.
pub async fn erase(
    remote: &Remote,
    task: &CopyTask,
    options: &Options,
    now: UnixSeconds,
) -> CopyOutcome {
    let done = match task.kind {
        CopyKind::Main | CopyKind::Backup => remote.erase(&task.address, task.extent).await,
        CopyKind::Cache => remote.purge(&task.address).await,
        CopyKind::Callback => {
            let message = Message { id: &task.message_id, timestamp: now, body: &task.message };
            remote.call_back(&task.address, message).await
        }
    };
    match done {
        Ok(Removal { objects, how }) => CopyOutcome::Gone { objects, how: how.to_owned() },
        Err(Error::Held { until: Some(until), why }) if until > now => {
            CopyOutcome::Held { until, why: why.to_owned() }
        }
        Err(error) => failed(&error, task, options, now),
    }
}

fn failed(error: &Error, task: &CopyTask, options: &Options, now: UnixSeconds) -> CopyOutcome {
    let failures = task.failures.saturating_add(1);
    let waiting = matches!(error, Error::NotYet { .. });
    // A platform that is still at work is no failure. A copy that needs someone's help is stuck at once, and is retried
    // at the longest interval.
    let stuck = !waiting && (!error.may_pass() || failures >= options.stuck_after);
    let tried = if error.may_pass() { failures } else { u32::MAX };
    let due_at = options.backoff.retry_at(now, tried, task.seed, error.retry_after_s());
    CopyOutcome::Failed { due_at, error: error.to_string(), stuck }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools;
    use crate::pools::Pools;
    use crate::remote;

    fn task(uri: &str, failures: u32) -> CopyTask {
        CopyTask {
            kind: CopyKind::Main,
            address: Address::parse(uri).unwrap(),
            extent: AddressExtent::One,
            failures,
            seed: 0,
            message_id: String::new(),
            message: Vec::new(),
        }
    }

    #[tokio::test]
    async fn permanent_errors_are_stuck_at_once_and_transient_ones_after_several_tries() {
        let root = tempfile::tempdir().unwrap();
        let file_roots = vec![root.path().to_path_buf()];
        let pools = Pools::new(&pools::Options::default());
        let remote =
            Remote::new(&remote::Options { file_roots, ..remote::Options::default() }, pools)
                .unwrap();
        let options = Options::default();
        let outside = erase(&remote, &task("file:///elsewhere/v.mp4", 0), &options, 0).await;
        assert!(
            matches!(outside, CopyOutcome::Failed { stuck: true, due_at: 2700.., .. }),
            "{outside:?}"
        );
        let busy = Error::Answered { what: "S3", status: 500, code: None, retry_after_s: None };
        for failures in 0..10 {
            match failed(&busy, &task("s3://b/v", failures), &options, 0) {
                CopyOutcome::Failed { stuck, .. } => assert_eq!(stuck, failures >= 5),
                other => panic!("{other:?}"),
            }
            let waiting = Error::NotYet { what: "the platform", retry_after_s: Some(50) };
            match failed(&waiting, &task("s3://b/v", failures), &options, 0) {
                CopyOutcome::Failed { stuck, due_at, .. } => assert!(!stuck && due_at >= 50),
                other => panic!("{other:?}"),
            }
        }
    }
}
