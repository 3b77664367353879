//! Encryption at rest for the platform's ids of videos and people, addresses and other client data.
//!
//! The data folder alone, or a backup of it, must not reveal who deleted what, even while a deletion is in progress. So
//! such data is sealed under a key derived from the identity key, which is stored elsewhere. The store still erases it
//! when it is no longer needed: a seal stops a thief of the data, but not whoever holds the key.
//!
//! Format: 24 bytes of nonce, then XChaCha20-Poly1305's ciphertext with its tag of 16 bytes.

use std::{fmt, io};

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::model::{Environment, IdentityKey};

const NONCE_BYTES: usize = 24;

/// Sealed bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// The seal is damaged, or another key made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot decrypt sealed data: it is damaged, or another identity key sealed it")]
pub struct NotOurs;

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl IdentityKey {
    /// Seals bytes.
    ///
    /// # Errors
    /// The error of the source of random bytes.
    pub fn seal(&self, words: &[u8], environment: &Environment) -> io::Result<Sealed> {
        let nonce = environment.random::<NONCE_BYTES>()?;
        let cipher = XChaCha20Poly1305::new(&self.sealing_key().into());
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), words)
            .expect("the cipher accepts more bytes than memory holds");
        Ok(Sealed([&nonce[..], &sealed].concat()))
    }

    /// Opens a seal.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn open(&self, sealed: &Sealed) -> Result<Vec<u8>, NotOurs> {
        let (nonce, sealed) = sealed.0.split_first_chunk::<NONCE_BYTES>().ok_or(NotOurs)?;
        let cipher = XChaCha20Poly1305::new(&self.sealing_key().into());
        cipher.decrypt(&XNonce::from(*nonce), sealed).map_err(|_| NotOurs)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::model::FixedClock;

    fn environment() -> Environment {
        let next = AtomicU8::new(0);
        let entropy = move |buffer: &mut [u8]| {
            buffer.fill(next.fetch_add(1, Ordering::SeqCst));
            Ok(())
        };
        Environment { clock: Arc::new(FixedClock(0)), entropy: Arc::new(entropy) }
    }

    #[test]
    fn words_come_back_and_do_not_show() {
        let (key, environment) = (IdentityKey::new([1; 32]), environment());
        for words in ["", "user-17", &"x".repeat(5000)] {
            let sealed = key.seal(words.as_bytes(), &environment).unwrap();
            assert_eq!(key.open(&sealed).unwrap(), words.as_bytes());
            let bytes = &sealed.0;
            assert!(words.is_empty() || !bytes.windows(words.len()).any(|w| w == words.as_bytes()));
            assert!(!format!("{sealed:?}").contains("user"));
        }
    }

    #[test]
    fn the_same_words_give_other_bytes_each_time() {
        let (key, environment) = (IdentityKey::new([1; 32]), environment());
        assert_ne!(key.seal(b"a", &environment).unwrap(), key.seal(b"a", &environment).unwrap());
    }

    #[test]
    fn another_key_or_a_damaged_seal_opens_nothing() {
        let (key, other) = (IdentityKey::new([1; 32]), IdentityKey::new([2; 32]));
        let sealed = key.seal(b"user-17", &environment()).unwrap();
        assert_eq!(other.open(&sealed), Err(NotOurs));
        for at in 0..sealed.0.len() {
            let mut damaged = sealed.clone();
            damaged.0[at] ^= 1;
            assert_eq!(key.open(&damaged), Err(NotOurs));
        }
        assert_eq!(key.open(&Sealed(vec![0; 5])), Err(NotOurs));
    }
}
