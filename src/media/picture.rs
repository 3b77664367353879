//! A grey picture as a JPEG, to show an upload that a browser cannot play.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::model::Luma;

/// On libjpeg's scale of 1..=100: a compromise between size and visible loss.
const QUALITY: u8 = 80;

/// Encodes a picture as a JPEG. `None` when it has no pixels, or a side of more than 65 535.
pub fn jpeg(picture: &Luma) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    let grey = ExtendedColorType::L8;
    encoder.encode(&picture.pixels, picture.width, picture.height, grey).ok()?;
    (!picture.pixels.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_encoding() {
        let grey = Luma::new(32, 16, (0..512).map(|n| (n / 2) as u8).collect());
        let bytes = jpeg(&grey).unwrap();
        let back = image::load_from_memory(&bytes).unwrap().to_luma8();
        assert_eq!(back.dimensions(), (32, 16));
        assert!(back.get_pixel(20, 8).0[0].abs_diff(grey.row(8)[20]) < 12);
        assert_eq!(jpeg(&Luma::new(0, 0, Vec::new())), None);
    }
}
