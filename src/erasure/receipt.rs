//! Receipts: signed statements of what was erased, where, when, and how that was verified.
//!
//! Every deletion has two, signed by the same key. The *plain* one names the video, its owner and the addresses; it is
//! available until the retention ends. The *keyed* one contains keyed digests instead, and is kept. It also contains the
//! SHA-256 of the plain one, so that the holder of a plain receipt can prove that this deployment issued it. A random
//! `nonce` in the plain one prevents that its content is found by guessing.
//!
//! # Format
//!
//! `{"receipt": {…}, "signature": {"algorithm": "Ed25519", "key_id": …, "value": base64}}`. The signature is over the
//! canonical form of the value of `receipt`: JSON with sorted keys and without whitespace (RFC 8785, restricted to the
//! strings, integers, booleans and nulls that occur).

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::model::{Deletion, StoredCopy, Strength, UnixSeconds, rfc3339};

const FORMAT: &str = "cenotaph-receipt-1";
const STATEMENT: &str = "Each copy listed here was erased at the given time and was not found when it was looked up again. \
     What remains is a keyed fingerprint (the tombstone), which can recognise the video but cannot show it.";

/// The private key that signs receipts.
#[derive(Clone)]
pub struct ReceiptKey(SigningKey);

/// The text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an Ed25519 key in the expected format")]
pub struct NotAKey;

impl ReceiptKey {
    pub fn from_seed(seed: &[u8; 32]) -> ReceiptKey {
        ReceiptKey(SigningKey::from_bytes(seed))
    }

    /// Parses PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`NotAKey`] for any other text.
    pub fn from_pem(pem: &str) -> Result<ReceiptKey, NotAKey> {
        SigningKey::from_pkcs8_pem(pem).map(ReceiptKey).map_err(|_| NotAKey)
    }

    /// PKCS#8 in PEM, for a key file. Secret.
    pub fn to_pem(&self) -> String {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        pem.expect("a key of fixed size can always be written").to_string()
    }

    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The id of the key; safe to show.
    pub fn id(&self) -> String {
        key_id(&self.public())
    }
}

impl std::fmt::Debug for ReceiptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReceiptKey({})", self.id())
    }
}

/// The facts that a receipt states.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptFacts<'a> {
    pub deletion: &'a Deletion,
    pub copies: &'a [StoredCopy],
    /// The addresses of the copies, in the same order.
    pub uris: &'a [String],
    pub video: &'a str,
    pub owner: Option<&'a str>,
    /// SHA-256 of the fingerprint, and its strength.
    pub tombstone: Option<(&'a [u8; 32], Strength)>,
    pub complete_at: UnixSeconds,
    pub nonce: [u8; 16],
}

/// Both receipts of a deletion, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipts {
    pub plain: String,
    pub keyed: String,
}

/// The deletion is not complete, so there is no receipt for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deletion with copies left, or without all addresses, has no receipt")]
pub struct ReceiptError;

/// Issues and signs both receipts.
///
/// # Errors
/// [`ReceiptError`] when a copy is not gone, or an address is missing: a bug of the caller.
pub fn issue(key: &ReceiptKey, facts: &ReceiptFacts<'_>) -> Result<Receipts, ReceiptError> {
    if facts.copies.len() != facts.uris.len() || facts.copies.iter().any(|c| c.gone_at.is_none()) {
        return Err(ReceiptError);
    }
    let mut plain = common(facts);
    plain.insert("form".into(), "plain".into());
    plain.insert("video".into(), facts.video.into());
    plain.insert("owner".into(), facts.owner.into());
    plain.insert("nonce".into(), hex(&facts.nonce).into());
    plain.insert("statement".into(), STATEMENT.into());
    let uris = facts.uris.iter().map(|uri| ("uri", uri.clone()));
    plain.insert("copies".into(), copies(facts.copies, uris));
    let plain = Value::Object(plain);

    let mut keyed = common(facts);
    keyed.insert("form".into(), "keyed".into());
    keyed.insert("video_key".into(), hex(&facts.deletion.video.0).into());
    keyed.insert("owner_key".into(), facts.deletion.owner.map(|owner| hex(&owner.0)).into());
    keyed.insert("plain_sha256".into(), hex(&Sha256::digest(canonical(&plain))).into());
    let uris = facts.copies.iter().map(|copy| ("uri_key", hex(&copy.uri.0)));
    keyed.insert("copies".into(), copies(facts.copies, uris));
    Ok(Receipts { plain: sign(key, plain), keyed: sign(key, Value::Object(keyed)) })
}

