//! The next step of a deletion's job. Pure: the same state at the same time gives the same step.
//!
//! Copies are erased in two ranks: stored bytes and callbacks first, caches only when no main copy is left, because a
//! cache that is purged earlier refills itself from the main copy.

use crate::model::{CopyKind, CopyState, Deletion, Stage, StoredCopy, UnixSeconds};

/// A step of a deletion's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Record that the video is hidden.
    Hide,
    /// Fingerprint the main copy and store the tombstone.
    Fingerprint,
    /// Pass the point of no return.
    Purge,
    /// Erase these copies, given by their positions in the request.
    EraseCopies(Vec<u32>),
    /// Record that everything is gone except backups that are held until a date.
    Erased,
    /// Issue the receipt.
    Complete,
    /// Undo the effects of a cancelled deletion.
    Forget,
    /// Do nothing until then; `None`: the job is done.
    Wait(Option<UnixSeconds>),
}

/// Decides the next step.
pub fn next_step(
    deletion: &Deletion,
    copies: &[StoredCopy],
    grace_s: u32,
    now: UnixSeconds,
) -> Step {
    match deletion.stage {
        Stage::Requested => Step::Hide,
        Stage::Hidden => Step::Fingerprint,
        Stage::Fingerprinted => {
            let since = deletion.fingerprinted_at.unwrap_or(now);
            let until = since.saturating_add(i64::from(grace_s));
            if until > now { Step::Wait(Some(until)) } else { Step::Purge }
        }
        Stage::Purging => {
            if copies.iter().all(may_wait) {
                Step::Erased
            } else {
                erase_due(copies, now)
            }
        }
        Stage::Erased => {
            if copies.iter().all(is_gone) {
                Step::Complete
            } else {
                erase_due(copies, now)
            }
        }
        Stage::Complete => Step::Wait(None),
        Stage::Cancelled => Step::Forget,
    }
}

/// Erases the copies that are due, or waits for the next one.
fn erase_due(copies: &[StoredCopy], now: UnixSeconds) -> Step {
    let main_left = copies.iter().any(|copy| copy.kind == CopyKind::Main && !is_gone(copy));
    let in_turn =
        |copy: &&StoredCopy| !is_gone(copy) && (copy.kind != CopyKind::Cache || !main_left);
    let due_at = |copy: &StoredCopy| copy.due_at.unwrap_or(now);
    let waiting = || copies.iter().filter(in_turn);
    let due: Vec<u32> =
        waiting().filter(|copy| due_at(copy) <= now).map(|copy| copy.place).collect();
    if due.is_empty() { Step::Wait(waiting().map(due_at).min()) } else { Step::EraseCopies(due) }
}

fn is_gone(copy: &StoredCopy) -> bool {
    copy.state == CopyState::Gone
}

