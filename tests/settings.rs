//! The documents of the settings: `docs/settings.md` and `deploy/cenotaph.toml` are what the program generates, and the
//! example is a valid file. `CENOTAPH_BLESS=1 cargo test --test settings` writes both anew.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

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
    let home = Some("/home/anna".into());
    let environment = EnvironmentVariables { home, ..EnvironmentVariables::default() };
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

/// The documents for readers, with their names.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("docs"), root.join("examples"), root.join("deploy")];
    let mut files = vec![root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let text = |path: &Path| fs::read_to_string(path).ok();
    let named = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    files.iter().filter_map(|path| Some((named(path), text(path)?))).collect()
}

#[test]
fn documents_name_only_settings_that_exist() {
    let settings = load("").in_force;
    let known = |name: &str| {
        let inside = format!("{name}.");
        // The settings of a rule for purging are not in force one by one.
        name.starts_with("remote.purge.")
            || settings.iter().any(|one| one.name == name || one.name.starts_with(&inside))
    };
    let is_name = |text: &str| {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
        let section = text.split('.').next().unwrap_or_default();
        text.contains('.') && text.chars().all(word) && section != text && known(section)
    };
    let (mut found, mut wrong) = (0, Vec::new());
    for (path, text) in documents().iter().filter(|(path, _)| path != "docs/settings.md") {
        let quoted = text.split('`').skip(1).step_by(2).map(str::to_owned);
        let quoted = quoted.filter(|name| is_name(name) && !name.ends_with(".md"));
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let variables = words.filter_map(|word| word.strip_prefix("CENOTAPH_"));
        let variables = variables.filter(|word| word.contains("__"));
        let of_variables = variables.map(|word| word.to_lowercase().replace("__", "."));
        for name in quoted.chain(of_variables) {
            found += 1;
            if !known(&name) {
                wrong.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(found > 20, "{found} names");
    assert!(wrong.is_empty(), "no such settings: {wrong:#?}");
}
