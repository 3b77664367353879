//! An upload: its state, verdict and matches; and the events that subscribers get.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    ByteDigest, NoSuchWord, OwnerKey, Sealed, TombstoneId, UnixSeconds, UploadId, UploadSeq,
    Verdict, VerdictKind, Weighed,
};

words! {
    /// The state of an upload.
    UploadState {
        /// Its bytes are to be fetched from the platform's address.
        Fetching = "fetching",
        /// Its bytes are stored and wait for the check.
        Waiting = "waiting",
        /// It has a verdict.
        Decided = "decided",
    }

    /// How much of an upload was decoded.
    Seen {
        /// Everything.
        All = "all",
        /// Everything, but no frame has features.
        Featureless = "featureless",
        /// A part or nothing: decoding failed before the end.
        Part = "part",
    }

    /// Topics of events that subscribers can get.
    Topic {
        /// An upload got a verdict, or a new one.
        UploadVerdict = "upload.verdict",
        /// A moderator's decision took effect; one event for each upload of the case.
        CaseDecided = "case.decided",
        /// An appeal was decided.
        AppealDecided = "appeal.decided",
        /// A deletion is complete.
        DeletionComplete = "deletion.complete",
        /// A deletion needs an operator's help.
        DeletionStuck = "deletion.stuck",
    }

    /// The state of a delivery.
    DeliveryState {
        /// To be sent, or retried.
        Due = "due",
        /// Acknowledged by the receiver.
        Sent = "sent",
        /// Dead letter: no more attempts.
        Dead = "dead",
    }
}

/// Digest and size of an upload's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadBytes {
    pub digest: ByteDigest,
    pub size: u64,
}

/// An upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    pub seq: UploadSeq,
    pub id: UploadId,
    pub state: UploadState,
    pub created_at: UnixSeconds,
    /// What the platform sent with it (uploader, reference, metadata, address of the bytes), sealed.
    pub client_data: Option<Sealed>,
    pub uploader: Option<OwnerKey>,
    pub bytes: Option<UploadBytes>,
    /// Failed attempts to check it.
    pub attempts: u32,
    pub decision: Option<UploadDecision>,
    /// When its bytes are erased; `None` while that is open.
    pub bytes_until: Option<UnixSeconds>,
    /// When its bytes were erased.
    pub bytes_gone_at: Option<UnixSeconds>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadDecision {
    pub at: UnixSeconds,
    /// The verdict according to the matches.
    pub verdict: Verdict,
    /// The verdict that the platform got. Differs from `verdict` in shadow mode, and after a reversal or a decision.
    pub answer: Verdict,
    pub answered_at: UnixSeconds,
    pub seen: Seen,
    pub duration_s: Option<f64>,
    pub trouble: Option<String>,
    pub damage: Option<String>,
}

/// One match of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadMatch {
    pub tombstone: TombstoneId,
    pub verdict: VerdictKind,
    pub weighed: Weighed,
    /// Spans and evidence as JSON, written by `wire::detail`.
    pub detail: String,
    /// Whether the tombstone has been retired since, so that the match does not count.
    pub retired: bool,
}
