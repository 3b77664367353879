//! Cards: pictures of text on a flat ground, which are made to be shared.
//!
//! An end card or a title agrees perfectly between videos that have nothing else in common. One card is no evidence;
//! the many cards of a slide show still add up. So everything a deleted video shows while its picture is mostly flat
//! weighs a tenth.

/// Flat share of a picture up to which it counts in full, and from which it is a card. Measured on the benchmark's
/// clips: what a camera has seen reaches 0.6, end cards begin at 0.72, animations on a flat ground lie between.
const FLAT_SHARES: (f32, f32) = (0.62, 0.70);
/// Weight of a card's keypoints and frames. Tuned.
const CARD_WEIGHT: f32 = 0.1;

/// Weight, 0.1..1, of what a deleted video shows while `flat` (0..1) of its picture is flat.
pub fn weight_of_flatness(flat: f32) -> f64 {
    let (none, card) = FLAT_SHARES;
    let x = ((flat - none) / (card - none)).clamp(0.0, 1.0);
    f64::from(1.0 + x * (CARD_WEIGHT - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_picture_counts_in_full_and_a_card_a_tenth() {
        assert_eq!(weight_of_flatness(0.6), 1.0);
        assert!((weight_of_flatness(0.72) - 0.1).abs() < 1e-6);
        for step in 0..100u8 {
            let at = |n: u8| weight_of_flatness(f32::from(n) / 100.0);
            assert!(at(step + 1) <= at(step), "{step}");
        }
    }
}
