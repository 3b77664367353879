//! Who had it first: what deletions and uploads say of the time of posting, what prints of accepted uploads add, and
//! what becomes of a claim when its tombstone goes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;

/// A re-encode of the harbour, other for each width.
fn harbour(s: &Sandbox, width: u32) -> PathBuf {
    let arguments = format!("-i {} -vf scale={width}:-2 -an", sample("harbour").display());
    s.ffmpeg(format!("harbour-{width}.mp4"), &arguments)
}

fn add(s: &Sandbox, id: &str, owner: &str, uploaded_at: &str, file: &Path) {
    let file = file.to_str().unwrap();
    s.add(["--id", id, "--owner", owner, "--uploaded-at", uploaded_at, file]);
}

/// Reason and exit code of a check.
fn checked(s: &Sandbox, file: &Path, arguments: &[&str]) -> (String, i32) {
    let run = s.run([&["check", "--json", file.to_str().unwrap()][..], arguments].concat());
    (run.json()["reason"].as_str().unwrap().to_owned(), run.code)
}

fn is(reason: &str, code: i32) -> (String, i32) {
    (reason.to_owned(), code)
}

#[test]
fn times_that_cannot_be_are_refused_and_that_of_the_deletion_counts_as_unknown() {
    let s = Sandbox::new();
    let file = harbour(&s, 320);
    let file = file.to_str().unwrap();
    let refused = |at: &str| s.run(["tombstone", "add", "--uploaded-at", at, file]);
    for (at, why) in [("2999-01-01", "future"), ("1999-12-31", "2000")] {
        let run = refused(at);
        assert!(run.code == 2 && run.stderr.contains(why), "{run:?}");
    }
    assert_eq!(refused("yesterday").code, 2);
    assert_eq!(s.run(["check", "--uploaded-at", "2999-01-01", file]).code, 2);
    s.write("m.jsonl", b"{\"file\": \"harbour-320.mp4\", \"uploaded_at\": \"soon\"}\n");
    let run = s.run(["tombstone", "add", "--manifest", "m.jsonl"]);
    assert!(run.one_line_error().contains("line 1"), "{run:?}");
    let line =
        b"{\"file\": \"harbour-320.mp4\", \"id\": \"day\", \"uploaded_at\": \"2020-02-29\", \
        \"original\": true}\n";
    s.write("m.jsonl", line);
    s.add(["--manifest", "m.jsonl"]);
    let shown = s.run(["tombstone", "show", "day", "--json"]).json();
    assert_eq!(shown["uploaded_at"], json!(["2020-02-29T00:00:00Z", "2020-02-29T23:59:59Z"]));
    assert_eq!(shown["original"], true);
    // The clock of the program: a moment from now.
    let soon = jiff::Timestamp::from_second(now_s() + 600).unwrap().to_string();
    let made = s.add(["--json", "--id", "now", "--uploaded-at", &soon, file]).json();
    assert!(made["warning"].as_str().unwrap().contains("unknown"), "{made}");
    assert_eq!(s.run(["tombstone", "show", "now", "--json"]).json()["uploaded_at"], Value::Null);
    let doctor = s.run(["doctor"]);
    let counted = "1 tombstones have one; 1 deletions named their own time";
    assert!(doctor.stdout.contains(counted), "{doctor:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program has its own clock, and this one tells it the time"
)]
fn now_s() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().cast_signed()
}

#[test]
fn the_first_to_post_may_post_again_what_others_deleted_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let s = Sandbox::new();
        let who = [("anna", "2020-01-01"), ("otto", "2021-01-01"), ("zoe", "2022-01-01")];
        for at in order {
            let file = harbour(&s, [320, 400, 480][at]);
            add(&s, who[at].0, who[at].0, who[at].1, &file);
        }
        let upload = harbour(&s, 360);
        let by = |who: &str| checked(&s, &upload, &["--uploader", who]);
        assert_eq!(by("anna"), is("owner", 0), "{order:?}");
        assert_eq!(by("otto").1, 11, "{order:?}");
        assert_eq!(by("zoe").1, 11, "{order:?}");
        assert_eq!(by("nobody").1, 11, "{order:?}");
        // The very file that another deleted.
        let same = checked(&s, &s.path("harbour-480.mp4"), &["--uploader", "anna"]);
        assert_eq!(same, is("owner", 0), "{order:?}");
        if order != [0, 1, 2] {
            continue;
        }
        // What the platform says of the upload.
        let said = |at: &str| checked(&s, &upload, &["--uploader", "eve", "--uploaded-at", at]);
        assert_eq!(said("2019-12-31"), is("earlier", 10));
        assert_eq!(said("2020-01-01").1, 11, "the same day");
        assert_eq!(said("2021-06-01").1, 11, "earlier than the last only");
    }
}

