//! A decoded picture: 8-bit luma at working size, full range.

/// A grey picture, row by row without padding, 0 = black, 255 = white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Luma {
    pub width: u32,
    pub height: u32,
    /// `width * height` bytes.
    pub pixels: Vec<u8>,
}

impl Luma {
    /// # Panics
    /// If `pixels` does not have exactly `width * height` bytes: a bug in the caller.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        assert_eq!(pixels.len(), width as usize * height as usize, "luma buffer and size disagree");
        Luma { width, height, pixels }
    }

    /// The longer side, pixels: the unit of every normalised length in a fingerprint.
    pub fn long_side(&self) -> u32 {
        self.width.max(self.height)
    }

    pub fn row(&self, y: u32) -> &[u8] {
        let start = y as usize * self.width as usize;
        &self.pixels[start..start + self.width as usize]
    }
}

/// A sampled frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Seconds from the first shown frame of the video.
    pub time_s: f32,
    pub luma: Luma,
}
