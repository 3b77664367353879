//! The command line as people and scripts meet it: commands, output, exit codes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::support::sandbox::{Sandbox, sample};

#[test]
fn a_tombstone_is_made_listed_shown_and_removed() {
    let s = Sandbox::new();
    let made = s.add([sample("city"), sample("coast")]);
    assert!(made.stdout.contains("city: 9.0 s"), "{made:?}");
    let list = s.run(["tombstone", "list", "--json"]).lines();
    assert_eq!([&list[0]["id"], &list[1]["id"]], ["city", "coast"]);
    let shown = s.run(["tombstone", "show", "city", "--json"]).json();
    assert_eq!(shown["strength"], "block");
    assert!(shown["keypoints"].as_u64().unwrap() > 50, "{shown}");
    // 12 KB a minute, and the keyframe begun in the last two seconds.
    assert!(shown["fingerprint_bytes"].as_u64().unwrap() < 200 * (9 + 2), "{shown}");

    assert_eq!(s.check(sample("city")).1, 11);
    assert_eq!(s.run(["tombstone", "remove", "city"]).code, 0);
    let (line, code) = s.check(sample("city"));
    assert_eq!((code, &line["reason"]), (0, &"no_match".into()), "{line}");
    assert!(s.run(["tombstone", "show", "city"]).one_line_error().contains("`city`"));
    assert!(s.run(["tombstone", "remove", "city"]).one_line_error().contains("`city`"));
}

