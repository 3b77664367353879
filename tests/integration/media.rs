//! `media::decode` on good, odd and hostile files, with real worker processes. The `ffmpeg` command makes the inputs in
//! a temporary directory.

use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cenotaph::cpu::Level;
use cenotaph::media::{
    Error, Failure, Frames, Item, Limit, LoopFilter, Options, Plan, Sampling, Sound, Start,
    Summary, Why, decode, decode_items,
};
use cenotaph::model::Frame;
use tempfile::TempDir;

const X264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];

fn options() -> Options {
    Options { worker_exe: PathBuf::from(env!("CARGO_BIN_EXE_cenotaph")), ..Options::default() }
}

/// For scripts in the worker's place; `fork_server.rs` tests forked workers likewise.
fn spawned() -> Options {
    Options { start: Start::Spawned, ..options() }
}

/// A directory for one test's inputs.
struct Inputs(TempDir);

impl Inputs {
    fn new() -> Self {
        Inputs(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    fn ffmpeg(&self, name: &str, arguments: &[&[&str]]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).current_dir(self.0.path());
        command.args(arguments.concat()).arg(&path);
        let output = command.output().expect("the ffmpeg command is needed for these tests");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        path
    }

    /// A drawn scene from lavfi with x264.
    fn scene(&self, name: &str, source: &str, more: &[&str]) -> PathBuf {
        self.ffmpeg(name, &[&["-f", "lavfi", "-i", source], X264, more])
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.write(name, format!("#!/bin/sh\n{body}\n").as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made executable");
        path
    }
}

fn run(path: &Path, plan: &Plan, options: &Options) -> (Result<Summary, Error>, Vec<Frame>) {
    let mut frames = Vec::new();
    let file = File::open(path).expect("opened");
    let outcome = decode(&file, plan, options, &mut |frame| {
        frames.push(frame);
        ControlFlow::Continue(())
    });
    (outcome, frames)
}

fn good(path: &Path) -> (Summary, Vec<Frame>) {
    let (outcome, frames) = run(path, &Plan::thorough(), &options());
    let summary = outcome.expect("decodes");
    assert_eq!(summary.frames_sent, frames.len() as u64);
    assert!(frames.iter().all(|frame| frame.luma.long_side() == 360));
    assert!(frames.is_sorted_by(|a, b| a.time_s < b.time_s), "times must rise");
    (summary, frames)
}

fn bad(path: &Path) -> Error {
    let (outcome, frames) = run(path, &Plan::thorough(), &options());
    assert!(frames.is_empty());
    outcome.expect_err("must fail")
}

fn times(frames: &[Frame]) -> Vec<f32> {
    frames.iter().map(|frame| frame.time_s).collect()
}

fn mean(frame: &Frame) -> f64 {
    let sum: u64 = frame.luma.pixels.iter().map(|&p| u64::from(p)).sum();
    sum as f64 / frame.luma.pixels.len() as f64
}

#[track_caller]
fn assert_undecodable(error: &Error, expected: Why) {
    assert!(matches!(error, Error::Undecodable { why } if *why == expected), "{error:?}");
}

#[track_caller]
fn assert_limit(error: &Error, expected: Limit) {
    assert!(matches!(error, Error::LimitReached { which } if *which == expected), "{error:?}");
}

#[test]
fn frames_lie_on_the_grid_and_the_summary_describes_the_video() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=640x360:r=20:d=3", &["-g", "20"]);
    let (summary, frames) = good(&path);
    let grid: Vec<f32> = (0..12).map(|k| k as f32 * 0.25).collect();
    assert_eq!(times(&frames), grid);
    assert_eq!((summary.width, summary.height), (640, 360));
    assert!((summary.duration_s - 3.0).abs() < 0.01, "{summary:?}");
    assert!((summary.intra_interval_s - 1.0).abs() < 0.01, "{summary:?}");
    assert_eq!((summary.frames_decoded, summary.damage, summary.still), (60, None, false));
    assert_eq!((frames[0].luma.width, frames[0].luma.height), (360, 203));
}

#[test]
fn intra_only_sends_intra_frames_and_decodes_nothing_else() {
    let inputs = Inputs::new();
    let path =
        inputs.scene("a.mp4", "testsrc2=s=320x180:r=20:d=4", &["-g", "25", "-sc_threshold", "0"]);
    let (outcome, frames) = run(&path, &Plan::fast(), &options());
    let summary = outcome.expect("decodes");
    assert_eq!(times(&frames), [0.0, 1.25, 2.5, 3.75]);
    assert_eq!(summary.frames_decoded, 4);
    assert!((summary.duration_s - 4.0).abs() < 0.01, "{summary:?}");
    assert!((summary.intra_interval_s - 1.0).abs() < 0.01, "{summary:?}");
    // In an all-intra file one frame a second is enough.
    let all_intra = inputs.scene("i.mp4", "testsrc2=s=320x180:r=20:d=3", &["-g", "1"]);
    let (outcome, frames) = run(&all_intra, &Plan::fast(), &options());
    assert_eq!(times(&frames), [0.0, 1.0, 2.0]);
    assert!((outcome.unwrap().intra_interval_s - 0.05).abs() < 0.01);
}

#[test]
fn a_cheaper_plan_decodes_less_and_shows_nearly_the_same() {
    let inputs = Inputs::new();
    let more = ["-preset", "medium", "-g", "60"];
    let path = inputs.scene("a.mp4", "testsrc2=s=640x360:r=30:d=3", &more);
    let (full, exact) = good(&path);
    let plan =
        Plan { frames: Frames::Referenced, loop_filter: LoopFilter::Skip, ..Plan::thorough() };
    let (outcome, frames) = run(&path, &plan, &options());
    let summary = outcome.expect("decodes");
    assert!(summary.frames_decoded < full.frames_decoded * 3 / 4, "{summary:?}");
    assert!(frames.len().abs_diff(exact.len()) <= 1);
    assert!((mean(&frames[4]) - mean(&exact[4])).abs() < 2.0);
}

#[test]
fn the_same_file_gives_the_same_frames_at_any_cpu_level() {
    let inputs = Inputs::new();
    for (name, source) in
        [("a.mp4", "testsrc2=s=642x358:r=10:d=1"), ("b.mp4", "testsrc2=s=102x34:r=10:d=1")]
    {
        let path = inputs.scene(name, source, &[]);
        let (_, first) = good(&path);
        let (_, second) = good(&path);
        assert_eq!(first, second);
        for cpu_max in Level::ALL {
            let (_, frames) = run(&path, &Plan::thorough(), &Options { cpu_max, ..options() });
            assert_eq!(first, frames, "{cpu_max}");
        }
    }
}

#[test]
fn one_open_file_serves_several_decodes() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=320x180:r=10:d=1", &[]);
    let file = File::open(&path).unwrap();
    let count = || {
        let mut count = 0;
        decode(&file, &Plan::thorough(), &options(), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
        count
    };
    let together = std::thread::scope(|scope| {
        let other = scope.spawn(count);
        (count(), other.join().unwrap())
    });
    assert_eq!((together, count()), ((4, 4), 4));
}

#[test]
fn range_is_normalised() {
    let inputs = Inputs::new();
    let grey = "color=c=0x808080:s=64x64:r=4:d=1,format=yuv420p";
    let (_, limited) = good(&inputs.scene("limited.mp4", grey, &[]));
    let full = ["-vf", "scale=out_range=full,format=yuvj420p", "-pix_fmt", "yuvj420p"];
    let (_, full) = good(&inputs.scene("full.mp4", grey, &full));
    assert!((mean(&limited[0]) - 128.0).abs() <= 1.0, "{}", mean(&limited[0]));
    assert!((mean(&full[0]) - 128.0).abs() <= 1.0, "{}", mean(&full[0]));
    let (_, black) = good(&inputs.scene("black.mp4", "color=c=black:s=64x64:r=4:d=1", &[]));
    assert_eq!(mean(&black[0]), 0.0);
}

#[test]
fn ten_bits_palettes_and_rgb_look_like_eight_bits() {
    let inputs = Inputs::new();
    let source = "testsrc2=s=320x180:r=4:d=1";
    let (_, plain) = good(&inputs.scene("plain.mp4", source, &["-crf", "5"]));
    let lavfi = ["-f", "lavfi", "-i", source];
    let ten: &[&str] = &[
        "-c:v",
        "libx265",
        "-pix_fmt",
        "yuv420p10le",
        "-crf",
        "5",
        "-x265-params",
        "log-level=none",
    ];
    let rgb: &[&str] = &["-c:v", "rawvideo", "-pix_fmt", "bgr24"];
    let packed: &[&str] = &["-c:v", "rawvideo", "-pix_fmt", "yuyv422"];
    for (name, codec) in
        [("ten.mp4", ten), ("a.gif", &[]), ("rgb.avi", rgb), ("packed.avi", packed)]
    {
        let (summary, frames) = good(&inputs.ffmpeg(name, &[&lavfi, codec]));
        assert_eq!(frames.len(), plain.len(), "{name}: {summary:?}");
        let pairs = frames[0].luma.pixels.iter().zip(&plain[0].luma.pixels);
        let apart: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let apart = apart as f64 / plain[0].luma.pixels.len() as f64;
        assert!(apart < 4.0, "{name} differs by {apart} on average");
    }
}

#[test]
fn rotation_metadata_turns_the_picture() {
    let inputs = Inputs::new();
    // Bright above, dark below.
    let source = "color=c=white:s=320x180:r=4:d=1,drawbox=y=90:h=90:c=black:t=fill";
    inputs.scene("upright.mp4", source, &[]);
    let turned = inputs.ffmpeg(
        "turned.mp4",
        &[&["-i", "upright.mp4", "-c", "copy", "-metadata:s:v", "rotate=90"]],
    );
    let (summary, frames) = good(&turned);
    assert_eq!((summary.width, summary.height), (180, 320));
    let luma = &frames[0].luma;
    assert_eq!((luma.width, luma.height), (203, 360));
    let (left, right) = (luma.row(180)[10], luma.row(180)[190]);
    // ffmpeg 5.1 writes rotate=90 as a quarter turn to the left, and its own player shows white on the left.
    assert!(left > 200 && right < 50, "left {left}, right {right}");
}

#[test]
fn the_sample_aspect_ratio_is_respected() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=360x288:r=4:d=1", &["-vf", "setsar=16/11"]);
    let (summary, frames) = good(&path);
    assert_eq!((summary.width, summary.height), (524, 288));
    assert_eq!((frames[0].luma.width, frames[0].luma.height), (360, 198));
}

