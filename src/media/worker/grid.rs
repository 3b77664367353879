//! Selects the decoded frames to sample: for each grid time k / fps the nearest frame, each frame at most once.
//!
//! Frames arrive in order of time. The frame nearest to a grid time is known once the first frame at or after that time
//! has arrived. Therefore one frame is held back, and each new frame decides about the held one and about itself.

/// The decision that the arrival of a frame allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Choice {
    /// Send the frame before this one.
    pub previous: bool,
    /// Send this frame. If false, the next decision may still send it as `previous`.
    pub current: bool,
}

/// Selects frames by their times alone.
pub(super) struct Grid {
    fps: f64,
    /// Number of the first grid time without a decision.
    next: u64,
    last_s: Option<f64>,
    last_sent: bool,
}

impl Grid {
    pub fn new(fps: f32) -> Self {
        Grid { fps: f64::from(fps), next: 0, last_s: None, last_sent: false }
    }

    /// Decides about a frame at `time_s` and the one before. Times rise from call to call; the first is 0.
    pub fn arrive(&mut self, time_s: f64) -> Choice {
        let mut choice = Choice::default();
        // The slack keeps a frame on its grid time in spite of rounding.
        let reached = (time_s * self.fps + 1e-6).floor() as u64;
        if reached >= self.next {
            let first_s = self.next as f64 / self.fps;
            let last_s = reached as f64 / self.fps;
            let before_s = self.last_s.unwrap_or(f64::NEG_INFINITY);
            choice.previous = first_s - before_s <= time_s - first_s && !self.last_sent;
            choice.current = last_s - before_s > time_s - last_s;
            self.next = reached + 1;
        }
        self.last_s = Some(time_s);
        self.last_sent = choice.current;
        choice
    }

    /// Whether to send the last frame at the end of the video: a grid time lies before the end, and the last frame is
    /// nearest to it.
    pub fn finish(&self, end_s: f64) -> bool {
        let next_s = self.next as f64 / self.fps;
        self.last_s.is_some() && !self.last_sent && next_s < end_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(times: &[f64], fps: f32) -> Vec<f64> {
        let mut grid = Grid::new(fps);
        let mut sent = Vec::new();
        for (index, &time) in times.iter().enumerate() {
            let choice = grid.arrive(time);
            if choice.previous {
                sent.push(times[index - 1]);
            }
            if choice.current {
                sent.push(time);
            }
        }
        if grid.finish(times.last().unwrap() + 0.04) {
            sent.push(*times.last().unwrap());
        }
        sent
    }

    #[test]
    fn the_nearest_frame_is_sent_for_each_grid_time() {
        let times: Vec<f64> = (0..30).map(|k| f64::from(k) * 0.03).collect();
        let near: Vec<i64> =
            sampled(&times, 4.0).iter().map(|t| (t * 100.0).round() as i64).collect();
        assert_eq!(near, [0, 24, 51, 75]);
    }

    #[test]
    fn a_slow_video_sends_each_frame_once() {
        let times = [0.0, 0.9, 5.1, 5.2];
        assert_eq!(sampled(&times, 4.0), [0.0, 0.9, 5.1]);
    }

    #[test]
    fn a_grid_time_while_the_last_frame_is_shown_takes_it() {
        assert_eq!(sampled(&[0.0, 0.16, 0.22], 4.0), [0.0, 0.22]);
        assert_eq!(sampled(&[0.0, 0.04], 4.0), [0.0]);
        assert_eq!(sampled(&[0.0], 4.0), [0.0]);
    }
}
