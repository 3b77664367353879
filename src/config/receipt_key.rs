//! The third key file: the key that signs receipts, PKCS#8 in PEM, which other programs can read too.
//!
//! `serve` creates it when it is missing. If it is lost, former receipts can still be verified: all former public keys
//! are kept with the data.

use std::fs::{DirBuilder, File};
use std::io;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use crate::config::keys::write_new;
use crate::config::{Error, Result};
use crate::erasure::ReceiptKey;

/// The secret that signs receipts.
pub const RECEIPT_KEY_FILE: &str = "receipt.key";
/// A key file has some 120 bytes.
const BYTES_MAX: u64 = 16 << 10;
const KIND: &str = "receipt";

/// Loads the receipt key from the key folder, or creates one.
///
/// # Errors
/// [`Error::OpenToOthers`], [`Error::Unreadable`], [`Error::BadKeyFile`]; [`Error::CannotMake`] and
/// [`Error::NoEntropy`] for a new key.
pub fn receipt_key(
    folder: &Path,
    entropy: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
) -> Result<ReceiptKey> {
    let path = folder.join(RECEIPT_KEY_FILE);
    if let Some(key) = load(&path)? {
        return Ok(key);
    }
    let mut seed = [0; 32];
    entropy(&mut seed).map_err(|source| Error::NoEntropy { source })?;
    let text = ReceiptKey::from_seed(&seed).to_pem();
    let cannot = |source| Error::CannotMake { path: path.clone(), source };
    make(folder, &path, &text).map_err(cannot)?;
    load(&path)?.ok_or_else(|| cannot(io::ErrorKind::NotFound.into()))
}

/// `None` if there is no such file.
fn load(path: &Path) -> Result<Option<ReceiptKey>> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(e)),
    };
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::OpenToOthers { path: path.to_path_buf(), mode });
    }
    let mut text = String::new();
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    let bad = |_| {
        let why = "it is not an Ed25519 key as PKCS#8 in PEM";
        Error::BadKeyFile { path: path.to_path_buf(), expected: KIND, why }
    };
    ReceiptKey::from_pem(&text).map(Some).map_err(bad)
}

fn make(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    write_new(folder, path, text)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        let mut fill = 0;
        let mut entropy = |buffer: &mut [u8]| {
            fill += 1;
            buffer.fill(fill);
            Ok(())
        };
        let first = receipt_key(&folder, &mut entropy).unwrap();
        assert_eq!(receipt_key(&folder, &mut entropy).unwrap().id(), first.id());
        let path = folder.join(RECEIPT_KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-----BEGIN PRIVATE KEY-----"), "no secret in messages");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(receipt_key(&folder, &mut entropy), Err(Error::OpenToOthers { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "spoilt").unwrap();
        let error = receipt_key(&folder, &mut entropy).unwrap_err().to_string();
        assert!(error.contains("receipt.key") && !error.contains("spoilt"), "{error}");
    }
}
