//! The data folder: its layout, and the lock that admits one writer.
//!
//! Layout: `cenotaph.db` (with SQLite's `-wal` and `-shm`), `index/` and `prints/` (the index room's
//! segments), `lock`.
//! [`Store`](crate::store::Store) opens the database.
//!
//! The lock is the kernel's (`flock` on `lock`), so a killed writer leaves none behind. The file's three lines only
//! serve the error message of a second writer:
//!
//! ```text
//! pid 4711
//! program cenotaph tombstone add
//! since 2026-01-31T12:00:00Z
//! ```

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::model::{Clock, UnixSeconds, rfc3339};
use crate::store::database::error::{Error, Result};

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "cenotaph.db";
/// The folder of the index's segments in the data folder.
pub const INDEX_FOLDER: &str = "index";
/// The folder of the index of accepted uploads' prints in the data folder.
pub const PRINTS_FOLDER: &str = "prints";
/// The file whose `flock` makes a process the writer.
pub const LOCK_FILE: &str = "lock";

/// A holder's text has a few dozen bytes; we did not write anything longer.
const HOLDER_BYTES_MAX: u64 = 4096;

/// The process that holds the writer's lock, according to the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    pub pid: Option<u32>,
    pub program: Option<String>,
    /// RFC 3339, UTC.
    pub since: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.program {
            Some(program) => write!(f, "`{program}`")?,
            None => f.write_str("another process")?,
        }
        if let Some(pid) = self.pid {
            write!(f, " (pid {pid})")?;
        }
        if let Some(since) = &self.since {
            write!(f, " since {since}")?;
        }
        Ok(())
    }
}

impl Holder {
    fn this_process(program: &str, now: UnixSeconds) -> Holder {
        Holder {
            pid: Some(std::process::id()),
            program: Some(program.split_whitespace().collect::<Vec<_>>().join(" ")),
            since: Some(rfc3339(now)),
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        let pid = self.pid.map(|pid| pid.to_string());
        for (name, value) in [("pid", &pid), ("program", &self.program), ("since", &self.since)] {
            if let Some(value) = value {
                text += &format!("{name} {value}\n");
            }
        }
        text
    }

    /// Parses leniently: the text is informative only, the lock does not depend on it.
    fn from_text(text: &str) -> Holder {
        let mut holder = Holder::default();
        for (name, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            let shown: String = value.chars().filter(|c| !c.is_control()).take(200).collect();
            match name {
                "pid" => holder.pid = shown.parse().ok(),
                "program" => holder.program = Some(shown),
                "since" => holder.since = Some(shown),
                _ => {}
            }
        }
        holder
    }
}

/// A data folder. While a value that was opened for writing lives, no other process can write.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: Option<File>,
}

impl Folder {
    /// Opens the folder for writing: creates it if it is missing (mode 0700, this user only) and takes the writer's
    /// lock. A second writer's error message names `program`.
    ///
    /// # Errors
    /// [`Error::Locked`] names the process that holds the lock; [`Error::InTheWay`], [`Error::Unwritable`] or
    /// [`Error::Full`] if the folder cannot be created.
    pub fn open_writing(path: &Path, program: &str, clock: &dyn Clock) -> Result<Folder> {
        make_folder(path)?;
        let lock_path = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|e| Error::writing(&lock_path, "a plain file", e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&mut lock);
                return Err(Error::Locked { path: path.to_path_buf(), holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::writing(&lock_path, "a plain file", source));
            }
        }
        let text = Holder::this_process(program, clock.now()).to_text();
        lock.set_len(0)
            .and_then(|()| lock.write_all(text.as_bytes()))
            .map_err(|e| Error::writing(&lock_path, "a plain file", e))?;
        make_folder(&path.join(INDEX_FOLDER))?;
        Ok(Folder { path: path.to_path_buf(), lock: Some(lock) })
    }

    /// Opens the folder for reading: takes no lock, changes nothing, works while another process writes.
    ///
    /// # Errors
    /// [`Error::NoFolder`], [`Error::InTheWay`] if it is not a folder, [`Error::Unreadable`].
    pub fn open_reading(path: &Path) -> Result<Folder> {
        let found = fs::metadata(path).map_err(|e| Error::reading(path, e))?;
        if !found.is_dir() {
            return Err(Error::InTheWay { path: path.to_path_buf(), expected: "a folder" });
        }
        fs::read_dir(path).map_err(|e| Error::reading(path, e))?;
        Ok(Folder { path: path.to_path_buf(), lock: None })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database_path(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    pub fn index_path(&self) -> PathBuf {
        self.path.join(INDEX_FOLDER)
    }

    /// The folder of the index of uploads' prints.
    pub fn prints_path(&self) -> PathBuf {
        self.path.join(PRINTS_FOLDER)
    }

    /// Creates a folder inside the data folder (mode 0700) if it is missing.
    ///
    /// # Errors
    /// [`Error::InTheWay`], [`Error::Unwritable`] or [`Error::Full`].
    pub fn make_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        make_folder(&path)?;
        Ok(path)
    }

    pub fn is_writing(&self) -> bool {
        self.lock.is_some()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            // The next reader must not see the name of a process that is gone. The kernel releases the lock either way.
            let _ = lock.set_len(0);
        }
    }
}

/// Creates a missing folder and its parents, and syncs the new directory entry.
fn make_folder(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(Error::InTheWay { path: path.to_path_buf(), expected: "a folder" }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::writing(path, "a folder", e)),
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| Error::writing(path, "a folder", e))?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Error::writing(parent, "a folder", e))
}

fn read_holder(lock: &mut File) -> Holder {
    let mut text = String::new();
    let read = lock
        .rewind()
        .and_then(|()| Read::by_ref(lock).take(HOLDER_BYTES_MAX).read_to_string(&mut text));
    if read.is_err() { Holder::default() } else { Holder::from_text(&text) }
}
