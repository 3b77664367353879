//! Measures the cost of a check, a fast check and a new tombstone relative to a plain decode, on 30 s of 720p and
//! 1080p.
//!
//!     cargo bench --bench speed -- [--clips DIR] [--rounds 3] [--small]
//!
//! The `ffmpeg` command cuts each input together from the six largest clips in DIR (default `samples`): 30 frames a
//! second, x264 medium, a GOP of 60, with and without B frames. Tombstones are made of the other scenes in `samples`,
//! so that the inputs match none: a suspicious file would be decoded a second time. Times are CPU seconds, user and
//! system, of the process and its children; each command takes turns with `ffmpeg -threads 1 -i F -an -f null -`, and
//! the least of the rounds counts. Memory is the peak of parent plus worker, with mapped pages. `--small` leaves out
//! 1080p.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use cenotaph::fingerprint::{Detector, Directions, Hasher, Pick, Secret, UploadBuilder};
use cenotaph::media;
use cenotaph::model::Frame;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cenotaph");
/// Clips in an input.
const PARTS: usize = 6;
/// Seconds of each clip.
const PART_S: u32 = 5;
/// Interval at which memory is sampled.
const SAMPLE_EVERY: Duration = Duration::from_millis(5);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clips = clips(&value("--clips").map_or(root.join("samples"), PathBuf::from));
    let rounds: usize = value("--rounds").map_or(3, |n| n.parse().expect("a number of rounds"));
    let sizes: &[(u32, u32)] = if arguments.iter().any(|a| a == "--small") {
        &[(1280, 720)]
    } else {
        &[(1280, 720), (1920, 1080)]
    };

    let work = tempfile::tempdir().unwrap();
    let bench = Bench { work: work.path().to_path_buf() };
    let inside = &clips[..PARTS.min(clips.len() - 1)];
    let name = |path: &PathBuf| path.file_name().map(std::ffi::OsStr::to_owned);
    let drawn = self::clips(&root.join("samples"));
    let stones: Vec<&str> = drawn
        .iter()
        .filter(|path| inside.iter().all(|inside| name(inside) != name(path)))
        .map(|path| path.to_str().unwrap())
        .collect();
    bench.cenotaph("data", &[&["tombstone", "add"], &stones[..]].concat()).wait_for();

    println!("{}; {} tombstones; least of {rounds} rounds", machine(), stones.len());
    println!();
    println!(
        "{:18} {:15} {:>7} {:>8} {:>6} {:>7} {:>7}",
        "file", "command", "CPU s", "/ffmpeg", "limit", "×real", "MB"
    );
    let mut files = Vec::new();
    for (width, height) in sizes {
        for (b_frames, name) in [("3", "B frames"), ("0", "no B frames")] {
            let file = bench.work.join(format!("{height}-{b_frames}.mp4"));
            make(inside, (*width, *height), b_frames, &file);
            bench.table(&format!("{height}p, {name}"), &file, b_frames, rounds);
            files.push(file);
        }
    }
    println!();
    bench.side_by_side(&files[0]);
    keypoints(&files[0]);
}

