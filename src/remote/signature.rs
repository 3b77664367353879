//! Signatures of messages, as the Standard Webhooks specification defines them, so that receivers can use its libraries.
//!
//! Three headers: `webhook-id` (identifies the message; the same in every try), `webhook-timestamp` (Unix time in
//! seconds), and `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. During a rotation
//! there is one signature per secret, separated by spaces.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::UnixSeconds;

/// Header with the id of the message.
pub const ID: &str = "webhook-id";
/// Header with the time of the try, seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";

const SECRET_PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";
/// The specification's bounds on a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that sender and receiver share: as text, `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// The text is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret must be `whsec_` and the base64 of 24 to 64 bytes")]
pub struct NotASecret;

impl Secret {
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes.to_vec())
    }

    /// The form in which the receiver gets it.
    pub fn text(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn mac(&self, id: &str, timestamp: UnixSeconds, body: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Secret, NotASecret> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        if SECRET_BYTES.contains(&bytes.len()) { Ok(Secret(bytes)) } else { Err(NotASecret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The value of the signature header.
pub fn sign(secrets: &[Secret], id: &str, timestamp: UnixSeconds, body: &[u8]) -> String {
    let one = |secret: &Secret| {
        let tag = secret.mac(id, timestamp, body).finalize().into_bytes();
        format!("{VERSION}{}", STANDARD.encode(tag))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Whether one of the signatures in the header's value was made with this secret. A receiver must also compare the
/// timestamp with its clock, against replays.
pub fn verify(
    secret: &Secret,
    id: &str,
    timestamp: UnixSeconds,
    body: &[u8],
    header: &str,
) -> bool {
    header.split(' ').filter_map(|one| one.strip_prefix(VERSION)).any(|tag| {
        let tag = STANDARD.decode(tag).unwrap_or_default();
        secret.mac(id, timestamp, body).verify_slice(&tag).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the Standard Webhooks specification and its libraries.
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let header = sign(std::slice::from_ref(&secret), id, 1_614_265_330, body);
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(verify(&secret, id, 1_614_265_330, body, &header));
        assert!(!verify(&secret, id, 1_614_265_331, body, &header));
        assert!(!verify(&secret, id, 1_614_265_330, b"{}", &header));
        assert!(!verify(&secret, id, 1_614_265_330, body, "v1, v2,abc"));
    }

    #[test]
    fn during_a_rotation_both_secrets_verify() {
        let (old, new) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let header = sign(&[old.clone(), new.clone()], "m", 5, b"x");
        assert!(verify(&old, "m", 5, b"x", &header) && verify(&new, "m", 5, b"x", &header));
        assert!(!verify(&Secret::new([3; 32]), "m", 5, b"x", &header));
    }

    #[test]
    fn secrets_survive_their_text_and_are_not_printed() {
        let secret = Secret::new([7; 32]);
        assert_eq!(secret.text().parse(), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret");
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_#"] {
            assert_eq!(wrong.parse::<Secret>(), Err(NotASecret), "{wrong}");
        }
    }
}
