//! Local files, inside the folders that the settings allow.
//!
//! A path is walked from the handle of its root folder, one name at a time, and no name on the way may be a symbolic
//! link. So no concurrent change can lead out of the root. (`object_store`'s local store follows links, which is why it
//! is not used here.) A file that is itself a link is refused: removing it would leave the bytes. A removal is made
//! durable by syncing the folder. Freed blocks that a drive retains are out of scope.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, fsync, openat, statat, unlinkat,
};
use rustix::io::Errno;

use crate::remote::error::{Error, Result};
use crate::remote::removal::Removal;

/// Nested folders that are entered. *Tuned*; bounds the recursion.
const DEPTH_MAX: usize = 64;
/// How a removal was verified.
const HOW: &str = "looked up again: not found";

/// The root folders, inside which files may be read and erased.
#[derive(Debug, Clone)]
pub(super) struct Files {
    roots: Vec<PathBuf>,
    objects_max: u64,
}

/// An entry of a folder.
struct FolderEntry {
    name: OsString,
    kind: FileType,
}

impl Files {
    pub fn new(roots: &[PathBuf], objects_max: u64) -> Files {
        Files { roots: roots.to_vec(), objects_max }
    }

    /// The root that contains a path, and the rest of the path.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when no root contains the path, or when it is a root itself.
    pub fn locate<'a>(&'a self, path: &'a Path) -> Result<(&'a Path, &'a Path)> {
        let within =
            |root: &'a PathBuf| path.strip_prefix(root).ok().map(|rest| (root.as_path(), rest));
        let nearest =
            self.roots.iter().filter_map(within).min_by_key(|(_, rest)| rest.as_os_str().len());
        match nearest {
            Some((_, rest)) if rest.as_os_str().is_empty() => Err(Error::not_allowed(
                "this is a folder of the settings itself, not a file inside it",
            )),
            Some(found) => Ok(found),
            None => {
                Err(Error::not_allowed("this file is outside the folders that the settings allow"))
            }
        }
    }

    /// Erases one file and verifies that it is gone.
    pub fn erase(&self, path: &Path) -> Result<Removal> {
        let (root, rest) = self.locate(path)?;
        let Some((folder, name)) = parent_of(root, rest)? else { return Ok(Removal::nothing()) };
        match kind_of(&folder, name)? {
            None => return Ok(Removal::nothing()),
            Some(FileType::Symlink) => {
                return Err(Error::not_allowed(
                    "this is a symbolic link; give the path of the file itself",
                ));
            }
            Some(FileType::Directory) => {
                return Err(Error::not_allowed(
                    "this is a folder; end the address with / and set `prefix` to true",
                ));
            }
            Some(_) => {}
        }
        remove(&folder, name, AtFlags::empty())?;
        fsync(&folder).map_err(local)?;
        let again =
            parent_of(root, rest)?.map_or(Ok(None), |(folder, name)| kind_of(&folder, name))?;
        if again.is_some() {
            Err(Error::StillThere { what: "the file" })
        } else {
            Ok(Removal::verified(1, HOW))
        }
    }

    /// Erases a folder with everything below it and verifies that it is gone.
    pub fn erase_below(&self, path: &Path) -> Result<Removal> {
        let (root, rest) = self.locate(path)?;
        let Some((parent, name)) = parent_of(root, rest)? else { return Ok(Removal::nothing()) };
        let Some(folder) = enter(&parent, name)? else { return Ok(Removal::nothing()) };
        // Counted before the first removal, so that a mistyped path with too many files removes nothing.
        let objects = self.count(&folder, 0)?;
        clear(&folder, 0)?;
        remove(&parent, name, AtFlags::REMOVEDIR)?;
        fsync(&parent).map_err(local)?;
        let again =
            parent_of(root, rest)?.map_or(Ok(None), |(folder, name)| kind_of(&folder, name))?;
        if again.is_some() {
            return Err(Error::StillThere { what: "the folder" });
        }
        Ok(Removal::verified(objects, HOW))
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`Error::Absent`] when there is no such file, [`Error::NotAllowed`] for links, special files and paths outside
    /// the roots, [`Error::Local`] from the file system.
    pub fn open(&self, path: &Path) -> Result<File> {
        let (root, rest) = self.locate(path)?;
        let (folder, name) = parent_of(root, rest)?.ok_or(Error::Absent)?;
        open_regular(&folder, name)
    }

    /// Opens the largest file below a folder.
    ///
    /// # Errors
    /// [`Error::Absent`] when there is no file, [`Error::TooMany`] when there are too many, and those of [`Files::open`].
    pub fn open_largest(&self, path: &Path) -> Result<File> {
        let (root, rest) = self.locate(path)?;
        let (parent, name) = parent_of(root, rest)?.ok_or(Error::Absent)?;
        let folder = enter(&parent, name)?.ok_or(Error::Absent)?;
        self.count(&folder, 0)?;
        let largest = largest(&folder, 0)?.ok_or(Error::Absent)?;
        Ok(largest.1)
    }

    /// Counts the files below a folder, up to `objects_max`.
    fn count(&self, folder: &OwnedFd, depth: usize) -> Result<u64> {
        let mut files = 0;
        for entry in entries(folder)? {
            files += match entry.kind {
                FileType::Directory => match enter_deeper(folder, &entry.name, depth)? {
                    Some(inner) => self.count(&inner, depth + 1)?,
                    None => 0,
                },
                _ => 1,
            };
            if files > self.objects_max {
                return Err(Error::TooMany { objects_max: self.objects_max });
            }
        }
        Ok(files)
    }
}