/// The clips of a folder, largest first.
fn clips(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let videos = ["mp4", "mov", "mkv", "webm"];
    let mut found: Vec<(u64, PathBuf)> = entries
        .map(|entry| entry.unwrap())
        .filter(|e| e.path().extension().is_some_and(|x| videos.iter().any(|v| x == *v)))
        .map(|entry| (entry.metadata().unwrap().len(), entry.path()))
        .collect();
    found.sort();
    assert!(found.len() > 1, "{} has too few clips", folder.display());
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// Cuts the clips together; repeats a clip that is short.
fn make(clips: &[PathBuf], (width, height): (u32, u32), b_frames: &str, to: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    let mut filter = String::new();
    for (i, clip) in clips.iter().enumerate() {
        command.args(["-stream_loop", "-1", "-i"]).arg(clip);
        filter += &format!(
            "[{i}:v]fps=30,scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},setsar=1,\
             format=yuv420p,trim=duration={PART_S},setpts=PTS-STARTPTS[p{i}];"
        );
    }
    let parts: String = (0..clips.len()).map(|i| format!("[p{i}]")).collect();
    filter += &format!("{parts}concat=n={}[v]", clips.len());
    command.args([
        "-filter_complex",
        &filter,
        "-map",
        "[v]",
        "-c:v",
        "libx264",
        "-preset",
        "medium",
    ]);
    command.args(["-g", "60", "-bf", b_frames, "-r", "30"]).arg(to);
    assert!(command.status().expect("the ffmpeg command").success(), "ffmpeg failed");
}

struct Bench {
    work: PathBuf,
}

impl Bench {
    fn cenotaph(&self, data: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new(PROGRAM);
        command.env("CENOTAPH_KEYS", self.work.join("keys"));
        command.arg("--data").arg(self.work.join(data)).args(arguments);
        Running::start(command)
    }

    /// Prints the costs of four commands on one file, which take turns.
    fn table(&self, name: &str, file: &Path, b_frames: &str, rounds: usize) {
        let path = file.to_str().unwrap();
        let seconds = f64::from(PART_S) * PARTS as f64;
        let (mut decode, mut thorough, mut fast, mut add) =
            (Cost::MOST, Cost::MOST, Cost::MOST, Cost::MOST);
        for _ in 0..rounds {
            let mut command = Command::new("ffmpeg");
            command.args([
                "-v", "error", "-nostdin", "-threads", "1", "-i", path, "-an", "-f", "null", "-",
            ]);
            decode = decode.least(Running::start(command).wait_for());
            thorough = thorough.least(self.cenotaph("data", &["check", path]).wait_for());
            fast =
                fast.least(self.cenotaph("data", &["check", "--effort", "fast", path]).wait_for());
            let fresh = self.work.join("fresh");
            if fresh.exists() {
                fs::remove_dir_all(&fresh).unwrap();
            }
            add = add.least(self.cenotaph("fresh", &["tombstone", "add", path]).wait_for());
        }
        let rows = [
            ("ffmpeg, decode", &decode, 1.0),
            ("check", &thorough, if b_frames == "0" { 1.0 } else { 0.75 }),
            ("check, fast", &fast, 0.15),
            ("tombstone add", &add, 1.15),
        ];
        for (command, cost, limit) in rows {
            let ratio = cost.cpu_s / decode.cpu_s;
            let (real, megabytes) = (seconds / cost.cpu_s, cost.kilobytes as f64 / 1024.0);
            println!(
                "{name:18} {command:15} {:7.3} {ratio:8.3} {limit:6.2} {real:7.1} {megabytes:7.0}",
                cost.cpu_s
            );
        }
    }

    /// Prints how busy two files at a time keep the cores.
    fn side_by_side(&self, file: &Path) {
        let folder = self.work.join("pair");
        fs::create_dir_all(&folder).unwrap();
        let copies = ["a.mp4", "b.mp4"].map(|name| folder.join(name));
        copies.iter().for_each(|copy| _ = fs::copy(file, copy).unwrap());
        let (one, two) = (copies[0].to_str().unwrap(), copies[1].to_str().unwrap());
        let output = self.work.join("scan.jsonl");
        let begun = Instant::now();
        let cost = self
            .cenotaph("data", &["scan", one, two, "--output", output.to_str().unwrap()])
            .wait_for();
        let wall_s = begun.elapsed().as_secs_f64();
        let cores = thread::available_parallelism().unwrap().get();
        println!(
            "scan of two files: {:.2} s of CPU in {wall_s:.2} s: {:.2} of {cores} cores busy",
            cost.cpu_s,
            cost.cpu_s / wall_s
        );
    }
}

/// The cost of a command and its children.
#[derive(Clone, Copy)]
struct Cost {
    cpu_s: f64,
    kilobytes: u64,
}

impl Cost {
    const MOST: Cost = Cost { cpu_s: f64::INFINITY, kilobytes: 0 };

    /// The lower time and the higher memory.
    fn least(self, other: Cost) -> Cost {
        Cost { cpu_s: self.cpu_s.min(other.cpu_s), kilobytes: self.kilobytes.max(other.kilobytes) }
    }
}

struct Running {
    child: Child,
    before_s: f64,
}

impl Running {
    fn start(mut command: Command) -> Running {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let before_s = cpu_s(libc::RUSAGE_CHILDREN);
        Running { child: command.spawn().expect("the program starts"), before_s }
    }

    /// Waits for the end. Only one command may run at a time: the system keeps one account of all children.
    fn wait_for(mut self) -> Cost {
        let mut kilobytes = 0;
        let status = loop {
            kilobytes = kilobytes.max(resident(self.child.id()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(SAMPLE_EVERY);
        };
        let code = status.code().expect("an exit code");
        assert!([0, 10, 11].contains(&code), "exit code {code}");
        Cost { cpu_s: cpu_s(libc::RUSAGE_CHILDREN) - self.before_s, kilobytes }
    }
}

/// Resident pages of a process and its children, kB.
fn resident(id: u32) -> u64 {
    let own = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = own.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let own = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    let children = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children =
        children.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|c| c.split_whitespace().filter_map(|c| c.parse().ok()).collect::<Vec<_>>())
        .collect();
    own + children.into_iter().map(resident).sum::<u64>()
}

/// User and system time so far, seconds, of this process or of its reaped children.
#[expect(unsafe_code, reason = "getrusage has no safe wrapper in the standard library")]
fn cpu_s(who: libc::c_int) -> f64 {
    // SAFETY: an all-zero rusage is valid, and the call fills the one it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(who, &mut usage), 0);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Prints the milliseconds of one keyframe: of its keypoints alone, and of all its hashes.
fn keypoints(file: &Path) {
    let plan =
        media::Plan { sampling: media::Sampling::Every { fps: 1.0 }, ..media::Plan::thorough() };
    let options = media::Options { worker_exe: PROGRAM.into(), ..media::Options::default() };
    let mut frames: Vec<Frame> = Vec::new();
    media::decode(&fs::File::open(file).unwrap(), &plan, &options, &mut |frame| {
        frames.push(frame);
        ControlFlow::Continue(())
    })
    .unwrap();
    let hasher = Hasher::new(&Secret([7; 32]));
    let mut detector = Detector::new(hasher.cpu());
    let pick = Pick { distance_min: 0.0, cell_max: usize::MAX, directions: Directions::All };
    let (mut found, mut alone_s, mut whole_s) = (0, f64::INFINITY, f64::INFINITY);
    for _ in 0..7 {
        let begun = cpu_s(libc::RUSAGE_SELF);
        found = frames.iter().map(|f| detector.detect(&f.luma, 400, pick).len()).sum();
        alone_s = alone_s.min(cpu_s(libc::RUSAGE_SELF) - begun);
        let copies = frames.clone();
        let begun = cpu_s(libc::RUSAGE_SELF);
        let mut builder = UploadBuilder::new(&hasher);
        copies.into_iter().for_each(|frame| builder.push(frame));
        assert!(!builder.finish(30.0).keypoints.is_empty());
        whole_s = whole_s.min(cpu_s(libc::RUSAGE_SELF) - begun);
    }
    let count = frames.len() as f64;
    println!(
        "keypoints: {:.2} ms a frame of 360 px ({:.0} points each; limit 4); with four hashes each, thumb and frame \
         hashes {:.2} ms",
        alone_s * 1e3 / count,
        found as f64 / count,
        whole_s * 1e3 / count
    );
}

/// The name of the CPU and the number of its cores.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map(|(_, n)| n);
    let cores = thread::available_parallelism().map_or(0, |n| n.get());
    format!("{}, {cores} cores", name.unwrap_or("unknown CPU"))
}
