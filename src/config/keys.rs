//! The two key files: found, checked, and created before the first tombstone. `model::keys` explains what the keys do.
//!
//! A key file is text, so that it can be printed and put into a safe. Its mode is 0600:
//!
//! ```text
//! cenotaph fingerprint key 0123456789abcdef
//! # any number of comments
//! <the secret: 64 hexadecimal digits>
//! ```
//!
//! The id in the first line is derived from the secret. A file in which they disagree is refused: otherwise a typing
//! error, or two files mixed up, would show only months later, as tombstones that match nothing.
//!
//! Two processes may create keys at the same time: each file is written under another name, synced, and linked to its
//! final name, which fails if that exists. Then both processes load the files that are there.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::config::{Error, Result};
use crate::model::{FingerprintKey, IdentityKey, KeyId};

/// The secret behind every perceptual hash.
pub const FINGERPRINT_KEY_FILE: &str = "fingerprint.key";
/// The secret behind the keyed hashes of owners, uploaders and files.
pub const IDENTITY_KEY_FILE: &str = "identity.key";

/// A key file has some 300 bytes; comments may be added.
const KEY_FILE_BYTES_MAX: u64 = 16 << 10;

const NOTES: &str = "\
# Secret: with this key, a stolen index can be searched. Keep a copy in a safe place, apart from backups of the data.
# If it is lost, the tombstones made with it never match again and cannot be restored.
";

/// Both secrets of a deployment.
#[derive(Debug, Clone)]
pub struct Keys {
    pub fingerprint: FingerprintKey,
    pub identity: IdentityKey,
}

/// The notice that keys were created; the command line prints it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysMade {
    pub folder: PathBuf,
    pub fingerprint: KeyId,
    pub identity: KeyId,
}

impl fmt::Display for KeysMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Created two secret keys in {} ({FINGERPRINT_KEY_FILE}, id {}, and {IDENTITY_KEY_FILE}, id {}).\n\
             Without them, no tombstone ever matches again, and nothing can restore the tombstones.\n\
             They are not in the data folder: back them up separately.",
            self.folder.display(),
            self.fingerprint,
            self.identity
        )
    }
}

/// Fills a buffer from the system's random source, for [`Keys::open_or_make`] outside tests.
///
/// # Errors
/// When the system has none.
pub fn system_entropy(buffer: &mut [u8]) -> io::Result<()> {
    getrandom::fill(buffer).map_err(io::Error::other)
}

impl Keys {
    /// Loads both keys from a folder.
    ///
    /// # Errors
    /// [`Error::NoKeys`] when neither exists, [`Error::OneKeyMissing`]; [`Error::Unreadable`], [`Error::OpenToOthers`]
    /// and [`Error::BadKeyFile`] of a file.
    pub fn open(folder: &Path) -> Result<Keys> {
        let fingerprint = load(&folder.join(FINGERPRINT_KEY_FILE), "fingerprint")?;
        let identity = load(&folder.join(IDENTITY_KEY_FILE), "identity")?;
        match (fingerprint, identity) {
            (Some(fingerprint), Some(identity)) => Keys::checked(folder, &fingerprint, &identity),
            (None, None) => Err(Error::NoKeys { folder: folder.to_path_buf() }),
            (None, Some(_)) => {
                Err(Error::OneKeyMissing { path: folder.join(FINGERPRINT_KEY_FILE) })
            }
            (Some(_), None) => Err(Error::OneKeyMissing { path: folder.join(IDENTITY_KEY_FILE) }),
        }
    }

    /// The same, but creates the folder (mode 0700) and both keys when neither exists, and returns a notice then.
    ///
    /// # Errors
    /// As [`Keys::open`]; [`Error::CannotMake`], [`Error::NoEntropy`].
    pub fn open_or_make(
        folder: &Path,
        entropy: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
    ) -> Result<(Keys, Option<KeysMade>)> {
        match Keys::open(folder) {
            Err(Error::NoKeys { .. }) => {}
            other => return other.map(|keys| (keys, None)),
        }
        let mut secrets = [[0; 32]; 2];
        for secret in &mut secrets {
            entropy(secret).map_err(|source| Error::NoEntropy { source })?;
        }
        make(folder, secrets)?;
        let keys = Keys::open(folder)?;
        let made = KeysMade {
            folder: folder.to_path_buf(),
            fingerprint: keys.fingerprint.id(),
            identity: keys.identity.id(),
        };
        Ok((keys, Some(made)))
    }