/// The folder that contains the last name of `rest`, and that name; `None` when there is no such folder.
fn parent_of<'a>(root: &Path, rest: &'a Path) -> Result<Option<(OwnedFd, &'a OsStr)>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = match openat(CWD, root, flags, Mode::empty()) {
        Ok(folder) => folder,
        // A missing root is a disk that is not mounted, not an erased video.
        Err(Errno::NOENT) => {
            return Err(Error::not_allowed("a folder of the settings does not exist"));
        }
        Err(e) => return Err(local(e)),
    };
    let mut names = rest.iter().filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            return Ok(Some((folder, name)));
        }
        match enter(&folder, name)? {
            Some(inner) => folder = inner,
            None => return Ok(None),
        }
    }
    Err(Error::not_allowed("the address names no file inside its folder"))
}

/// Opens a folder inside a folder; `None` when there is no such folder.
fn enter(folder: &OwnedFd, name: &OsStr) -> Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(inner) => Ok(Some(inner)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::LOOP) => Err(Error::not_allowed("a folder of the path is a symbolic link")),
        // The kernel reports the same error for a link and for a file.
        Err(Errno::NOTDIR) => match kind_of(folder, name)? {
            Some(FileType::Symlink) => {
                Err(Error::not_allowed("a folder of the path is a symbolic link"))
            }
            _ => Ok(None),
        },
        Err(e) => Err(local(e)),
    }
}

fn enter_deeper(folder: &OwnedFd, name: &OsStr, depth: usize) -> Result<Option<OwnedFd>> {
    if depth >= DEPTH_MAX {
        return Err(Error::not_allowed("folders are nested too deeply"));
    }
    enter(folder, name)
}

fn kind_of(folder: &OwnedFd, name: &OsStr) -> Result<Option<FileType>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(FileType::from_raw_mode(found.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(e) => Err(local(e)),
    }
}

fn entries(folder: &OwnedFd) -> Result<Vec<FolderEntry>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder).map_err(local)? {
        let entry = entry.map_err(local)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => kind_of(folder, name)?.unwrap_or(FileType::Unknown),
            known => known,
        };
        found.push(FolderEntry { name: name.to_owned(), kind });
    }
    Ok(found)
}

/// Removes everything in a folder. Links are removed, not followed.
fn clear(folder: &OwnedFd, depth: usize) -> Result<()> {
    for entry in entries(folder)? {
        let mut flags = AtFlags::empty();
        if entry.kind == FileType::Directory {
            let Some(inner) = enter_deeper(folder, &entry.name, depth)? else { continue };
            clear(&inner, depth + 1)?;
            flags = AtFlags::REMOVEDIR;
        }
        remove(folder, &entry.name, flags)?;
    }
    fsync(folder).map_err(local)
}

fn remove(folder: &OwnedFd, name: &OsStr, flags: AtFlags) -> Result<()> {
    match unlinkat(folder, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(e) => Err(local(e)),
    }
}

/// Opens a regular file. `NONBLOCK`, because opening a pipe would wait for its writer.
fn open_regular(folder: &OwnedFd, name: &OsStr) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Err(Error::Absent),
        Err(Errno::LOOP) => {
            return Err(Error::not_allowed(
                "this is a symbolic link; give the path of the file itself",
            ));
        }
        Err(e) => return Err(local(e)),
    };
    let found = fstat(&file).map_err(local)?;
    if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile {
        Ok(File::from(file))
    } else {
        Err(Error::not_allowed("this is not a regular file"))
    }
}

fn largest(folder: &OwnedFd, depth: usize) -> Result<Option<(u64, File)>> {
    let mut best: Option<(u64, File)> = None;
    for entry in entries(folder)? {
        let found = match entry.kind {
            FileType::Directory => match enter_deeper(folder, &entry.name, depth)? {
                Some(inner) => largest(&inner, depth + 1)?,
                None => None,
            },
            FileType::RegularFile => {
                let file = open_regular(folder, &entry.name)?;
                Some((file.metadata()?.len(), file))
            }
            _ => None,
        };
        if let Some(found) =
            found.filter(|(size, _)| best.as_ref().is_none_or(|(most, _)| size > most))
        {
            best = Some(found);
        }
    }
    Ok(best)
}

