//! Ids that we generate: UUIDs of version 7 (time, then random bits), shown with a prefix for their type.
//!
//! They sort by time of creation and cannot be guessed.

use std::str::FromStr;
use std::{fmt, io};

use crate::model::Environment;

/// Text that is not an id of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form `{prefix}_` and 32 hexadecimal digits")]
pub struct NotAnId {
    pub prefix: &'static str,
}

macro_rules! made_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// Prefix of its text, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id.
            ///
            /// # Errors
            /// The error of the source of random bytes.
            pub fn make(environment: &Environment) -> io::Result<Self> {
                let random = environment.random::<10>()?;
                Ok(Self(version_7(environment.clock.now_ms(), &random)))
            }

            /// An id with given random bits, so that the same cause gives the same id.
            pub fn of(now_ms: i64, rest: &[u8; 10]) -> Self {
                Self(version_7(now_ms, rest))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text, concat!($prefix, "_")).map(Self).ok_or(NotAnId { prefix: $prefix })
            }
        }
    )*};
}

made_ids! {
    /// An accepted upload.
    UploadId = "upl";
    /// A case of the review queue.
    CaseId = "cas";
    /// An API key (not its secret).
    ApiKeyId = "key";
    /// A webhook subscription.
    SubscriptionId = "sub";
    /// An event for subscribers.
    EventId = "evt";
    /// The delivery of one event to one subscriber.
    DeliveryId = "dlv";
    /// An owner's permission for an uploader.
    GrantId = "gra";
    /// A stretch of a deleted video that was ruled common.
    StretchId = "str";
    /// A deletion.
    DeletionId = "del";
    /// A user account.
    UserId = "usr";
}

impl DeliveryId {
    /// The id of the delivery of this event to this subscriber; the same every time.
    pub fn between(event: EventId, subscription: SubscriptionId) -> DeliveryId {
        let hash = blake3::hash(&[event.0, subscription.0].concat());
        let mut id = event.0;
        // Keeps the event's time and version, so that deliveries sort like their events.
        id[9..].copy_from_slice(&hash.as_bytes()[..7]);
        DeliveryId(id)
    }
}

fn version_7(now_ms: i64, random: &[u8; 10]) -> [u8; 16] {
    // A clock before 1970 gives ids that sort first; nothing depends on that.
    let millis = u64::try_from(now_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid().into_bytes()
}

fn parse(text: &str, prefix: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix(prefix)?;
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if digits.len() != 32 || !digits.bytes().all(lower) {
        return None;
    }
    Some(u128::from_str_radix(digits, 16).ok()?.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = UploadId::of(1_769_860_800_123, &[0xab; 10]);
        let text = id.to_string();
        assert!(text.starts_with("upl_019c13ec9e7b7bab"), "{text}");
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn ids_sort_by_time() {
        let (early, late) = (EventId::of(5, &[0xff; 10]), EventId::of(6, &[0; 10]));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn other_text_is_refused() {
        let sound = UploadId::of(1, &[1; 10]).to_string();
        let upper = sound.to_uppercase();
        let cases =
            ["", "upl_", &sound[..35], &sound.replace("upl", "key"), &upper, &format!("{sound}0")];
        for text in cases {
            assert_eq!(text.parse::<UploadId>(), Err(NotAnId { prefix: "upl" }), "{text}");
        }
    }
}