    fn checked(folder: &Path, fingerprint: &KeyFile, identity: &KeyFile) -> Result<Keys> {
        let keys = Keys {
            fingerprint: FingerprintKey::new(fingerprint.secret),
            identity: IdentityKey::new(identity.secret),
        };
        let why = "its id and its secret disagree";
        if fingerprint.id != keys.fingerprint.id().to_string() {
            let path = folder.join(FINGERPRINT_KEY_FILE);
            return Err(Error::BadKeyFile { path, expected: "fingerprint", why });
        }
        if identity.id != keys.identity.id().to_string() {
            let path = folder.join(IDENTITY_KEY_FILE);
            return Err(Error::BadKeyFile { path, expected: "identity", why });
        }
        Ok(keys)
    }
}

/// The content of a key file, before id and secret are compared.
struct KeyFile {
    id: String,
    secret: [u8; 32],
}

/// `None` if there is no such file.
fn load(path: &Path, kind: &'static str) -> Result<Option<KeyFile>> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let bad = |why| Error::BadKeyFile { path: path.to_path_buf(), expected: kind, why };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(e)),
    };
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(bad("it is not a plain file"));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::OpenToOthers { path: path.to_path_buf(), mode });
    }
    let mut text = Vec::new();
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > KEY_FILE_BYTES_MAX {
        return Err(bad("it is too long"));
    }
    let text = String::from_utf8(text).map_err(|_| bad("it is not text"))?;
    parse(&text, kind).map(Some).map_err(bad)
}

fn parse(text: &str, kind: &str) -> std::result::Result<KeyFile, &'static str> {
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let header = lines.next().ok_or("it is empty")?;
    let id = match header.split_whitespace().collect::<Vec<_>>()[..] {
        ["cenotaph", found, "key", id] if found == kind => id.to_string(),
        ["cenotaph", _, "key", _] => return Err("the key is of another kind"),
        _ => return Err("the first line is not that of a key file"),
    };
    let digits = lines.next().ok_or("the secret is missing")?;
    let secret = secret_from_hex(digits).ok_or("the secret is not 64 hexadecimal digits")?;
    if lines.next().is_some() {
        return Err("there is more than one secret");
    }
    Ok(KeyFile { id, secret })
}

fn secret_from_hex(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut secret = [0; 32];
    for (byte, pair) in secret.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(secret)
}

fn make(folder: &Path, secrets: [[u8; 32]; 2]) -> Result<()> {
    let cannot = |path: &Path, source| Error::CannotMake { path: path.to_path_buf(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| cannot(folder, e))?;
    let [fingerprint, identity] = secrets;
    let files = [
        (FINGERPRINT_KEY_FILE, "fingerprint", FingerprintKey::new(fingerprint).id(), fingerprint),
        (IDENTITY_KEY_FILE, "identity", IdentityKey::new(identity).id(), identity),
    ];
    for (name, kind, id, secret) in files {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("cenotaph {kind} key {id}\n{NOTES}{digits}\n");
        let path = folder.join(name);
        write_new(folder, &path, &text).map_err(|e| cannot(&path, e))?;
    }
    fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|e| cannot(folder, e))
}

