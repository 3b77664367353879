//! The words of an upload: how far it has come, how much of it was seen, what subscribers are told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::NoSuchWord;
use crate::model::deletion::words;

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
