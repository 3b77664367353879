//! A clip of some 5 MB, and as many different files of it as wanted.

use std::path::Path;
use std::process::Command;

/// The clip's bytes, 1280 × 720, ten seconds.
pub fn make(dir: &Path) -> Vec<u8> {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join("clip.mp4");
    let mut command = Command::new("ffmpeg");
    command.args([
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "mandelbrot=s=1280x720:r=25",
    ]);
    command.args(["-t", "10", "-c:v", "libx264", "-preset", "veryfast", "-g", "50"]);
    command.args(["-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "2M"]);
    command.args(["-x264-params", "nal-hrd=cbr", "-pix_fmt", "yuv420p"]).arg(&path);
    assert!(command.status().expect("the ffmpeg command").success(), "ffmpeg failed");
    std::fs::read(path).unwrap()
}

/// The same video in other bytes: a box of free space behind it, with a number in it.
pub fn variant(clip: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = clip.to_vec();
    bytes.extend_from_slice(&16_u32.to_be_bytes());
    bytes.extend_from_slice(b"free");
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}
