//! Intervals of time, typed by the video on whose clock they are read.
//!
//! A match relates two videos, and a second of the one is not a second of the other. [`UploadSpan`] and
//! [`DeletedSpan`] cannot be mixed up: only a time map turns one into the other.

use std::marker::PhantomData;

use serde::Serialize;

/// Marks times and places in the upload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InUpload {}

/// Marks times and places in the deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InDeleted {}

/// An interval of time in one video, seconds from its first frame; `V` is [`InUpload`] or [`InDeleted`].
///
/// `start_s ≤ end_s`, but for the deleted side of a match that plays backwards: the deleted video's later moment is
/// shown first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span<V> {
    pub start_s: f64,
    pub end_s: f64,
    #[serde(skip)]
    video: PhantomData<V>,
}

/// An interval of the upload's time.
pub type UploadSpan = Span<InUpload>;
/// An interval of the deleted video's time.
pub type DeletedSpan = Span<InDeleted>;

impl<V> Span<V> {
    /// From `start_s` to `end_s`, seconds.
    pub const fn new(start_s: f64, end_s: f64) -> Self {
        Span { start_s, end_s, video: PhantomData }
    }

    /// The same interval with `start_s ≤ end_s`.
    pub fn ascending(&self) -> Self {
        Span::new(self.start_s.min(self.end_s), self.start_s.max(self.end_s))
    }

    /// Length in seconds; negative when it runs backwards.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }

    /// The moment halfway, seconds.
    pub fn middle_s(&self) -> f64 {
        (self.start_s + self.end_s) / 2.0
    }

    /// Whether a moment lies within an ascending interval, its ends included.
    pub fn contains_s(&self, moment_s: f64) -> bool {
        moment_s >= self.start_s && moment_s <= self.end_s
    }

    /// Seconds that two ascending intervals have in common.
    pub fn overlap_s(&self, other: &Self) -> f64 {
        (self.end_s.min(other.end_s) - self.start_s.max(other.start_s)).max(0.0)
    }

    /// This interval with `pad_s` seconds more at either end.
    pub fn padded(&self, pad_s: f64) -> Self {
        Span::new(self.start_s - pad_s, self.end_s + pad_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_intervals_have_what_lies_in_both_in_common() {
        let span = UploadSpan::new(1.0, 4.0);
        assert_eq!(span.overlap_s(&Span::new(3.0, 9.0)), 1.0);
        assert_eq!(span.overlap_s(&Span::new(4.5, 9.0)), 0.0);
        assert_eq!((span.duration_s(), span.middle_s()), (3.0, 2.5));
        assert!(span.contains_s(4.0) && !span.contains_s(4.01));
        assert_eq!(DeletedSpan::new(9.0, 8.0).ascending(), Span::new(8.0, 9.0));
    }

    #[test]
    fn its_json_has_the_two_seconds_and_no_more() {
        let json = serde_json::to_string(&UploadSpan::new(0.5, 2.0)).unwrap();
        assert_eq!(json, r#"{"start_s":0.5,"end_s":2.0}"#);
    }
}
