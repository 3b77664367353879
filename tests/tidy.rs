//! The habits that a compiler does not know: order of the rooms, module docs, foreign crates and `unsafe` in their
//! places, file length.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

#[path = "tidy/imports.rs"]
mod imports;

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in order: each may use only those before it.
const ROOMS: [&str; 16] = [
    "cpu",
    "model",
    "media",
    "fingerprint",
    "index",
    "matching",
    "store",
    "pools",
    "remote",
    "erasure",
    "wire",
    "engine",
    "http",
    "config",
    "cli",
    "main",
];

/// The rooms inside a room, in order: each may import only from those before it.
const INNER_ROOMS: &[(&str, &[&str])] = &[
    ("matching", &["align", "evidence", "judge"]),
    (
        "engine",
        &[
            "error",
            "policy",
            "jobs",
            "core",
            "access",
            "decoding",
            "tombstones",
            "check",
            "webhooks",
            "triage",
            "uploads",
            "review",
            "deletions",
            "operations",
            "eval",
        ],
    ),
    ("index", &["error", "options", "segment", "kernel", "search", "writer"]),
    ("store", &["database", "access", "tombstones", "webhooks", "uploads", "cases", "deletions"]),
];

/// Imports against that order that a room may have.
const UPWARD_MAX: &[(&str, usize)] = &[("engine", 0), ("index", 0), ("matching", 0), ("store", 0)];

/// Files that may reach one another by imports.
const CIRCLE_MAX: usize = 3;

/// Rooms whose `mod.rs` files list every file after those that it uses.
const LISTED_IN_ORDER: &[&str] = &["matching"];

/// Nobody but these may use a room, whatever the order says.
const USED_ONLY_BY: [(&str, &[&str]); 1] = [("config", &["cli", "main"])];

/// A foreign crate and the rooms that may name it.
const FOREIGN: [(&str, &[&str]); 24] = [
    ("ffmpeg_next", &["media"]),
    ("ffmpeg_sys_next", &["media"]),
    ("image", &["media"]),
    ("quick_xml", &["remote"]),
    ("rustls", &["remote"]),
    ("memmap2", &["index"]),
    ("rusqlite", &["store"]),
    ("object_store", &["remote"]),
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("tower", &["http"]),
    ("tower_http", &["http"]),
    ("utoipa", &["http", "wire", "engine"]),
    ("utoipa_axum", &["http"]),
    ("askama", &["http"]),
    ("plotters", &["http"]),
    ("argon2", &["engine"]),
    ("governor", &["http"]),
    ("toml", &["config"]),
    ("tracing_subscriber", &["cli"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli", "main"]),
    ("anyhow", &["cli", "main"]),
];

/// The same for files of tests: a unit test may start the server that its client speaks to.
const FOREIGN_IN_TESTS: [(&str, &[&str]); 2] = [("axum", &["remote"]), ("tower", &["remote"])];

/// Where `unsafe` may stand: FFmpeg's pointers, the mapping of segments, builds of kernels for CPU features.
const UNSAFE_ROOMS: [&str; 3] = ["cpu", "media", "index"];

/// Lines of a file, tests included.
const LINES_MAX: usize = 600;

struct Source {
    /// Relative to `src`.
    path: PathBuf,
    room: String,
    text: String,
}

impl Source {
    /// Lines of code with their numbers; comments are cut off.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let cut = |line: &'_ str| line.find("//").unwrap_or(line.len());
        (1..).zip(self.text.lines().map(move |line| &line[..cut(line)]))
    }
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&src).unwrap().to_path_buf();
                let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
                let room = first.trim_end_matches(".rs").to_string();
                found.push(Source { path, room, text });
            }
        }
    }
    assert!(found.len() > 5, "the sources were not found");
    found
}

