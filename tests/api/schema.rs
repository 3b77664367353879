//! The API document against the service: Schemathesis makes requests from the one and looks what the other answers.

use std::fmt::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::sandbox::sample;
use crate::servers::{skip, tool};
use crate::service::Service;
use crate::videos::*;

/// What must hold for whatever is sent.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";

/// Settings by which the tool asks for what there is, mostly: it makes up ids else, and meets 404.
fn known(service: &Service<'_>, ids: &[(&str, &Value)]) -> String {
    let document = service.get("/openapi.json").expect(200);
    let mut text = String::new();
    for (n, (_, id)) in ids.iter().enumerate() {
        writeln!(text, "[dictionaries.known{n}]\nvalues = [{id}]").unwrap();
    }
    for path in document["paths"].as_object().unwrap().keys() {
        if let Some(n) = ids.iter().position(|(part, _)| path.contains(part)) {
            let known = format!("{{ dictionary = \"known{n}\", probability = 0.8 }}");
            writeln!(text, "[[operations]]\ninclude-path = {path:?}").unwrap();
            writeln!(text, "parameters = {{ \"path.id\" = {known} }}").unwrap();
        }
    }
    text
}

#[test]
#[ignore = "takes a minute and a foreign tool: make test-schema"]
fn schemathesis_finds_no_500_and_nothing_that_the_document_does_not_say() {
    let Some(schemathesis) = tool("venv/bin/schemathesis") else {
        return skip("Schemathesis is not installed: make test-schema");
    };
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__UNDECIDED_MAX", "100000")]);
    // So that there is something of everything.
    let body = json!({ "url": "https://example.invalid/hook", "events": ["upload.verdict"] });
    let subscription = service.post("/v1/subscriptions", &body).expect(201);
    let line = upload(&service, &sample("chess"), "?wait=60&reference=r1").expect(200);
    service
        .post(&format!("/v1/tombstones/{CHESS}/grants"), &json!({ "uploader": "a" }))
        .expect(201);
    let delivery = service.get("/v1/deliveries").expect(200)["items"][0].clone();
    let ids = [
        ("uploads/{id}", &line["id"]),
        ("subscriptions/{id}", &subscription["id"]),
        ("deliveries/{id}", &delivery["id"]),
        ("tombstones/{id}", &json!(CHESS)),
    ];
    s.write("schemathesis.toml", known(&service, &ids).as_bytes());
    let output = Command::new(schemathesis)
        .current_dir(s.path(""))
        .args(["run", &service.url("/openapi.json"), "--checks", CHECKS, "--no-color"])
        .args(["--max-examples", "60", "--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--mode", "all", "--workers", "2", "--request-timeout", "90", "--seed", "1"])
        .args(["--header", &format!("Authorization: Bearer {}", service.key)])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, log) = service.stop();
    assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
}