/// Writes a new file; an existing one at `path` stays.
pub(super) fn write_new(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    // A temporary file is created with mode 0600.
    let mut file = tempfile::Builder::new().prefix(".new-key-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match fs::hard_link(file.path(), path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn counting(buffer: &mut [u8]) -> io::Result<()> {
        (0..).zip(buffer).for_each(|(n, byte)| *byte = n);
        Ok(())
    }

    fn made() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a b").join("keys");
        let (_, made) = Keys::open_or_make(&folder, &mut counting).unwrap();
        assert!(made.is_some());
        (dir, folder)
    }

    fn refusal(folder: &Path) -> Error {
        let error = Keys::open_or_make(folder, &mut counting).unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
        error
    }

    #[test]
    fn keys_are_made_once_for_their_owner_only_with_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        assert!(matches!(Keys::open(&folder), Err(Error::NoKeys { .. })));
        let (first, made) = Keys::open_or_make(&folder, &mut system_entropy).unwrap();
        let notice = made.unwrap().to_string();
        assert!(
            notice.contains("ever matches again") && notice.contains("back them up"),
            "{notice}"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for name in [FINGERPRINT_KEY_FILE, IDENTITY_KEY_FILE] {
            assert_eq!(mode(&folder.join(name)), 0o600);
            let text = fs::read_to_string(folder.join(name)).unwrap();
            assert!(text.contains("never match again"), "{text}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else stays");
        let (second, made) = Keys::open_or_make(&folder, &mut counting).unwrap();
        assert_eq!(made, None);
        assert_eq!((first.fingerprint, first.identity), (second.fingerprint, second.identity));
    }

    #[test]
    fn two_makers_at_once_end_with_the_same_keys() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        let make = || Keys::open_or_make(&folder, &mut system_entropy);
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().filter_map(|t| t.join().unwrap().ok()).collect()
        });
        // A process that reads between the two links is refused; none continues with keys that are replaced.
        let (kept, _) = Keys::open_or_make(&folder, &mut counting).unwrap();
        assert!(!ids.is_empty());
        for (keys, _) in ids {
            assert_eq!(
                (keys.fingerprint, keys.identity),
                (kept.fingerprint.clone(), kept.identity.clone())
            );
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_command_that_fixes_it() {
        let (_dir, folder) = made();
        for mode in [0o640, 0o604, 0o620] {
            let path = folder.join(IDENTITY_KEY_FILE);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = refusal(&folder).to_string();
            assert!(error.ends_with(&format!("chmod 600 '{}'", path.display())), "{error}");
        }
    }

    #[test]
    fn a_lost_key_is_not_replaced_by_a_new_one() {
        for name in [FINGERPRINT_KEY_FILE, IDENTITY_KEY_FILE] {
            let (_dir, folder) = made();
            fs::remove_file(folder.join(name)).unwrap();
            match refusal(&folder) {
                Error::OneKeyMissing { path } => assert_eq!(path, folder.join(name)),
                other => panic!("{other:?}"),
            }
            assert!(!folder.join(name).exists());
        }
    }

    #[test]
    fn a_spoilt_key_file_is_refused() {
        let (_dir, folder) = made();
        let path = folder.join(FINGERPRINT_KEY_FILE);
        let sound = fs::read_to_string(&path).unwrap();
        let cases = [
            (String::new(), "empty"),
            ("hello\n".into(), "first line"),
            (sound.replace("fingerprint key", "identity key"), "another kind"),
            (sound.replace("0001", "0002"), "disagree"),
            (sound.replace("0001", "000"), "64 hexadecimal"),
            (sound.replace("0001", "+1+2"), "64 hexadecimal"),
            (format!("{sound}{}\n", "ab".repeat(32)), "more than one"),
            (format!("{sound}#{}\n", "-".repeat(KEY_FILE_BYTES_MAX as usize)), "too long"),
        ];
        for (text, why) in cases {
            assert_ne!(text, sound);
            fs::write(&path, text).unwrap();
            let error = refusal(&folder).to_string();
            assert!(error.contains(why) && error.contains("backup"), "{error}");
        }
        fs::write(&path, format!("{sound}\n# a note of mine\n")).unwrap();
        Keys::open(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Keys::open_or_make(&file, &mut counting).unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        let fails = &mut |_: &mut [u8]| Err(io::Error::other("none"));
        let error = Keys::open_or_make(&dir.path().join("new"), fails).unwrap_err();
        assert!(matches!(error, Error::NoEntropy { .. }));
    }
}
