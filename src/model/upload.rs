//! An upload: how far it has come, how much of it was seen, its verdict and matches, what subscribers are told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{
    ByteDigest, NoSuchWord, OwnerKey, Sealed, TombstoneId, UnixSeconds, UploadId, UploadSeq,
    Verdict, VerdictKind, Weighed,
};

words! {
    /// How far an upload has come.
    UploadState {
        /// Its bytes are to be fetched from where the platform said.
        Fetching = "fetching",
        /// Its bytes are here and wait to be checked.
        Waiting = "waiting",
        /// There is a verdict.
        Decided = "decided",
    }

    /// How much of an upload was seen.
    Seen {
        /// All that was to be looked at.
        All = "all",
        /// All, but no frame of it tells anything.
        Featureless = "featureless",
        /// Nothing or a part: it could not be decoded to its end.
        Part = "part",
    }

    /// What subscribers can be told of.
    Topic {
        /// An upload has a verdict, or another than before.
        UploadVerdict = "upload.verdict",
        /// A moderator has ruled; told of each upload of the case, with its verdict.
        CaseDecided = "case.decided",
        /// An uploader's appeal was heard.
        AppealDecided = "appeal.decided",
        /// A video is deleted for good.
        DeletionComplete = "deletion.complete",
        /// A deletion needs somebody's help.
        DeletionStuck = "deletion.stuck",
    }

    /// How far an event has come on its way to one subscriber.
    DeliveryState {
        /// It is to be sent, perhaps again.
        Due = "due",
        /// The receiver has it.
        Sent = "sent",
        /// Given up.
        Dead = "dead",
    }
}

/// What tells an upload's bytes from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadBytes {
    pub digest: ByteDigest,
    pub size: u64,
}

/// An upload as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    pub seq: UploadSeq,
    pub id: UploadId,
    pub state: UploadState,
    pub created_at: UnixSeconds,
    /// What the platform sent with it: uploader, reference, metadata, address of the bytes.
    pub client_data: Option<Sealed>,
    pub uploader: Option<OwnerKey>,
    pub bytes: Option<UploadBytes>,
    /// Tries to check it that failed.
    pub attempts: u32,
    pub decision: Option<UploadDecision>,
    /// When its bytes go; `None` before there is a verdict.
    pub bytes_until: Option<UnixSeconds>,
    /// When they were found gone.
    pub bytes_gone_at: Option<UnixSeconds>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadDecision {
    pub at: UnixSeconds,
    /// As the matches say.
    pub verdict: Verdict,
    /// As the platform was told: another in shadow mode and after a reversal.
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
    /// Spans and evidence, JSON of the engine's.
    pub detail: String,
    /// The tombstone was retired since: it does not count any more.
    pub retired: bool,
}
