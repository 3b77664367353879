//! What can be wrong with settings and key files, each message one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Shorthand for this room's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Variants by what the operator does next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "there is no home folder to keep the keys in; name a folder with --keys or CENOTAPH_KEYS"
    )]
    NoPlaceForKeys,

    #[error(
        "there are no keys in {}; name their folder with --keys or CENOTAPH_KEYS (the first `tombstone add` makes them)",
        folder.display()
    )]
    NoKeys { folder: PathBuf },

    #[error(
        "{} is missing, though the other key is there; restore it from its backup (a new one would match none of \
         the tombstones made so far)",
        path.display()
    )]
    OneKeyMissing { path: PathBuf },

    #[error("{} may be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), shell_word(path))]
    OpenToOthers { path: PathBuf, mode: u32 },

    #[error("{} is not a sound {expected} key file ({why}); restore it from its backup", path.display())]
    BadKeyFile { path: PathBuf, expected: &'static str, why: &'static str },

    #[error("{} may not be read ({source}); keys belong to the user who runs cenotaph", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    #[error("{} cannot be made ({source}); name another folder with --keys or CENOTAPH_KEYS", path.display())]
    CannotMake { path: PathBuf, source: io::Error },

    #[error("the settings {} cannot be read ({source})", path.display())]
    NoConfig { path: PathBuf, source: io::Error },

    /// What was typed has another shape.
    #[error("{place}: {why}")]
    BadConfig { place: String, why: String },

    /// A value that makes no sense.
    #[error("the setting `{name}` cannot be used: {why}")]
    BadSetting { name: &'static str, why: String },

    #[error("the system gives no random bytes ({source}); no keys were made")]
    NoEntropy { source: io::Error },
}

/// A path as one word of a POSIX shell; `printf` notation for what is not UTF-8 is left to the operator.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_copy_is_quoted() {
        let error = |path: &str| Error::OpenToOthers { path: path.into(), mode: 0o644 }.to_string();
        assert!(error("/k/identity.key").ends_with("(mode 644); run: chmod 600 /k/identity.key"));
        assert!(error("/my keys/it's").ends_with(r"chmod 600 '/my keys/it'\''s'"));
    }
}
