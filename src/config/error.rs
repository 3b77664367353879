//! What can be wrong with settings and key files. Each message also says what to do.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// The results of this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Variants by the operator's next action.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no home folder for the keys; name a folder with --keys or CENOTAPH_KEYS")]
    NoPlaceForKeys,

    #[error(
        "there are no keys in {}; name their folder with --keys or CENOTAPH_KEYS (the first `tombstone add` creates keys)",
        folder.display()
    )]
    NoKeys { folder: PathBuf },

    #[error(
        "{} is missing, although the other key exists; restore it from its backup (a new key would match none of \
         the existing tombstones)",
        path.display()
    )]
    OneKeyMissing { path: PathBuf },

    #[error("other users can read {} (mode {mode:03o}); run: chmod 600 {}", path.display(), shell_word(path))]
    OpenToOthers { path: PathBuf, mode: u32 },

    #[error("{} is not a valid {expected} key file ({why}); restore it from its backup", path.display())]
    BadKeyFile { path: PathBuf, expected: &'static str, why: &'static str },

    #[error("cannot read {} (the user who runs cenotaph must own the keys)", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    #[error("cannot create {} (name another folder with --keys or CENOTAPH_KEYS)", path.display())]
    CannotMake { path: PathBuf, source: io::Error },

    #[error("cannot read the settings file {}", path.display())]
    NoConfig { path: PathBuf, source: io::Error },

    /// Everything that is wrong with the settings, at once.
    #[error("{}", in_lines(faults))]
    BadSettings { faults: Vec<Fault> },

    #[error("the system provides no random bytes; no keys were created")]
    NoEntropy { source: io::Error },
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it was set, in the user's own terms: a name in a file, a variable or a flag.
    pub place: String,
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

/// One line for one fault, a list for more.
fn in_lines(faults: &[Fault]) -> String {
    match faults {
        [fault] => fault.to_string(),
        faults => {
            let lines = faults.iter().map(|fault| format!("\n  {fault}"));
            format!("{} settings are wrong:{}", faults.len(), lines.collect::<String>())
        }
    }
}

/// A path as one word of a POSIX shell. Bytes that are not UTF-8 are shown as replacement characters.
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