/// The fields of both forms.
fn common(facts: &ReceiptFacts<'_>) -> Map<String, Value> {
    let deletion = facts.deletion;
    let tombstone = facts.tombstone.map(|(digest, strength)| {
        json!({
            "id": deletion.tombstone.as_ref().map(|id| id.0.clone()),
            "fingerprint_sha256": hex(digest),
            "strength": strength,
        })
    });
    let value = json!({
        "format": FORMAT,
        "deletion": deletion.id.to_string(),
        "reason": deletion.reason,
        "tombstone": tombstone,
        "requested_at": rfc3339(deletion.requested_at),
        "hidden_at": deletion.hidden_at.map(rfc3339),
        "fingerprinted_at": deletion.fingerprinted_at.map(rfc3339),
        "purging_at": deletion.purging_at.map(rfc3339),
        "erased_at": deletion.erased_at.map(rfc3339),
        "complete_at": rfc3339(facts.complete_at),
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn copies(copies: &[StoredCopy], uris: impl Iterator<Item = (&'static str, String)>) -> Value {
    let one = |(copy, (name, uri)): (&StoredCopy, (&str, String))| {
        json!({
            "kind": copy.kind,
            name: uri,
            "prefix": copy.prefix,
            "gone_at": copy.gone_at.map(rfc3339),
            "objects": copy.objects,
            "verified": copy.how,
        })
    };
    copies.iter().zip(uris).map(one).collect()
}

fn sign(key: &ReceiptKey, receipt: Value) -> String {
    let signature = key.0.sign(canonical(&receipt).as_bytes());
    let value = STANDARD.encode(signature.to_bytes());
    json!({
        "receipt": receipt,
        "signature": { "algorithm": "Ed25519", "key_id": key.id(), "value": value },
    })
    .to_string()
}

/// Public keys that receipts are verified with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicKeys(Vec<[u8; 32]>);

impl PublicKeys {
    pub fn new(keys: Vec<[u8; 32]>) -> PublicKeys {
        PublicKeys(keys)
    }

    /// Parses a published document (`/.well-known/cenotaph-keys.json`), a public key in PEM, or one in base64url.
    ///
    /// # Errors
    /// [`NotAKey`] for any other text.
    pub fn from_text(text: &str) -> Result<PublicKeys, NotAKey> {
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            let key = VerifyingKey::from_public_key_pem(text).map_err(|_| NotAKey)?;
            return Ok(PublicKeys(vec![key.to_bytes()]));
        }
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            return Ok(PublicKeys(vec![decode_public(text)?]));
        };
        let keys = document["keys"].as_array().ok_or(NotAKey)?;
        let ours = keys.iter().filter(|key| key["kty"] == "OKP" && key["crv"] == "Ed25519");
        let keys = ours.map(|key| decode_public(key["x"].as_str().unwrap_or_default()));
        keys.collect::<Result<_, _>>().map(PublicKeys)
    }

    /// The document to publish: a JSON Web Key Set.
    pub fn document(&self) -> Value {
        let one = |key: &[u8; 32]| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": key_id(key), "x": URL_SAFE_NO_PAD.encode(key),
            })
        };
        json!({ "keys": self.0.iter().map(one).collect::<Vec<_>>() })
    }
}

/// A receipt whose signature is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedReceipt {
    pub key_id: String,
    /// The signed value.
    pub receipt: Value,
}

