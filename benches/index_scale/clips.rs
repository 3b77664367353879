//! Fingerprints of real clips, through the `ffmpeg` command.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cenotaph::fingerprint::{
    Fingerprint, Hasher, Secret, TombstoneBuilder, UploadBuilder, UploadPrint,
};
use cenotaph::model::{Frame, Luma};

/// Frames per second that are fingerprinted.
const FPS: f32 = 8.0;

/// A real upload and the deleted clips that it shows.
pub struct Pair {
    pub edit: String,
    pub upload: UploadPrint,
    /// Indices in the list of deleted clips.
    pub shows: Vec<usize>,
}

pub fn hasher() -> Hasher {
    Hasher::new(&Secret([7; 32]))
}

/// Ids and files of a table of clips, and whether each has the role `ref`.
pub fn table(clips: &Path) -> Vec<(String, PathBuf, bool)> {
    let text = std::fs::read_to_string(clips).expect("the table of clips");
    let folder = clips.parent().unwrap_or(Path::new("."));
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0].to_string(), folder.join(cells[1]), cells[2] == "ref")
    });
    rows.collect()
}

/// Every `step`-th upload of `truth.jsonl` that shows something.
pub fn pairs(hasher: &Hasher, truth: &Path, ids: &[String], step: usize) -> Vec<Pair> {
    let text = std::fs::read_to_string(truth).expect("the truth");
    let folder = truth.parent().unwrap_or(Path::new("."));
    let lines = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).expect("JSON"));
    let shown = |line: &serde_json::Value| -> Vec<usize> {
        let expected = line["expect"].as_array().map(Vec::as_slice).unwrap_or(&[]);
        let index = |e: &serde_json::Value| ids.iter().position(|id| e["ref"] == id.as_str());
        expected.iter().filter_map(index).collect()
    };
    let showing = lines.filter(|l| !shown(l).is_empty()).step_by(step);
    let pair = |line: serde_json::Value| Pair {
        edit: line["edit"].as_str().unwrap_or("?").to_string(),
        upload: upload(hasher, &folder.join(line["query"].as_str().expect("a query"))),
        shows: shown(&line),
    };
    showing.map(pair).collect()
}

pub fn tombstone(hasher: &Hasher, file: &Path) -> Fingerprint {
    let mut builder = TombstoneBuilder::new(hasher);
    let duration_s = frames(file, |frame| builder.push(frame));
    builder.finish(duration_s)
}

pub fn upload(hasher: &Hasher, file: &Path) -> UploadPrint {
    let mut builder = UploadBuilder::new(hasher);
    let duration_s = frames(file, |frame| builder.push(frame));
    builder.finish(duration_s)
}

/// Decodes to 360 px luma and hands over each frame; returns the duration.
fn frames(file: &Path, mut each: impl FnMut(Frame)) -> f32 {
    let scale = "scale='if(gte(iw,ih),360,-2)':'if(gte(iw,ih),-2,360)':flags=area,format=gray";
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-threads", "1", "-i"])
        .arg(file)
        .args(["-vf", &format!("fps={FPS},{scale}"), "-strict", "-1", "-f", "yuv4mpegpipe", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg");
    let mut pipe = BufReader::new(ffmpeg.stdout.take().expect("a pipe"));
    let mut header = String::new();
    pipe.read_line(&mut header).expect("a header");
    let number = |letter: char| {
        let field = header.split(' ').find_map(|f| f.strip_prefix(letter)).expect("a field");
        field.parse::<u32>().expect("a number")
    };
    let (width, height) = (number('W'), number('H'));
    let mut count = 0;
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).expect("a frame line") > 0 {
        let mut pixels = vec![0; (width * height) as usize];
        pipe.read_exact(&mut pixels).expect("a frame");
        each(Frame { time_s: count as f32 / FPS, luma: Luma::new(width, height, pixels) });
        count += 1;
        line.clear();
    }
    ffmpeg.wait().expect("ffmpeg ends");
    count as f32 / FPS
}
