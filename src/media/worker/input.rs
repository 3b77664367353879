//! Opens the container: from stdin only, in few formats, without following references to other files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::{Dictionary, Discard, codec, media, util::log};

use crate::media::options::{Frames, LoopFilter, Sampling, Sound, Task};
use crate::media::protocol::Refusal;

/// Demuxers that may read the file. None of them opens another file or address by itself. Playlists (HLS, DASH, concat)
/// are excluded, whatever the file's name.
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,gif,\
                          h264,hevc,ivf,obu,m4v,yuv4mpegpipe";

/// Decoders that may be opened: those for the formats of cameras, phones, browsers and editors. Each further decoder
/// exposes more code to hostile bytes.
const CODECS: &str = "h264,hevc,libdav1d,av1,libaom-av1,vp9,vp8,mpeg4,mpeg2video,mpeg1video,h263,h263i,flv,mjpeg,gif,\
                      png,theora,msmpeg4v1,msmpeg4,msmpeg4v2,wmv1,wmv2,wmv3,vc1,prores,dnxhd,ffv1,huffyuv,utvideo,\
                      rawvideo,wrapped_avframe,dvvideo,svq1,svq3,qtrle,cinepak,jpeg2000,\
                      aac,aac_latm,mp3float,mp3,mp2float,mp2,ac3,eac3,opus,libopus,vorbis,flac,alac,\
                      pcm_s16le,pcm_s16be,pcm_u8,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_alaw,pcm_mulaw,\
                      wmav1,wmav2,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,adpcm_ima_wav,adpcm_ms";

/// Reads a file at a position of its own. The parent and other workers share the open file; its offset stays untouched.
pub(super) struct Source {
    file: File,
    position: u64,
    length: u64,
}

impl Source {
    pub fn new(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Source { file: file.try_clone()?, position: 0, length })
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Opens the container and probes its streams.
pub(super) fn open(file: &File) -> Result<Input, Refusal> {
    log::set_level(log::Level::Quiet);
    let source = Source::new(file).map_err(|_| Refusal::Unreadable)?;
    let stream =
        StreamIo::from_read_seek_with_capacity(source, 1 << 16).map_err(|_| Refusal::Memory)?;
    let mut options = Dictionary::new();
    options.set("format_whitelist", CONTAINERS);
    options.set("protocol_whitelist", "");
    options.set("codec_whitelist", CODECS);
    options.set("probesize", "5000000");
    options.set("analyzeduration", "5000000");
    options.set("max_streams", "64");
    ffmpeg::format::input_from_stream(stream, None, Some(options))
        .map_err(|cause| if is_out_of_memory(cause) { Refusal::Memory } else { Refusal::NotVideo })
}

/// Whether FFmpeg reports that an allocation failed.
pub(super) fn is_out_of_memory(cause: ffmpeg::Error) -> bool {
    matches!(cause, ffmpeg::Error::Other { errno: libc::ENOMEM })
}

/// The index of the video stream. The cover picture of a sound file does not count.
pub(super) fn video_stream(input: &Input) -> Result<usize, Refusal> {
    let stream = input.streams().best(media::Type::Video).ok_or(Refusal::NoVideoStream)?;
    let cover = ffmpeg::format::stream::Disposition::ATTACHED_PIC;
    if stream.disposition().contains(cover) {
        return Err(Refusal::NoVideoStream);
    }
    Ok(stream.index())
}

/// Opens the decoder of the video stream, with one thread: decoding files in parallel uses the cores better than
/// decoding frames in parallel.
pub(super) fn video_decoder(
    input: &Input,
    index: usize,
    task: &Task,
) -> Result<codec::decoder::Video, Refusal> {
    let stream = input.stream(index).ok_or(Refusal::NoVideoStream)?;
    let context =
        codec::Context::from_parameters(stream.parameters()).map_err(|_| Refusal::Memory)?;
    let codec = codec::decoder::find(context.id()).ok_or(Refusal::Unsupported)?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    decoder.set_threading(codec::threading::Config::count(1));
    if task.plan.loop_filter == LoopFilter::Skip {
        decoder.skip_loop_filter(Discard::All);
    }
    // An intra-only pass sends the decoder no other frames in the first place.
    if task.plan.frames == Frames::Referenced && task.plan.sampling != Sampling::IntraOnly {
        decoder.skip_frame(Discard::NonReference);
    }
    let mut options = Dictionary::new();
    options.set("codec_whitelist", CODECS);
    options.set("max_pixels", &task.pixels_max.min(i32::MAX as u64).to_string());
    if decoder.width_and_height_product() > task.pixels_max {
        return Err(Refusal::Pixels);
    }
    let opened = decoder.open_as_with(codec, options).and_then(|opened| opened.video());
    opened.map_err(|cause| match cause {
        cause if is_out_of_memory(cause) => Refusal::Memory,
        ffmpeg::Error::InvalidData => Refusal::NoPicture,
        _ => Refusal::Unsupported,
    })
}

/// The index of the sound stream; `None` when the plan wants no sound or the file has none.
pub(super) fn sound_stream(input: &Input, task: &Task) -> Option<usize> {
    let wanted = task.plan.sound == Sound::On;
    wanted.then(|| input.streams().best(media::Type::Audio).map(|stream| stream.index())).flatten()
}

/// Opens the decoder of a sound stream; `None` when that fails, because the pictures are useful without it.
pub(super) fn sound_decoder(input: &Input, index: usize) -> Option<codec::decoder::Audio> {
    let stream = input.stream(index)?;
    let context = codec::Context::from_parameters(stream.parameters()).ok()?;
    let codec = codec::decoder::find(context.id())?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let mut options = Dictionary::new();
    options.set("codec_whitelist", CODECS);
    decoder.open_as_with(codec, options).and_then(|opened| opened.audio()).ok()
}

/// Makes the demuxer skip all streams but the wanted ones.
#[expect(unsafe_code, reason = "ffmpeg_next has no setter for AVStream.discard")]
pub(super) fn discard_others(input: &mut Input, wanted: &[usize]) {
    for mut stream in input.streams_mut() {
        if !wanted.contains(&stream.index()) {
            // SAFETY: the stream belongs to `input`, which is borrowed mutably, and `discard` is a plain enum that the
            // caller may set at any time.
            unsafe { (*stream.as_mut_ptr()).discard = ffmpeg::ffi::AVDiscard::AVDISCARD_ALL };
        }
    }
}

/// The size of a picture before its decoder is opened.
trait Size {
    /// Width × height as the container states them, pixels; 0 when it does not.
    fn width_and_height_product(&self) -> u64;
}

impl Size for codec::decoder::Decoder {
    #[expect(unsafe_code, reason = "an unopened decoder's size has no getter")]
    fn width_and_height_product(&self) -> u64 {
        // SAFETY: the pointer is that of a live AVCodecContext owned by `self`; both fields are plain integers.
        let (width, height) = unsafe { ((*self.as_ptr()).width, (*self.as_ptr()).height) };
        u64::try_from(i64::from(width) * i64::from(height)).unwrap_or(0)
    }
}