/// Why a receipt is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    #[error("this is not a receipt: {0}")]
    NotAReceipt(&'static str),
    #[error("it was signed with the key {key_id}, which is not among the given keys")]
    OtherKey { key_id: String },
    #[error("the signature does not match: the receipt was altered or forged")]
    Forged,
}

/// Verifies a receipt offline.
///
/// # Errors
/// [`InvalidReceipt`], which says why.
pub fn verify(text: &str, keys: &PublicKeys) -> Result<VerifiedReceipt, InvalidReceipt> {
    let wrong = InvalidReceipt::NotAReceipt;
    let document: Value = serde_json::from_str(text).map_err(|_| wrong("it is not JSON"))?;
    let (receipt, signature) = (&document["receipt"], &document["signature"]);
    if receipt["format"] != FORMAT {
        return Err(wrong("it has another format"));
    }
    if signature["algorithm"] != "Ed25519" {
        return Err(wrong("it is signed by another algorithm"));
    }
    let key_id = signature["key_id"].as_str().unwrap_or_default();
    let value = signature["value"].as_str().unwrap_or_default();
    let value = STANDARD.decode(value).ok().and_then(|v| <[u8; 64]>::try_from(v).ok());
    let value = value.ok_or(wrong("the signature cannot be read"))?;
    let public = keys.0.iter().find(|key| self::key_id(key) == key_id);
    let public = public.ok_or_else(|| InvalidReceipt::OtherKey { key_id: shown(key_id) })?;
    let public = VerifyingKey::from_bytes(public).map_err(|_| InvalidReceipt::Forged)?;
    let text = canonical(receipt);
    let holds = public.verify_strict(text.as_bytes(), &Signature::from_bytes(&value));
    holds.map_err(|_| InvalidReceipt::Forged)?;
    Ok(VerifiedReceipt { key_id: key_id.to_owned(), receipt: receipt.clone() })
}

fn decode_public(text: &str) -> Result<[u8; 32], NotAKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| NotAKey)?;
    bytes.try_into().map_err(|_| NotAKey)
}

fn key_id(public: &[u8; 32]) -> String {
    hex(&Sha256::digest(public)[..8])
}

