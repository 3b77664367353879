//! The deployment's two secrets, and the keyed hashes that the second one makes.
//!
//! `config` creates and stores the secrets; `fingerprint` defines how a fingerprint is keyed. There are two, so that a
//! thief of one cannot both learn who deleted what and search a stolen index. Each use has a key of its own, derived
//! from its secret, so that hashes of different uses cannot be compared.

use std::{fmt, io};

use crate::model::{ByteDigest, KeyId, OwnerKey, SubscriptionId, TombstoneId, UriKey, VideoKey};

// Contexts of `blake3::derive_key`. Never change one: everything made with it would stop matching.
const FINGERPRINT_ID: &str = "cenotaph 2026-01 fingerprint key id";
const IDENTITY_ID: &str = "cenotaph 2026-01 identity key id";
const OWNERS: &str = "cenotaph 2026-01 owners and uploaders";
const BYTES: &str = "cenotaph 2026-01 digests of files";
const VIDEOS: &str = "cenotaph 2026-01 ids of videos";
const URIS: &str = "cenotaph 2026-01 addresses of copies";
const REQUESTS: &str = "cenotaph 2026-01 digests of requests";
const SEALS: &str = "cenotaph 2026-01 seals";
const WEBHOOKS: &str = "cenotaph 2026-01 secrets of webhooks";

/// The secret behind every perceptual hash of this deployment.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    pub fn new(secret: [u8; 32]) -> Self {
        FingerprintKey(secret)
    }

    /// The secret bytes, to derive hashes from; never show or log them, or pass them to a worker.
    pub fn secret(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's id; safe to show.
    pub fn id(&self) -> KeyId {
        key_id(FINGERPRINT_ID, &self.0)
    }

    /// Checks that a tombstone's fingerprint was made with this key.
    ///
    /// # Errors
    /// [`KeyMismatch`] if it was made with another key, and therefore matches nothing.
    pub fn check(&self, tombstone: &TombstoneId, made_with: KeyId) -> Result<(), KeyMismatch> {
        let current = self.id();
        if made_with == current {
            return Ok(());
        }
        Err(KeyMismatch { tombstone: tombstone.clone(), made_with, current })
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintKey({})", self.id())
    }
}

/// The tombstone's key is not the key in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the tombstone `{tombstone}` was made with fingerprint key {made_with}, but the key in use is \
     {current}: it matches nothing until that key file is restored"
)]
pub struct KeyMismatch {
    pub tombstone: TombstoneId,
    pub made_with: KeyId,
    pub current: KeyId,
}

/// The secret behind keyed ids: owners, uploaders and the bytes of files.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    pub fn new(secret: [u8; 32]) -> Self {
        IdentityKey(secret)
    }

    /// The key's id; safe to show.
    pub fn id(&self) -> KeyId {
        key_id(IDENTITY_ID, &self.0)
    }

    /// Keyed hash of the platform's id of an owner or uploader, byte by byte as the platform writes it.
    pub fn owner(&self, id: &str) -> OwnerKey {
        OwnerKey(self.name(OWNERS, id))
    }

    /// Keyed hash of the platform's id of a video, byte by byte as the platform writes it.
    pub fn video(&self, id: &str) -> VideoKey {
        VideoKey(self.name(VIDEOS, id))
    }

    /// Keyed hash of an address, which the caller has normalised.
    pub fn uri(&self, uri: &str) -> UriKey {
        UriKey(self.name(URIS, uri))
    }

    /// Keyed digest of a request, to recognise a repeated one.
    pub fn request_digest(&self, canonical: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&blake3::derive_key(REQUESTS, &self.0), canonical).as_bytes()
    }

    /// The `turn`th secret shared with a subscriber: derived, so it is not stored.
    pub fn webhook_secret(&self, subscription: SubscriptionId, turn: u32) -> [u8; 32] {
        let key = blake3::derive_key(WEBHOOKS, &self.0);
        let name = [&subscription.0[..], &turn.to_le_bytes()].concat();
        *blake3::keyed_hash(&key, &name).as_bytes()
    }

    /// The key of [`Sealed`](crate::model::Sealed).
    pub(super) fn sealing_key(&self) -> [u8; 32] {
        blake3::derive_key(SEALS, &self.0)
    }

    fn name(&self, use_: &str, id: &str) -> [u8; 16] {
        let key = blake3::derive_key(use_, &self.0);
        let hash = blake3::keyed_hash(&key, id.as_bytes());
        let mut name = [0; 16];
        name.copy_from_slice(&hash.as_bytes()[..16]);
        name
    }

    /// Starts the digest of a file.
    pub fn digester(&self) -> ByteDigester {
        let key = blake3::derive_key(BYTES, &self.0);
        ByteDigester(blake3::Hasher::new_keyed(&key))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({})", self.id())
    }
}

