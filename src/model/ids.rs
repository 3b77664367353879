//! Ids and row numbers as newtypes, so that an owner is never mistaken for a tombstone.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Id of a tombstone: chosen by the operator on the command line, a keyed hash elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TombstoneId(pub String);

impl fmt::Display for TombstoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keyed hash of an owner's or uploader's id: the same person has the same value within one deployment only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerKey(pub [u8; 16]);

/// Keyed hash of the platform's id of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VideoKey(pub [u8; 16]);

impl fmt::Display for VideoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Keyed hash of a copy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UriKey(pub [u8; 16]);

/// Keyed hash of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteDigest(pub [u8; 32]);

/// Identifies the key of a fingerprint: the first bytes of the key's hash, safe to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// A tombstone's number in the store and the index; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// Row numbers of the store, one type for each table. They rise in the order of insertion.
macro_rules! row_numbers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }
    )*};
}

row_numbers! {
    /// An upload's row number.
    UploadSeq;
    /// A case's row number.
    CaseSeq;
    /// A row number in the history of all cases.
    CaseEventSeq;
    /// A row number of a decision about a case.
    CaseDecisionSeq;
    /// A deletion's row number.
    DeletionSeq;
    /// A row number in the history of all deletions.
    DeletionEventSeq;
    /// A webhook delivery's row number.
    DeliverySeq;
}
