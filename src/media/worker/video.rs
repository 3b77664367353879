//! The decode loop: packets in, sampled frames out.
//!
//! Damage does not end the loop: a packet that cannot be read or decoded is counted and skipped, and only a file
//! without a single good picture is refused. The loop calls `Packet::read` itself, because ffmpeg_next's iterator
//! treats every error as the end of the file.

use std::fs::File;
use std::mem;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::packet::side_data::Type as SideData;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::packet::Ref;
use ffmpeg_next::{Packet, Rational, codec, frame};

use crate::media::options::{Sampling, Task};
use crate::media::orient::Orientation;
use crate::media::protocol::{Record, Refusal};
use crate::media::worker::grid::Grid;
use crate::media::worker::input;
use crate::media::worker::picture::LumaConverter;
use crate::media::worker::sink::{Sink, Stop};
use crate::media::worker::sound::SoundDecoder;
use crate::media::worker::timeline::Timeline;
use crate::media::{Damage, Summary};
use crate::model::Frame;

/// Consecutive read errors after which the rest of the file is abandoned. Tuned.
const READ_ERRORS_MAX: u32 = 32;
/// Intra frames nearer than this to the last one are left out, seconds. A little less than the promised second, so that
/// frames a second apart survive rounding.
const INTRA_STEP_S: f64 = 0.96;

/// Decodes the video in `file` and sends what the task asks for.
pub(super) fn decode(file: File, task: &Task, sink: &mut Sink) -> Result<Summary, Stop> {
    let mut container = input::open(&file)?;
    let index = input::video_stream(&container)?;
    let decoder = input::video_decoder(&container, index, task)?;
    let sound_index = input::sound_stream(&container, task);
    let sound = sound_index.and_then(|index| {
        let tick_s = seconds(container.stream(index)?.time_base());
        Some(SoundDecoder::new(input::sound_decoder(&container, index)?, tick_s))
    });
    let wanted: Vec<usize> = std::iter::once(index).chain(sound_index).collect();
    input::discard_others(&mut container, &wanted);
    let mut run = Run::new(&container, index, decoder, task, sink);
    run.sound = sound;
    run.packets(&mut container, index, sound_index)?;
    run.finish()
}

fn seconds(ratio: Rational) -> f64 {
    let value = f64::from(ratio);
    if value.is_finite() && value > 0.0 { value } else { 0.0 }
}

/// How frames are selected.
enum Selection {
    Grid(Grid),
    Intra { last_s: Option<f64> },
}

/// One pass through a file.
struct Run<'a> {
    task: &'a Task,
    sink: &'a mut Sink,
    decoder: codec::decoder::Video,
    sound: Option<SoundDecoder>,
    timeline: Timeline,
    selection: Selection,
    converter: LumaConverter,
    current: frame::Video,
    /// The frame before `current` and its time.
    previous: (frame::Video, f64),
    tick_s: f64,
    stated_s: f64,
    size: Option<(u64, u64)>,
    decoded: u64,
    sent: u64,
    keys: u64,
    last_key_stamp: Option<i64>,
    errors: u32,
    /// Latest end of a packet, in ticks.
    end_stamp: Option<i64>,
    /// Reading was abandoned before the end of the file.
    is_abandoned: bool,
}

impl<'a> Run<'a> {
    fn new(
        container: &Input,
        index: usize,
        decoder: codec::decoder::Video,
        task: &'a Task,
        sink: &'a mut Sink,
    ) -> Self {
        let stream = container.stream(index).expect("the index was found in this container");
        let tick_s = seconds(stream.time_base());
        let rates = [stream.avg_frame_rate(), stream.rate()];
        let rate = rates.map(seconds).into_iter().find(|rate| (0.1..=1000.0).contains(rate));
        let interval_s = 1.0 / rate.unwrap_or(25.0);
        let stated_s = if stream.duration() > 0 {
            stream.duration() as f64 * tick_s
        } else {
            container.duration().max(0) as f64 / f64::from(ffmpeg::ffi::AV_TIME_BASE)
        };
        let selection = match task.plan.sampling {
            Sampling::Every { fps } => Selection::Grid(Grid::new(fps)),
            Sampling::IntraOnly => Selection::Intra { last_s: None },
        };
        Run {
            task,
            sink,
            decoder,
            sound: None,
            timeline: Timeline::new(tick_s, interval_s, stated_s),
            selection,
            converter: LumaConverter::new(orientation(&stream), task),
            current: frame::Video::empty(),
            previous: (frame::Video::empty(), 0.0),
            tick_s,
            stated_s,
            size: None,
            decoded: 0,
            sent: 0,
            keys: 0,
            last_key_stamp: None,
            errors: 0,
            end_stamp: None,
            is_abandoned: false,
        }
    }

