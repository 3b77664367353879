//! A segment file, byte by byte. All numbers are little-endian.
//!
//! 1. Header, 64 bytes: magic `CENOSEGM`, format version `u32`, zeros.
//! 2. Sections, each at a multiple of 64 bytes, in any order; the footer lists them. [`Section`] says what they contain.
//! 3. Checksums: CRC-32 of each 64 KiB block of everything before this part, `u32` each.
//! 4. Footer: rows, keypoints, frames (`u64` each), bits of a word in each of the five tables (`u32` each),
//!    number of sections `u32`, and for each section: id `u32`, zero `u32`, offset `u64`, length in bytes `u64`.
//! 5. Trailer, 48 bytes: offset of the checksums `u64`, offset of the footer `u64`, CRC-32 of parts 3 and 4
//!    `u32`, format version `u32`, zeros, magic `CENOSEGM` last, so that a truncated file does not end with it.

use std::ops::Range;
use std::path::Path;

use crate::index::error::Error;
use crate::index::options::WORD_BITS_MAX;
use crate::index::segment::files::{BLOCK, Output};

pub(crate) const MAGIC: &[u8; 8] = b"CENOSEGM";
/// Increased whenever a reader of the previous version would misread the file.
pub(crate) const VERSION: u32 = 1;
pub(crate) const ALIGN: u64 = 64;
const HEADER: usize = 64;
pub(super) const TRAILER: usize = 48;
/// Two tables of keypoints, then three of frames (see `keys`).
pub(crate) const TABLES: usize = 5;
pub(crate) const KEYPOINT_TABLES: usize = 2;
pub(crate) const FRAME_TABLES: Range<usize> = KEYPOINT_TABLES..TABLES;

/// What a section contains. A row is one tombstone; an ordinal counts the keypoints (frames) of all rows in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Section {
    /// `u32` per row: the tombstone's slot.
    Slots = 1,
    /// `u32` per row: the tombstone's group.
    Groups = 2,
    /// `u32` per row, and one more: ordinal of its first keypoint.
    KeypointStarts = 3,
    /// `u32` per row, and one more: ordinal of its first frame.
    FrameStarts = 4,
    /// `u64` per keypoint: its hash.
    Hashes = 5,
    /// `u32` per keypoint: angle, scale, time (see `keys::Geometry`).
    Geometry = 6,
    /// Three `u64` per frame: the filed parts of its hash (see `keys::FrameKeys`); zeros if it is not filed.
    Frames = 7,
    /// Of table `t`: `u32` per word, and one more: index of its first posting. Ids 16 + t.
    Offsets = 16,
    /// Of table `t`: `u64` per posting, ordinal in the low half, check bits in the high half. Ids 32 + t.
    Postings = 32,
}

/// Location of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SectionExtent {
    pub(crate) id: u32,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

/// The footer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) rows: u64,
    pub(crate) keypoints: u64,
    pub(crate) frames: u64,
    pub(crate) word_bits: [u32; TABLES],
    pub(crate) extents: Vec<SectionExtent>,
}

/// What opening a file reads before anything is used.
pub(crate) struct Opened {
    pub(crate) contents: Contents,
    /// Checksum of each block of the first `data_bytes` bytes.
    pub(crate) block_crcs: Vec<u32>,
    pub(crate) data_bytes: u64,
}

pub(crate) fn write_header(output: &mut Output) -> Result<(), Error> {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    output.write(&header)
}

/// Writes parts 3 to 5.
pub(crate) fn write_end(output: &mut Output, contents: &Contents) -> Result<(), Error> {
    output.align(ALIGN)?;
    let crcs_at = output.position();
    let mut end: Vec<u8> = output.block_crcs().iter().flat_map(|c| c.to_le_bytes()).collect();
    let footer_at = crcs_at + end.len() as u64;
    for n in [contents.rows, contents.keypoints, contents.frames] {
        end.extend(n.to_le_bytes());
    }
    for bits in contents.word_bits {
        end.extend(bits.to_le_bytes());
    }
    end.extend((contents.extents.len() as u32).to_le_bytes());
    for extent in &contents.extents {
        end.extend(extent.id.to_le_bytes());
        end.extend(0u32.to_le_bytes());
        end.extend(extent.offset.to_le_bytes());
        end.extend(extent.bytes.to_le_bytes());
    }
    let crc = crc32fast::hash(&end);
    output.write(&end)?;
    let mut trailer = [0; TRAILER];
    trailer[..8].copy_from_slice(&crcs_at.to_le_bytes());
    trailer[8..16].copy_from_slice(&footer_at.to_le_bytes());
    trailer[16..20].copy_from_slice(&crc.to_le_bytes());
    trailer[20..24].copy_from_slice(&VERSION.to_le_bytes());
    trailer[TRAILER - 8..].copy_from_slice(MAGIC);
    output.write(&trailer)
}

