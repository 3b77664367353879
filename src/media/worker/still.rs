//! Decodes still images to one frame with the `image` crate. FFmpeg's image demuxers want file names.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt;

use image::metadata::Orientation as Exif;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::cpu::Cpu;
use crate::media::Summary;
use crate::media::options::Task;
use crate::media::orient::Orientation;
use crate::media::protocol::{Record, Refusal};
use crate::media::scale::{self, Levels, Scaler};
use crate::media::worker::input::Source;
use crate::media::worker::sink::{Sink, Stop};
use crate::model::Frame;

/// The image format that the first bytes announce; `None` for any other file. GIF is left to FFmpeg, because it may be
/// animated.
pub(super) fn format_of(file: &File) -> Result<Option<ImageFormat>, Stop> {
    let mut head = [0; 16];
    let length = file.read_at(&mut head, 0).map_err(|_| Refusal::Unreadable)?;
    Ok(match &head[..length] {
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        // The two reserved fields after the size are zero.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(ImageFormat::Bmp),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(ImageFormat::Tiff),
        _ => None,
    })
}

/// Decodes the image and sends it as one frame at time 0.
pub(super) fn decode(
    file: &File,
    format: ImageFormat,
    task: &Task,
    sink: &mut Sink,
) -> Result<Summary, Stop> {
    let (image, orientation) = read(file, format, task).map_err(Stop::Refused)?;
    let grey = image.into_luma8();
    let (width, height) = orientation.shown(grey.width(), grey.height());
    let shown = scale::fit(u64::from(width), u64::from(height), task.plan.long_side);
    let target = orientation.shown(shown.0, shown.1);
    let cpu = Cpu::at_most(task.cpu_max);
    let mut scaler = Scaler::new(grey.dimensions(), target, cpu).ok_or(Refusal::Pixels)?;
    let row_bytes = grey.width() as usize;
    let levels = Levels { bits: 8, padding: 0, limited: false };
    let luma = scaler.run(|y| &grey.as_raw()[y as usize * row_bytes..][..row_bytes], levels);
    if task.frames_max == 0 {
        return Err(Refusal::Frames.into());
    }
    sink.send(&Record::Frame(Frame { time_s: 0.0, luma: orientation.apply(luma) }))?;
    Ok(Summary {
        duration_s: 0.0,
        width,
        height,
        frames_decoded: 1,
        frames_sent: 1,
        damage: None,
        still: true,
        intra_interval_s: 0.0,
    })
}

fn read(
    file: &File,
    format: ImageFormat,
    task: &Task,
) -> Result<(DynamicImage, Orientation), Refusal> {
    let source = Source::new(file).map_err(|_| Refusal::Unreadable)?;
    let mut reader = ImageReader::with_format(BufReader::new(source), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(task.memory_bytes_max / 2);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|cause| refusal(&cause))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > task.pixels_max {
        return Err(Refusal::Pixels);
    }
    let orientation = decoder.orientation().map_or(Orientation::default(), from_exif);
    let image = DynamicImage::from_decoder(decoder).map_err(|cause| refusal(&cause))?;
    Ok((image, orientation))
}

fn refusal(cause: &ImageError) -> Refusal {
    match cause {
        ImageError::Limits(_) => Refusal::Memory,
        ImageError::Unsupported(_) => Refusal::Unsupported,
        _ => Refusal::NoPicture,
    }
}

fn from_exif(exif: Exif) -> Orientation {
    let (transpose, flip_x, flip_y) = match exif {
        Exif::NoTransforms => (false, false, false),
        Exif::FlipHorizontal => (false, true, false),
        Exif::Rotate180 => (false, true, true),
        Exif::FlipVertical => (false, false, true),
        Exif::Rotate90FlipH => (true, false, false),
        Exif::Rotate90 => (true, true, false),
        Exif::Rotate270FlipH => (true, true, true),
        Exif::Rotate270 => (true, false, true),
    };
    Orientation { transpose, flip_x, flip_y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Luma;

    #[test]
    fn orientations_agree_with_the_image_crate() {
        let pixels = vec![1, 2, 3, 4, 5, 6];
        for exif in (1..=8).filter_map(Exif::from_exif) {
            let buffer = image::GrayImage::from_raw(3, 2, pixels.clone()).unwrap();
            let mut theirs = DynamicImage::ImageLuma8(buffer);
            theirs.apply_orientation(exif);
            let ours = from_exif(exif).apply(Luma::new(3, 2, pixels.clone()));
            assert_eq!((ours.width, ours.height), (theirs.width(), theirs.height()), "{exif:?}");
            assert_eq!(ours.pixels, theirs.into_luma8().into_raw(), "{exif:?}");
        }
    }
}
