//! What the tests of uploads have in common: tombstones that are made once, uploads of them, ways to hand these in.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::{Answer, Service};

/// Tombstones of every sandbox that `with_tombstones` makes.
pub const CHESS: &str = "chess";
pub const WINDOW: &str = "window";
/// Whose both are. `chess` was deleted at the owner's request, `window` by order of a court.
pub const OWNER: &str = "anna";

/// A sandbox whose data folder has two tombstones. They are made once and copied: every sandbox has the same keys.
pub fn with_tombstones() -> Sandbox {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api-tombstones");
        let _ = fs::remove_dir_all(&kept);
        let s = Sandbox::new();
        s.add(["--owner", OWNER, "--id", CHESS, sample("chess").to_str().unwrap()]);
        let window = sample("window");
        s.add(["--owner", OWNER, "--reason", "legal", "--id", WINDOW, window.to_str().unwrap()]);
        copy(&s.path("data"), &kept);
        kept
    });
    let s = Sandbox::new();
    copy(made, &s.path("data"));
    s
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// An upload that shows a deleted video, cropped and encoded anew.
pub fn copy_of(s: &Sandbox, clip: &str) -> PathBuf {
    let filter = "-vf crop=iw*0.8:ih*0.8,scale=320:-2 -preset ultrafast -crf 28 -an -t 6";
    let source = sample(clip);
    s.ffmpeg(format!("copy-of-{clip}.mp4"), &format!("-i {} {filter}", source.display()))
}

/// A video that nobody deleted; each number is another one.
pub fn innocent(s: &Sandbox, number: u32) -> PathBuf {
    let graph = format!("mandelbrot=s=320x180:r=10:start_scale={}", 1.0 + f64::from(number) * 0.37);
    s.ffmpeg(
        format!("innocent-{number}.mp4"),
        &format!("-f lavfi -i {graph} -t 2 -preset ultrafast -pix_fmt yuv420p"),
    )
}

/// One that takes a second or more to decode, so that what comes behind it has to wait where one is decoded at a time.
pub fn slow(s: &Sandbox) -> PathBuf {
    let graph = "-f lavfi -i testsrc2=s=1280x720:r=30 -t 5 -preset ultrafast -crf 40";
    let part = s.ffmpeg("part.mp4", &format!("{graph} -pix_fmt yuv420p"));
    s.ffmpeg("slow.mp4", &format!("-stream_loop 11 -i {} -c copy", part.display()))
}

/// Hands a file in as raw bytes; `query` begins with `?` or is empty.
pub fn upload(service: &Service<'_>, file: &Path, query: &str) -> Answer {
    let body = fs::read(file).unwrap();
    let call = service.call("POST", &format!("/v1/uploads{query}"));
    call.header("content-type", "video/mp4").body(body).send()
}

/// Asks for an upload until it has its verdict.
#[track_caller]
pub fn decided(service: &Service<'_>, id: &str) -> Value {
    service.wait_for("verdict", || {
        let line = service.get(&format!("/v1/uploads/{id}?wait=10")).expect(200);
        (!line["verdict"].is_null()).then_some(line)
    })
}

/// `(verdict, reason)` of a line.
pub fn verdict(line: &Value) -> (&str, &str) {
    (line["verdict"].as_str().unwrap(), line["reason"].as_str().unwrap())
}

/// Files in the spool.
pub fn spooled(service: &Service<'_>) -> usize {
    fs::read_dir(service.sandbox.path("data/spool")).unwrap().count()
}

/// One number of the metrics.
pub fn metric(service: &Service<'_>, name: &str) -> f64 {
    let text = service.get("/metrics").text();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}
