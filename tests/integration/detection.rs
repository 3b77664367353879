//! What people do to a deleted video before they upload it again, and what must not be mistaken for that.

use serde_json::Value;

use crate::support::sandbox::{Sandbox, sample};

/// Deleted clips; `window` and `colony` were never deleted.
const DELETED: [&str; 6] = ["aquarium", "chess", "city", "coast", "harbour", "mountains"];

/// An edit: what it is, ffmpeg's arguments behind the input, which seconds of the deleted clip it shows, how fast, and
/// whether mirrored.
struct Edit {
    name: &'static str,
    arguments: &'static str,
    deleted_s: (f64, f64),
    speed: f64,
    mirrored: bool,
}

const fn edit(name: &'static str, arguments: &'static str) -> Edit {
    Edit { name, arguments, deleted_s: (0.0, 8.0), speed: 1.0, mirrored: false }
}

const EDITS: [Edit; 16] = [
    edit("re-encoded", "-c:v libx264 -crf 36"),
    edit("another codec", "-c:v mpeg4 -q:v 12"),
    edit("smaller", "-vf scale=240:-2"),
    Edit { mirrored: true, ..edit("mirrored", "-vf hflip") },
    edit("cropped", "-vf crop=iw*0.75:ih*0.75"),
    edit("boxed", "-vf pad=max(iw\\,ih):max(iw\\,ih):(ow-iw)/2:(oh-ih)/2"),
    edit("turned", "-vf rotate=8*PI/180"),
    edit("stretched", "-vf scale=480:360,setsar=1"),
    edit("brighter", "-vf eq=brightness=0.12:contrast=1.2"),
    edit("grey", "-vf hue=s=0"),
    edit("negative", "-vf negate"),
    edit("noisy", "-vf noise=alls=16:allf=t"),
    edit("captioned", "-vf drawbox=y=ih*0.8:h=ih*0.15:w=iw:color=black@0.9:t=fill"),
    Edit { deleted_s: (2.0, 6.0), ..edit("excerpt", "-ss 2 -t 4") },
    Edit { speed: 1.25, ..edit("faster", "-vf setpts=PTS/1.25 -r 15") },
    Edit { speed: -1.0, ..edit("backwards", "-vf reverse") },
];

/// A sandbox with tombstones of the deleted clips.
fn deleted() -> Sandbox {
    let s = Sandbox::new();
    s.add(DELETED.map(sample));
    s
}

/// Makes an edit of a clip, without sound, coded as uploads are unless it says how.
fn edited(s: &Sandbox, clip: &str, edit: &Edit) -> std::path::PathBuf {
    let coded = if edit.arguments.contains("-c:v") { "" } else { "-c:v libx264 -preset veryfast" };
    let name = format!("{clip}-{}.mp4", edit.name.replace(' ', "-"));
    let input = sample(clip);
    let arguments =
        format!("-i {} {} {coded} -pix_fmt yuv420p -an", input.display(), edit.arguments);
    s.ffmpeg(name, &arguments)
}

