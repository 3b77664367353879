//! Documents are true: the tours that they print work, the files that they link to are there, and what they say of
//! metrics is all that the code has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::sandbox::Sandbox;
use crate::support::servers::free_port;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// All documents for people, by their paths from the root.
fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "examples", "examples/tusd", "examples/nginx", "examples/webhooks"];
    let mut found = Vec::new();
    for folder in
        folders.into_iter().chain(["examples/django", "benches/index_scale", "benches/service"])
    {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                found.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The commands that a document prints in blocks of `sh`, below a heading or in all of it.
fn tour(document: &str, heading: &str) -> String {
    let text = read(document);
    let below = text.split_once(&format!("\n{heading}\n")).expect(heading).1;
    let end = below.find("\n## ").unwrap_or(below.len());
    let blocks = below[..end].split("\n```sh\n").skip(1);
    let commands: Vec<&str> = blocks.map(|block| block.split("\n```").next().unwrap()).collect();
    assert!(!commands.is_empty(), "{document} has no commands below {heading}");
    commands.join("\n")
}

/// Runs commands as printed, but for the port, which somebody may have; the service ends with the shell. What was printed.
fn run(commands: &str) -> String {
    let s = Sandbox::new();
    std::os::unix::fs::symlink(root().join("samples"), s.path("samples")).unwrap();
    fs::create_dir(s.path("target")).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_cenotaph")).parent().unwrap();
    std::os::unix::fs::symlink(programs, s.path("target/release")).unwrap();
    let port = free_port().to_string();
    let commands = commands.replace("8080", &port);
    let script = format!("set -eu\ntrap 'kill %1' EXIT\n{commands}\n");
    let output = Command::new("bash")
        .args(["-m", "-c", &script])
        .current_dir(s.path(""))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("CENOTAPH_KEYS", s.path("keys"))
        .env("CENOTAPH_SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{log}");
    said.into_owned()
}

#[test]
fn the_readmes_thirty_seconds_work_as_printed() {
    let headings = ["pipeline", "queue", "scan"].map(|of| format!("## Thirty seconds of a {of}"));
    let said = run(&headings.map(|heading| tour("README.md", &heading)).join("\n"));
    // The stranger is blocked, the owner is not.
    assert!(said.contains("\"verdict\":\"block\",\"reason\":\"match\""), "{said}");
    assert!(said.contains("\"verdict\":\"allow\",\"reason\":\"owner\""), "{said}");
    assert!(said.contains("\"mirrored\":true"), "{said}");
    assert!(said.contains("chess.mp4") && said.contains("coast.mp4"), "the scan's table: {said}");
}

#[test]
fn the_tour_of_uploads_works_as_printed() {
    let said = run(&tour("docs/uploads.md", "## A tour"));
    // The stranger is blocked, the owner is not; both are listed.
    assert!(said.contains("\"verdict\":\"block\",\"reason\":\"same_bytes\""), "{said}");
    assert!(said.contains("\"reason\":\"owner\"") && said.contains("\"items\":["), "{said}");
}

#[test]
fn the_tour_of_a_deletion_works_as_printed() {
    let said = run(&tour("docs/deletion.md", "## A tour"));
    assert!(said.contains("\"visibility\":"), "{said}");
    assert!(said.contains("\"stage\":") && said.contains("\"items\":["), "{said}");
}

/// Targets of the links of a text in Markdown.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(move |(at, _)| text[at + 2..].split(')').next())
}

/// The anchors that GitHub gives a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings
        .map(|heading| {
            let words: String =
                heading.trim_start_matches('#').trim().chars().filter(kept).collect();
            words.to_lowercase().replace(' ', "-")
        })
        .collect()
}

#[test]
fn links_lead_to_what_is_in_the_repository() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let folder = root().join(&document).parent().unwrap().to_path_buf();
        for link in
            links(&text).filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            let inside =
                to.canonicalize().is_ok_and(|to| to.starts_with(root().canonicalize().unwrap()));
            let is_text = to.extension().is_some_and(|e| e == "md");
            let leads = anchor.is_empty()
                || is_text && fs::read_to_string(&to).is_ok_and(|to| anchors(&to).contains(anchor));
            if !inside || !leads {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
        for path in text.split('`').skip(1).step_by(2) {
            let named = ["src/", "tests/", "deploy/", "samples/", "benches/", "examples/"];
            let is_path = named.iter().any(|folder| path.starts_with(folder))
                && !path.contains(|c: char| c.is_whitespace() || "…{}<*|".contains(c));
            if is_path && !root().join(path).exists() {
                broken.push(format!("{}: `{path}`", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Names of metrics behind `before` in a text: `cenotaph_` and more, as far as they are names.
fn metrics_in(text: &str, before: &str) -> BTreeSet<String> {
    let begin = format!("{before}cenotaph_");
    let in_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let found = text.match_indices(&begin).map(|(at, _)| &text[at + before.len()..]);
    found.map(|rest| rest.chars().take_while(|c| in_name(*c)).collect()).collect()
}

#[test]
fn metrics_are_documented_and_alerts_ask_for_those_that_are_there() {
    let mut folders = vec![root().join("src")];
    let mut made = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                // Calls may be broken over lines.
                let text = fs::read_to_string(path).unwrap();
                let dense: String = text.split_whitespace().collect();
                for call in ["counter!(\"", "gauge!(\"", "histogram!(\""] {
                    made.extend(metrics_in(&dense, call));
                }
            }
        }
    }
    assert!(made.len() > 15, "{made:?}");
    let text = read("docs/operating.md");
    let (table, rules) = text.split_once("\nRules to start from").unwrap();
    let told = metrics_in(table, "| `");
    assert_eq!(told, made, "the table in docs/operating.md against the code");
    let asked: BTreeSet<String> = metrics_in(rules, "")
        .into_iter()
        .map(|name| name.trim_end_matches("_bucket").to_owned())
        .collect();
    assert!(asked.is_subset(&made), "{:?}", asked.difference(&made).collect::<Vec<_>>());
}
