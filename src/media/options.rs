//! What to decode ([`Plan`]), within which limits ([`Options`]), and both as the worker's arguments.

use std::path::PathBuf;

use crate::cpu::{Level, ceiling};

/// Limits on one decode.
#[derive(Debug, Clone)]
pub struct Options {
    /// Wall time spent waiting for the worker, seconds. Time in the caller's `on_frame` does not count. Default 600.
    pub decode_timeout_s: f64,
    /// Longest time without a record from the worker, seconds. A working one sends a record at least once a second.
    /// Default 30.
    pub stall_timeout_s: f64,
    /// CPU time of the worker, seconds. Default 600.
    pub cpu_s_max: u64,
    /// Address space of the worker, bytes. Default 2 GiB: H.264 needs about 1.2 GB at 8K and 0.2 GB at 1080p.
    pub memory_bytes_max: u64,
    /// Pixels of one decoded frame. Default 36 000 000, which admits 8192 × 4320.
    pub pixels_max: u64,
    /// Frames passed to the caller. Default 60 000: four hours at 4 a second.
    pub frames_max: u64,
    /// Duration of the video, seconds. Default 14 400.
    pub duration_s_max: f64,
    /// How workers are started. Default [`Start::Forked`].
    pub start: Start,
    /// The binary to run as `worker_exe fork-server` or `worker_exe worker …`. Default `/proc/self/exe`, which is the
    /// running binary even after an upgrade on disk, so that versions do not mix.
    pub worker_exe: PathBuf,
    /// The highest level of CPU features that the worker may use. Every level gives the same bytes. Default the
    /// process's [`ceiling`]; lower in tests.
    pub cpu_max: Level,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            decode_timeout_s: 600.0,
            stall_timeout_s: 30.0,
            cpu_s_max: 600,
            memory_bytes_max: 2 << 30,
            pixels_max: 36_000_000,
            frames_max: 60_000,
            duration_s_max: 14_400.0,
            start: Start::Forked,
            worker_exe: PathBuf::from("/proc/self/exe"),
            cpu_max: ceiling(),
        }
    }
}

/// How a worker process is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Forked from a process that has FFmpeg's libraries loaded: saves about 40 ms of CPU time a file.
    Forked,
    /// Run as a program of its own, with a new address space layout for each file.
    Spawned,
}

/// Which frames to decode, and how exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub sampling: Sampling,
    pub loop_filter: LoopFilter,
    pub frames: Frames,
    /// Long side of the frames passed to the caller, pixels, 16..=1024. Smaller pictures are enlarged.
    pub long_side: u32,
    pub sound: Sound,
}

impl Plan {
    /// The complete pass: 4 frames a second, decoded exactly, at a long side of 360 pixels.
    pub fn thorough() -> Self {
        Plan {
            sampling: Sampling::Every { fps: 4.0 },
            loop_filter: LoopFilter::Full,
            frames: Frames::All,
            long_side: 360,
            sound: Sound::Off,
        }
    }

    /// The cheap pass: intra frames only.
    pub fn fast() -> Self {
        Plan { sampling: Sampling::IntraOnly, ..Plan::thorough() }
    }
}

/// Which decoded frames are passed to the caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// The decoded frame nearest to each time k / `fps`, each frame at most once. `fps` is in 0.01..=240.
    Every { fps: f32 },
    /// Intra frames, at most one a second. No other frame is decoded.
    IntraOnly,
}

/// Whether decoders run their loop filter, which smooths the edges of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopFilter {
    Full,
    /// A fifth cheaper with H.264 and HEVC, with slightly different pictures. Other codecs ignore it.
    Skip,
}

/// Which frames are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    All,
    /// Only frames that other frames refer to: a third cheaper with B frames, without any change to the pictures.
    Referenced,
}

/// Whether sound is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    Off,
    /// As [`SoundChunk`](crate::media::SoundChunk)s.
    On,
}

/// The worker's task: the plan, and the limits that the worker itself enforces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    pub plan: Plan,
    pub cpu_s_max: u64,
    pub memory_bytes_max: u64,
    pub pixels_max: u64,
    pub frames_max: u64,
    pub duration_s_max: f64,
    pub cpu_max: Level,
}