#[test]
fn every_edit_is_recognised_with_its_seconds_speed_and_mirroring() {
    let s = deleted();
    let mut wrong = Vec::new();
    for (n, edit) in EDITS.iter().enumerate() {
        let clip = DELETED[n % DELETED.len()];
        let (line, code) = s.check(edited(&s, clip, edit));
        let known = recognised(&line, clip, edit);
        if code < 10 || known.is_none() {
            wrong.push(format!("{clip} {}: {line}", edit.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `Some` when the line is a verdict on exactly this clip, with spans that cover most of the shown seconds.
fn recognised(line: &Value, clip: &str, edit: &Edit) -> Option<()> {
    let matches = line["matches"].as_array()?;
    let counted: Vec<&Value> = matches.iter().filter(|m| m["verdict"] != "allow").collect();
    let [one] = counted[..] else { return None };
    let spans = one["spans"].as_array()?;
    let (from, to) = edit.deleted_s;
    let inside = |span: &Value| {
        let (a, b) = (span["deleted"][0].as_f64()?, span["deleted"][1].as_f64()?);
        Some((a.max(b).min(to) - a.min(b).max(from)).max(0.0))
    };
    let covered: f64 = spans.iter().filter_map(inside).sum();
    let first = spans.first()?;
    let speed = first["speed"].as_f64()?;
    let well = one["tombstone"] == clip
        && covered > 0.75 * (to - from)
        && (speed - edit.speed).abs() < 0.15
        && first["placement"]["mirrored"] == edit.mirrored;
    well.then_some(())
}

#[test]
fn the_deleted_picture_is_found_where_it_sits() {
    let s = deleted();
    let graph =
        "-filter_complex [1]scale=288:-2[small];[0][small]overlay=W-w-10:H-h-10:eof_action=pass";
    let inputs = format!("-i {} -i {}", sample("colony").display(), sample("mountains").display());
    let upload = s.ffmpeg("corner.mp4", &format!("{inputs} {graph} -an"));
    let (line, code) = s.check(&upload);
    assert!(code >= 10 && line["matches"][0]["tombstone"] == "mountains", "{line}");
    let quad = &line["matches"][0]["spans"][0]["placement"]["quad"];
    // The pictures are 480 × 270; the small one is 288 × 162 at (182, 98).
    let corners = [(182.0, 98.0), (470.0, 98.0), (470.0, 260.0), (182.0, 260.0)];
    for (corner, (x, y)) in corners.into_iter().enumerate() {
        let found = (quad[corner][0].as_f64().unwrap(), quad[corner][1].as_f64().unwrap());
        let (x, y) = (x / 480.0, y / 270.0);
        assert!((found.0 - x).abs() < 0.06 && (found.1 - y).abs() < 0.06, "{corner}: {line}");
    }
}

#[test]
fn two_copies_in_one_upload_are_both_reported() {
    let s = deleted();
    let graph = "-filter_complex [0]scale=480:270,setsar=1,fps=15[a];[1]scale=480:270,setsar=1,fps=15[b];[a][b]concat=n=2";
    let inputs = format!("-i {} -i {}", sample("aquarium").display(), sample("city").display());
    let (line, code) = s.check(s.ffmpeg("two.mp4", &format!("{inputs} {graph} -an")));
    assert_eq!(code, 11, "{line}");
    let starts = |id: &str| {
        let one = line["matches"].as_array().unwrap().iter().find(|m| m["tombstone"] == id);
        one.and_then(|m| m["spans"][0]["upload"][0].as_f64()).expect(id)
    };
    assert!(starts("aquarium").abs() < 1.0 && (starts("city") - 9.0).abs() < 1.0, "{line}");
}

#[test]
fn unrelated_videos_are_let_through_whatever_was_done_to_them() {
    let s = deleted();
    let nothing = edit("as it is", "");
    for clip in ["window", "colony"] {
        for edit in [&nothing, &EDITS[2], &EDITS[4], &EDITS[5], &EDITS[10], &EDITS[12]] {
            let (line, code) = s.check(edited(&s, clip, edit));
            assert_eq!(code, 0, "{clip} {}: {line}", edit.name);
        }
    }
}

#[test]
fn a_caption_that_every_video_has_is_no_evidence() {
    let s = Sandbox::new();
    let stamp = "-vf drawbox=x=20:y=20:w=60:h=40:color=white:t=6,drawbox=x=34:y=32:w=30:h=16:color=red:t=fill,\
                 drawgrid=x=100:y=24:w=9:h=9:c=yellow@0.9:t=2:enable=0,drawbox=x=90:y=26:w=8:h=28:color=cyan:t=fill,\
                 drawbox=x=104:y=26:w=22:h=8:color=white:t=fill,drawbox=x=104:y=44:w=22:h=8:color=black:t=fill";
    for clip in DELETED {
        let stamped =
            s.ffmpeg(format!("{clip}.mp4"), &format!("-i {} {stamp} -an", sample(clip).display()));
        s.add([std::path::Path::new("--owner"), clip.as_ref(), &stamped]);
    }
    for clip in ["window", "colony"] {
        let (line, code) = s.check(s.ffmpeg(
            format!("innocent-{clip}.mp4"),
            &format!("-i {} {stamp} -an", sample(clip).display()),
        ));
        assert_eq!(code, 0, "{clip}: {line}");
    }
    let copy = format!("-i {} -vf crop=iw*0.8:ih*0.8 -an", s.path("city.mp4").display());
    let (line, code) = s.check(s.ffmpeg("copy.mp4", &copy));
    assert!(code >= 10 && line["matches"][0]["tombstone"] == "city", "{line}");
}