/// Digests a file's bytes as they are written; `io::Write` that never fails.
#[derive(Debug, Clone)]
pub struct ByteDigester(blake3::Hasher);

impl ByteDigester {
    /// The keyed digest of all bytes written so far.
    pub fn finish(&self) -> ByteDigest {
        ByteDigest(*self.0.finalize().as_bytes())
    }
}

impl io::Write for ByteDigester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn key_id(context: &str, secret: &[u8; 32]) -> KeyId {
    let hash = blake3::derive_key(context, secret);
    let mut id = [0; 8];
    id.copy_from_slice(&hash[..8]);
    KeyId(id)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn keyed_names_never_change() {
        let (fingerprint, identity) = (FingerprintKey::new([1; 32]), IdentityKey::new([1; 32]));
        let mut digester = identity.digester();
        digester.write_all(b"bytes of a file").unwrap();
        let names = [
            fingerprint.id().to_string(),
            identity.id().to_string(),
            hex(&identity.owner("anna").0),
            hex(&digester.finish().0[..16]),
            hex(&identity.video("anna").0),
            hex(&identity.uri("anna").0),
            hex(&identity.request_digest(b"anna")[..16]),
            hex(&identity.webhook_secret(SubscriptionId([1; 16]), 1)[..16]),
        ];
        // Golden values: a change here orphans every tombstone that exists.
        let golden = [
            "970231dc0f4543a6",
            "c98775006db37b7c",
            "86e9e2197c02c748755ceea21943df9d",
            "2b7a175d53b67dd0b859fbf456850241",
            "9e94350fffb12e1510cfbc9b813308da",
            "afc975f894852ef0b13acaf911b59125",
            "044070dcc38069f18be282222154653e",
            "7dc34f1f6ecba8a749bd7f9dc50f5d76",
        ];
        assert_eq!(names, golden);
    }

    #[test]
    fn another_key_gives_other_names() {
        let (one, two) = (IdentityKey::new([1; 32]), IdentityKey::new([2; 32]));
        assert_ne!(one.owner("anna"), two.owner("anna"));
        assert_ne!(one.digester().finish(), two.digester().finish());
        assert_ne!(one.owner("anna"), one.owner("Anna"));
        assert_ne!(one.owner("anna").0, one.video("anna").0, "no two uses can be compared");
        assert_ne!(one.uri("anna").0, one.video("anna").0);
        assert_ne!(one.request_digest(b"anna"), two.request_digest(b"anna"));
    }

    #[test]
    fn pieces_do_not_matter_to_a_digest() {
        let mut whole = IdentityKey::new([1; 32]).digester();
        let mut pieces = whole.clone();
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        whole.write_all(&bytes).unwrap();
        bytes.chunks(777).for_each(|piece| pieces.write_all(piece).unwrap());
        assert_eq!(whole.finish(), pieces.finish());
    }

    #[test]
    fn a_tombstone_of_another_key_is_an_error_that_names_both() {
        let (old, new) = (FingerprintKey::new([1; 32]), FingerprintKey::new([2; 32]));
        let tombstone = TombstoneId("cat".into());
        assert_eq!(old.check(&tombstone, old.id()), Ok(()));
        let text = new.check(&tombstone, old.id()).unwrap_err().to_string();
        for part in ["cat", &old.id().to_string(), &new.id().to_string()] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let shown = format!("{:?} {:?}", FingerprintKey::new([1; 32]), IdentityKey::new([1; 32]));
        assert!(!shown.contains("1, 1") && !shown.contains("0101"), "{shown}");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}