fn local(error: Errno) -> Error {
    Error::Local(io::Error::from(error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    struct Sandbox {
        dir: tempfile::TempDir,
        files: Files,
    }

    impl Sandbox {
        fn new() -> Sandbox {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("root")).unwrap();
            let files = Files::new(&[dir.path().join("root")], 10);
            Sandbox { dir, files }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn put(&self, name: &str) -> PathBuf {
            let path = self.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            path
        }
    }

    fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        match outcome {
            Err(Error::NotAllowed { why }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn erasing_a_file_is_idempotent() {
        let sandbox = Sandbox::new();
        let path = sandbox.put("root/a/b.mp4");
        assert_eq!(sandbox.files.erase(&path).unwrap().objects, 1);
        assert!(!path.exists());
        assert_eq!(sandbox.files.erase(&path).unwrap().objects, 0);
        assert_eq!(sandbox.files.erase(&sandbox.at("root/no/such/b.mp4")).unwrap().objects, 0);
    }

    #[test]
    fn nothing_outside_the_roots_is_touched() {
        let sandbox = Sandbox::new();
        let outside = sandbox.put("outside/a.mp4");
        sandbox.put("root-two/a.mp4");
        assert!(refused(sandbox.files.erase(&outside)).contains("outside the folders"));
        assert!(
            refused(sandbox.files.erase(&sandbox.at("root-two/a.mp4")))
                .contains("outside the folders")
        );
        assert!(
            refused(sandbox.files.erase_below(&sandbox.at("root")))
                .contains("folder of the settings itself")
        );
        assert!(
            refused(sandbox.files.erase_below(&sandbox.at("root/")))
                .contains("folder of the settings itself")
        );
        assert!(outside.exists());
    }

    #[test]
    fn links_are_not_followed() {
        let sandbox = Sandbox::new();
        let outside = sandbox.put("outside/a.mp4");
        symlink(sandbox.at("outside"), sandbox.at("root/way")).unwrap();
        symlink(&outside, sandbox.at("root/link.mp4")).unwrap();
        assert!(
            refused(sandbox.files.erase(&sandbox.at("root/way/a.mp4"))).contains("symbolic link")
        );
        assert!(
            refused(sandbox.files.erase(&sandbox.at("root/link.mp4"))).contains("symbolic link")
        );
        assert!(
            refused(sandbox.files.open(&sandbox.at("root/link.mp4"))).contains("symbolic link")
        );
        assert!(
            refused(sandbox.files.erase_below(&sandbox.at("root/way/"))).contains("symbolic link")
        );
        sandbox.put("root/v/1.ts");
        symlink(&outside, sandbox.at("root/v/link")).unwrap();
        symlink(sandbox.at("outside"), sandbox.at("root/v/folder")).unwrap();
        assert_eq!(sandbox.files.erase_below(&sandbox.at("root/v/")).unwrap().objects, 3);
        assert!(outside.exists() && !sandbox.at("root/v").exists());
    }

    #[test]
    fn a_folder_is_erased_whole_or_when_it_has_too_many_files_not_at_all() {
        let sandbox = Sandbox::new();
        for n in 0..10 {
            sandbox.put(&format!("root/v/{}/{n}.ts", n % 3));
        }
        sandbox.put("root/v2/kept.ts");
        assert!(refused(sandbox.files.erase(&sandbox.at("root/v"))).contains("folder"));
        let extra = sandbox.put("root/v/0/extra.ts");
        assert!(matches!(
            sandbox.files.erase_below(&sandbox.at("root/v/")),
            Err(Error::TooMany { objects_max: 10 })
        ));
        assert!(extra.exists());
        fs::remove_file(extra).unwrap();
        assert_eq!(sandbox.files.erase_below(&sandbox.at("root/v/")).unwrap().objects, 10);
        assert!(!sandbox.at("root/v").exists() && sandbox.at("root/v2/kept.ts").exists());
        assert_eq!(sandbox.files.erase_below(&sandbox.at("root/v/")).unwrap().objects, 0);
    }

    #[test]
    fn a_missing_root_is_an_error_and_not_an_erased_video() {
        let sandbox = Sandbox::new();
        fs::remove_dir(sandbox.at("root")).unwrap();
        assert!(refused(sandbox.files.erase(&sandbox.at("root/a.mp4"))).contains("does not exist"));
    }

    #[test]
    fn the_largest_file_of_a_folder_is_opened() {
        let sandbox = Sandbox::new();
        sandbox.put("root/v/1.ts");
        let large = sandbox.put("root/v/deep/long-name.ts");
        let mut file = sandbox.files.open_largest(&sandbox.at("root/v/")).unwrap();
        let text = io::read_to_string(&mut file).unwrap();
        assert!(large.ends_with(&text), "{text}");
        assert!(matches!(
            sandbox.files.open_largest(&sandbox.at("root/none/")),
            Err(Error::Absent)
        ));
        assert!(matches!(sandbox.files.open(&sandbox.at("root/none.ts")), Err(Error::Absent)));
    }
}
