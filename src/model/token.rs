//! Secrets of API keys: `cnt_` and 43 base-62 digits, which encode 256 random bits.
//!
//! A secret is shown once, when it is created; only its hash is stored. 256 random bits need neither a salt nor a slow
//! hash.

use std::fmt;

const PREFIX: &str = "cnt_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is the first power above 2^256.
const LENGTH: usize = 43;

/// A new secret.
pub struct Token(String);

/// The BLAKE3 hash of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    pub fn new(random: &[u8; 32]) -> Token {
        let mut number = *random;
        let mut digits = [0; LENGTH];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[usize::from(divide(&mut number, 62))];
        }
        let digits: String = digits.iter().map(|&digit| char::from(digit)).collect();
        Token(format!("{PREFIX}{digits}"))
    }

    /// The secret's text, to show once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TokenHash {
    /// The hash of a presented secret; `None` if it is malformed.
    pub fn of(shown: &str) -> Option<TokenHash> {
        let digits = shown.strip_prefix(PREFIX)?;
        let sound = digits.len() == LENGTH && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        sound.then(|| hash(shown))
    }
}

fn hash(secret: &str) -> TokenHash {
    TokenHash(*blake3::hash(secret.as_bytes()).as_bytes())
}

/// Divides a big-endian number in place and returns the remainder.
fn divide(number: &mut [u8; 32], by: u16) -> u8 {
    let mut rest = 0;
    for byte in number {
        let value = rest * 256 + u16::from(*byte);
        // Both fit a byte, since `rest` < `by`.
        *byte = (value / by) as u8;
        rest = value % by;
    }
    rest as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_all_its_bits() {
        let largest = Token::new(&[0xff; 32]);
        // 2^256 − 1 to the base 62, computed independently.
        assert_eq!(largest.reveal(), "cnt_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
        let one = Token::new(&std::array::from_fn(|at| u8::from(at == 31)));
        assert_eq!(one.reveal(), format!("cnt_{}1", "0".repeat(42)));
    }

    #[test]
    fn a_shown_secret_has_the_hash_of_the_one_that_was_made() {
        let token = Token::new(&[7; 32]);
        assert_eq!(TokenHash::of(token.reveal()), Some(token.hash()));
        for wrong in ["", "cnt_", &token.reveal()[1..], &format!("{}0", token.reveal()), "cnt_ä"] {
            assert_eq!(TokenHash::of(wrong), None, "{wrong}");
        }
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