/// Reads header, trailer, footer and checksums. Every length is bounded by that of the file before it is used.
///
/// # Errors
/// [`Error::Newer`] for a newer version, [`Error::Damaged`] for anything inconsistent.
pub(crate) fn read(path: &Path, file: &[u8]) -> Result<Opened, Error> {
    let bad = |what: &str| Error::damaged(path, what);
    if file.len() < HEADER + TRAILER || &file[..8] != MAGIC {
        return Err(bad("this is not a segment"));
    }
    let found = u32_at(file, 8);
    if found > VERSION {
        return Err(Error::Newer { path: path.to_path_buf(), found, known: VERSION });
    }
    let trailer_at = file.len() - TRAILER;
    if &file[file.len() - 8..] != MAGIC || found == 0 {
        return Err(bad("it is truncated"));
    }
    let spare = &file[trailer_at + 24..file.len() - 8];
    if u32_at(file, trailer_at + 20) != found || spare.iter().any(|&b| b != 0) {
        return Err(bad("its trailer is inconsistent"));
    }
    let (crcs_at, footer_at) = (u64_at(file, trailer_at), u64_at(file, trailer_at + 8));
    if crcs_at < HEADER as u64 || crcs_at > footer_at || footer_at > trailer_at as u64 {
        return Err(bad("its trailer is inconsistent"));
    }
    let (crcs_at, footer_at) = (crcs_at as usize, footer_at as usize);
    if crc32fast::hash(&file[crcs_at..trailer_at]) != u32_at(file, trailer_at + 16) {
        return Err(bad("the checksum of its footer is wrong"));
    }
    if footer_at - crcs_at != crcs_at.div_ceil(BLOCK) * 4 {
        return Err(bad("the number of its checksums is wrong"));
    }
    let block_crcs = (crcs_at..footer_at).step_by(4).map(|at| u32_at(file, at)).collect();
    let contents = read_footer(&file[footer_at..trailer_at], crcs_at as u64)
        .ok_or_else(|| bad("its footer is inconsistent"))?;
    Ok(Opened { contents, block_crcs, data_bytes: crcs_at as u64 })
}

fn read_footer(footer: &[u8], data_bytes: u64) -> Option<Contents> {
    const FIXED: usize = 24 + TABLES * 4 + 4;
    if footer.len() < FIXED {
        return None;
    }
    let mut word_bits = [0; TABLES];
    for (t, bits) in word_bits.iter_mut().enumerate() {
        *bits = u32_at(footer, 24 + t * 4);
    }
    let count = u32_at(footer, FIXED - 4) as usize;
    if footer.len() != FIXED.checked_add(count.checked_mul(24)?)?
        || word_bits.iter().any(|&b| b > WORD_BITS_MAX)
    {
        return None;
    }
    let mut extents = Vec::with_capacity(count);
    for at in (FIXED..footer.len()).step_by(24) {
        let extent = SectionExtent {
            id: u32_at(footer, at),
            offset: u64_at(footer, at + 8),
            bytes: u64_at(footer, at + 16),
        };
        if extent.offset.checked_add(extent.bytes)? > data_bytes
            || !extent.offset.is_multiple_of(ALIGN)
        {
            return None;
        }
        extents.push(extent);
    }
    let contents = Contents {
        rows: u64_at(footer, 0),
        keypoints: u64_at(footer, 8),
        frames: u64_at(footer, 16),
        word_bits,
        extents,
    };
    let fits = |n: u64| n < u64::from(u32::MAX);
    (fits(contents.rows) && fits(contents.keypoints) && fits(contents.frames)).then_some(contents)
}

/// The number at a position.
///
/// # Panics
/// When `bytes` ends before `at + 4`. Callers check that.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut n = [0; 4];
    n.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(n)
}

/// The number at a position.
///
/// # Panics
/// When `bytes` ends before `at + 8`. Callers check that.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut n = [0; 8];
    n.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(n)
}
