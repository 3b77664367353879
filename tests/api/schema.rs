//! The API document against the service: Schemathesis makes requests from the one and looks what the other answers.

use std::process::Command;

use crate::sandbox::sample;
use crate::servers::{skip, tool};
use crate::service::Service;
use crate::videos::*;

/// What must hold for whatever is sent.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";

#[test]
#[ignore = "takes a minute and a foreign tool: make test-schema"]
fn schemathesis_finds_no_500_and_nothing_that_the_document_does_not_say() {
    let Some(schemathesis) = tool("venv/bin/schemathesis") else {
        return skip("Schemathesis is not installed: make test-schema");
    };
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__UNDECIDED_MAX", "100000")]);
    // So that there is something of everything.
    upload(&service, &sample("chess"), "?wait=60&reference=r1").expect(200);
    let body = serde_json::json!({ "url": "https://192.0.2.1/hook", "events": ["upload.verdict"] });
    service.post("/v1/subscriptions", &body);
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