#[test]
fn a_variable_frame_rate_keeps_its_times_and_repeats_no_frame() {
    let inputs = Inputs::new();
    let select = "select='lt(n,4)+eq(n,27)+gt(n,55)'";
    let path =
        inputs.scene("a.mp4", "testsrc2=s=320x180:r=20:d=3", &["-vf", select, "-vsync", "vfr"]);
    let (_, frames) = good(&path);
    assert_eq!(times(&frames), [0.0, 0.15, 1.35, 2.8]);
}

#[test]
fn one_frame_one_pixel_and_odd_sizes_work() {
    let inputs = Inputs::new();
    let one = inputs.scene("one.mp4", "testsrc2=s=320x180:r=25:d=1", &["-frames:v", "1"]);
    assert_eq!(good(&one).1.len(), 1);
    let lavfi = ["-f", "lavfi", "-i", "testsrc2=s=90x90:r=4:d=1", "-vf", "scale=1:90"];
    let thin = inputs.ffmpeg("thin.avi", &[&lavfi, &["-c:v", "ffv1", "-pix_fmt", "gray"]]);
    let (_, frames) = good(&thin);
    assert_eq!((frames[0].luma.width, frames[0].luma.height), (4, 360));
    let odd = ["-f", "lavfi", "-i", "testsrc2=s=444x111:r=4:d=1", "-vf", "scale=333:111"];
    let odd = inputs.ffmpeg("odd.mkv", &[&odd, &["-c:v", "ffv1", "-pix_fmt", "yuv444p"]]);
    assert_eq!(good(&odd).0.width, 333);
}