    fn packets(
        &mut self,
        container: &mut Input,
        video_index: usize,
        sound_index: Option<usize>,
    ) -> Result<(), Stop> {
        let mut errors_in_a_row = 0;
        loop {
            let mut packet = Packet::empty();
            match packet.read(container) {
                Ok(()) => errors_in_a_row = 0,
                Err(ffmpeg::Error::Eof) => break,
                Err(cause) if input::is_out_of_memory(cause) => return Err(Refusal::Memory.into()),
                Err(_) => {
                    self.errors = self.errors.saturating_add(1);
                    errors_in_a_row += 1;
                    if errors_in_a_row > READ_ERRORS_MAX {
                        self.is_abandoned = true;
                        break;
                    }
                    continue;
                }
            }
            self.sink.keep_alive()?;
            if packet.stream() == video_index {
                self.video_packet(&packet)?;
            } else if Some(packet.stream()) == sound_index {
                let origin_s = self.timeline.origin_s().unwrap_or(0.0);
                if let Some(sound) = self.sound.as_mut() {
                    sound.decode(Some(&packet), origin_s, self.sink)?;
                }
            }
        }
        // Fails only when the decoder has been drained already.
        let _ = self.decoder.send_eof();
        self.frames()?;
        self.last_frame()?;
        let origin_s = self.timeline.origin_s().unwrap_or(0.0);
        if let Some(sound) = self.sound.as_mut() {
            sound.decode(None, origin_s, self.sink)?;
        }
        Ok(())
    }

    fn video_packet(&mut self, packet: &Packet) -> Result<(), Stop> {
        if packet.is_corrupt() {
            self.errors = self.errors.saturating_add(1);
        }
        let stamp = packet.pts().or(packet.dts());
        let hidden = is_hidden(packet);
        if let Some(stamp) = stamp.filter(|_| !hidden) {
            let end = stamp.saturating_add(packet.duration().max(0));
            self.end_stamp = Some(self.end_stamp.map_or(end, |known| known.max(end)));
        }
        if packet.is_key() {
            self.keys += 1;
        }
        if matches!(self.selection, Selection::Intra { .. }) && !self.wants_intra(packet, stamp) {
            return Ok(());
        }
        match self.decoder.send_packet(packet) {
            Ok(()) => self.frames(),
            Err(cause) => self.decode_error(cause),
        }
    }

    /// Whether an intra-only pass decodes this packet. A second intra frame within a second is dropped before it is
    /// decoded: with all-intra codecs, decoding is the whole cost.
    fn wants_intra(&mut self, packet: &Packet, stamp: Option<i64>) -> bool {
        if !packet.is_key() {
            return false;
        }
        let near = stamp.zip(self.last_key_stamp).is_some_and(|(stamp, last)| {
            let distance_s = stamp.saturating_sub(last) as f64 * self.tick_s;
            (0.0..INTRA_STEP_S).contains(&distance_s)
        });
        if !near {
            self.last_key_stamp = stamp;
        }
        !near
    }

    fn decode_error(&mut self, cause: ffmpeg::Error) -> Result<(), Stop> {
        if input::is_out_of_memory(cause) {
            return Err(Refusal::Memory.into());
        }
        let pixels = u64::from(self.decoder.width()) * u64::from(self.decoder.height());
        if pixels > self.task.pixels_max {
            return Err(Refusal::Pixels.into());
        }
        self.errors = self.errors.saturating_add(1);
        Ok(())
    }

