//! One copy's erasure, and how it ended.

use crate::erasure::Options;
use crate::model::{CopyKind, CopyOutcome, UnixSeconds};
use crate::remote::{Address, Error, Gone, Message, Remote};

/// A copy that is due.
#[derive(Debug, Clone)]
pub struct CopyTask {
    pub kind: CopyKind,
    pub address: Address,
    pub prefix: bool,
    /// Failures in a row before this try.
    pub failures: u32,
    /// Spreads the next try.
    pub seed: u64,
    /// Of a callback: the message's id, the same in every try.
    pub message_id: String,
    /// Of a callback: what is sent, JSON.
    pub message: Vec<u8>,
}

/// Erases a copy by its kind and looks again. What went wrong is part of the answer; nothing here names an address.
pub async fn erase(
    remote: &Remote,
    task: &CopyTask,
    options: &Options,
    now: UnixSeconds,
) -> CopyOutcome {
    let done = match task.kind {
        CopyKind::Main | CopyKind::Backup => remote.erase(&task.address, task.prefix).await,
        CopyKind::Cache => remote.purge(&task.address).await,
        CopyKind::Callback => {
            let message = Message { id: &task.message_id, timestamp: now, body: &task.message };
            remote.call_back(&task.address, message).await
        }
    };
    match done {
        Ok(Gone { objects, how }) => CopyOutcome::Gone { objects, how: how.to_owned() },
        Err(Error::Held { until: Some(until), why }) if until > now => {
            CopyOutcome::Held { until, why: why.to_owned() }
        }
        Err(error) => failed(&error, task, options, now),
    }
}

fn failed(error: &Error, task: &CopyTask, options: &Options, now: UnixSeconds) -> CopyOutcome {
    let failures = task.failures.saturating_add(1);
    let waiting = matches!(error, Error::NotYet { .. });
    // What waits for somebody need not be tried often, what the platform is still busy with is no fault.
    let stuck = !waiting && (!error.may_pass() || failures >= options.stuck_after);
    let tried = if error.may_pass() { failures } else { u32::MAX };
    let due_at = options.backoff.again_at(now, tried, task.seed, error.retry_after_s());
    CopyOutcome::Failed { due_at, error: error.to_string(), stuck }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote;

    fn task(uri: &str, failures: u32) -> CopyTask {
        CopyTask {
            kind: CopyKind::Main,
            address: Address::parse(uri).unwrap(),
            prefix: false,
            failures,
            seed: 0,
            message_id: String::new(),
            message: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_needs_somebody_is_stuck_at_once_and_what_may_pass_only_after_some_tries() {
        let root = tempfile::tempdir().unwrap();
        let file_roots = vec![root.path().to_path_buf()];
        let remote =
            Remote::new(&remote::Options { file_roots, ..remote::Options::default() }).unwrap();
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
