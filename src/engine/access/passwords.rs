//! Passwords: rules for new ones, hashing, verification.
//!
//! Argon2id with the default parameters of the `argon2` crate (19 MiB, two passes). A hash takes about 20 ms of a core,
//! so it must not run on the async threads, nor many at once.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::engine::error::{Error, Result};
use crate::model::Environment;

/// Minimum length, characters. NIST SP 800-63B requires 8, or 15 if the password is the only factor, and advises
/// against rules on kinds of characters.
const CHARS_MIN: usize = 12;
/// Maximum length, bytes. Longer passwords only cost time.
const BYTES_MAX: usize = 1024;
/// Bytes of salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// Hashes a new password.
///
/// # Errors
/// - [`Error::Invalid`] if the password is too short, too long, or little more than `name`;
/// - [`Error::NoEntropy`] if the system returns no random bytes.
pub(in crate::engine) fn hash(
    password: &str,
    name: &str,
    environment: &Environment,
) -> Result<String> {
    let invalid = |why: String| Err(Error::Invalid { what: "password", why });
    if password.chars().count() < CHARS_MIN {
        return invalid(format!(
            "must be at least {CHARS_MIN} characters long; a short sentence works well"
        ));
    }
    if password.len() > BYTES_MAX {
        return invalid(format!("must be at most {BYTES_MAX} bytes long"));
    }
    if password.to_lowercase().contains(&name.to_lowercase()) && password.len() < name.len() + 8 {
        return invalid("must not be the name, or little more than that".to_owned());
    }
    let salt = environment.random::<SALT_BYTES>().map_err(|source| Error::NoEntropy { source })?;
    let salt = SaltString::encode_b64(&salt).expect("sixteen bytes are a salt");
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.expect("the default parameters are valid").to_string())
}

/// Verifies a password against its hash. A malformed hash matches no password.
pub(in crate::engine) fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    password.len() <= BYTES_MAX
        && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Takes as long as [`fits`], so that the response time does not reveal which names exist.
pub(in crate::engine) fn fits_nothing(password: &str) {
    let salt = SaltString::encode_b64(&[0; SALT_BYTES]).expect("sixteen bytes are a salt");
    let bytes = &password.as_bytes()[..password.len().min(BYTES_MAX)];
    let _ = Argon2::default().hash_password(bytes, &salt);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::FixedClock;

    #[test]
    fn a_password_matches_only_its_own_hash() {
        let entropy = |bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        };
        let environment =
            Environment { clock: Arc::new(FixedClock(0)), entropy: Arc::new(entropy) };
        let kept = hash("correct horse battery", "ada", &environment).unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(fits("correct horse battery", &kept));
        assert!(!fits("correct horse batterx", &kept) && !fits("", &kept) && !fits("x", "no hash"));
        for bad in ["short", "ada lovelace", &"x".repeat(2000)] {
            assert!(hash(bad, "ada lovelace", &environment).is_err(), "{bad}");
        }
    }
}
