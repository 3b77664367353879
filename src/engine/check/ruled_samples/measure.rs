//! Measures [`BITS_MAX`] on real clips: the largest distance of plain re-encodings, and of uploads into which half a
//! second or more of something else was put.
//!
//! `cargo test --release --lib ruled_samples::measure -- --ignored --nocapture`, with `ffmpeg` in the path. The clips are
//! those of `samples/`, and those of the folder `CENOTAPH_CLIPS` if that variable is set.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::fingerprint::{Hasher, Secret, UploadBuilder};
use crate::model::{Frame, Luma};

/// Seconds of each clip that are used, and the ruled seconds within.
const CLIP_S: f64 = 8.0;
const RULED: UploadSpan = UploadSpan::new(2.0, 6.0);
/// Size of the decoded pictures, pixels.
const WIDTH: u32 = 360;
const HEIGHT: u32 = 204;

/// A re-encoding: constant rate factor, share of the size, frames a second.
const ENCODINGS: [(u32, f64, f64); 8] = [
    (20, 1.0, 30.0),
    (26, 0.5, 25.0),
    (30, 0.75, 15.0),
    (35, 1.0, 24.0),
    (35, 0.5, 12.0),
    (28, 0.6, 10.0),
    (32, 0.9, 29.97),
    (23, 0.5, 20.0),
];
/// Something else: where in the upload, how long, seconds.
const INSERTED: [(f64, f64); 4] = [(1.2, 0.5), (3.0, 0.5), (4.4, 0.5), (3.0, 1.0)];

#[expect(clippy::disallowed_methods, reason = "a variable of the person who measures, no setting")]
fn clips() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let folders = [Some(own), std::env::var_os("CENOTAPH_CLIPS").map(PathBuf::from)];
    let files = folders.into_iter().flatten().flat_map(|folder| folder.read_dir().unwrap());
    let mut clips: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    clips.retain(|path| path.extension().is_some_and(|extension| extension == "mp4"));
    clips.sort();
    clips
}

fn ffmpeg(arguments: &str) -> Vec<u8> {
    let words = arguments.split_whitespace();
    let run = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(words).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{arguments}: {}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

/// The print of a file, sampled four times a second as a check does.
fn print(file: &Path) -> UploadPrint {
    let filter = format!("fps=4:round=near,scale={WIDTH}:{HEIGHT}:flags=area,format=gray");
    let raw = ffmpeg(&format!("-i {} -an -vf {filter} -f rawvideo -", file.display()));
    let hasher = Hasher::new(&Secret([7; 32]));
    let mut builder = UploadBuilder::new(&hasher);
    let pictures = raw.chunks_exact((WIDTH * HEIGHT) as usize);
    let duration_s = pictures.len() as f32 / 4.0;
    for (at, pixels) in pictures.enumerate() {
        let luma = Luma::new(WIDTH, HEIGHT, pixels.to_vec());
        builder.push(Frame { time_s: at as f32 / 4.0, luma });
    }
    builder.finish(duration_s)
}

fn encode(from: &Path, to: &Path, (crf, share, fps): (u32, f64, f64)) {
    let filter = format!("fps={fps},scale=trunc(iw*{share}/2)*2:-2");
    ffmpeg(&format!(
        "-t {CLIP_S} -i {} -an -vf {filter} -c:v libx264 -preset veryfast -crf {crf} \
         -pix_fmt yuv420p {}",
        from.display(),
        to.display()
    ));
}

/// Puts seconds of `other`, from `from_s`, over those of `clip`, which keeps its length.
fn insert(clip: &Path, other: &Path, (at_s, seconds): (f64, f64), from_s: f64, to: &Path) {
    let (end_s, size) = (at_s + seconds, "scale=640:360,setsar=1,fps=25");
    let part = |of: u8, from: f64, to: f64| {
        format!("[{of}]{size},trim={from}:{to},setpts=PTS-STARTPTS[p{of}{}];", from as u32)
    };
    let (a, b, c) = (part(0, 0.0, at_s), part(1, from_s, from_s + seconds), part(2, end_s, CLIP_S));
    let names = format!("[p00][p1{}][p2{}]", from_s as u32, end_s as u32);
    ffmpeg(&format!(
        "-i {clip} -i {other} -i {clip} -an -filter_complex {a}{b}{c}{names}concat=n=3 \
         -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p {to}",
        clip = clip.display(),
        other = other.display(),
        to = to.display()
    ));
}

fn describe(what: &str, mut bits: Vec<u32>) {
    bits.sort_unstable();
    let at = |share: f64| bits[((bits.len() - 1) as f64 * share) as usize];
    let within = bits.iter().filter(|bits| **bits <= BITS_MAX).count();
    println!(
        "{what}: {} uploads; least {}, 5 % {}, median {}, 95 % {}, most {}; {within} within {BITS_MAX}",
        bits.len(),
        at(0.0),
        at(0.05),
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

#[test]
#[ignore = "takes minutes; run it when frame hashes or the limit change"]
fn reencodings_stay_within_the_limit_and_insertions_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("upload.mp4");
    let clips = clips();
    let (mut encoded, mut foreign, mut shifted) = (Vec::new(), Vec::new(), Vec::new());
    for (n, clip) in clips.iter().enumerate() {
        encode(clip, &file, (23, 1.0, 25.0));
        let ruled = RuledSamples::of(&print(&file), [vec![RULED]].into_iter());
        let Some(ruled) = ruled.within(&[RULED]) else {
            println!("{}: not enough to rule on", clip.display());
            continue;
        };
        let distance = || ruled.largest_distance(&print(&file), &[RULED]).unwrap_or(256);
        for encoding in ENCODINGS {
            encode(clip, &file, encoding);
            let bits = distance();
            if bits > BITS_MAX {
                println!("{} as {encoding:?}: {bits}", clip.display());
            }
            encoded.push(bits);
        }
        let other = &clips[(n + 1) % clips.len()];
        for place in INSERTED {
            insert(clip, other, place, 1.0, &file);
            foreign.push(distance());
            // Other seconds of the same clip: what is hardest to tell.
            let from_s = if place.0 < 4.0 { place.0 + 3.0 } else { place.0 - 3.0 };
            insert(clip, clip, place, from_s, &file);
            let bits = distance();
            if bits <= BITS_MAX {
                println!("{} with {place:?} from {from_s}: {bits}", clip.display());
            }
            shifted.push(bits);
        }
    }
    assert!(encoded.len() >= 60 && foreign.len() >= 30);
    describe("re-encodings", encoded.clone());
    describe("another clip put in", foreign.clone());
    describe("other seconds of the same clip put in", shifted);
    let kept = encoded.iter().filter(|bits| **bits <= BITS_MAX).count();
    assert!(kept as f64 >= 0.95 * encoded.len() as f64);
    assert!(foreign.iter().all(|bits| *bits > BITS_MAX));
}
