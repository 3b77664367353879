//! Files that are written once from front to back, with a checksum per block, then renamed into place.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::index::error::Error;
use crate::index::options::Faults;
use crate::index::segment::bytes::{Plain, as_bytes};

/// Bytes under one checksum: as many as Linux maps around one page fault (`fault_around_bytes`), so that checking a block
/// on first use costs no additional fault.
pub(crate) const BLOCK: usize = 64 * 1024;

/// Extension of a file that does not belong to the index yet.
pub(crate) const TEMPORARY: &str = "tmp";

/// Bytes that are buffered before a write. *Tuned.*
const BUFFER: usize = 1 << 20;

/// A file that is being written.
pub(crate) struct Output {
    file: File,
    path: PathBuf,
    buffer: Vec<u8>,
    position: u64,
    crc: crc32fast::Hasher,
    crcs: Vec<u32>,
    faults: Faults,
}

impl Output {
    /// Creates `path`, replacing an existing file.
    pub(crate) fn create(path: &Path, faults: &Faults) -> Result<Output, Error> {
        let create = || -> std::io::Result<File> {
            faults.check()?;
            File::options().create(true).truncate(true).read(true).write(true).open(path)
        };
        Ok(Output {
            file: create().map_err(Error::io("create", path))?,
            path: path.to_path_buf(),
            buffer: Vec::with_capacity(BUFFER),
            position: 0,
            crc: crc32fast::Hasher::new(),
            crcs: Vec::new(),
            faults: faults.clone(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn write_values<T: Plain>(&mut self, values: &[T]) -> Result<(), Error> {
        self.write(as_bytes(values))
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let room = BLOCK - (self.position % BLOCK as u64) as usize;
            let (part, rest) = bytes.split_at(room.min(bytes.len()));
            self.crc.update(part);
            self.position += part.len() as u64;
            if self.position.is_multiple_of(BLOCK as u64) {
                self.crcs.push(std::mem::take(&mut self.crc).finalize());
            }
            if self.buffer.len() + part.len() > self.buffer.capacity() {
                self.flush()?;
            }
            self.buffer.extend_from_slice(part);
            bytes = rest;
        }
        Ok(())
    }

    /// Appends zeros up to a multiple of `to` bytes.
    pub(crate) fn align(&mut self, to: u64) -> Result<(), Error> {
        let zeros = vec![0; (self.position.next_multiple_of(to) - self.position) as usize];
        self.write(&zeros)
    }

    /// Writes the buffer, so that a mapping of the file contains it.
    pub(crate) fn flush(&mut self) -> Result<&File, Error> {
        if !self.buffer.is_empty() {
            self.faults
                .check()
                .and_then(|()| self.file.write_all(&self.buffer))
                .map_err(Error::io("write", &self.path))?;
            self.buffer.clear();
        }
        Ok(&self.file)
    }

    /// Checksums of all blocks so far; the last block may be short.
    pub(crate) fn block_crcs(&self) -> Vec<u32> {
        let mut crcs = self.crcs.clone();
        if !self.position.is_multiple_of(BLOCK as u64) {
            crcs.push(self.crc.clone().finalize());
        }
        crcs
    }

    /// Syncs the file and renames it to `name`.
    pub(crate) fn publish(mut self, name: &Path) -> Result<(), Error> {
        self.flush()?;
        self.faults
            .check()
            .and_then(|()| self.file.sync_all())
            .map_err(Error::io("sync", &self.path))?;
        self.faults
            .check()
            .and_then(|()| fs::rename(&self.path, name))
            .map_err(Error::io("rename", name))
    }
}

/// Makes renames in `dir` durable.
pub(crate) fn sync_dir(dir: &Path, faults: &Faults) -> Result<(), Error> {
    faults
        .check()
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(Error::io("sync the folder", dir))
}

/// Removes a file that no manifest names. Errors are ignored: the next opening for writing retries.
pub(crate) fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Names of the entries of `dir`, sorted.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(dir).map_err(Error::io("list", dir))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list", dir))?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