/// A backup that is held until its date does not keep the deletion from counting as erased.
fn may_wait(copy: &StoredCopy) -> bool {
    is_gone(copy) || (copy.kind == CopyKind::Backup && copy.state == CopyState::Held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeletionSeq;
    use crate::model::{DeletionId, DeletionReason, UriKey, VideoKey};

    const NOW: UnixSeconds = 1000;

    fn deletion(stage: Stage) -> Deletion {
        Deletion {
            seq: DeletionSeq(1),
            id: DeletionId([1; 16]),
            video: VideoKey([1; 16]),
            turn: 1,
            owner: None,
            reason: DeletionReason::OwnerRequest,
            stage,
            stuck_why: None,
            last_error: None,
            fingerprint_by: NOW,
            tombstone: None,
            requested_at: 1,
            hidden_at: None,
            fingerprinted_at: Some(NOW),
            purging_at: None,
            erased_at: None,
            complete_at: None,
            cancelled_at: None,
            attempts: 0,
            failures: 0,
            due_at: None,
            retention_until: None,
            uploaded_at: None,
            original: false,
        }
    }

    fn copy(place: u32, kind: CopyKind, state: CopyState, due_at: UnixSeconds) -> StoredCopy {
        StoredCopy {
            place,
            kind,
            prefix: false,
            sealed: None,
            uri: UriKey([0; 16]),
            delete_after: None,
            state,
            attempts: 0,
            failures: 0,
            due_at: Some(due_at),
            last_error: None,
            gone_at: None,
            objects: None,
            how: None,
        }
    }

    fn step(stage: Stage, copies: &[StoredCopy]) -> Step {
        next_step(&deletion(stage), copies, 0, NOW)
    }

    #[test]
    fn the_stages_follow_one_another() {
        assert_eq!(step(Stage::Requested, &[]), Step::Hide);
        assert_eq!(step(Stage::Hidden, &[]), Step::Fingerprint);
        assert_eq!(step(Stage::Fingerprinted, &[]), Step::Purge);
        assert_eq!(step(Stage::Purging, &[]), Step::Erased);
        assert_eq!(step(Stage::Erased, &[]), Step::Complete);
        assert_eq!(step(Stage::Complete, &[]), Step::Wait(None));
        assert_eq!(step(Stage::Cancelled, &[]), Step::Forget);
    }

    #[test]
    fn nothing_is_erased_before_purging() {
        let copies = [copy(0, CopyKind::Main, CopyState::Pending, 0)];
        for stage in [Stage::Requested, Stage::Hidden, Stage::Fingerprinted, Stage::Cancelled] {
            assert!(!matches!(step(stage, &copies), Step::EraseCopies(_)), "{stage}");
        }
    }

    #[test]
    fn purging_waits_for_the_end_of_the_grace_period() {
        let fingerprinted = deletion(Stage::Fingerprinted);
        assert_eq!(next_step(&fingerprinted, &[], 5, NOW + 4), Step::Wait(Some(NOW + 5)));
        assert_eq!(next_step(&fingerprinted, &[], 5, NOW + 5), Step::Purge);
    }

    #[test]
    fn caches_wait_until_no_main_copy_can_refill_them() {
        let mut copies = [
            copy(0, CopyKind::Cache, CopyState::Pending, 0),
            copy(1, CopyKind::Main, CopyState::Pending, 0),
            copy(2, CopyKind::Callback, CopyState::Pending, 0),
            copy(3, CopyKind::Backup, CopyState::Pending, 0),
        ];
        assert_eq!(step(Stage::Purging, &copies), Step::EraseCopies(vec![1, 2, 3]));
        copies[1].state = CopyState::Stuck;
        copies[1].due_at = Some(NOW + 60);
        copies[2].state = CopyState::Gone;
        copies[3].state = CopyState::Gone;
        assert_eq!(step(Stage::Purging, &copies), Step::Wait(Some(NOW + 60)));
        copies[1].state = CopyState::Gone;
        assert_eq!(step(Stage::Purging, &copies), Step::EraseCopies(vec![0]));
    }

    #[test]
    fn a_held_backup_lets_the_video_be_erased_but_not_the_deletion_complete() {
        let mut copies = [
            copy(0, CopyKind::Main, CopyState::Gone, 0),
            copy(1, CopyKind::Backup, CopyState::Held, NOW + 10),
        ];
        assert_eq!(step(Stage::Purging, &copies), Step::Erased);
        assert_eq!(step(Stage::Erased, &copies), Step::Wait(Some(NOW + 10)));
        assert_eq!(
            next_step(&deletion(Stage::Erased), &copies, 0, NOW + 10),
            Step::EraseCopies(vec![1])
        );
        copies[1].state = CopyState::Gone;
        assert_eq!(step(Stage::Erased, &copies), Step::Complete);
        // A main copy under a lock is not erased.
        copies[0] = copy(0, CopyKind::Main, CopyState::Held, NOW + 10);
        assert_eq!(step(Stage::Purging, &copies), Step::Wait(Some(NOW + 10)));
    }
}
