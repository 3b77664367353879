//! Converts a decoded picture of any pixel format to luma at working size.
//!
//! Planar YUV and grey of 8 to 16 bits are read in place. swscale first converts any other format (RGB, palettes,
//! packed YUV, big endian) to full-range grey.

use std::slice;

use ffmpeg_next::ffi;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use crate::cpu::Cpu;
use crate::media::options::Task;
use crate::media::orient::Orientation;
use crate::media::protocol::Refusal;
use crate::media::scale::{self, Levels, Scaler};
use crate::model::Luma;

/// Sample aspect ratios above this, or below its inverse, count as damage and are ignored.
const ASPECT_MAX: u64 = 16;

/// Converts pictures to luma. Keeps its tables between pictures and rebuilds them when the size changes.
pub(super) struct LumaConverter {
    orientation: Orientation,
    long_side: u32,
    pixels_max: u64,
    cpu: Cpu,
    scaler: Option<Scaler>,
    to_grey: Option<(scaling::Context, Video)>,
}

impl LumaConverter {
    pub fn new(orientation: Orientation, task: &Task) -> Self {
        LumaConverter {
            orientation,
            long_side: task.plan.long_side,
            pixels_max: task.pixels_max,
            cpu: Cpu::at_most(task.cpu_max),
            scaler: None,
            to_grey: None,
        }
    }

    /// Width and height at which a player shows the picture, source pixels.
    pub fn shown_size(&self, frame: &Video) -> (u64, u64) {
        let (width, height) = displayed(frame);
        if self.orientation.transpose { (height, width) } else { (width, height) }
    }

    /// The picture as a player shows it, at working size. `None` when it cannot be read, so that the caller skips the
    /// frame as damaged.
    pub fn luma(&mut self, frame: &Video) -> Result<Option<Luma>, Refusal> {
        let source = (frame.width(), frame.height());
        if u64::from(source.0) * u64::from(source.1) > self.pixels_max {
            return Err(Refusal::Pixels);
        }
        let (shown_width, shown_height) = self.shown_size(frame);
        let shown = scale::fit(shown_width, shown_height, self.long_side);
        let target = self.orientation.shown(shown.0, shown.1);
        let mut scaler = match self.scaler.take().filter(|scaler| scaler.fits(source, target)) {
            Some(scaler) => scaler,
            None => match Scaler::new(source, target, self.cpu) {
                Some(scaler) => scaler,
                None => return Ok(None),
            },
        };
        let luma = match levels(frame) {
            Some(levels) => scaled(&mut scaler, frame, levels),
            None => self.convert(frame).and_then(|grey| {
                scaled(&mut scaler, grey, Levels { bits: 8, padding: 0, limited: false })
            }),
        };
        self.scaler = Some(scaler);
        Ok(luma.map(|luma| self.orientation.apply(luma)))
    }

    fn convert(&mut self, frame: &Video) -> Option<&Video> {
        let definition = |context: &scaling::Context| *context.input();
        let same = self.to_grey.as_ref().is_some_and(|(context, _)| {
            let input = definition(context);
            input.format == frame.format()
                && (input.width, input.height) == (frame.width(), frame.height())
        });
        if !same {
            let (width, height) = (frame.width(), frame.height());
            // Without these two flags, the result would depend on the CPU.
            let flags = scaling::Flags::ACCURATE_RND | scaling::Flags::BITEXACT;
            let flags = flags | scaling::Flags::POINT;
            let context = scaling::Context::get(
                frame.format(),
                width,
                height,
                Pixel::GRAY8,
                width,
                height,
                flags,
            );
            self.to_grey = Some((context.ok()?, Video::empty()));
        }
        let (context, grey) = self.to_grey.as_mut()?;
        context.run(frame, grey).ok()?;
        Some(grey)
    }
}

/// Width and height with the sample aspect ratio applied, never smaller than the stored ones.
fn displayed(frame: &Video) -> (u64, u64) {
    let (width, height) = (u64::from(frame.width()), u64::from(frame.height()));
    let ratio = frame.aspect_ratio();
    let num = u64::try_from(ratio.numerator()).unwrap_or(0);
    let den = u64::try_from(ratio.denominator()).unwrap_or(0);
    if num == 0 || den == 0 || num > den * ASPECT_MAX || den > num * ASPECT_MAX {
        (width, height)
    } else if num >= den {
        ((width * num + den / 2) / den, height)
    } else {
        (width, (height * den + num / 2) / num)
    }
}