#[test]
fn a_frame_size_that_changes_is_followed() {
    let inputs = Inputs::new();
    for (name, source) in
        [("a.ts", "testsrc2=s=320x180:r=4:d=1"), ("b.ts", "testsrc2=s=180x320:r=4:d=1")]
    {
        inputs.scene(name, source, &[]);
    }
    let both = [fs::read(inputs.path("a.ts")).unwrap(), fs::read(inputs.path("b.ts")).unwrap()];
    let path = inputs.write("both.ts", &both.concat());
    let (_, frames) = good(&path);
    let widths: Vec<u32> = frames.iter().map(|frame| frame.luma.width).collect();
    assert!(widths.contains(&360) && widths.contains(&203), "{widths:?}");
}

#[test]
fn a_4k_video_and_a_wrong_extension_work() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=3840x2160:r=4:d=1", &[]);
    let renamed = inputs.path("a.txt");
    fs::rename(path, &renamed).unwrap();
    let (summary, frames) = good(&renamed);
    assert_eq!((summary.width, frames.len()), (3840, 4));
}

#[test]
fn still_images_are_one_frame() {
    let inputs = Inputs::new();
    for name in ["a.png", "a.jpg", "a.bmp", "a.tiff", "a.webp"] {
        let lavfi = ["-f", "lavfi", "-i", "testsrc2=s=320x180", "-frames:v", "1"];
        let rgb: &[&str] = if name == "a.tiff" { &["-pix_fmt", "rgb24"] } else { &[] };
        let (summary, frames) = good(&inputs.ffmpeg(name, &[&lavfi, rgb]));
        assert!(summary.still, "{name}");
        assert_eq!((summary.width, summary.duration_s, frames.len()), (320, 0.0, 1), "{name}");
        assert_eq!(frames[0].time_s, 0.0);
    }
    let torn = inputs.write("torn.png", &fs::read(inputs.path("a.png")).unwrap()[..100]);
    assert_undecodable(&bad(&torn), Why::NoPicture);
}

