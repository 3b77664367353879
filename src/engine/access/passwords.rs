//! Passwords: which are taken, how they are kept, and whether one fits.
//!
//! Argon2id with the parameters that the `argon2` crate recommends (19 MiB, two passes), some 20 ms of a core: never on
//! the async threads, and never many at once.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::engine::{Error, Result};
use crate::model::Environment;

/// Fewest characters. NIST SP 800-63B asks for eight at least, fifteen where the password is all there is; rules about
/// kinds of characters it advises against.
const CHARS_MIN: usize = 12;
/// Most bytes: more only cost time.
const BYTES_MAX: usize = 1024;
/// Bytes of salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// The hash of a new password.
///
/// # Errors
/// `Invalid` for one that is too short, too long, or the name itself; no random bytes.
pub(in crate::engine) fn hash(
    password: &str,
    name: &str,
    environment: &Environment,
) -> Result<String> {
    let invalid = |why: String| Err(Error::Invalid { what: "password", why });
    if password.chars().count() < CHARS_MIN {
        return invalid(format!(
            "it has fewer than {CHARS_MIN} characters; a short sentence is good"
        ));
    }
    if password.len() > BYTES_MAX {
        return invalid(format!("it has more than {BYTES_MAX} bytes"));
    }
    if password.to_lowercase().contains(&name.to_lowercase()) && password.len() < name.len() + 8 {
        return invalid("it is little more than the name".to_owned());
    }
    let salt = environment.random::<SALT_BYTES>().map_err(|source| Error::NoEntropy { source })?;
    let salt = SaltString::encode_b64(&salt).expect("sixteen bytes are a salt");
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.expect("the recommended parameters are sound").to_string())
}

/// Whether a password is the one that was hashed. A hash that cannot be read fits none.
pub(in crate::engine) fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    password.len() <= BYTES_MAX
        && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Takes as long as `fits`, so that time does not tell which names there are.
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
    fn a_password_fits_its_hash_only() {
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