/// How to read the first plane in place; `None` when the picture has to be converted first.
#[expect(unsafe_code, reason = "pixel format descriptors and colour range have no full wrapper")]
fn levels(frame: &Video) -> Option<Levels> {
    // SAFETY: the descriptor is static data of libavutil, or null for an unknown format; the frame is live.
    let (descriptor, range) = unsafe {
        let descriptor = ffi::av_pix_fmt_desc_get(frame.format().into()).as_ref()?;
        (descriptor, (*frame.as_ptr()).color_range)
    };
    let unfit = [
        ffi::AV_PIX_FMT_FLAG_RGB,
        ffi::AV_PIX_FMT_FLAG_PAL,
        ffi::AV_PIX_FMT_FLAG_BITSTREAM,
        ffi::AV_PIX_FMT_FLAG_HWACCEL,
        ffi::AV_PIX_FMT_FLAG_BE,
        ffi::AV_PIX_FMT_FLAG_BAYER,
        ffi::AV_PIX_FMT_FLAG_FLOAT,
    ];
    let has = |flag| descriptor.flags & u64::try_from(flag).unwrap_or(0) != 0;
    let luma = descriptor.comp[0];
    let depth = u32::try_from(luma.depth).ok()?;
    let shift = u32::try_from(luma.shift).ok()?;
    let bytes = u32::try_from(luma.step).ok()?;
    let packed = bytes > 2 || luma.plane != 0 || luma.offset != 0;
    if unfit.into_iter().any(has) || packed || depth + shift > 8 * bytes || depth < 8 {
        return None;
    }
    // YUYV has one byte of luma in a step of two.
    if bytes == 2 && depth == 8 {
        return None;
    }
    let grey = descriptor.nb_components < 3;
    let full = range == ffi::AVColorRange::AVCOL_RANGE_JPEG
        || is_jpeg(frame.format())
        || (grey && range == ffi::AVColorRange::AVCOL_RANGE_UNSPECIFIED);
    Some(Levels { bits: depth + shift, padding: shift, limited: !full })
}

fn is_jpeg(format: Pixel) -> bool {
    let jpeg =
        [Pixel::YUVJ420P, Pixel::YUVJ422P, Pixel::YUVJ444P, Pixel::YUVJ440P, Pixel::YUVJ411P];
    jpeg.contains(&format)
}

/// Scales the first plane. `None` when its rows are not laid out as the format demands.
#[expect(unsafe_code, reason = "ffmpeg_next's plane access is undefined for bottom-up pictures")]
fn scaled(scaler: &mut Scaler, frame: &Video, levels: Levels) -> Option<Luma> {
    let width = frame.width() as usize;
    // SAFETY: the frame is live, so that its arrays may be read.
    let (data, stride) = unsafe { ((*frame.as_ptr()).data[0], (*frame.as_ptr()).linesize[0]) };
    let bytes = if levels.bits > 8 { 2 } else { 1 };
    let stride = isize::try_from(stride).ok()?;
    if data.is_null() || stride.unsigned_abs() < width * bytes {
        return None;
    }
    // `stride` is negative for a bottom-up picture; `data` then points at its last row in memory.
    let row = |y: u32| data.wrapping_offset(y as isize * stride);
    if bytes == 1 {
        // SAFETY: libavutil guarantees `height` rows at `data + y · stride`. Each has at least `width` bytes, because
        // the stride is no smaller, as checked above. The scaler reads only rows below the height. The frame outlives
        // the call and is not written to meanwhile.
        return Some(
            scaler.run(|y| unsafe { slice::from_raw_parts(row(y).cast_const(), width) }, levels),
        );
    }
    if data.addr() % 2 != 0 || stride % 2 != 0 {
        return None;
    }
    // SAFETY: as above, with two bytes a sample. Start and stride are even, so that every row is aligned.
    Some(scaler.run(
        |y| unsafe { slice::from_raw_parts(row(y).cast_const().cast::<u16>(), width) },
        levels,
    ))
}