#[test]
fn files_without_a_video_are_undecodable() {
    let inputs = Inputs::new();
    let text = inputs
        .write("text.mp4", b"Dear sir or madam,\nthis is not a video.\n".repeat(99).as_slice());
    assert_undecodable(&bad(&text), Why::NotVideo);
    assert_undecodable(&bad(&inputs.write("empty.mp4", b"")), Why::Empty);
    let lavfi = ["-f", "lavfi", "-i", "sine=d=1"];
    assert_undecodable(&bad(&inputs.ffmpeg("sound.mp4", &[&lavfi])), Why::NoVideoStream);
    let nothing = inputs.scene("zero.mp4", "testsrc2=s=320x180:r=25:d=1", &["-frames:v", "0"]);
    assert!(matches!(bad(&nothing), Error::Undecodable { .. }));
}

#[test]
fn a_directory_and_a_pipe_are_unreadable() {
    let inputs = Inputs::new();
    assert!(matches!(bad(inputs.0.path()), Error::Unreadable(_)));
    let (reader, _writer) = std::io::pipe().unwrap();
    let file = File::from(std::os::fd::OwnedFd::from(reader));
    let outcome = decode(&file, &Plan::thorough(), &options(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(outcome, Err(Error::Unreadable(_))));
}

#[test]
fn a_truncated_file_yields_its_intact_part_or_is_undecodable() {
    let inputs = Inputs::new();
    let source = "testsrc2=s=320x180:r=20:d=6";
    let plain = fs::read(inputs.scene("plain.mp4", source, &[])).unwrap();
    let no_index = inputs.write("no-moov.mp4", &plain[..plain.len() / 2]);
    assert!(matches!(bad(&no_index), Error::Undecodable { .. }));
    let fast = inputs.scene("fast.mp4", source, &["-movflags", "+faststart"]);
    let whole = fs::read(fast).unwrap();
    let (summary, frames) = good(&inputs.write("half.mp4", &whole[..whole.len() / 2]));
    assert!(summary.damage.is_some_and(|damage| damage.truncated), "{summary:?}");
    assert!(frames.len() > 4 && frames.len() < 20, "{}", frames.len());
}

#[test]
fn a_corrupt_middle_is_skipped_and_reported() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=320x180:r=20:d=6", &["-g", "20"]);
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 3000..middle].fill(0xff);
    let (summary, frames) = good(&inputs.write("torn.mp4", &bytes));
    assert!(summary.damage.is_some_and(|damage| damage.errors > 0), "{summary:?}");
    assert!(frames.last().unwrap().time_s > 5.0);
}