#[test]
fn an_id_is_taken_once_and_the_other_files_go_on() {
    let s = Sandbox::new();
    s.add(["--id", "v1", sample("city").to_str().unwrap()]);
    let manifest = format!(
        "{{\"id\":\"v1\",\"file\":{:?}}}\n{{\"id\":\"v2\",\"owner\":\"anna\",\"file\":{:?}}}\n\n{{\"file\":\"no.mp4\"}}\n",
        sample("coast"),
        sample("chess")
    );
    s.write("deleted.jsonl", manifest.as_bytes());
    let run = s.run(["tombstone", "add", "--manifest", "deleted.jsonl"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.starts_with("v2: "), "{run:?}");
    assert!(run.stderr.contains("a tombstone `v1` already exists"), "{run:?}");
    assert!(run.stderr.contains("no.mp4"), "{run:?}");
    let ids = s.run(["tombstone", "list", "--json"]).lines();
    assert_eq!(ids.len(), 2);
    assert_eq!([&ids[0]["owned"], &ids[1]["owned"]], [false, true]);

    s.write("deleted.jsonl", b"{\"id\":\"v3\"}\n");
    let run = s.run(["tombstone", "add", "--manifest", "deleted.jsonl"]);
    assert!(run.one_line_error().contains("line 1"), "{run:?}");
}

#[test]
fn the_owner_may_post_again_and_nobody_else() {
    let s = Sandbox::new();
    s.add(["--owner", "anna", sample("harbour").to_str().unwrap()]);
    s.add(["--id", "nobodys", sample("coast").to_str().unwrap()]);
    let copy =
        s.ffmpeg("copy.mp4", &format!("-i {} -vf scale=320:-2", sample("harbour").display()));
    let reason = |arguments: &[&str]| {
        let run = s.run([&["check", "--json"][..], arguments].concat());
        (run.json()["reason"].as_str().unwrap().to_owned(), run.code)
    };
    let (copy, same) = (copy.to_str().unwrap(), sample("harbour"));
    let same = same.to_str().unwrap();
    assert_eq!(reason(&[copy, "--uploader", "anna"]), ("owner".into(), 0));
    assert_eq!(reason(&[copy, "--uploader", "berta"]), ("match".into(), 11));
    assert_eq!(reason(&[copy]), ("match".into(), 11));
    assert_eq!(reason(&[same, "--uploader", "anna"]), ("owner".into(), 0));
    assert_eq!(reason(&[same, "--uploader", "berta"]), ("same_bytes".into(), 11));
    let nobodys = sample("coast");
    assert_eq!(reason(&[nobodys.to_str().unwrap(), "--uploader", "anna"]).1, 11);
}

#[test]
fn a_check_says_in_words_what_was_found() {
    let s = Sandbox::new();
    s.add([sample("harbour"), sample("chess")]);
    let graph = "-filter_complex [0]scale=480:270,setsar=1,fps=15,trim=0:4[a];[1]scale=480:270,setsar=1,fps=15[b];[a][b]concat=n=2";
    let inputs = format!("-i {} -i {}", sample("window").display(), sample("harbour").display());
    let upload = s.ffmpeg("upload.mp4", &format!("{inputs} {graph} -an"));
    let run = s.run(["check", upload.to_str().unwrap()]);
    assert_eq!(run.code, 11, "{run:?}");
    for part in ["BLOCK", "`harbour`", "score", "s shows", "evidence: "] {
        assert!(run.stdout.contains(part), "{part}: {run:?}");
    }
    let (line, _) = s.check(&upload);
    assert_eq!(line["matches"].as_array().unwrap().len(), 1, "{line}");
    let span = &line["matches"][0]["spans"][0];
    let near =
        |value: &serde_json::Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 0.6;
    assert!(near(&span["upload"][0], 4.0) && near(&span["upload"][1], 13.0), "{line}");
    assert!(near(&span["deleted"][0], 0.0) && near(&span["deleted"][1], 9.0), "{line}");
    assert!(near(&span["placement"]["scale"], 1.0), "{line}");
}

#[test]
fn fast_effort_finds_a_copy_and_lets_an_innocent_video_through() {
    let s = Sandbox::new();
    s.add([sample("harbour"), sample("chess")]);
    let copy = s.ffmpeg("copy.mp4", &format!("-i {} -vf hflip", sample("harbour").display()));
    let fast = |file: &str| s.run(["check", "--effort", "fast", file]).code;
    assert_eq!(fast(copy.to_str().unwrap()), 11);
    assert_eq!(fast(sample("window").to_str().unwrap()), 0);
}

#[test]
fn a_scan_writes_a_line_a_file_and_goes_on_past_bad_ones() {
    let s = Sandbox::new();
    s.add([sample("city")]);
    fs::create_dir_all(s.path("in/deep")).unwrap();
    fs::copy(sample("city"), s.path("in/deep/city.mp4")).unwrap();
    fs::copy(sample("coast"), s.path("in/coast.mp4")).unwrap();
    s.write("in/text.mp4", b"this is no video");
    s.write("in/.hidden", b"this is not looked at");
    let odd = std::ffi::OsStr::from_bytes(b"in/odd-\xff.mp4");
    fs::copy(sample("coast"), s.path(odd)).unwrap();
    let run = s.run(["scan", "in", "missing.mp4", "--output", "found.jsonl"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(run.stdout, "");
    let text = fs::read_to_string(s.path("found.jsonl")).unwrap();
    let mut lines: Vec<serde_json::Value> =
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    lines.sort_by_key(|l| l["path"].as_str().unwrap().to_owned());
    let told: Vec<(&str, Option<&str>, Option<&str>)> = lines
        .iter()
        .map(|l| (l["path"].as_str().unwrap(), l["verdict"].as_str(), l["reason"].as_str()))
        .collect();
    let expected = [
        ("in/coast.mp4", Some("allow"), Some("no_match")),
        ("in/deep/city.mp4", Some("block"), Some("same_bytes")),
        ("in/odd-\u{fffd}.mp4", Some("allow"), Some("no_match")),
        ("in/text.mp4", Some("review"), Some("undecodable")),
        ("missing.mp4", None, None),
    ];
    assert_eq!(told, expected);
    assert_eq!(lines[2]["path_bytes"], "696e2f6f64642dff2e6d7034");
    assert!(lines[4]["error"].as_str().unwrap().contains("missing.mp4"), "{}", lines[4]);

    let run = s.run(["scan", "in"]);
    assert_eq!(run.code, 0, "{run:?}");
    let rows: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(rows.len(), 5, "{run:?}");
    assert!(rows[0].starts_with("upload") && rows[2].contains("block    city"), "{run:?}");
    assert_eq!(s.run(["scan", "in", "--json"]).lines().len(), 4);
}

#[test]
fn keys_are_made_once_and_the_notice_comes_once() {
    let s = Sandbox::new();
    let add = |name: &str| {
        let file = sample(name);
        s.run(["--keys", "own", "tombstone", "add", file.to_str().unwrap()])
    };
    let (first, second) = (add("city"), add("coast"));
    assert_eq!((first.code, second.code), (0, 0), "{first:?} {second:?}");
    assert!(first.stderr.contains("Created two secret keys in own"), "{first:?}");
    assert_eq!(second.stderr, "");
    // The sandbox's other keys would match nothing of it, so they are refused.
    let other = s.run(["check", sample("city").to_str().unwrap()]);
    assert!(other.one_line_error().contains("the key in use is"), "{other:?}");
    // Where tombstones are, no keys are made: they would be the wrong ones.
    let lost = s.run(["--keys", "lost", "tombstone", "add", sample("chess").to_str().unwrap()]);
    assert!(lost.one_line_error().contains("no keys in lost"), "{lost:?}");
    assert!(!s.path("lost").exists());
}

#[test]
fn doctor_is_content_and_says_what_is_wrong_with_a_damaged_index() {
    let s = Sandbox::new();
    let empty = s.run(["doctor"]);
    assert_eq!(empty.code, 2, "{empty:?}");
    assert!(empty.stdout.contains("✗ data folder: "), "{empty:?}");
    s.add([sample("city"), sample("coast")]);
    let well = s.run(["doctor"]);
    assert_eq!(well.code, 0, "{well:?}");
    assert!(!well.stdout.contains('✗') && well.stdout.contains("libavcodec"), "{well:?}");

    let segment = fs::read_dir(s.path("data/index")).unwrap().map(|e| e.unwrap().path());
    let segment = segment.into_iter().find(|p| p.extension().is_some_and(|e| e == "seg")).unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&segment, bytes).unwrap();
    let ill = s.run(["doctor"]);
    assert_eq!(ill.code, 2, "{ill:?}");
    assert!(ill.stdout.contains("✗ index: ") && ill.stdout.contains("index rebuild"), "{ill:?}");
    let rebuilt = s.run(["index", "rebuild", "--json"]);
    assert_eq!((rebuilt.code, &rebuilt.json()["tombstones"]), (0, &2.into()), "{rebuilt:?}");
    assert_eq!(s.run(["doctor"]).code, 0);
}

#[test]
fn a_lost_index_is_made_again_by_the_next_writer_and_done_without_until_then() {
    let s = Sandbox::new();
    s.add([sample("city")]);
    let copy = s.ffmpeg("copy.mp4", &format!("-i {} -vf hflip", sample("city").display()));
    fs::remove_dir_all(s.path("data/index")).unwrap();
    assert_eq!(s.check(&copy).1, 11);
    s.add([sample("coast")]);
    assert_eq!(s.run(["index", "stats", "--json"]).json()["tombstones"], 2);
    assert_eq!(s.check(&copy).1, 11);
}

#[test]
fn eval_scores_a_benchmark_and_keeps_its_answers() {
    let s = Sandbox::new();
    let row = |id: &str, role: &str| format!("{id}\t{}\t{role}\n", sample(id).display());
    let clips = format!("id\tfile\trole\n{}{}", row("harbour", "ref"), row("window", "other"));
    s.write("clips.tsv", clips.as_bytes());
    s.ffmpeg("copy.mp4", &format!("-ss 2 -i {} -vf scale=320:-2", sample("harbour").display()));
    let truth = format!(
        "{}\n{}\n",
        r#"{"query":"copy.mp4","edit":"cut","family":"time","expect":[{"ref":"harbour","segments":[[0,7,2,9]]}]}"#,
        format_args!(
            r#"{{"query":{:?},"edit":"none","family":"none","expect":[]}}"#,
            sample("window")
        ),
    );
    s.write("truth.jsonl", truth.as_bytes());
    let arguments = ["eval", "--clips", "clips.tsv", "--truth", "truth.jsonl"];
    let run = s.run([&arguments[..], &["--json", "--keep-results", "kept.jsonl"]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    let score = run.json();
    assert_eq!([&score["recall"], &score["recall_at_0fp"], &score["uap"]], [1.0, 1.0, 1.0]);
    assert_eq!([&score["pairs"], &score["distractors"], &score["false_positives"]], [1, 1, 0]);
    assert!(score["query_iou"].as_f64().unwrap() > 0.8, "{score}");
    let kept = fs::read_to_string(s.path("kept.jsonl")).unwrap();
    assert!(
        kept.starts_with(r#"{"query":"copy.mp4","matches":[{"ref":"harbour","score":"#),
        "{kept}"
    );
    assert_eq!(kept.lines().count(), 2);
    let words = s.run(arguments);
    assert!(words.stdout.contains("own decision: recall 1.000, 0 false positives"), "{words:?}");
}

#[test]
fn settings_are_shown_with_their_sources_and_checked_all_at_once() {
    let s = Sandbox::new();
    s.write("cenotaph.toml", b"[log]\nlevel = \"warn\"\n");
    let shown = s.run(["config", "show", "--json"]).lines();
    let source = |name: &str| {
        let one = shown.iter().find(|one| one["name"] == name).unwrap();
        (one["value"].as_str().unwrap().to_owned(), one["source"].as_str().unwrap().to_owned())
    };
    assert_eq!(source("log.level"), ("\"warn\"".into(), "cenotaph.toml".into()));
    assert_eq!(source("log.format"), ("\"json\"".into(), "default".into()));
    assert_eq!(source("data"), ("\"data\"".into(), "--data".into()));
    assert_eq!(source("keys").1, "CENOTAPH_KEYS");
    let table = s.run(["config", "show"]).stdout;
    assert!(table.starts_with("setting ") && table.contains("--data"), "{table}");

    s.write("cenotaph.toml", s.run(["config", "example"]).stdout.as_bytes());
    assert!(s.run(["config", "check"]).stdout.starts_with("The settings are valid."));

    s.write("cenotaph.toml", b"people.break_minutes = 5\nrate_limit.burst = 0\n");
    let wrong = s.run(["config", "check"]);
    let lines: Vec<&str> = wrong.stderr.lines().collect();
    assert_eq!((wrong.code, lines.len(), lines[0]), (2, 3, "cenotaph: 2 settings are wrong:"));
    assert!(lines[1].contains("is now called `review.break_after_minutes`"), "{wrong:?}");
    assert!(lines[2].contains("`rate_limit.burst` in cenotaph.toml"), "{wrong:?}");
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let s = Sandbox::new();
    for wrong in [&["tombstone", "add"][..], &["check"], &["scan"], &["bogus"], &[]] {
        assert_eq!(s.run(wrong).code, 2, "{wrong:?}");
    }
    let two = s.run(["tombstone", "add", "--id", "x", "a.mp4", "b.mp4"]);
    assert!(two.one_line_error().contains("2 files"), "{two:?}");
    for command in ["tombstone", "check", "scan", "eval", "index", "doctor"] {
        let help = s.run([command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{help:?}");
    }
    assert!(s.run(["check", "--help"]).stdout.contains("10  review"));
}

#[test]
fn a_listing_that_nobody_reads_to_its_end_is_no_failure_to_speak_of() {
    let s = Sandbox::new();
    s.add([sample("city")]);
    let shell = format!(
        "{} --data data --keys keys tombstone list | true",
        Path::new(env!("CARGO_BIN_EXE_cenotaph")).display()
    );
    let mut command = std::process::Command::new("sh");
    let output = command.current_dir(s.path("")).args(["-c", &shell]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
