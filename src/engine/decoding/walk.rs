//! Expands folders to the files in them.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Maximum nesting of folders.
const DEPTH_MAX: usize = 64;

/// The result of a walk.
#[derive(Debug, Default)]
pub struct Walked {
    /// The named paths that are not folders (of any kind, even missing), and the regular files below the named folders,
    /// sorted by name within each folder. Skips names that begin with a dot, and links to folders.
    pub files: Vec<PathBuf>,
    /// Folders that could not be read.
    pub failed: Vec<(PathBuf, io::Error)>,
}

/// Replaces each folder in `paths` by the files below it.
pub fn walk(paths: &[PathBuf]) -> Walked {
    let mut walked = Walked::default();
    for path in paths {
        if path.is_dir() {
            enter(path, 0, &mut walked);
        } else {
            walked.files.push(path.clone());
        }
    }
    walked
}

fn enter(folder: &Path, depth: usize, walked: &mut Walked) {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return walked.failed.push((folder.to_path_buf(), error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => enter(&path, depth + 1, walked),
            Ok(kind) if kind.is_dir() => {
                let error = io::Error::other("folders are nested too deeply");
                walked.failed.push((path, error));
            }
            Ok(kind) if kind.is_file() => walked.files.push(path),
            Ok(kind) if kind.is_symlink() && path.is_file() => walked.files.push(path),
            Ok(_) => {}
            Err(error) => walked.failed.push((path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_yield_their_regular_files_sorted_and_link_cycles_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        for name in ["b/z.mp4", "b/c/y.mp4", "a.mp4", ".hidden.mp4"] {
            fs::write(at(name), b"").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), at("b/round")).unwrap();
        std::os::unix::fs::symlink(at("a.mp4"), at("b/link.mp4")).unwrap();
        let missing = at("missing");
        let walked = walk(&[root.path().to_path_buf(), missing.clone()]);
        let expected = ["a.mp4", "b/c/y.mp4", "b/link.mp4", "b/z.mp4"].map(at);
        assert_eq!(walked.files[..4], expected);
        assert_eq!(walked.files[4..], [missing]);
        assert!(walked.failed.is_empty());
    }
}