#[test]
fn a_playlist_named_mp4_is_refused_and_its_entries_are_not_read() {
    let inputs = Inputs::new();
    let target = inputs.scene("target.ts", "testsrc2=s=320x180:r=4:d=1", &[]);
    let target = target.to_str().unwrap();
    let hls = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n");
    let concat = format!("ffconcat version 1.0\nfile '{target}'\n");
    for (name, text) in [("hls.mp4", hls), ("concat.mp4", concat)] {
        assert_undecodable(&bad(&inputs.write(name, text.as_bytes())), Why::NotVideo);
    }
}

#[test]
fn sound_is_decoded_on_request() {
    let inputs = Inputs::new();
    let lavfi: &[&str] = &[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=10:d=4",
        "-f",
        "lavfi",
        "-i",
        "sine=f=440:r=48000:d=4",
    ];
    let path = inputs.ffmpeg("a.mp4", &[lavfi, X264, &["-ac", "2"]]);
    let plan = Plan { sound: Sound::On, ..Plan::thorough() };
    let (mut samples, mut begin, mut frames) = (Vec::new(), None, 0);
    let file = File::open(&path).unwrap();
    decode_items(&file, &plan, &options(), &mut |item| {
        match item {
            Item::Frame(_) => frames += 1,
            Item::Sound(chunk) => {
                begin.get_or_insert(chunk.time_s);
                samples.extend(chunk.samples);
            }
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(frames, 16);
    assert!(begin.unwrap().abs() < 0.05, "{begin:?}");
    assert!(samples.len().abs_diff(44_100) < 1500, "{}", samples.len());
    // A 440 Hz tone crosses zero 880 times a second.
    let middle = &samples[11_025..22_050];
    let crossings = middle.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    assert!(crossings.abs_diff(880) < 5, "{crossings}");
}

#[test]
fn each_limit_stops_a_file_that_exceeds_it() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=1280x720:r=30:d=20", &[]);
    let with = |limits: Options| run(&path, &Plan::thorough(), &limits).0.unwrap_err();
    assert_limit(&with(Options { pixels_max: 900_000, ..options() }), Limit::Pixels);
    assert_limit(&with(Options { frames_max: 10, ..options() }), Limit::Frames);
    assert_limit(&with(Options { duration_s_max: 2.0, ..options() }), Limit::Duration);
    assert_limit(&with(Options { decode_timeout_s: 0.05, ..options() }), Limit::WallTime);
    assert_limit(&with(Options { cpu_s_max: 0, ..options() }), Limit::CpuTime);
    assert_limit(&with(Options { memory_bytes_max: 140 << 20, ..options() }), Limit::Memory);
    let image = ["-f", "lavfi", "-i", "testsrc2=s=1280x720", "-frames:v", "1"];
    let image = inputs.ffmpeg("a.png", &[&image]);
    let small = Options { pixels_max: 900_000, ..options() };
    assert_limit(&run(&image, &Plan::thorough(), &small).0.unwrap_err(), Limit::Pixels);
}

#[test]
fn a_misbehaving_worker_fails_one_decode_and_is_reaped() {
    let inputs = Inputs::new();
    let path = inputs.write("a.mp4", b"whatever");
    let greet = r"printf 'CNTW\001\000\000\000'";
    let alive = r"printf '\003\000\000\000\000'";
    let with = |name: &str, body: &str| {
        let exe = inputs.script(name, body);
        let limits = Options { worker_exe: exe, stall_timeout_s: 0.4, ..spawned() };
        let begun = Instant::now();
        let error = run(&path, &Plan::thorough(), &limits).0.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}");
        match error {
            Error::WorkerFailed { how } => how,
            other => panic!("{name}: {other:?}"),
        }
    };
    assert!(matches!(with("crash", "kill -SEGV $$"), Failure::Crashed));
    assert!(matches!(with("exit", &format!("{greet}; exit 3")), Failure::Crashed));
    assert!(matches!(with("killed", "kill -KILL $$"), Failure::Killed));
    assert!(matches!(with("hang", &format!("{greet}; exec sleep 60")), Failure::Hung));
    assert!(matches!(with("deaf", "exec >&-; exec sleep 60"), Failure::Hung));
    assert!(matches!(with("nonsense", "exec yes"), Failure::Garbled));
    let flood = format!("{greet}; while :; do {alive}; done");
    assert!(matches!(with("flood", &flood), Failure::Flooded));
    // A flooded stderr neither blocks the worker nor fills the parent.
    let noisy = "yes | head -c 3000000 >&2; exit 1";
    assert!(matches!(with("noisy", noisy), Failure::Crashed));
    let missing = Options { worker_exe: inputs.path("no-such-file"), ..spawned() };
    let error = run(&path, &Plan::thorough(), &missing).0.unwrap_err();
    assert!(matches!(error, Error::WorkerFailed { how: Failure::NotStarted(_) }));
}

#[test]
fn the_worker_is_given_an_empty_environment_and_no_path() {
    let inputs = Inputs::new();
    let path = inputs.write("secret-name.mp4", b"whatever");
    let report = inputs.path("report");
    let body =
        format!("tr '\\0' '\\n' </proc/$$/environ >{0}; echo \"$@\" >>{0}", report.display());
    let exe = inputs.script("spy", &body);
    let limits = Options { worker_exe: exe, ..spawned() };
    run(&path, &Plan::thorough(), &limits).0.unwrap_err();
    let seen = fs::read_to_string(report).unwrap();
    assert!(seen.starts_with("worker fps=4 "), "{seen}");
    assert!(!seen.contains("secret-name"), "{seen}");
}

#[test]
fn a_callback_that_breaks_cancels_the_decode() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=320x180:r=10:d=2", &[]);
    let file = File::open(&path).unwrap();
    let mut count = 0;
    let outcome = decode(&file, &Plan::thorough(), &options(), &mut |_| {
        count += 1;
        ControlFlow::Break(())
    });
    assert!(matches!(outcome, Err(Error::Cancelled)));
    assert_eq!(count, 1);
}

#[test]
fn errors_do_not_name_the_file() {
    let inputs = Inputs::new();
    let mut file = File::create(inputs.path("confidential.mp4")).unwrap();
    file.write_all(b"not a video at all, but some bytes of text").unwrap();
    let message = format!("{:?}", bad(&inputs.path("confidential.mp4")));
    assert!(!message.contains("confidential"), "{message}");
}

#[test]
fn sampling_follows_the_plan() {
    let inputs = Inputs::new();
    let path = inputs.scene("a.mp4", "testsrc2=s=320x180:r=10:d=2", &[]);
    let plan = Plan { sampling: Sampling::Every { fps: 1.0 }, long_side: 90, ..Plan::thorough() };
    let (outcome, frames) = run(&path, &plan, &options());
    outcome.expect("decodes");
    assert_eq!(times(&frames), [0.0, 1.0]);
    assert_eq!((frames[0].luma.width, frames[0].luma.height), (90, 51));
}
