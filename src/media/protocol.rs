//! The records that a worker writes to its stdout, and the parent's reader, which trusts none of them.
//!
//! # Format
//! Little endian, in order:
//! 1. magic `CNTW`, version u16, zero u16;
//! 2. records: kind u8, length of the payload u32, payload:
//!    - 1 frame: time_s f32, width u32, height u32, width × height bytes of luma;
//!    - 2 sound: time_s f64, samples i16 …;
//!    - 3 alive: empty; sent after a second without another record;
//!    - 4 end: duration_s f64, intra_interval_s f64, frames_decoded u64, width u32, height u32, errors u32, flags u8
//!      (1 truncated, 2 still); the last record;
//!    - 5 failure: code u8 (`Refusal`); the last record.
//!
//! # Compatibility
//! Both ends are the same binary. The version guards only against a mixed installation.

use std::io::{self, Write};

use crate::media::{Damage, Error, Limit, SoundChunk, Summary, Why};
use crate::model::{Frame, Luma};

const MAGIC: [u8; 8] = *b"CNTW\x01\x00\x00\x00";
const RECORD_HEAD: usize = 5;
const FRAME_HEAD: usize = 12;
const END_BYTES: usize = 37;
/// Samples in one record: six seconds.
pub(super) const SAMPLES_MAX: usize = 65_536;

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    Frame(Frame),
    Sound(SoundChunk),
    Alive,
    /// `frames_sent` is 0: the parent counts the frames.
    End(Summary),
    Failure(Refusal),
}

/// The worker's reason to stop before the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Refusal {
    Empty = 1,
    NotVideo = 2,
    NoVideoStream = 3,
    NoPicture = 4,
    Unsupported = 5,
    Memory = 6,
    Pixels = 7,
    Frames = 8,
    Duration = 9,
    Unreadable = 10,
}

impl Refusal {
    const ALL: [Refusal; 10] = [
        Refusal::Empty,
        Refusal::NotVideo,
        Refusal::NoVideoStream,
        Refusal::NoPicture,
        Refusal::Unsupported,
        Refusal::Memory,
        Refusal::Pixels,
        Refusal::Frames,
        Refusal::Duration,
        Refusal::Unreadable,
    ];

    pub fn into_error(self) -> Error {
        let undecodable = |why| Error::Undecodable { why };
        let limit = |which| Error::LimitReached { which };
        match self {
            Refusal::Empty => undecodable(Why::Empty),
            Refusal::NotVideo => undecodable(Why::NotVideo),
            Refusal::NoVideoStream => undecodable(Why::NoVideoStream),
            Refusal::NoPicture => undecodable(Why::NoPicture),
            Refusal::Unsupported => Error::Unsupported,
            Refusal::Memory => limit(Limit::Memory),
            Refusal::Pixels => limit(Limit::Pixels),
            Refusal::Frames => limit(Limit::Frames),
            Refusal::Duration => limit(Limit::Duration),
            Refusal::Unreadable => Error::Unreadable(io::Error::other("reading failed")),
        }
    }
}

