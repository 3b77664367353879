//! Decodes sound, mixes it to mono at 11 025 Hz with swresample, and sends it in chunks with their start times.

use ffmpeg_next::codec::decoder::Audio;
use ffmpeg_next::format::{Sample, sample};
use ffmpeg_next::software::resampling;
use ffmpeg_next::{ChannelLayout, Packet, frame};

use crate::media::protocol::{Record, SAMPLES_MAX};
use crate::media::worker::sink::{Sink, Stop};
use crate::media::{SOUND_RATE_HZ, SoundChunk};

/// Samples collected before a chunk is sent: about three seconds.
const CHUNK_SAMPLES: usize = 32_768;
/// A frame further than this from the end of the samples before it starts a new chunk, seconds.
const GAP_S: f64 = 0.1;

/// Decodes one sound stream. Its errors do not fail the video: samples that cannot be decoded are left out.
pub(super) struct SoundDecoder {
    decoder: Audio,
    tick_s: f64,
    resampler: Option<resampling::Context>,
    pending: Vec<i16>,
    /// Time of the first pending sample on the file's own clock, seconds.
    begin_s: f64,
}

impl SoundDecoder {
    pub fn new(decoder: Audio, tick_s: f64) -> Self {
        SoundDecoder { decoder, tick_s, resampler: None, pending: Vec::new(), begin_s: 0.0 }
    }

    /// Decodes a packet, or drains the decoder at the end of the stream (`None`). `origin_s` is the time of the first
    /// shown frame on the file's own clock, seconds.
    pub fn decode(
        &mut self,
        packet: Option<&Packet>,
        origin_s: f64,
        sink: &mut Sink,
    ) -> Result<(), Stop> {
        let sent = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        if sent.is_ok() {
            let mut frame = frame::Audio::empty();
            while self.decoder.receive_frame(&mut frame).is_ok() {
                self.take(&mut frame, origin_s, sink)?;
            }
        }
        if packet.is_none() {
            self.drain();
            self.send(origin_s, sink)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        frame: &mut frame::Audio,
        origin_s: f64,
        sink: &mut Sink,
    ) -> Result<(), Stop> {
        if frame.channel_layout().is_empty() {
            frame.set_channel_layout(ChannelLayout::default(i32::from(frame.channels().min(64))));
        }
        let end_s = self.begin_s + self.pending.len() as f64 / f64::from(SOUND_RATE_HZ);
        let time_s = frame.timestamp().map_or(end_s, |stamp| stamp as f64 * self.tick_s);
        if (time_s - end_s).abs() > GAP_S || self.pending.is_empty() {
            self.send(origin_s, sink)?;
            self.begin_s = time_s;
        }
        self.resample(frame);
        if self.pending.len() >= CHUNK_SAMPLES {
            self.send(origin_s, sink)?;
        }
        Ok(())
    }

    fn resample(&mut self, frame: &frame::Audio) {
        let fits = self.resampler.as_ref().is_some_and(|resampler| {
            let input = resampler.input();
            input.format == frame.format()
                && input.rate == frame.rate()
                && input.channel_layout == frame.channel_layout()
        });
        if !fits {
            self.drain();
            let output = Sample::I16(sample::Type::Packed);
            self.resampler = resampling::Context::get(
                frame.format(),
                frame.channel_layout(),
                frame.rate(),
                output,
                ChannelLayout::MONO,
                SOUND_RATE_HZ,
            )
            .ok();
        }
        let Some(resampler) = self.resampler.as_mut() else {
            return;
        };
        let mut mono = frame::Audio::empty();
        if resampler.run(frame, &mut mono).is_ok() {
            self.pending.extend_from_slice(samples(&mono));
        }
    }

    /// Takes the remaining samples out of the resampler.
    fn drain(&mut self) {
        let Some(mut resampler) = self.resampler.take() else {
            return;
        };
        let output = *resampler.output();
        let mut mono = frame::Audio::new(output.format, 4096, output.channel_layout);
        mono.set_rate(output.rate);
        if resampler.flush(&mut mono).is_ok() {
            self.pending.extend_from_slice(samples(&mono));
        }
    }

    fn send(&mut self, origin_s: f64, sink: &mut Sink) -> Result<(), Stop> {
        let pending = std::mem::take(&mut self.pending);
        for piece in pending.chunks(SAMPLES_MAX) {
            let chunk = SoundChunk { time_s: self.begin_s - origin_s, samples: piece.to_vec() };
            self.begin_s += piece.len() as f64 / f64::from(SOUND_RATE_HZ);
            sink.send(&Record::Sound(chunk))?;
        }
        Ok(())
    }
}

fn samples(mono: &frame::Audio) -> &[i16] {
    if mono.samples() == 0 { &[] } else { &mono.plane::<i16>(0)[..mono.samples()] }
}
