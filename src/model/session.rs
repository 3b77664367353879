//! Session secrets: the browser keeps one in a cookie, we store its hash; and the token that forms send.

use std::fmt;

/// Context under which the form token is derived, so that neither reveals the other.
const FORM_CONTEXT: &str = "cenotaph 2026-11 form of a session";

/// 256 random bits that the browser sends with every request.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret([u8; 32]);

/// The BLAKE3 hash of a session secret. 256 random bits need no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl SessionSecret {
    pub fn new(random: [u8; 32]) -> SessionSecret {
        SessionSecret(random)
    }

    /// Parses a cookie's value; `None` if it is not a secret.
    pub fn parse(shown: &str) -> Option<SessionSecret> {
        let digits = shown.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut secret = [0; 32];
        for (byte, [high, low]) in secret.iter_mut().zip(digits.as_chunks::<2>().0) {
            let digit = |c: &u8| char::from(*c).to_digit(16);
            *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
        }
        Some(SessionSecret(secret))
    }

    /// The cookie's value.
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }

    pub fn hash(&self) -> SessionHash {
        SessionHash(*blake3::hash(&self.0).as_bytes())
    }

    /// The token that every form and script of this session sends: another site can make the browser send the cookie,
    /// but cannot read this token.
    pub fn form_token(&self) -> String {
        hex(&blake3::derive_key(FORM_CONTEXT, &self.0)[..16])
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_secret_is_the_one_that_was_made() {
        let secret = SessionSecret::new(std::array::from_fn(|at| at as u8 * 7));
        assert_eq!(SessionSecret::parse(&secret.reveal()), Some(secret.clone()));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[..8]));
        assert!(!secret.reveal().contains(&secret.form_token()));
        for wrong in ["", "00", &"g".repeat(64), &"ä".repeat(32)] {
            assert_eq!(SessionSecret::parse(wrong), None, "{wrong}");
        }
    }
}