impl Task {
    pub fn new(plan: &Plan, options: &Options) -> Self {
        Task {
            plan: plan.clone(),
            cpu_s_max: options.cpu_s_max,
            memory_bytes_max: options.memory_bytes_max,
            pixels_max: options.pixels_max,
            frames_max: options.frames_max,
            duration_s_max: options.duration_s_max,
            cpu_max: options.cpu_max,
        }
    }

    /// The worker's arguments, `key=value`.
    pub fn to_arguments(&self) -> Vec<String> {
        let fps = match self.plan.sampling {
            Sampling::Every { fps } => fps.to_string(),
            Sampling::IntraOnly => "intra".to_owned(),
        };
        let flag = |on: bool| if on { "1" } else { "0" };
        vec![
            format!("fps={fps}"),
            format!("loop_filter={}", flag(self.plan.loop_filter == LoopFilter::Full)),
            format!("all_frames={}", flag(self.plan.frames == Frames::All)),
            format!("long_side={}", self.plan.long_side),
            format!("sound={}", flag(self.plan.sound == Sound::On)),
            format!("cpu_s={}", self.cpu_s_max),
            format!("memory_bytes={}", self.memory_bytes_max),
            format!("pixels={}", self.pixels_max),
            format!("frames={}", self.frames_max),
            format!("duration_s={}", self.duration_s_max),
            format!("cpu_max={}", self.cpu_max),
        ]
    }

    /// Parses the output of [`Task::to_arguments`]. `None` when an argument is unknown, malformed or out of range.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut task = Task::new(&Plan::thorough(), &Options::default());
        for argument in arguments {
            let (key, value) = argument.split_once('=')?;
            let number = || value.parse::<u64>().ok();
            let flag = || match value {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            };
            match key {
                "fps" if value == "intra" => task.plan.sampling = Sampling::IntraOnly,
                "fps" => task.plan.sampling = Sampling::Every { fps: value.parse().ok()? },
                "loop_filter" if flag()? => task.plan.loop_filter = LoopFilter::Full,
                "loop_filter" => task.plan.loop_filter = LoopFilter::Skip,
                "all_frames" if flag()? => task.plan.frames = Frames::All,
                "all_frames" => task.plan.frames = Frames::Referenced,
                "long_side" => task.plan.long_side = value.parse().ok()?,
                "sound" => task.plan.sound = if flag()? { Sound::On } else { Sound::Off },
                "cpu_s" => task.cpu_s_max = number()?,
                "memory_bytes" => task.memory_bytes_max = number()?,
                "pixels" => task.pixels_max = number()?,
                "frames" => task.frames_max = number()?,
                "duration_s" => task.duration_s_max = value.parse().ok()?,
                "cpu_max" => task.cpu_max = value.parse().ok()?,
                _ => return None,
            }
        }
        task.is_sound().then_some(task)
    }

    /// Whether all values lie within their documented ranges.
    pub fn is_sound(&self) -> bool {
        let fps_fits = match self.plan.sampling {
            Sampling::Every { fps } => (0.01..=240.0).contains(&fps),
            Sampling::IntraOnly => true,
        };
        fps_fits && (16..=1024).contains(&self.plan.long_side) && self.duration_s_max >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_survives_the_command_line() {
        let plan = Plan {
            sampling: Sampling::Every { fps: 0.1 },
            loop_filter: LoopFilter::Skip,
            frames: Frames::Referenced,
            long_side: 90,
            sound: Sound::On,
        };
        for plan in [plan, Plan::thorough(), Plan::fast()] {
            let options = Options { frames_max: 7, cpu_max: Level::Scalar, ..Options::default() };
            let task = Task::new(&plan, &options);
            assert_eq!(Task::from_arguments(task.to_arguments().into_iter()), Some(task));
        }
    }

    #[test]
    fn unknown_and_unsound_arguments_are_refused() {
        for bad in ["fps=0", "fps=NaN", "long_side=100000", "key=abc", "sound=2", "frames"] {
            assert_eq!(Task::from_arguments([bad.to_owned()].into_iter()), None, "{bad}");
        }
    }
}
