//! Odd, broken and hostile input: each gets a sound answer or one clear line, and nothing that was there is lost.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::sandbox::{Sandbox, sample};
use crate::support::skip::impossible;

/// A sandbox with the tombstone `city`.
fn with_city() -> Sandbox {
    let s = Sandbox::new();
    s.add([sample("city")]);
    s
}

/// Asserts that the file gets `review`, `undecodable` as an upload, that no tombstone can be made of it, and that the
/// tombstone that was there still works.
#[track_caller]
fn is_undecodable(s: &Sandbox, file: &Path, why: &str) {
    let (line, code) = s.check(file);
    assert_eq!(
        (code, &line["verdict"], &line["reason"]),
        (10, &"review".into(), &"undecodable".into())
    );
    assert!(line["error"].as_str().unwrap().contains(why), "{line}");
    let add = s.run(["tombstone", "add", "--id", "bad", file.to_str().unwrap()]);
    assert!(add.one_line_error().contains(why), "{add:?}");
    assert_eq!(s.run(["tombstone", "list", "--json"]).lines().len(), 1);
    assert_eq!(s.check(sample("city")).1, 11);
}

/// Asserts that the file, as an upload, is a copy of `city`.
#[track_caller]
fn shows_city(s: &Sandbox, file: &Path) -> Value {
    let (line, code) = s.check(file);
    assert!(code == 11 || code == 10, "{line}");
    assert_eq!(line["matches"][0]["tombstone"], "city", "{line}");
    line
}

#[test]
fn text_named_mp4() {
    let s = with_city();
    is_undecodable(
        &s,
        &s.write("t.mp4", b"just some text, again and again\n"),
        "not a known video",
    );
}

#[test]
fn an_empty_file() {
    let s = with_city();
    is_undecodable(&s, &s.write("e.mp4", b""), "empty");
}