    /// Receives all frames that the decoder has ready.
    fn frames(&mut self) -> Result<(), Stop> {
        loop {
            match self.decoder.receive_frame(&mut self.current) {
                Ok(()) => self.frame()?,
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: libc::EAGAIN }) => {
                    return Ok(());
                }
                // The decoder has dropped the frame that failed; the next one may be good.
                Err(cause) => return self.decode_error(cause),
            }
        }
    }

    /// Decides whether to send `previous` and `current`.
    fn frame(&mut self) -> Result<(), Stop> {
        self.decoded += 1;
        if self.current.has_decode_errors() {
            self.errors = self.errors.saturating_add(1);
        }
        let time_s = self.timeline.place(self.current.timestamp(), length(&self.current));
        if time_s > self.task.duration_s_max {
            return Err(Refusal::Duration.into());
        }
        if self.size.is_none() {
            self.size = Some(self.converter.shown_size(&self.current));
        }
        match &mut self.selection {
            Selection::Grid(grid) => {
                let choice = grid.arrive(time_s);
                if choice.previous {
                    self.send_previous()?;
                }
                mem::swap(&mut self.previous.0, &mut self.current);
                self.previous.1 = time_s;
                if choice.current {
                    self.send_previous()?;
                }
                Ok(())
            }
            Selection::Intra { last_s } => {
                if last_s.is_some_and(|last| time_s - last < INTRA_STEP_S) {
                    return Ok(());
                }
                *last_s = Some(time_s);
                mem::swap(&mut self.previous.0, &mut self.current);
                self.previous.1 = time_s;
                self.send_previous()
            }
        }
    }

    fn last_frame(&mut self) -> Result<(), Stop> {
        let end_s = self.timeline.end_s();
        match &self.selection {
            Selection::Grid(grid) if grid.finish(end_s) => self.send_previous(),
            _ => Ok(()),
        }
    }

    /// Scales and sends `previous`.
    fn send_previous(&mut self) -> Result<(), Stop> {
        let (frame, time_s) = &self.previous;
        let Some(luma) = self.converter.luma(frame)? else {
            self.errors = self.errors.saturating_add(1);
            return Ok(());
        };
        if self.sent >= self.task.frames_max {
            return Err(Refusal::Frames.into());
        }
        self.sent += 1;
        self.sink.send(&Record::Frame(Frame { time_s: *time_s as f32, luma }))?;
        Ok(())
    }

    fn finish(self) -> Result<Summary, Stop> {
        let Some((width, height)) = self.size.filter(|_| self.sent > 0) else {
            return Err(Refusal::NoPicture.into());
        };
        let read_s = self.end_stamp.and_then(|stamp| self.timeline.locate(stamp)).unwrap_or(0.0);
        let shown_s = self.timeline.end_s();
        // Packets also cover frames that were not decoded. An end far beyond the others comes from a wrong stamp.
        let is_sane = read_s <= shown_s.max(self.stated_s) + 1.0;
        let duration_s = if is_sane { shown_s.max(read_s) } else { shown_s };
        // A container may be longer than its video, because of the sound. Up to a tenth is no sign of damage.
        let missing = self.stated_s - duration_s > 0.5 + 0.1 * self.stated_s;
        let damage = Damage { truncated: missing || self.is_abandoned, errors: self.errors };
        Ok(Summary {
            duration_s,
            width: u32::try_from(width).unwrap_or(u32::MAX),
            height: u32::try_from(height).unwrap_or(u32::MAX),
            frames_decoded: self.decoded,
            frames_sent: self.sent,
            damage: (damage.truncated || damage.errors > 0).then_some(damage),
            still: false,
            intra_interval_s: if self.keys > 0 { duration_s / self.keys as f64 } else { 0.0 },
        })
    }
}

/// The stated duration of a frame, in ticks; 0 when it states none.
#[expect(unsafe_code, reason = "ffmpeg_next has no getter for a frame's duration")]
fn length(frame: &frame::Video) -> i64 {
    // SAFETY: the pointer belongs to a live frame, and the field is a plain integer.
    unsafe { (*frame.as_ptr()).pkt_duration }
}

/// Whether an edit list removes the packet's frame.
#[expect(unsafe_code, reason = "ffmpeg_next knows only two of the packet flags")]
fn is_hidden(packet: &Packet) -> bool {
    // SAFETY: the pointer belongs to a live packet.
    let flags = unsafe { (*packet.as_ptr()).flags };
    flags & ffmpeg::ffi::AV_PKT_FLAG_DISCARD != 0
}

/// The orientation in which players show the stream's pictures.
fn orientation(stream: &ffmpeg::Stream) -> Orientation {
    let matrix = stream.side_data().find(|data| data.kind() == SideData::DisplayMatrix);
    let Some(data) = matrix else {
        return Orientation::default();
    };
    let (words, _) = data.data().as_chunks::<4>();
    // 3 × 3, row by row: a b u, c d v, x y w, in the machine's byte order.
    match *words {
        [a, b, _, c, d, ..] => Orientation::from_matrix(
            i32::from_ne_bytes(a),
            i32::from_ne_bytes(b),
            i32::from_ne_bytes(c),
            i32::from_ne_bytes(d),
        ),
        _ => Orientation::default(),
    }
}
