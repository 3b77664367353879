//! What operators do: back up beside the running service, restore, look at metrics, run it under a supervisor.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::{Sandbox, sample};
use crate::support::servers::program;
use crate::support::service::Service;
use crate::support::skip::missing;

#[test]
fn a_backup_that_was_made_beside_the_service_restores_to_a_service_that_knows_everything() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let line =
        upload(&service, &sample("chess"), "?wait=60&uploader=bert&reference=r1").expect(200);
    let grants = format!("/v1/tombstones/{CHESS}/grants");
    service.post(&grants, &json!({ "uploader": "carl" })).expect(201);
    let key = service.key_for(&["upload"]);
    let body = json!({ "url": "https://example.com/hook", "events": ["upload.verdict"] });
    let subscription = service.post("/v1/subscriptions", &body).expect(201);
    let made = s.run(["backup", "kept.db", "--json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let size = fs::metadata(s.path("kept.db")).unwrap();
    assert_eq!(made.json()["bytes"], size.len());
    assert_eq!(size.permissions().mode() & 0o777, 0o600);
    assert!(
        s.run(["backup", "kept.db"]).one_line_error().contains("kept.db"),
        "it replaces nothing"
    );
    assert!(s.run(["backup", "no/such/folder.db"]).one_line_error().contains("no/such"));
    // What came after it is not in it.
    upload(&service, &innocent(&s, 1), "?wait=60&reference=late").expect(200);
    service.stop();
    // Neither names nor bytes of people lie open in it.
    let bytes = fs::read(s.path("kept.db")).unwrap();
    for word in ["bert", "carl", OWNER, "example.com"] {
        assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }

    // The drill: another machine, with the backup in an empty data folder. The keys are kept apart.
    let other = Sandbox::new();
    fs::create_dir(other.path("data")).unwrap();
    fs::copy(s.path("kept.db"), other.path("data/cenotaph.db")).unwrap();
    fs::rename(other.path("keys"), other.path("keys-elsewhere")).unwrap();
    let without = other.run(["serve", "--listen", "127.0.0.1:0"]);
    assert!(without.one_line_error().contains("key"), "no new keys are made: {without:?}");
    fs::rename(other.path("keys-elsewhere"), other.path("keys")).unwrap();
    fs::copy(s.path("first-key"), other.path("first-key")).unwrap();
    let service = Service::start(&other);
    assert!(!service.log().contains("first API key"), "its keys open it: {}", service.log());
    let upload_path = format!("/v1/uploads/{}", line["id"].as_str().unwrap());
    let known = service.call_as(Some(&key), "GET", &upload_path).send().expect(200);
    assert_eq!(
        (known["reference"].as_str(), verdict(&known)),
        (Some("r1"), ("block", "same_bytes"))
    );
    assert_eq!(service.get("/v1/uploads?reference=late").expect(200)["items"], json!([]));
    let shown = service.get(&format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap()));
    assert_eq!(shown.expect(200)["url"], "https://example.com/hook");
    // The index was made anew: copies are recognised, grants stand.
    let copy = copy_of(&other, CHESS);
    assert_eq!(verdict(&upload(&service, &copy, "?wait=60").expect(200)), ("block", "match"));
    let granted = upload(&service, &copy, "?wait=60&uploader=carl").expect(200);
    assert_eq!(verdict(&granted), ("allow", "grant"));
    service.stop();
    let doctor = other.run(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
}

#[test]
fn an_upload_without_a_verdict_in_a_backup_is_not_waved_through() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_POOLS__DECODES_MAX", "1")]);
    let files = [slow(&s), innocent(&s, 2), innocent(&s, 3)];
    let ids =
        files.map(|f| upload(&service, &f, "").expect(202)["id"].as_str().unwrap().to_owned());
    assert_eq!(s.run(["backup", "kept.db"]).code, 0);
    service.kill();
    fs::remove_dir_all(s.path("data")).unwrap();
    fs::create_dir(s.path("data")).unwrap();
    fs::copy(s.path("kept.db"), s.path("data/cenotaph.db")).unwrap();
    let service = Service::start(&s);
    let last = decided(&service, &ids[2]);
    assert_eq!(verdict(&last), ("review", "unchecked"), "{last}");
}

#[test]
fn metrics_tell_what_operators_watch() {
    let s = with_tombstones();
    let service = Service::start(&s);
    upload(&service, &copy_of(&s, CHESS), "?wait=60").expect(200);
    let text = service.get("/metrics").text();
    let expected = [
        "cenotaph_uploads_undecided 0",
        "cenotaph_uploads_accepted_total 1",
        "cenotaph_verdicts_total{verdict=\"block\",reason=\"match\"} 1",
        "cenotaph_decode_seconds_count 1",
        "cenotaph_search_seconds_count 1",
        "cenotaph_check_seconds_count 1",
        "cenotaph_webhooks_due 0",
        "cenotaph_webhooks_dead 0",
        "cenotaph_index_tombstones 2",
    ];
    for line in expected {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
}

/// A file of the repository's `deploy/`.
fn deployed(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap()
}

#[test]
fn the_unit_is_sound() {
    let Some(analyze) = program("systemd-analyze") else {
        return missing("systemd-analyze");
    };
    let s = Sandbox::new();
    // It looks for the program.
    let program = env!("CARGO_BIN_EXE_cenotaph");
    let unit = deployed("cenotaph.service").replace("/usr/local/bin/cenotaph", program);
    let path = s.write("cenotaph.service", unit.as_bytes());
    let output = Command::new(analyze).arg("verify").arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = |line: &&str| line.contains("cenotaph.service");
    assert_eq!(said.lines().find(ours), None, "{said}");
    assert!(output.status.success() || said.lines().find(ours).is_none(), "{said}");
}

#[test]
fn the_settings_of_the_container_are_sound() {
    let file = deployed("Containerfile");
    let s = Sandbox::new();
    // Its environment, in front of the program that it would run.
    let words = file.lines().filter_map(|line| line.strip_prefix("ENV "));
    let pairs: Vec<(&str, &str)> = words.filter_map(|pair| pair.split_once('=')).collect();
    assert!(pairs.iter().any(|(name, _)| *name == "CENOTAPH_SERVER__LISTEN"), "{pairs:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenotaph"));
    command.current_dir(s.path("")).env_clear().envs(pairs).args(["config", "check", "--json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let _: Value = serde_json::from_slice(&output.stdout).unwrap();
}