#[test]
fn a_folder_a_pipe_and_a_missing_file_are_errors_not_verdicts() {
    let s = with_city();
    fs::create_dir(s.path("folder.mp4")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(s.path("pipe.mp4")).status().unwrap();
    assert!(made.success());
    let cases =
        [("folder.mp4", "is a folder"), ("pipe.mp4", "is a pipe"), ("no.mp4", "No such file")];
    for (file, why) in cases {
        for command in [&["check"][..], &["tombstone", "add"]] {
            let run = s.run(command.iter().copied().chain([file]));
            assert!(run.one_line_error().contains(why), "{run:?}");
            assert!(run.one_line_error().contains(file), "{run:?}");
        }
    }
}

#[test]
fn a_file_cut_off_before_its_index_and_one_cut_in_the_middle() {
    let s = with_city();
    let input = format!("-i {} -vf hflip", sample("city").display());
    let plain = fs::read(s.ffmpeg("plain.mp4", &input)).unwrap();
    is_undecodable(&s, &s.write("no-moov.mp4", &plain[..plain.len() / 2]), "");
    let faststart =
        fs::read(s.ffmpeg("fast.mp4", &format!("{input} -movflags +faststart"))).unwrap();
    let half = s.write("half.mp4", &faststart[..faststart.len() * 6 / 10]);
    let line = shows_city(&s, &half);
    assert!(line["damage"].as_str().unwrap().contains("ends early"), "{line}");
}

#[test]
fn a_video_of_no_length_and_one_of_sound_only() {
    let s = with_city();
    let none = s.ffmpeg("none.mp4", &format!("-i {} -vf select=0 -an", sample("city").display()));
    is_undecodable(&s, &none, "");
    let sound = s.ffmpeg("sound.mp4", "-f lavfi -i sine=duration=3 -c:a aac");
    is_undecodable(&s, &sound, "no video stream");
}

#[test]
fn a_still_image_is_a_video_of_one_frame() {
    let s = with_city();
    let still =
        s.ffmpeg("still.png", &format!("-ss 4 -i {} -frames:v 1", sample("city").display()));
    shows_city(&s, &still);
    let other =
        s.ffmpeg("other.png", &format!("-ss 4 -i {} -frames:v 1", sample("coast").display()));
    s.add([&other]);
    let shown = s.run(["tombstone", "show", "other", "--json"]).json();
    assert_eq!(
        (&shown["strength"], &shown["duration_s"]),
        (&"review".into(), &0.0.into()),
        "{shown}"
    );
    let smaller = s.ffmpeg("smaller.jpg", &format!("-i {} -vf scale=400:-2", other.display()));
    let (line, code) = s.check(smaller);
    assert_eq!((code, &line["matches"][0]["tombstone"]), (10, &"other".into()), "{line}");
}

#[test]
fn black_and_plain_videos_are_unmatchable_and_disturb_nothing() {
    let s = with_city();
    let plain = |name: &str, colour: &str, seconds: u32| {
        s.ffmpeg(name, &format!("-f lavfi -i color={colour}:s=320x240:r=10:d={seconds}"))
    };
    let (black, red) = (plain("black.mp4", "black", 3), plain("red.mp4", "red", 3));
    let made = s.add([&black, &red]);
    assert_eq!(made.stdout.matches("unmatchable").count(), 2, "{made:?}");
    for other in [plain("other-black.mp4", "black", 5), plain("other-red.mp4", "red", 2)] {
        let (line, code) = s.check(&other);
        assert_eq!((code, &line["reason"]), (0, &"featureless".into()), "{line}");
        assert_eq!(line["matches"], Value::Array(Vec::new()), "{line}");
    }
    let (line, code) = s.check(&black);
    assert_eq!((code, &line["reason"]), (11, &"same_bytes".into()), "{line}");
    let copy = s.ffmpeg("copy.mp4", &format!("-i {} -vf hflip", sample("city").display()));
    shows_city(&s, &copy);
    assert_eq!(s.check(sample("coast")).1, 0);
    assert_eq!(s.run(["index", "rebuild"]).code, 0);
    assert_eq!(s.run(["doctor"]).code, 0);
}

#[test]
fn large_thin_turned_uneven_deep_and_misnamed_videos() {
    let s = with_city();
    let city = sample("city");
    let city = city.display();
    let fast = "-c:v libx264 -preset ultrafast -an";
    let large = format!("-i {city} -t 10 -vf scale=3840:2160,fps=10 {fast} -pix_fmt yuv420p");
    shows_city(&s, &s.ffmpeg("large.mp4", &large));
    let turned = format!("-i {city} -vf transpose=1 {fast} -pix_fmt yuv420p");
    let turned = s.ffmpeg("upright.mp4", &turned);
    let marked = format!("-display_rotation 90 -i {} -c copy", turned.display());
    // Older versions of the ffmpeg command know the mark by another name.
    let marked = match std::process::Command::new("ffmpeg").args(["-h", "full"]).output() {
        Ok(help) if String::from_utf8_lossy(&help.stdout).contains("-display_rotation") => marked,
        _ => format!("-i {} -c copy -metadata:s:v:0 rotate=90", turned.display()),
    };
    let line = shows_city(&s, &s.ffmpeg("turned.mp4", &marked));
    let degrees = line["matches"][0]["spans"][0]["placement"]["rotation_deg"].as_f64().unwrap();
    assert!(degrees.abs() < 5.0, "turned back as a player does: {line}");
    let uneven = format!("-i {city} -vf select='not(mod(n\\,3))+lt(t\\,4)' -vsync vfr {fast}");
    shows_city(&s, &s.ffmpeg("uneven.mp4", &uneven));
    let deep = format!("-i {city} {fast} -pix_fmt yuv420p10le");
    let deep = s.ffmpeg("deep.mp4", &deep);
    shows_city(&s, &deep);
    let misnamed = s.path("deep.txt");
    fs::rename(deep, &misnamed).unwrap();
    shows_city(&s, &misnamed);
    let thin = s.ffmpeg("thin.mkv", "-f lavfi -i testsrc=s=16x240:d=2 -vf crop=1:240 -c:v ffv1");
    let (line, code) = s.check(&thin);
    assert_eq!(code, 0, "{line}");
    s.add([&thin]);
    assert_eq!(s.run(["doctor"]).code, 0);
}

#[test]
fn names_that_are_not_utf8() {
    let s = with_city();
    let file = s.path(std::ffi::OsStr::from_bytes(b"\xffcoast.mp4"));
    fs::copy(sample("coast"), &file).unwrap();
    s.add([&file]);
    assert_eq!(s.run(["tombstone", "list", "--json"]).lines()[1]["id"], "%FFcoast");
    let (line, code) = s.check(&file);
    assert_eq!((code, &line["matches"][0]["tombstone"]), (11, &"%FFcoast".into()), "{line}");
    assert!(line["path_bytes"].as_str().unwrap().ends_with("ff636f6173742e6d7034"), "{line}");
}

#[test]
fn a_playlist_disguised_as_mp4_opens_nothing() {
    let s = with_city();
    let target = sample("city");
    let list = format!("#EXTM3U\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n", target.display());
    is_undecodable(&s, &s.write("list.mp4", list.as_bytes()), "not a known video");
    let concat = format!("ffconcat version 1.0\nfile '{}'\n", target.display());
    is_undecodable(&s, &s.write("concat.mp4", concat.as_bytes()), "not a known video");
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let s = with_city();
    let run = s.run(["scan", sample("coast").to_str().unwrap(), "--output", "/dev/full"]);
    assert!(run.one_line_error().contains("No space left"), "{run:?}");
    // A limit on the size of files stands in for a full disk under the data folder.
    let shell = format!(
        "trap '' XFSZ; ulimit -f 40; exec {} --data data --keys keys tombstone add {}",
        env!("CARGO_BIN_EXE_cenotaph"),
        sample("coast").display()
    );
    let mut command = std::process::Command::new("sh");
    let output = command.current_dir(s.path("")).args(["-c", &shell]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.trim_end().lines().count()), (Some(2), 1), "{said}");
    assert_eq!(s.check(sample("city")).1, 11);
    s.add([sample("coast")]);
    assert_eq!(s.check(sample("coast")).1, 11);
    assert_eq!(s.run(["doctor"]).code, 0);
}

