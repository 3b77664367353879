//! The README's chapter on the service: what it prints works, and its tables leave nothing out.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::servers::free_port;
use crate::service::Service;

fn chapter() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).unwrap();
    let begin = text.find("\n## Service\n").expect("the README has a chapter on the service");
    let rest = &text[begin + 1..];
    let end = rest[3..].find("\n## ").map_or(rest.len(), |at| at + 3);
    rest[..end].to_owned()
}

/// The first indented block below a heading.
fn block<'a>(chapter: &'a str, heading: &str) -> Vec<&'a str> {
    let below = chapter.split_once(heading).expect(heading).1;
    let lines = below.lines().skip_while(|line| !line.starts_with("    "));
    lines.take_while(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[test]
fn the_tour_works_as_printed() {
    let chapter = chapter();
    let tour = block(&chapter, "### A tour in five lines");
    assert_eq!(tour.len(), 5, "{tour:?}");
    let s = Sandbox::new();
    std::os::unix::fs::symlink(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"),
        s.path("samples"),
    )
    .unwrap();
    let port = free_port().to_string();
    // As printed, but for the port, which somebody may have; and the service ends with the shell.
    let script =
        format!("set -eu\ntrap 'kill %1' EXIT\n{}\n", tour.join("\n").replace("8080", &port));
    let program = Path::new(env!("CARGO_BIN_EXE_cenotaph")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let output = Command::new("bash")
        .args(["-m", "-c", &script])
        .current_dir(s.path(""))
        .env_clear()
        .env("PATH", path)
        .env("CENOTAPH_KEYS", s.path("keys"))
        .env("CENOTAPH_SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{log}");
    // The stranger is blocked, the owner is not; both are listed.
    assert!(
        said.contains("\"verdict\":\"block\"") && said.contains("\"reason\":\"same_bytes\""),
        "{said}"
    );
    assert!(said.contains("\"reason\":\"owner\"") && said.contains("\"items\":["), "{said}");
}

#[test]
fn every_endpoint_is_in_the_table() {
    let chapter = chapter();
    let s = Sandbox::new();
    let service = Service::start(&s);
    let document = service.get("/openapi.json").expect(200);
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, one) in item.as_object().unwrap() {
            let name = format!("`{} {path}`", method.to_uppercase());
            if !chapter.contains(&name) {
                missing.push(row(&name, one));
            }
        }
    }
    assert!(missing.is_empty(), "lines that are missing in the README:\n{}", missing.join("\n"));
}

/// A line of the table, as it should be.
fn row(name: &str, operation: &Value) -> String {
    let each = operation["security"].as_array().into_iter().flatten();
    let scopes: Vec<&str> = each.filter_map(|one| one["key"][0].as_str()).collect();
    let summary = operation["summary"].as_str().unwrap().trim_end_matches('.');
    format!("| {name} | {} | {summary} |", scopes.join(" or "))
}
