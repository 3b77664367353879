//! Selects the calmest frame of each window of time: the one that differs least from its neighbours, so that a
//! re-upload sampled at another phase shows nearly the same.

use crate::fingerprint::thumbs::{Thumb, Thumbs, motion, thumb_of};
use crate::model::Frame;

/// Takes frames in order of time and returns the calmest of each window.
#[derive(Debug)]
pub struct Calm {
    window_s: f32,
    pub thumbs: Thumbs,
    /// The last frame, whose motion to the next one is not known yet.
    pending: Option<Pending>,
    /// The calmest frame of the current window so far, and its motion.
    best: Option<(f32, Frame)>,
}

#[derive(Debug)]
struct Pending {
    frame: Frame,
    thumb: Thumb,
    /// Number of its window.
    window: u32,
    /// Motion from the frame before, grey levels; `None` for the first frame.
    before: Option<f32>,
}

impl Calm {
    /// Windows of `window_s` seconds, the first of which starts at time 0.
    pub fn new(window_s: f32) -> Self {
        Calm { window_s, thumbs: Thumbs::default(), pending: None, best: None }
    }

    /// Takes the next frame; returns the keyframe of the window that this frame closes, if it closes one.
    pub fn push(&mut self, frame: Frame) -> Option<Frame> {
        let thumb = thumb_of(&frame);
        let window = (frame.time_s / self.window_s).max(0.0) as u32;
        let before = self.pending.as_ref().map(|p| motion(&p.thumb.luma, &thumb.luma));
        let closed = self.settle(before, Some(window));
        self.pending = Some(Pending { frame, thumb, window, before });
        closed
    }

    /// The keyframe of the last window.
    pub fn finish(&mut self) -> Option<Frame> {
        self.settle(None, None)
    }

    /// Lets the pending frame compete for its window, now that its motion on both sides is known. Returns the winner
    /// when the next frame lies in another window.
    fn settle(&mut self, after: Option<f32>, next_window: Option<u32>) -> Option<Frame> {
        let Pending { frame, thumb, window, before } = self.pending.take()?;
        // At either end of the video, the one side counts for both.
        let motion = match (before, after) {
            (Some(a), Some(b)) => a + b,
            (Some(one), None) | (None, Some(one)) => 2.0 * one,
            (None, None) => 0.0,
        };
        self.thumbs.push(thumb);
        if self.best.as_ref().is_none_or(|(least, _)| motion < *least) {
            self.best = Some((motion, frame));
        }
        if next_window == Some(window) { None } else { self.best.take().map(|(_, f)| f) }
    }
}