#[test]
fn data_folders_that_cannot_be_used() {
    let s = Sandbox::new();
    let file = sample("city");
    let file = file.to_str().unwrap();
    let check = s.run(["check", file]);
    assert!(check.one_line_error().contains("add a tombstone first"), "{check:?}");
    assert!(!s.path("data").exists(), "a check makes nothing");
    s.write("data", b"a file where the folder should be");
    for command in [&["check", file][..], &["tombstone", "add", file], &["tombstone", "list"]] {
        let run = s.run(command);
        assert!(run.one_line_error().contains("data"), "{run:?}");
    }
    assert_eq!(fs::read(s.path("data")).unwrap(), b"a file where the folder should be");
}

#[test]
fn an_unreadable_data_folder() {
    use std::os::unix::fs::PermissionsExt;
    let s = with_city();
    let mode =
        |mode| fs::set_permissions(s.path("data"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    let readable = fs::read_dir(s.path("data")).is_ok();
    if readable {
        impossible("this user (root) may read everything");
    } else {
        let run = s.run(["check", sample("city").to_str().unwrap()]);
        assert!(run.one_line_error().contains("permission denied"), "{run:?}");
    }
    mode(0o700);
    assert_eq!(s.check(sample("city")).1, 11);
}

#[test]
fn a_database_from_a_newer_version_is_left_alone() {
    let s = with_city();
    let database: PathBuf = s.path("data/cenotaph.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 9999).unwrap();
    drop(connection);
    let file = sample("coast");
    let file = file.to_str().unwrap();
    for command in [&["check", file][..], &["tombstone", "add", file], &["index", "rebuild"]] {
        let run = s.run(command);
        assert!(run.one_line_error().contains("newer"), "{run:?}");
    }
    let connection = rusqlite::Connection::open(&database).unwrap();
    let kept: i64 =
        connection.query_row("SELECT count(*) FROM tombstones", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}