/// Runs a rule over every file and shows all that break it.
fn check(rule: impl Fn(&Source, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for source in sources() {
        rule(&source, &mut broken);
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// The words that follow `prefix` in a line, as in `crate::store::Store` → `store`.
fn words_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let word = |rest: &'a str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    };
    line.match_indices(prefix)
        .filter(move |(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(move |(at, _)| word(&line[at + prefix.len()..]))
}

fn rank(room: &str) -> Option<usize> {
    ROOMS.iter().position(|&r| r == room)
}

/// What is wrong with `room`'s using `used`.
fn misuse(room: &str, used: &str) -> Option<String> {
    if room == "lib" || room == used {
        return None;
    }
    let Some(used_rank) = rank(used) else {
        return Some(format!("`crate::{used}` is no room; write `use crate::room::Thing;`"));
    };
    let only = USED_ONLY_BY.iter().find(|(guarded, _)| *guarded == used);
    if only.is_some_and(|(_, users)| !users.contains(&room)) {
        return Some(format!("`{used}` may not be used by `{room}`"));
    }
    let below = rank(room).is_none_or(|own| used_rank > own);
    below.then(|| format!("`{room}` stands above `{used}` and may not use it"))
}

#[test]
fn every_room_uses_only_rooms_above_it() {
    check(|source, broken| {
        for (number, line) in source.code() {
            let path = source.path.display();
            let used = words_after(line, "crate::").chain(words_after(line, "cenotaph::"));
            for wrong in used.filter_map(|used| misuse(&source.room, used)) {
                broken.push(format!("{path}:{number}: {wrong}"));
            }
            if line.contains("super::super") {
                broken.push(format!("{path}:{number}: `super::super`"));
            }
        }
    });
}

fn imports(sources: &[Source]) -> imports::Imports {
    let named = |source: &'_ Source| source.path.to_str().unwrap().to_string();
    imports::Imports::of(sources.iter().map(|s| (named(s), s.text.as_str())))
}

#[test]
fn every_inner_room_uses_only_inner_rooms_above_it() {
    let sources = sources();
    let imports = imports(&sources);
    for (room, order) in INNER_ROOMS {
        let inner = |file: &str| -> Option<String> {
            let rest = file.strip_prefix(room)?.strip_prefix('/')?;
            Some(rest.split('/').next()?.trim_end_matches(".rs").to_string())
        };
        for file in imports.edges.keys() {
            let known = inner(file).is_none_or(|name| name == "mod" || order.contains(&&*name));
            assert!(known, "{file}: not in one of the rooms inside `{room}`: {order:?}");
        }
        let upward = imports.upward(room, order);
        println!("upward imports inside {room}: {}", upward.len());
        let allowed = UPWARD_MAX.iter().find(|(name, _)| name == room).map_or(0, |(_, max)| *max);
        let listed = upward.join("\n");
        assert!(upward.len() <= allowed, "{} of {allowed} allowed:\n{listed}\n", upward.len());
    }
}

/// The files below a folder of `src`, in the order in which its `mod.rs` and those inside list them.
fn listed(folder: &str) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let text = fs::read_to_string(src.join(folder).join("mod.rs")).unwrap();
    let mut out = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let inner = format!("{folder}/{name}");
        if src.join(&inner).join("mod.rs").exists() {
            out.extend(listed(&inner));
        } else {
            out.push(format!("{inner}.rs"));
        }
    }
    out
}

#[test]
fn a_file_uses_only_files_listed_before_it() {
    let sources = sources();
    let imports = imports(&sources);
    for room in LISTED_IN_ORDER {
        let order = listed(room);
        let rank = |file: &String| order.iter().position(|listed| listed == file);
        let mut inside = 0;
        for (from, targets) in &imports.edges {
            for to in targets {
                let Some((own, used)) = rank(from).zip(rank(to)) else { continue };
                assert!(used < own, "{from} uses {to}, which is listed after it");
                inside += 1;
            }
        }
        assert!(inside > order.len(), "{inside} imports among {} files of {room}", order.len());
    }
}

#[test]
fn no_circle_of_imports_is_large() {
    let sources = sources();
    let circles = imports(&sources).circles();
    let largest = circles.first().map_or(1, Vec::len);
    println!("files in the largest circle of imports: {largest}");
    for circle in circles {
        println!("{}: {}", circle.len(), circle.join(", "));
        assert!(
            circle.len() <= CIRCLE_MAX,
            "a circle of {} files: {}",
            circle.len(),
            circle.join(", ")
        );
    }
}

#[test]
fn every_top_level_module_is_a_room() {
    check(|source, broken| {
        if source.room != "lib" && rank(&source.room).is_none() {
            broken.push(format!("{}: no room of this name", source.path.display()));
        }
    });
}

#[test]
fn every_file_says_what_it_is_for() {
    check(|source, broken| {
        if !source.text.starts_with("//! ") {
            broken.push(format!("{}: does not open with `//!`", source.path.display()));
        }
    });
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    check(|source, broken| {
        for (number, line) in source.code() {
            for (name, rooms) in FOREIGN {
                let named = words_after(line, &format!("{name}::")).next().is_some()
                    || line.trim_start().starts_with(&format!("use {name}"));
                let own_module = line.contains(&format!("::{name}::"));
                let in_tests = source.path.ends_with("tests.rs")
                    && FOREIGN_IN_TESTS
                        .iter()
                        .any(|(n, rooms)| *n == name && rooms.contains(&source.room.as_str()));
                let allowed = in_tests || rooms.contains(&source.room.as_str());
                if named && !own_module && !allowed {
                    let path = source.path.display();
                    broken.push(format!("{path}:{number}: `{name}` belongs to {rooms:?}"));
                }
            }
        }
    });
}

#[test]
fn unsafe_stays_where_it_is_allowed() {
    check(|source, broken| {
        for (number, line) in source.code() {
            let found =
                ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "expect(unsafe_code"];
            let used = found.iter().any(|form| line.contains(form));
            if used && !UNSAFE_ROOMS.contains(&source.room.as_str()) {
                broken.push(format!("{}:{number}: `unsafe`", source.path.display()));
            }
        }
    });
}

#[test]
fn no_file_is_too_long() {
    check(|source, broken| {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{}: {lines} lines, at most {LINES_MAX}", source.path.display()));
        }
    });
}

#[test]
fn the_samples_stay_small() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let sizes = fs::read_dir(samples).unwrap().map(|f| f.unwrap().metadata().unwrap().len());
    let total: u64 = sizes.sum();
    assert!((100_000..3_000_000).contains(&total), "samples/ has {total} bytes");
}

#[test]
fn the_rules_find_what_breaks_them() {
    assert_eq!(misuse("engine", "store"), None);
    assert_eq!(misuse("store", "store"), None);
    assert!(misuse("store", "engine").unwrap().contains("above"));
    assert!(misuse("engine", "config").unwrap().contains("may not be used"));
    assert!(misuse("engine", "").unwrap().contains("no room"), "`use crate::{{a, b}}`");
    let found: Vec<_> =
        words_after("pub(crate) use crate::a::B, mycrate::x, crate::{c}", "crate::").collect();
    assert_eq!(found, ["a", ""]);
}
