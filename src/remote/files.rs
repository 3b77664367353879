//! Local files, below the folders that the settings name.
//!
//! A path is walked from the root folder's handle one name at a time, and no name on the way may be a symbolic link; so
//! nothing that somebody changes meanwhile leads out of the root. (`object_store`'s local store follows links, which is
//! why it is not used here.) A file that is itself a link is refused: removing it would leave the bytes. Removal is made
//! durable by syncing the folder. What a drive keeps of freed blocks is beyond us.

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

use crate::remote::{Error, Gone, Result};

/// Folders within folders that are entered.
const DEPTH_MAX: usize = 64;
/// How a removal was verified.
const HOW: &str = "looked for again: not found";

/// The folders within which files may be read and erased.
#[derive(Debug, Clone)]
pub(super) struct Files {
    roots: Vec<PathBuf>,
    objects_max: u64,
}

/// Something below a folder.
struct Entry {
    name: OsString,
    kind: FileType,
}

impl Files {
    pub fn new(roots: &[PathBuf], objects_max: u64) -> Files {
        Files { roots: roots.to_vec(), objects_max }
    }

    /// The root that a path lies in, and the names from there on.
    ///
    /// # Errors
    /// `NotAllowed`: in none.
    pub fn locate<'a>(&'a self, path: &'a Path) -> Result<(&'a Path, &'a Path)> {
        let within =
            |root: &'a PathBuf| path.strip_prefix(root).ok().map(|rest| (root.as_path(), rest));
        let nearest =
            self.roots.iter().filter_map(within).min_by_key(|(_, rest)| rest.as_os_str().len());
        match nearest {
            Some((_, rest)) if rest.as_os_str().is_empty() => Err(Error::not_allowed(
                "this is a whole folder of the settings, not something in it",
            )),
            Some(found) => Ok(found),
            None => Err(Error::not_allowed(
                "this file is in none of the folders that the settings allow",
            )),
        }
    }

    /// Erases one file, and looks again.
    pub fn erase(&self, path: &Path) -> Result<Gone> {
        let (root, rest) = self.locate(path)?;
        let Some((folder, name)) = parent_of(root, rest)? else { return Ok(Gone::nothing()) };
        match kind_of(&folder, name)? {
            None => return Ok(Gone::nothing()),
            Some(FileType::Symlink) => {
                return Err(Error::not_allowed(
                    "this is a symbolic link; name the file that it leads to",
                ));
            }
            Some(FileType::Directory) => {
                return Err(Error::not_allowed(
                    "this is a folder; end the address with / and say `prefix`",
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
            Ok(Gone::verified(1, HOW))
        }
    }

    /// Erases a folder with everything below it, and looks again.
    pub fn erase_below(&self, path: &Path) -> Result<Gone> {
        let (root, rest) = self.locate(path)?;
        let Some((parent, name)) = parent_of(root, rest)? else { return Ok(Gone::nothing()) };
        let Some(folder) = enter(&parent, name)? else { return Ok(Gone::nothing()) };
        // Before the first removal, so that a slip of somebody's pen removes nothing.
        let objects = self.count(&folder, 0)?;
        clear(&folder, 0)?;
        remove(&parent, name, AtFlags::REMOVEDIR)?;
        fsync(&parent).map_err(local)?;
        let again =
            parent_of(root, rest)?.map_or(Ok(None), |(folder, name)| kind_of(&folder, name))?;
        if again.is_some() {
            return Err(Error::StillThere { what: "the folder" });
        }
        Ok(Gone::verified(objects, HOW))
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// `Absent`, `NotAllowed`, `Local`.
    pub fn open(&self, path: &Path) -> Result<File> {
        let (root, rest) = self.locate(path)?;
        let (folder, name) = parent_of(root, rest)?.ok_or(Error::Absent)?;
        open_plain(&folder, name)
    }

    /// The largest file below a folder.
    ///
    /// # Errors
    /// `Absent` when there is none.
    pub fn open_largest(&self, path: &Path) -> Result<File> {
        let (root, rest) = self.locate(path)?;
        let (parent, name) = parent_of(root, rest)?.ok_or(Error::Absent)?;
        let folder = enter(&parent, name)?.ok_or(Error::Absent)?;
        self.count(&folder, 0)?;
        let largest = largest(&folder, 0)?.ok_or(Error::Absent)?;
        Ok(largest.1)
    }

    /// Files below a folder, at most `objects_max`.
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

/// The folder that holds the last name of `rest`; `None` when it is not there.
fn parent_of<'a>(root: &Path, rest: &'a Path) -> Result<Option<(OwnedFd, &'a OsStr)>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = match openat(CWD, root, flags, Mode::empty()) {
        Ok(folder) => folder,
        // A root that is gone is a disk that is not mounted, not an erased video.
        Err(Errno::NOENT) => {
            return Err(Error::not_allowed("a folder of the settings is not there"));
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
    Err(Error::not_allowed("the address names nothing within its folder"))
}

/// Opens a folder in a folder; `None` when it is not there.
fn enter(folder: &OwnedFd, name: &OsStr) -> Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(inner) => Ok(Some(inner)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::LOOP) => Err(Error::not_allowed("a folder on the way is a symbolic link")),
        // The kernel says the same of a link and of a file.
        Err(Errno::NOTDIR) => match kind_of(folder, name)? {
            Some(FileType::Symlink) => {
                Err(Error::not_allowed("a folder on the way is a symbolic link"))
            }
            _ => Ok(None),
        },
        Err(e) => Err(local(e)),
    }
}

fn enter_deeper(folder: &OwnedFd, name: &OsStr, depth: usize) -> Result<Option<OwnedFd>> {
    if depth >= DEPTH_MAX {
        return Err(Error::not_allowed("there are too many folders within one another"));
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

fn entries(folder: &OwnedFd) -> Result<Vec<Entry>> {
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
        found.push(Entry { name: name.to_owned(), kind });
    }
    Ok(found)
}

/// Removes everything in a folder; links are removed, not followed.
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

/// Never waits, as opening a pipe would.
fn open_plain(folder: &OwnedFd, name: &OsStr) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Err(Error::Absent),
        Err(Errno::LOOP) => {
            return Err(Error::not_allowed(
                "this is a symbolic link; name the file that it leads to",
            ));
        }
        Err(e) => return Err(local(e)),
    };
    let found = fstat(&file).map_err(local)?;
    if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile {
        Ok(File::from(file))
    } else {
        Err(Error::not_allowed("this is not a plain file"))
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
                let file = open_plain(folder, &entry.name)?;
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

    struct Place {
        dir: tempfile::TempDir,
        files: Files,
    }

    impl Place {
        fn new() -> Place {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("root")).unwrap();
            let files = Files::new(&[dir.path().join("root")], 10);
            Place { dir, files }
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
    fn a_file_goes_and_a_second_time_there_is_nothing() {
        let place = Place::new();
        let path = place.put("root/a/b.mp4");
        assert_eq!(place.files.erase(&path).unwrap().objects, 1);
        assert!(!path.exists());
        assert_eq!(place.files.erase(&path).unwrap().objects, 0);
        assert_eq!(place.files.erase(&place.at("root/no/such/b.mp4")).unwrap().objects, 0);
    }

    #[test]
    fn nothing_outside_the_roots_is_touched() {
        let place = Place::new();
        let outside = place.put("outside/a.mp4");
        place.put("root-two/a.mp4");
        assert!(refused(place.files.erase(&outside)).contains("none of the folders"));
        assert!(
            refused(place.files.erase(&place.at("root-two/a.mp4"))).contains("none of the folders")
        );
        assert!(refused(place.files.erase_below(&place.at("root"))).contains("whole folder"));
        assert!(refused(place.files.erase_below(&place.at("root/"))).contains("whole folder"));
        assert!(outside.exists());
    }

    #[test]
    fn links_lead_nowhere() {
        let place = Place::new();
        let outside = place.put("outside/a.mp4");
        symlink(place.at("outside"), place.at("root/way")).unwrap();
        symlink(&outside, place.at("root/link.mp4")).unwrap();
        assert!(refused(place.files.erase(&place.at("root/way/a.mp4"))).contains("symbolic link"));
        assert!(refused(place.files.erase(&place.at("root/link.mp4"))).contains("symbolic link"));
        assert!(refused(place.files.open(&place.at("root/link.mp4"))).contains("symbolic link"));
        assert!(refused(place.files.erase_below(&place.at("root/way/"))).contains("symbolic link"));
        place.put("root/v/1.ts");
        symlink(&outside, place.at("root/v/link")).unwrap();
        symlink(place.at("outside"), place.at("root/v/folder")).unwrap();
        assert_eq!(place.files.erase_below(&place.at("root/v/")).unwrap().objects, 3);
        assert!(outside.exists() && !place.at("root/v").exists());
    }

    #[test]
    fn a_folder_goes_whole_or_when_it_has_too_much_not_at_all() {
        let place = Place::new();
        for n in 0..10 {
            place.put(&format!("root/v/{}/{n}.ts", n % 3));
        }
        place.put("root/v2/kept.ts");
        assert!(refused(place.files.erase(&place.at("root/v"))).contains("folder"));
        let extra = place.put("root/v/0/extra.ts");
        assert!(matches!(
            place.files.erase_below(&place.at("root/v/")),
            Err(Error::TooMany { objects_max: 10 })
        ));
        assert!(extra.exists());
        fs::remove_file(extra).unwrap();
        assert_eq!(place.files.erase_below(&place.at("root/v/")).unwrap().objects, 10);
        assert!(!place.at("root/v").exists() && place.at("root/v2/kept.ts").exists());
        assert_eq!(place.files.erase_below(&place.at("root/v/")).unwrap().objects, 0);
    }

    #[test]
    fn a_missing_root_is_a_fault_and_not_an_erased_video() {
        let place = Place::new();
        fs::remove_dir(place.at("root")).unwrap();
        assert!(refused(place.files.erase(&place.at("root/a.mp4"))).contains("not there"));
    }

    #[test]
    fn of_a_folder_the_largest_file_is_read() {
        let place = Place::new();
        place.put("root/v/1.ts");
        let large = place.put("root/v/deep/long-name.ts");
        let mut file = place.files.open_largest(&place.at("root/v/")).unwrap();
        let text = io::read_to_string(&mut file).unwrap();
        assert!(large.ends_with(&text), "{text}");
        assert!(matches!(place.files.open_largest(&place.at("root/none/")), Err(Error::Absent)));
        assert!(matches!(place.files.open(&place.at("root/none.ts")), Err(Error::Absent)));
    }
}