/// Writes records. Flushes each, so that the parent receives it at once.
pub(super) struct Writer<W: Write> {
    out: io::BufWriter<W>,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> io::Result<Self> {
        let mut out = io::BufWriter::with_capacity(1 << 12, out);
        out.write_all(&MAGIC)?;
        Ok(Writer { out })
    }

    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Frame(frame) => {
                let luma = &frame.luma;
                self.head(1, FRAME_HEAD + luma.pixels.len())?;
                self.out.write_all(&frame.time_s.to_le_bytes())?;
                self.out.write_all(&luma.width.to_le_bytes())?;
                self.out.write_all(&luma.height.to_le_bytes())?;
                self.out.write_all(&luma.pixels)?;
            }
            Record::Sound(chunk) => {
                self.head(2, 8 + 2 * chunk.samples.len())?;
                self.out.write_all(&chunk.time_s.to_le_bytes())?;
                for sample in &chunk.samples {
                    self.out.write_all(&sample.to_le_bytes())?;
                }
            }
            Record::Alive => self.head(3, 0)?,
            Record::End(summary) => self.end(summary)?,
            Record::Failure(refusal) => {
                self.head(5, 1)?;
                self.out.write_all(&[*refusal as u8])?;
            }
        }
        self.out.flush()
    }

    fn head(&mut self, kind: u8, length: usize) -> io::Result<()> {
        let length = u32::try_from(length).map_err(io::Error::other)?;
        self.out.write_all(&[kind])?;
        self.out.write_all(&length.to_le_bytes())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let truncated = summary.damage.is_some_and(|damage| damage.truncated);
        let errors = summary.damage.map_or(0, |damage| damage.errors);
        self.head(4, END_BYTES)?;
        self.out.write_all(&summary.duration_s.to_le_bytes())?;
        self.out.write_all(&summary.intra_interval_s.to_le_bytes())?;
        self.out.write_all(&summary.frames_decoded.to_le_bytes())?;
        self.out.write_all(&summary.width.to_le_bytes())?;
        self.out.write_all(&summary.height.to_le_bytes())?;
        self.out.write_all(&errors.to_le_bytes())?;
        self.out.write_all(&[u8::from(truncated) | u8::from(summary.still) << 1])
    }
}

/// The bytes are not what a worker writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

/// Parses bytes to records. Checks every length before it allocates or waits for that many bytes.
pub(super) struct Reader {
    long_side: u32,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already turned into records.
    used: usize,
    greeted: bool,
}

impl Reader {
    /// Expects frames whose long side is exactly `long_side`.
    pub fn new(long_side: u32) -> Self {
        Reader { long_side, buffer: Vec::new(), used: 0, greeted: false }
    }

    /// Appends bytes from the pipe. Memory stays bounded when [`Reader::next`] is called until it returns `None`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete record; `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`Garbled`] when the bytes are no record; the reader is of no use afterwards.
    pub fn next(&mut self) -> Result<Option<Record>, Garbled> {
        if !self.greeted {
            let seen = self.buffer.len().min(MAGIC.len());
            if self.buffer[..seen] != MAGIC[..seen] {
                return Err(Garbled);
            }
            if seen < MAGIC.len() {
                return Ok(None);
            }
            self.greeted = true;
            self.used = MAGIC.len();
        }
        let rest = &self.buffer[self.used..];
        let Some((head, rest)) = rest.split_first_chunk::<RECORD_HEAD>() else {
            return Ok(None);
        };
        let kind = head[0];
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > self.length_max(kind)? {
            return Err(Garbled);
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let record = match kind {
            1 => Record::Frame(frame(payload, self.long_side)?),
            2 => Record::Sound(sound(payload)?),
            3 => Record::Alive,
            4 => Record::End(end(payload)?),
            _ => Record::Failure(failure(payload)?),
        };
        self.used += RECORD_HEAD + length;
        Ok(Some(record))
    }

    fn length_max(&self, kind: u8) -> Result<usize, Garbled> {
        match kind {
            1 => Ok(FRAME_HEAD + (self.long_side as usize).pow(2)),
            2 => Ok(8 + 2 * SAMPLES_MAX),
            3 => Ok(0),
            4 => Ok(END_BYTES),
            5 => Ok(1),
            _ => Err(Garbled),
        }
    }
}

/// Reads numbers of fixed size from the front of a payload.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Garbled)?;
        self.0 = rest;
        Ok(*head)
    }
}

fn frame(payload: &[u8], long_side: u32) -> Result<Frame, Garbled> {
    let mut fields = Fields(payload);
    let time_s = f32::from_le_bytes(fields.take()?);
    let width = u32::from_le_bytes(fields.take()?);
    let height = u32::from_le_bytes(fields.take()?);
    let sized = width >= 1 && height >= 1 && width.max(height) == long_side;
    if !sized || !time_s.is_finite() || time_s < 0.0 {
        return Err(Garbled);
    }
    if fields.0.len() != width as usize * height as usize {
        return Err(Garbled);
    }
    Ok(Frame { time_s, luma: Luma::new(width, height, fields.0.to_vec()) })
}

