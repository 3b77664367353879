//! The documents of the settings: `docs/settings.md` and `deploy/cenotaph.toml` are what the program generates, and the
//! example is a valid file. `CENOTAPH_BLESS=1 cargo test --test settings` writes both anew.

use std::fs;
use std::path::Path;

use cenotaph::config::{EnvironmentVariables, Flags, Settings, example, reference};

/// Compares a generated document with the file in the repository, or writes the file when blessing.
fn assert_current(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to write the documents")]
    let bless = std::env::var_os("CENOTAPH_BLESS").is_some();
    if bless {
        fs::write(&file, generated).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let lines = || written.lines().zip(generated.lines());
    let line = lines().position(|(a, b)| a != b).unwrap_or_else(|| lines().count()) + 1;
    assert!(
        written == generated,
        "{path} differs from the program at line {line}; run CENOTAPH_BLESS=1 cargo test --test settings"
    );
}

#[test]
fn the_reference_is_what_the_program_generates() {
    assert_current("docs/settings.md", &reference());
}

#[test]
fn the_example_is_what_the_program_generates() {
    assert_current("deploy/cenotaph.toml", &example());
}

/// The settings from a file with this text.
fn load(text: &str) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cenotaph.toml");
    fs::write(&path, text).unwrap();
    let environment = EnvironmentVariables { home: Some("/home/anna".into()), ..EnvironmentVariables::default() };
    let flags = Flags { config: Some(path), ..Flags::default() };
    Settings::load(&flags, &environment).unwrap()
}

/// The example with every value in force.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        let is_key = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (line.starts_with('[') && line.ends_with(']')) || (line.contains(" = ") && is_key)
    };
    let mut text = String::new();
    for line in example().lines() {
        let setting = line.strip_prefix("# ").filter(|rest| is_setting(rest));
        text.push_str(setting.unwrap_or(line));
        text.push('\n');
    }
    text
}

#[test]
fn the_example_changes_nothing_until_lines_are_uncommented() {
    let settings = load(&example());
    assert!(settings.in_force.len() > 90, "{} settings", settings.in_force.len());
    let set: Vec<_> = settings.in_force.iter().filter(|one| one.origin.is_some()).collect();
    assert!(set.is_empty(), "{set:?}");
}

#[test]
fn every_value_of_the_example_is_valid() {
    let settings = load(&uncommented());
    let unset: Vec<_> = settings.in_force.iter().filter(|one| one.origin.is_none()).collect();
    assert!(unset.is_empty(), "{unset:?}");
    assert_eq!(settings.remote.purge_rules.len(), 1);
}
