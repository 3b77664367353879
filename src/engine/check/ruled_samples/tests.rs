//! Samples of made uploads: what is the same, and what is noticed.

use super::*;
use crate::model::{KeyId, Luma};

/// A picture that differs from every other by about half of its bits.
fn picture(number: u64) -> FrameBits {
    std::array::from_fn(|word| {
        let mut x = (number * 4 + word as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
        for shift in [30, 27, 31] {
            x = (x ^ (x >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        x
    })
}

/// An upload with a frame of this picture number at each multiple of `step_s`.
fn upload(duration_s: f32, step_s: f32, number: impl Fn(f32) -> u64) -> UploadPrint {
    let frames = (0..(duration_s / step_s) as u32).map(|at| {
        let time_s = at as f32 * step_s;
        let views = [picture(number(time_s)); 4];
        UploadFrame { time_s, views, quality: 40, thumb: Luma::new(1, 1, vec![0]) }
    });
    let frames = frames.collect();
    UploadPrint { duration_s, frames, ..UploadPrint::empty(KeyId([0; 8])) }
}

/// A picture a second, as a video shows it.
fn plain(at_s: f32) -> u64 {
    at_s as u64
}

const SPANS: [UploadSpan; 2] = [UploadSpan::new(4.0, 6.5), UploadSpan::new(20.0, 21.0)];

/// A ruling on an upload of this length.
fn ruled_on(duration_s: f32) -> RuledSamples {
    let samples = RuledSamples::of(&upload(duration_s, 0.25, plain), [SPANS.to_vec()].into_iter());
    samples.within(&SPANS).unwrap()
}

fn ruled() -> RuledSamples {
    ruled_on(60.0)
}

#[test]
fn another_encoding_is_the_same_and_survives_its_bytes() {
    let ruled = ruled();
    assert_eq!(RuledSamples::from_bytes(&ruled.to_bytes()), Some(ruled.clone()));
    let mut other = upload(60.2, 0.24, plain);
    other.frames.iter_mut().for_each(|frame| frame.views[0][0] ^= 0xff);
    assert!(ruled.same_in(&other, &SPANS));
    assert!(!ruled.same_in(&upload(62.0, 0.25, plain), &SPANS), "it is longer");
    assert_eq!(RuledSamples::from_bytes(&ruled.to_bytes()[..50]), None);
    assert_eq!(RuledSamples::from_bytes(&[]), None);
}

#[test]
fn half_a_second_of_something_else_is_noticed_anywhere_and_in_a_long_upload_within_the_spans() {
    for (at_s, same) in [(4.0, false), (5.2, false), (7.0, false), (20.5, false), (30.0, true)] {
        let with = |s: f32| if (at_s..at_s + 0.5).contains(&s) { 999 } else { plain(s) };
        assert!(!ruled().same_in(&upload(60.0, 0.25, with), &SPANS), "{at_s}");
        let long = ruled_on(400.0).same_in(&upload(400.0, 0.25, with), &SPANS);
        assert_eq!(long, same, "{at_s}");
    }
}

#[test]
fn a_second_that_was_cut_out_or_added_is_noticed() {
    let without = |s: f32| plain(if s >= 30.0 { s + 1.0 } else { s });
    assert!(!ruled().same_in(&upload(59.0, 0.25, without), &SPANS));
    let again = |s: f32| plain(if s >= 30.0 { s - 1.0 } else { s });
    assert!(!ruled().same_in(&upload(60.0, 0.25, again), &SPANS));
}

#[test]
fn a_frame_without_contrast_hides_nothing() {
    let mut dark = upload(60.0, 0.25, |s| if (5.0..5.5).contains(&s) { 999 } else { plain(s) });
    let shown = dark.frames.iter_mut().filter(|frame| (5.0..5.5).contains(&frame.time_s));
    shown.for_each(|frame| frame.quality = 2);
    assert!(ruled().same_in(&dark, &SPANS));
    dark.frames.iter_mut().for_each(|frame| frame.quality = 2);
    assert!(!ruled().same_in(&dark, &SPANS), "nothing is left to compare");
}

#[test]
fn sparse_samples_say_nothing_whichever_upload_has_them() {
    assert!(ruled().same_in(&upload(60.0, 0.5, plain), &SPANS));
    assert!(!ruled().same_in(&upload(60.0, 1.0, plain), &SPANS), "something may lie between");
    let sparse = RuledSamples::of(&upload(60.0, 1.0, plain), [SPANS.to_vec()].into_iter());
    assert_eq!(sparse.within(&SPANS), None);
    let mut gap = upload(60.0, 0.25, plain);
    gap.frames.retain(|frame| !(4.9..5.4).contains(&frame.time_s));
    assert!(!ruled().same_in(&gap, &SPANS), "frames that were left out of the sample");
}

#[test]
fn spans_of_more_than_five_minutes_are_not_sampled() {
    let long = [UploadSpan::new(0.0, 301.0)];
    let print = upload(400.0, 0.25, plain);
    let samples = RuledSamples::of(&print, [long.to_vec(), SPANS.to_vec()].into_iter());
    assert_eq!(samples.within(&long), None);
    assert!(samples.within(&SPANS).is_some(), "the shorter match is");
    let just = [UploadSpan::new(0.0, 300.0)];
    let samples = RuledSamples::of(&print, [just.to_vec()].into_iter()).within(&just).unwrap();
    assert!(samples.to_bytes().len() < 44_000, "{}", samples.to_bytes().len());
}

#[test]
fn a_still_picture_needs_one_frame_and_a_video_three_with_contrast() {
    let spans = [UploadSpan::new(0.0, 0.0)];
    let mut still = upload(0.25, 0.25, plain);
    still.duration_s = 0.0;
    let samples = RuledSamples::of(&still, [spans.to_vec()].into_iter()).within(&spans).unwrap();
    assert!(samples.same_in(&still, &spans));
    let mut flat = upload(60.0, 0.25, plain);
    flat.frames.iter_mut().skip(2).for_each(|frame| frame.quality = 0);
    assert_eq!(RuledSamples::of(&flat, [SPANS.to_vec()].into_iter()).within(&SPANS), None);
}