fn sound(payload: &[u8]) -> Result<SoundChunk, Garbled> {
    let mut fields = Fields(payload);
    let time_s = f64::from_le_bytes(fields.take()?);
    if !time_s.is_finite() || fields.0.len() % 2 != 0 {
        return Err(Garbled);
    }
    let (pairs, _) = fields.0.as_chunks::<2>();
    let samples = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    Ok(SoundChunk { time_s, samples })
}

fn end(payload: &[u8]) -> Result<Summary, Garbled> {
    let mut fields = Fields(payload);
    let duration_s = f64::from_le_bytes(fields.take()?);
    let intra_interval_s = f64::from_le_bytes(fields.take()?);
    let frames_decoded = u64::from_le_bytes(fields.take()?);
    let width = u32::from_le_bytes(fields.take()?);
    let height = u32::from_le_bytes(fields.take()?);
    let errors = u32::from_le_bytes(fields.take()?);
    let [flags] = fields.take()?;
    let time_fits = |s: f64| s.is_finite() && s >= 0.0;
    if !time_fits(duration_s) || !time_fits(intra_interval_s) || width == 0 || height == 0 {
        return Err(Garbled);
    }
    let damage = Damage { truncated: flags & 1 != 0, errors };
    Ok(Summary {
        duration_s,
        width,
        height,
        frames_decoded,
        frames_sent: 0,
        damage: (damage.truncated || damage.errors > 0).then_some(damage),
        still: flags & 2 != 0,
        intra_interval_s,
    })
}

fn failure(payload: &[u8]) -> Result<Refusal, Garbled> {
    let &[code] = payload else {
        return Err(Garbled);
    };
    Refusal::ALL.into_iter().find(|refusal| *refusal as u8 == code).ok_or(Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Record> {
        let luma = Luma::new(4, 2, (0..8).collect());
        let damage = Some(Damage { truncated: true, errors: 3 });
        let summary = Summary {
            duration_s: 2.5,
            width: 1920,
            height: 1080,
            frames_decoded: 75,
            frames_sent: 0,
            damage,
            still: false,
            intra_interval_s: 1.25,
        };
        vec![
            Record::Frame(Frame { time_s: 0.25, luma }),
            Record::Sound(SoundChunk { time_s: -0.02, samples: vec![1, -2, i16::MIN] }),
            Record::Alive,
            Record::End(summary),
            Record::Failure(Refusal::Duration),
        ]
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes).unwrap();
        records().iter().for_each(|record| writer.write(record).unwrap());
        drop(writer);
        bytes
    }

    fn read(bytes: &[u8], step: usize) -> Result<Vec<Record>, Garbled> {
        let mut reader = Reader::new(4);
        let mut all = Vec::new();
        for piece in bytes.chunks(step) {
            reader.push(piece);
            while let Some(record) = reader.next()? {
                all.push(record);
            }
        }
        Ok(all)
    }

    #[test]
    fn records_survive_the_pipe_in_pieces_of_any_size() {
        let bytes = written();
        for step in [1, 3, 7, bytes.len()] {
            assert_eq!(read(&bytes, step), Ok(records()), "in pieces of {step}");
        }
    }

    #[test]
    fn every_flipped_byte_is_an_error_or_another_record_but_never_a_panic() {
        let bytes = written();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = bytes.clone();
                bad[at] = value;
                let _ = read(&bad, 16);
            }
        }
        let mut huge = MAGIC.to_vec();
        huge.extend([1, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(read(&huge, 64), Err(Garbled));
    }

    #[test]
    fn a_frame_of_the_wrong_size_is_refused() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let luma = Luma::new(3, 2, vec![0; 6]);
        writer.write(&Record::Frame(Frame { time_s: 0.0, luma })).unwrap();
        let bytes = writer.out.into_inner().unwrap();
        assert_eq!(read(&bytes, 1024), Err(Garbled));
    }
}
