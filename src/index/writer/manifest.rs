//! The manifest: which segments make up the index, which of their rows are removed, and up to where in the store's
//! change log they reach. Replacing it is the one commit point.
//!
//! Byte by byte, little-endian: magic `CENOMANI`, version `u32`, number of segments `u32`, generation `u64`,
//! applied `u64`, next segment id `u64`; for each segment: id `u64`, file length `u64`, rows `u32`, number of
//! words `u32` of the removal bitset and these words, `u64` each; last a BLAKE3 of everything before, 32 bytes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::index::error::Error;
use crate::index::options::Faults;
use crate::index::segment::{Output, Segment, TEMPORARY, discard, sync_dir, u32_at, u64_at};

const MAGIC: &[u8; 8] = b"CENOMANI";
const VERSION: u32 = 1;
const NAME: &str = "manifest";
/// Bounds what is read into memory: a million rows with removals are 128 KB.
const BYTES_MAX: u64 = 1 << 30;

/// The manifest in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Number of the commit.
    pub(crate) generation: u64,
    /// Sequence number of the store's change log up to which the segments reach.
    pub(crate) applied: u64,
    /// Id of the next segment.
    pub(crate) next_id: u64,
    pub(crate) segments: Vec<ListedSegment>,
}

/// A segment of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedSegment {
    pub(crate) id: u64,
    pub(crate) file_bytes: u64,
    pub(crate) rows: u32,
    /// One bit per row; empty when no row is removed.
    pub(crate) removed: Vec<u64>,
}

/// A failed commit, and whether it may have happened all the same.
#[derive(Debug)]
pub(crate) struct CommitError {
    pub(crate) error: Error,
    pub(crate) maybe_visible: bool,
}

pub(crate) fn path_in(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

pub(crate) fn segment_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("segment-{id:08}.seg"))
}

impl Manifest {
    /// Adds a segment with its removals.
    pub(crate) fn list(&mut self, segment: &Segment, removed: &[u64]) {
        self.segments.push(ListedSegment {
            id: segment.id,
            file_bytes: segment.file_bytes(),
            rows: segment.rows() as u32,
            removed: removed.to_vec(),
        });
    }

    /// `None` when there is no manifest.
    pub(crate) fn load(dir: &Path) -> Result<Option<Manifest>, Error> {
        let path = path_in(dir);
        let length = match fs::metadata(&path) {
            Ok(meta) => meta.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("open", &path)(e)),
        };
        if length > BYTES_MAX {
            return Err(Error::damaged(&path, "it is too long"));
        }
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        if bytes.len() >= 12 && &bytes[..8] == MAGIC && u32_at(&bytes, 8) > VERSION {
            return Err(Error::Newer { path, found: u32_at(&bytes, 8), known: VERSION });
        }
        decode(&bytes)
            .map(Some)
            .ok_or_else(|| Error::damaged(&path, "its checksum or structure is wrong"))
    }

    /// **The commit point.** When this returns, the new state is durable. When it fails, or the machine dies, the folder
    /// holds either the old state or the new one, never a mixture. The caller has synced the listed segments before.
    pub(crate) fn commit(&self, dir: &Path, faults: &Faults) -> Result<(), CommitError> {
        let before = |error| CommitError { error, maybe_visible: false };
        let temporary = path_in(dir).with_extension(TEMPORARY);
        let write = || -> Result<(), Error> {
            let mut output = Output::create(&temporary, faults)?;
            output.write(&encode(self))?;
            output.publish(&path_in(dir))
        };
        write().inspect_err(|_| discard(&temporary)).map_err(before)?;
        sync_dir(dir, faults).map_err(|error| CommitError { error, maybe_visible: true })
    }
}

fn encode(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((manifest.segments.len() as u32).to_le_bytes());
    for n in [manifest.generation, manifest.applied, manifest.next_id] {
        bytes.extend(n.to_le_bytes());
    }
    for segment in &manifest.segments {
        bytes.extend(segment.id.to_le_bytes());
        bytes.extend(segment.file_bytes.to_le_bytes());
        bytes.extend(segment.rows.to_le_bytes());
        bytes.extend((segment.removed.len() as u32).to_le_bytes());
        bytes.extend(segment.removed.iter().flat_map(|w| w.to_le_bytes()));
    }
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Manifest> {
    const HEAD: usize = 40;
    let body = bytes.len().checked_sub(32).filter(|&n| n >= HEAD)?;
    let (body, hash) = bytes.split_at(body);
    if &body[..8] != MAGIC || blake3::hash(body).as_bytes() != hash {
        return None;
    }
    let mut segments = Vec::new();
    let mut at = HEAD;
    for _ in 0..u32_at(body, 12) {
        let rows_at = at.checked_add(16).filter(|&n| n + 8 <= body.len())?;
        let (rows, words) = (u32_at(body, rows_at), u32_at(body, rows_at + 4) as usize);
        let end = (rows_at + 8).checked_add(words.checked_mul(8)?)?;
        if end > body.len() || (words != 0 && words != (rows as usize).div_ceil(64)) {
            return None;
        }
        segments.push(ListedSegment {
            id: u64_at(body, at),
            file_bytes: u64_at(body, at + 8),
            rows,
            removed: (rows_at + 8..end).step_by(8).map(|at| u64_at(body, at)).collect(),
        });
        at = end;
    }
    (at == body.len()).then(|| Manifest {
        generation: u64_at(body, 16),
        applied: u64_at(body, 24),
        next_id: u64_at(body, 32),
        segments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        Manifest {
            generation: 7,
            applied: 99,
            next_id: 3,
            segments: vec![
                ListedSegment { id: 1, file_bytes: 1000, rows: 65, removed: vec![1, 1] },
                ListedSegment { id: 2, file_bytes: 2000, rows: 5, removed: vec![] },
            ],
        }
    }

    #[test]
    fn a_manifest_survives_encoding() {
        assert_eq!(decode(&encode(&sample())), Some(sample()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = encode(&sample());
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&damaged), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "length {length}");
        }
    }

    #[test]
    fn a_newer_manifest_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut bytes = encode(&sample());
        bytes[8] = 9;
        fs::write(path_in(dir.path()), bytes).expect("written");
        let error = Manifest::load(dir.path()).expect_err("newer");
        assert!(matches!(error, Error::Newer { found: 9, known: 1, .. }));
        assert!(error.to_string().contains("use a newer cenotaph"));
    }
}