#[test]
fn an_owner_between_two_undated_thieves_is_not_blocked() {
    let s = Sandbox::new();
    let files = [320, 400, 480].map(|width| harbour(&s, width));
    s.add(["--id", "t1", "--owner", "thief-1", files[0].to_str().unwrap()]);
    add(&s, "own", "anna", "2020-01-01", &files[1]);
    s.add(["--id", "t2", "--owner", "thief-2", files[2].to_str().unwrap()]);
    let upload = harbour(&s, 360);
    assert_eq!(checked(&s, &upload, &["--uploader", "anna"]), is("earlier", 10));
    assert_eq!(checked(&s, &upload, &[]).1, 11);
}

/// Sends a file; the verdict and its reason.
fn sent(service: &Service<'_>, file: &Path, query: &str) -> (String, String) {
    let line = upload(service, file, &format!("?wait=60&{query}")).expect(200);
    let (kind, reason) = verdict(&line);
    (kind.to_owned(), reason.to_owned())
}

fn given(kind: &str, reason: &str) -> (String, String) {
    (kind.to_owned(), reason.to_owned())
}

#[test]
fn an_accepted_upload_protects_those_who_post_what_another_deletes_later() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let (first, later) = (harbour(&s, 320), harbour(&s, 360));
    let early = "uploader=anna&uploaded_at=2020-01-01";
    assert_eq!(sent(&service, &first, early), given("allow", "no_match"));
    let bad = upload(&service, &first, "?uploaded_at=2999-01-01");
    assert!(bad.problem(422, "invalid").contains("future"));
    service.stop();
    add(&s, "stolen", "otto", "2021-01-01", &harbour(&s, 480));
    add(&s, "before", "berta", "2019-01-01", &sample("harbour"));
    let service = Service::start(&s);
    let shown = service.get("/v1/tombstones/stolen").expect(200);
    let posters = shown["earlier_posters"].as_array().unwrap();
    assert_eq!(posters.len(), 1, "{shown}");
    let day = json!(["2020-01-01T00:00:00Z", "2020-01-01T23:59:59Z"]);
    assert_eq!(posters[0]["posted_at"], day);
    assert!(!shown.to_string().contains("anna"), "{shown}");
    let shown = service.get("/v1/tombstones/before").expect(200);
    assert_eq!(shown["earlier_posters"], json!([]), "posted before the upload");
    let retired = service.post("/v1/tombstones/before/retirement", &json!({}));
    retired.expect(200);
    assert_eq!(sent(&service, &later, "uploader=zoe"), given("review", "earlier"));
    assert_eq!(sent(&service, &later, "uploader=anna"), given("review", "earlier"));
    // The claim of the retired one stays, too.
    let shown = service.get("/v1/tombstones/stolen").expect(200);
    assert_eq!(shown["earlier_posters"].as_array().unwrap().len(), 2, "{shown}");
}

#[test]
fn without_prints_nobody_is_known_to_have_been_earlier() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__PRINTS_DAYS", "0")]);
    let early = "uploader=anna&uploaded_at=2020-01-01";
    assert_eq!(sent(&service, &harbour(&s, 320), early), given("allow", "no_match"));
    service.stop();
    add(&s, "stolen", "otto", "2021-01-01", &harbour(&s, 480));
    let service = Service::start(&s);
    let shown = service.get("/v1/tombstones/stolen").expect(200);
    assert_eq!(shown["earlier_posters"], json!([]));
    assert_eq!(sent(&service, &harbour(&s, 360), "uploader=zoe").0, "block");
}