/// Untrusted text, reduced to what is safe in a message.
fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).take(32).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The canonical form of a JSON value: sorted keys, no whitespace.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            let one = |(name, value): (&String, &Value)| {
                format!("{}:{}", Value::String(name.clone()), canonical(value))
            };
            format!("{{{}}}", entries.into_iter().map(one).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeletionSeq;
    use crate::model::{
        CopyKind, CopyState, DeletionId, DeletionReason, OwnerKey, Stage, TombstoneId, UriKey,
        VideoKey,
    };

    fn facts(check: impl FnOnce(&ReceiptFacts<'_>)) {
        let deletion = Deletion {
            seq: DeletionSeq(1),
            id: DeletionId([1; 16]),
            video: VideoKey([2; 16]),
            turn: 1,
            owner: Some(OwnerKey([3; 16])),
            reason: DeletionReason::OwnerRequest,
            stage: Stage::Erased,
            stuck_why: None,
            last_error: None,
            fingerprint_by: 0,
            tombstone: Some(TombstoneId("t".into())),
            requested_at: 1_769_860_800,
            hidden_at: Some(1_769_860_800),
            fingerprinted_at: Some(1_769_860_801),
            purging_at: Some(1_769_860_801),
            erased_at: Some(1_769_860_802),
            complete_at: None,
            cancelled_at: None,
            attempts: 1,
            failures: 0,
            due_at: None,
            retention_until: None,
            uploaded_at: None,
            original: false,
        };
        let copy = StoredCopy {
            place: 0,
            kind: CopyKind::Main,
            prefix: false,
            sealed: None,
            uri: UriKey([4; 16]),
            delete_after: None,
            state: CopyState::Gone,
            attempts: 1,
            failures: 0,
            due_at: None,
            last_error: None,
            gone_at: Some(1_769_860_802),
            objects: Some(3),
            how: Some("listed again".into()),
        };
        check(&ReceiptFacts {
            deletion: &deletion,
            copies: &[copy],
            uris: &["s3://videos/\"secret\"\u{7f}é.mp4".to_owned()],
            video: "secret-8812",
            owner: Some("secret-anna"),
            tombstone: Some((&[5; 32], Strength::Block)),
            complete_at: 1_769_860_803,
            nonce: [6; 16],
        });
    }

    fn key() -> ReceiptKey {
        ReceiptKey::from_seed(&[7; 32])
    }

    fn keys() -> PublicKeys {
        PublicKeys::new(vec![[0; 32], key().public()])
    }

    #[test]
    fn both_receipts_verify_and_only_the_plain_one_names_anything() {
        facts(|facts| {
            let Receipts { plain, keyed } = issue(&key(), facts).unwrap();
            let checked = verify(&plain, &keys()).unwrap().receipt;
            assert_eq!(checked["video"], "secret-8812");
            assert_eq!(checked["copies"][0]["uri"], "s3://videos/\"secret\"\u{7f}é.mp4");
            assert_eq!(checked["complete_at"], "2026-01-31T12:00:03Z");
            assert!(!keyed.contains("secret"), "{keyed}");
            let kept = verify(&keyed, &keys()).unwrap().receipt;
            assert_eq!(kept["plain_sha256"], hex(&Sha256::digest(canonical(&checked))));
            assert_eq!(kept["tombstone"]["strength"], "block");
        });
    }

    #[test]
    fn layout_does_not_matter_and_every_change_does() {
        facts(|facts| {
            let plain = issue(&key(), facts).unwrap().plain;
            let value: Value = serde_json::from_str(&plain).unwrap();
            verify(&serde_json::to_string_pretty(&value).unwrap(), &keys()).unwrap();
            let forged = [
                plain.replace("secret-anna", "secret-otto"),
                plain.replace("\"objects\":3", "\"objects\":4"),
                plain.replace("\"prefix\":false", "\"prefix\":true"),
                plain.replace("\"form\":\"plain\"", "\"form\":\"plain\",\"more\":1"),
            ];
            for text in forged {
                assert_ne!(text, plain);
                assert_eq!(verify(&text, &keys()), Err(InvalidReceipt::Forged));
            }
            let other = PublicKeys::new(vec![ReceiptKey::from_seed(&[8; 32]).public()]);
            assert!(matches!(verify(&plain, &other), Err(InvalidReceipt::OtherKey { .. })));
            for text in ["", "{}", "[]", "null", r#"{"receipt":{"format":"cenotaph-receipt-1"}}"#] {
                assert!(
                    matches!(verify(text, &keys()), Err(InvalidReceipt::NotAReceipt(_))),
                    "{text}"
                );
            }
        });
    }

    #[test]
    fn there_is_no_receipt_while_a_copy_is_left() {
        facts(|facts| {
            let mut copies = facts.copies.to_vec();
            copies[0].gone_at = None;
            let facts = ReceiptFacts { copies: &copies, ..*facts };
            assert_eq!(issue(&key(), &facts), Err(ReceiptError));
        });
    }

    #[test]
    fn keys_are_parsed_in_every_published_format() {
        let key = key();
        assert_eq!(ReceiptKey::from_pem(&key.to_pem()).unwrap().public(), key.public());
        assert!(ReceiptKey::from_pem("x").is_err());
        let document = keys().document().to_string();
        assert_eq!(PublicKeys::from_text(&document).unwrap(), keys());
        let one = PublicKeys::new(vec![key.public()]);
        assert_eq!(PublicKeys::from_text(&URL_SAFE_NO_PAD.encode(key.public())), Ok(one.clone()));
        // The output of `openssl pkey -pubout`.
        let der = [
            &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0][..],
            &key.public(),
        ];
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.concat())
        );
        assert_eq!(PublicKeys::from_text(&pem), Ok(one));
        for wrong in ["", "abc", "{}", "-----BEGIN PUBLIC KEY-----"] {
            assert_eq!(PublicKeys::from_text(wrong), Err(NotAKey), "{wrong}");
        }
    }
}
