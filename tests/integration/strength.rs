//! The strength of a tombstone is a promise about the re-uploads of its video.

use std::path::{Path, PathBuf};

use crate::support::sandbox::{Sandbox, sample};

/// A poor re-encode of a video.
fn reencode(s: &Sandbox, video: &Path) -> PathBuf {
    let name = format!("{}-reencode.mp4", video.file_stem().unwrap().to_str().unwrap());
    let coded = "-vf scale=320:-2 -c:v libx264 -crf 30 -pix_fmt yuv420p -an";
    s.ffmpeg(name, &format!("-i {} {coded}", video.display()))
}

/// A video of three seconds that `ffmpeg` draws.
fn drawn(s: &Sandbox, name: &str, graph: &str) -> PathBuf {
    let coded = "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p";
    s.ffmpeg(name, &format!("-f lavfi -i {graph} -t 3 {coded}"))
}

/// The strength that is shown of a tombstone, and why.
fn promise(s: &Sandbox, id: &str) -> (String, String) {
    let shown = s.run(["tombstone", "show", id, "--json"]).json();
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    (text("strength"), text("why"))
}

#[test]
fn a_clip_with_motion_promises_block_and_its_reencode_is_blocked() {
    let s = Sandbox::new();
    s.add([sample("city")]);
    let (strength, why) = promise(&s, "city");
    assert_eq!(strength, "block", "{why}");
    assert!(why.contains("expected to score"), "{why}");
    let (line, code) = s.check(reencode(&s, &sample("city")));
    assert_eq!(code, 11, "{line}");
}

#[test]
fn a_slide_of_one_picture_promises_review_and_its_reencode_is_reviewed() {
    let s = Sandbox::new();
    let graph = "trim=end_frame=1,loop=60:1,setpts=N/15/TB";
    let coded = "-r 15 -c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -an";
    let city = sample("city");
    let slide = s.ffmpeg("slide.mp4", &format!("-i {} -vf {graph} {coded}", city.display()));
    s.add([&slide]);
    let (strength, why) = promise(&s, "slide");
    assert_eq!(strength, "review", "{why}");
    assert!(why.contains("one picture only") && why.contains("would help"), "{why}");
    let (line, code) = s.check(reencode(&s, &slide));
    assert_eq!((code, &line["matches"][0]["tombstone"]), (10, &"slide".into()), "{line}");
}

#[test]
fn a_black_video_is_unmatchable_and_does_not_disturb() {
    let s = Sandbox::new();
    let black = drawn(&s, "black.mp4", "color=black:s=640x360:r=10");
    s.add([&black, &sample("city")]);
    let (strength, why) = promise(&s, "black");
    assert_eq!(strength, "unmatchable", "{why}");
    assert!(why.contains("only the same bytes"), "{why}");
    let (line, code) = s.check(reencode(&s, &black));
    assert_eq!((code, &line["reason"]), (0, &"featureless".into()), "{line}");
    let (line, code) = s.check(reencode(&s, &sample("city")));
    assert_eq!((code, line["matches"].as_array().unwrap().len()), (11, 1), "{line}");
    assert_eq!(s.check(sample("coast")).1, 0);
}

/// Among a million tombstones three boxes are too little even for a review. Among one they are enough.
#[test]
fn an_unmatchable_one_that_nevertheless_matches_is_reviewed_and_never_blocked() {
    let s = Sandbox::new();
    let boxes = drawn(
        &s,
        "boxes.mp4",
        "color=white:s=640x360:r=10,drawbox=x=60:y=40:w=90:h=70:color=black:t=fill,\
         drawbox=x=300:y=200:w=160:h=100:color=gray:t=fill,\
         drawbox=x=480:y=60:w=70:h=120:color=blue:t=fill",
    );
    s.add([&boxes]);
    let (strength, why) = promise(&s, "boxes");
    assert_eq!(strength, "unmatchable", "{why}");
    assert!(why.contains("less than the 4 of a review") && why.contains("would show"), "{why}");
    let remux = s.ffmpeg("remux.mkv", &format!("-i {} -c copy", boxes.display()));
    for copy in [remux, reencode(&s, &boxes)] {
        let (line, code) = s.check(copy);
        assert_eq!((code, &line["matches"][0]["tombstone"]), (10, &"boxes".into()), "{line}");
    }
    assert_eq!(s.check(&boxes).1, 11, "the same bytes are recognised");
}

#[test]
fn stricter_thresholds_weaken_the_promise_of_a_tombstone_that_was_made_before() {
    let s = Sandbox::new();
    let coded = "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -an";
    let coast = sample("coast");
    let short = s.ffmpeg("short.mp4", &format!("-ss 2 -t 2 -i {} {coded}", coast.display()));
    s.add([short]);
    let settings = s.write("strict.toml", b"[policy.owner_request]\nblock_score = 45.0\n");
    let settings = settings.to_str().unwrap();
    let shown = s.run(["--config", settings, "tombstone", "show", "short", "--json"]).json();
    assert_eq!(shown["strength"], "review", "{shown}");
    assert!(shown["why"].as_str().unwrap().contains("less than the 45 of a block"), "{shown}");
    assert_eq!(promise(&s, "short").0, "block");
}
