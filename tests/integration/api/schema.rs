//! The API document against the service: Schemathesis makes requests from the one and looks what the other answers.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::pictures::{file_uri, picture};
use crate::support::servers::tool;
use crate::support::service::Service;
use crate::support::skip::missing;

/// What must hold for whatever is sent.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";

/// Settings by which the tool asks for what there is, mostly: it makes up ids else, and meets 404.
fn known(service: &Service<'_>, ids: &[Known]) -> String {
    let document = service.get("/openapi.json").expect(200);
    let mut text = String::new();
    for (n, (.., ids)) in ids.iter().enumerate() {
        writeln!(text, "[dictionaries.known{n}]\nvalues = {}", json!(ids)).unwrap();
    }
    for path in document["paths"].as_object().unwrap().keys() {
        let found = ids.iter().position(|(begin, ..)| path.starts_with(begin));
        assert!(found.is_some() || !path.contains('{'), "what is there for {path}?");
        if let Some(n) = found {
            let known = format!("{{ dictionary = \"known{n}\", probability = 0.8 }}");
            writeln!(text, "[[operations]]\ninclude-path = {path:?}").unwrap();
            writeln!(text, "parameters = {{ {:?} = {known} }}", ids[n].1).unwrap();
        }
    }
    text
}

/// The beginning of a path, the name of a parameter of such paths, and what there is to ask for.
type Known = (&'static str, &'static str, Vec<Value>);

/// Something of everything.
fn something_of_everything(service: &Service<'_>) -> Vec<Known> {
    let s = service.sandbox;
    let id = |answer: Value| answer["id"].clone();
    let hook = json!({ "url": "https://example.invalid/hook", "events": ["upload.verdict"] });
    let subscription = id(service.post("/v1/subscriptions", &hook).expect(201));
    let videos = [copy_of(s, CHESS), copy_of(s, WINDOW), innocent(s, 1)];
    let texts = ["one", "two"].map(|text| s.write(text, text.repeat(999).as_bytes()));
    let uploads = videos
        .iter()
        .chain(&texts)
        .map(|file| id(upload(service, file, "?wait=60&reference=r1&uploader=bert").expect(200)));
    let uploads: Vec<Value> = uploads.collect();
    let listed = |path: &str| -> Vec<Value> {
        let items = service.get(path).expect(200)["items"].as_array().unwrap().clone();
        items.into_iter().map(id).collect()
    };
    let cases = listed("/v1/cases");
    assert!(cases.len() >= 4, "the copies and the texts: {cases:?}");
    let grants = format!("/v1/tombstones/{CHESS}/grants");
    service.post(&grants, &json!({ "uploader": "a" })).expect(201);
    let deletions: Vec<Value> = (1..=3).map(|n| deleted(service, n)).collect();
    let user = json!({ "name": "Ann", "role": "moderator", "password": "quite a long password" });
    let user = id(service.post("/v1/users", &user).expect(201));
    let key = json!({ "name": "spare", "scopes": ["upload"] });
    let key = id(service.post("/v1/keys", &key).expect(201));
    let of_videos: Vec<Value> = (1..=4).map(|n| json!(format!("video-{n}"))).collect();
    let addresses = (1..=4).map(|n| json!(service.url(&format!("/v/video-{n}")))).collect();
    vec![
        ("/v1/uploads/{id}", "path.id", uploads),
        ("/v1/cases/{id}", "path.id", cases),
        ("/v1/subscriptions/{id}", "path.id", vec![subscription]),
        ("/v1/deliveries/{id}", "path.id", listed("/v1/deliveries")),
        ("/v1/tombstones/{id}", "path.id", vec![json!(CHESS), json!(WINDOW)]),
        ("/v1/deletions/{id}", "path.id", deletions),
        ("/v1/users/{id}", "path.id", vec![user]),
        ("/v1/keys/{id}", "path.id", vec![key]),
        ("/v1/videos/{id}", "path.id", of_videos.clone()),
        ("/v/{id}", "path.id", of_videos.clone()),
        ("/embed/{id}", "path.id", of_videos.clone()),
        ("/oembed", "query.url", addresses),
        ("/problems/{kind}", "path.kind", vec![json!("not-found"), json!("conflict")]),
    ]
}

/// A video whose deletion is complete; the deletion's id.
fn deleted(service: &Service<'_>, number: u64) -> Value {
    let path = service.sandbox.path("in").join(format!("{number}.bmp"));
    fs::write(&path, picture(number)).unwrap();
    let copies = json!([{ "kind": "main", "uri": file_uri(&path) }]);
    let body = json!({ "owner": "anna", "reason": "owner_request", "copies": copies });
    let path = format!("/v1/videos/video-{number}/deletion");
    let id = service.post(&path, &body).expect(202)["id"].clone();
    let path = format!("/v1/deletions/{}", id.as_str().unwrap());
    service.wait_for("complete deletion", || {
        (service.get(&path).expect(200)["state"] == "complete").then_some(())
    });
    id
}

#[test]
#[ignore = "takes a minute and a foreign tool: make test-schema"]
fn schemathesis_finds_no_500_and_nothing_that_the_document_does_not_say() {
    let Some(schemathesis) = tool("venv/bin/schemathesis") else {
        return missing("Schemathesis");
    };
    let s = with_tombstones();
    fs::create_dir_all(s.path("in")).unwrap();
    let folder = format!("[{:?}]", s.path("in").canonicalize().unwrap());
    let service = Service::start_with(
        &s,
        &[
            ("CENOTAPH_UPLOADS__PENDING_MAX", "100000"),
            ("CENOTAPH_REVIEW__INCLUDE_BLOCKED", "true"),
            ("CENOTAPH_REMOTE__FILE_ROOTS", &folder),
        ],
    );
    let ids = something_of_everything(&service);
    s.write("schemathesis.toml", known(&service, &ids).as_bytes());
    let output = Command::new(schemathesis)
        .current_dir(s.path(""))
        .args(["run", &service.url("/openapi.json"), "--checks", CHECKS, "--no-color"])
        .args(["--max-examples", "60", "--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--mode", "all", "--workers", "2", "--request-timeout", "90", "--seed", "1"])
        // It goes on for ever; `case_events` looks at it.
        .args(["--exclude-path", "/v1/cases/events"])
        .args(["--header", &format!("Authorization: Bearer {}", service.key)])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, log) = service.stop();
    assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
}
