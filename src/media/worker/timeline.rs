//! Converts the time stamps of a file to times that start at 0 and rise.
//!
//! Stamps in files are missing, repeat, run backwards, start anywhere, and jump by hours where recordings were joined.
//! A stamp is believed when it lies ahead of the last one, by at most ten seconds or within the stated duration. A
//! frame with any other stamp counts as the next frame, and all later stamps are shifted accordingly.

/// A longer gap is believed only within the stated duration, seconds. Tuned.
const GAP_MAX_S: f64 = 10.0;
/// A stamp behind the last one by less than this is a repetition, not a new start, seconds. Tuned.
const REPEAT_MAX_S: f64 = 0.5;
/// A repeated stamp is moved behind the last one by this, seconds.
const STEP_MIN_S: f64 = 0.001;

/// Converts the stamps of frames, in display order, to seconds from the first frame.
pub(super) struct Timeline {
    /// Seconds of one tick.
    tick_s: f64,
    /// Usual interval of frames, seconds.
    interval_s: f64,
    /// Stated duration of the stream, seconds.
    stated_s: f64,
    origin: Option<i64>,
    /// Added to all later times because of jumps.
    shift_s: f64,
    last_s: Option<f64>,
    /// Duration of the last frame, seconds.
    shown_s: f64,
    broken: bool,
}

impl Timeline {
    /// `stated_s` is 0 when the file states no duration.
    pub fn new(tick_s: f64, interval_s: f64, stated_s: f64) -> Self {
        Timeline {
            tick_s,
            interval_s,
            stated_s,
            origin: None,
            shift_s: 0.0,
            last_s: None,
            shown_s: interval_s,
            broken: false,
        }
    }

    /// The time of the next frame, later than that of the frame before, seconds. `length` is the frame's stated
    /// duration in ticks, 0 when it states none.
    pub fn place(&mut self, stamp: Option<i64>, length: i64) -> f64 {
        let next_s = self.last_s.map_or(0.0, |last| last + self.interval_s);
        let length_s = length as f64 * self.tick_s;
        let is_sane = length_s > 0.0 && length_s <= GAP_MAX_S;
        self.shown_s = if is_sane { length_s } else { self.interval_s };
        let time_s = match (stamp, self.origin) {
            (None, _) => next_s,
            (Some(stamp), None) => {
                self.origin = Some(stamp);
                self.shift_s = next_s;
                next_s
            }
            (Some(stamp), Some(origin)) => {
                let raw_s = stamp.saturating_sub(origin) as f64 * self.tick_s + self.shift_s;
                self.believe(raw_s, next_s)
            }
        };
        self.last_s = Some(time_s);
        time_s
    }

    fn believe(&mut self, raw_s: f64, next_s: f64) -> f64 {
        let last_s = next_s - self.interval_s;
        let ahead = raw_s - last_s;
        if ahead > 0.0 && (ahead <= GAP_MAX_S || raw_s <= self.stated_s + 1.0) {
            return raw_s;
        }
        if ahead <= 0.0 && ahead > -REPEAT_MAX_S {
            return last_s + STEP_MIN_S;
        }
        self.broken = true;
        self.shift_s += next_s - raw_s;
        next_s
    }

    /// The time of a packet's stamp, seconds; `None` before the first frame or after a broken stamp.
    pub fn locate(&self, stamp: i64) -> Option<f64> {
        let origin = self.origin.filter(|_| !self.broken)?;
        Some(stamp.saturating_sub(origin) as f64 * self.tick_s + self.shift_s)
    }

    /// The stamp of the first frame on the file's own clock, seconds.
    pub fn origin_s(&self) -> Option<f64> {
        self.origin.map(|origin| origin as f64 * self.tick_s)
    }

    /// The end of the last frame, seconds.
    pub fn end_s(&self) -> f64 {
        self.last_s.map_or(0.0, |last| last + self.shown_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(stamps: &[Option<i64>], stated_s: f64) -> Vec<f64> {
        let mut timeline = Timeline::new(0.1, 0.2, stated_s);
        stamps.iter().map(|&stamp| (timeline.place(stamp, 0) * 1e6).round() / 1e6).collect()
    }

    #[test]
    fn sane_stamps_are_kept_from_the_first_on() {
        assert_eq!(times(&[Some(-4), Some(-2), Some(1), Some(60)], 0.0), [0.0, 0.2, 0.5, 6.4]);
    }

    #[test]
    fn missing_repeated_and_backward_stamps_still_rise() {
        assert_eq!(times(&[None, None, Some(50), Some(52)], 0.0), [0.0, 0.2, 0.4, 0.6]);
        assert_eq!(
            times(&[Some(0), Some(2), Some(2), Some(1), Some(4)], 0.0),
            [0.0, 0.2, 0.201, 0.202, 0.4]
        );
        assert_eq!(times(&[Some(900), Some(902), Some(0), Some(2)], 0.0), [0.0, 0.2, 0.4, 0.6]);
    }

    #[test]
    fn a_jump_ahead_counts_only_within_the_stated_length() {
        assert_eq!(times(&[Some(0), Some(5000), Some(5002)], 0.0), [0.0, 0.2, 0.4]);
        assert_eq!(times(&[Some(0), Some(5000)], 600.0), [0.0, 500.0]);
        let wild = times(&[Some(i64::MIN + 1), Some(i64::MAX), Some(0)], 0.0);
        assert!(wild.is_sorted() && wild[2] < 1.0, "{wild:?}");
    }
}
