//! The words of a deletion: why, how far, which copies, and what may still be shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Text that is none of a closed list of words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of: {choices}")]
pub struct NoSuchWord {
    pub word: String,
    pub choices: String,
}

/// An enum whose values are words, in the database, in JSON and on pages alike.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $value,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$value),*];

            pub fn as_str(self) -> &'static str {
                match self { $($name::$value => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = NoSuchWord;

            fn from_str(word: &str) -> Result<Self, NoSuchWord> {
                let found = Self::ALL.iter().find(|value| value.as_str() == word);
                found.copied().ok_or_else(|| NoSuchWord {
                    word: word.chars().take(40).collect(),
                    choices: Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    )*};
}
pub(super) use words;

words! {
    /// Why a video is deleted.
    DeletionReason {
        /// Its owner wants it gone.
        OwnerRequest = "owner_request",
        /// A court or an authority does.
        Legal = "legal",
        /// The platform's moderators do.
        Moderation = "moderation",
    }

    /// How far a deletion has come; whether it is stuck there is another matter (`DeletionState`).
    Stage {
        /// Written down; from here on the video is hidden.
        Requested = "requested",
        /// Said to be hidden.
        Hidden = "hidden",
        /// The tombstone is on the disk.
        Fingerprinted = "fingerprinted",
        /// Copies are being erased: there is no way back.
        Purging = "purging",
        /// All copies are gone but for backups that are due later.
        Erased = "erased",
        /// All copies are gone, and there is a receipt.
        Complete = "complete",
        /// Called off before anything was erased.
        Cancelled = "cancelled",
    }

    /// What the outside is told: the stage, or that it is stuck in it.
    DeletionState {
        Requested = "requested",
        Hidden = "hidden",
        Fingerprinted = "fingerprinted",
        Purging = "purging",
        Erased = "erased",
        Complete = "complete",
        Cancelled = "cancelled",
        /// Something needs somebody's help; it is tried again all the same.
        Stuck = "stuck",
    }

    /// What a copy is.
    CopyKind {
        /// Where viewers' bytes come from.
        Main = "main",
        /// Kept for restoring; may be due later.
        Backup = "backup",
        /// A cache in front of the main copy.
        Cache = "cache",
        /// A part of the platform that must forget the video: rows, comments, search entries.
        Callback = "callback",
    }

    /// How far a copy's erasure has come.
    CopyState {
        Pending = "pending",
        /// Due at a date: asked for, or under a retention lock.
        Held = "held",
        /// Deleted, and a fresh look found nothing.
        Gone = "gone",
        /// Needs somebody's help; it is tried again all the same.
        Stuck = "stuck",
    }

    /// What may be shown of a video.
    Visibility {
        /// No deletion is known.
        Live = "live",
        /// Hidden everywhere; copies remain.
        PendingDeletion = "pending_deletion",
        Deleted = "deleted",
    }
}

impl Stage {
    /// Whether nothing will happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Complete | Stage::Cancelled)
    }

    /// Whether it can be called off.
    pub fn is_cancellable(self) -> bool {
        matches!(self, Stage::Requested | Stage::Hidden | Stage::Fingerprinted)
    }

    /// What is told of a deletion in this stage.
    pub fn state(self, stuck: bool) -> DeletionState {
        match self {
            Stage::Complete => DeletionState::Complete,
            Stage::Cancelled => DeletionState::Cancelled,
            _ if stuck => DeletionState::Stuck,
            Stage::Requested => DeletionState::Requested,
            Stage::Hidden => DeletionState::Hidden,
            Stage::Fingerprinted => DeletionState::Fingerprinted,
            Stage::Purging => DeletionState::Purging,
            Stage::Erased => DeletionState::Erased,
        }
    }

    /// What may be shown of a video whose latest deletion has come this far.
    pub fn visibility(self) -> Visibility {
        match self {
            Stage::Cancelled => Visibility::Live,
            Stage::Erased | Stage::Complete => Visibility::Deleted,
            Stage::Requested | Stage::Hidden | Stage::Fingerprinted | Stage::Purging => {
                Visibility::PendingDeletion
            }
        }
    }
}

impl DeletionState {
    /// Whether nothing will happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, DeletionState::Complete | DeletionState::Cancelled)
    }
}

impl CopyKind {
    /// Whether it is bytes in a store that we delete ourselves.
    pub fn is_object(self) -> bool {
        matches!(self, CopyKind::Main | CopyKind::Backup)
    }
}

/// How a video was received, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engagement {
    pub views: u64,
    pub likes: u64,
    pub comments: u64,
    pub shares: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_their_text_and_others_are_refused_with_the_choices() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(*stage));
        }
        let refusal = "mian".parse::<CopyKind>().unwrap_err().to_string();
        assert_eq!(refusal, "`mian` is not one of: main, backup, cache, callback");
        let long = "x".repeat(10_000).parse::<CopyKind>().unwrap_err().to_string();
        assert!(long.len() < 120, "{long}");
    }

    #[test]
    fn nothing_that_has_begun_to_go_can_be_called_off_or_shown() {
        for stage in Stage::ALL {
            let hidden = stage.visibility() != Visibility::Live;
            assert_eq!(hidden, *stage != Stage::Cancelled);
            assert!(!(stage.is_cancellable() && stage.is_final()));
        }
        assert!(!Stage::Purging.is_cancellable());
        assert_eq!(Stage::Purging.state(true), DeletionState::Stuck);
        assert_eq!(Stage::Complete.state(true), DeletionState::Complete);
    }
}
