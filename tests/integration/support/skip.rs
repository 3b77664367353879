//! Tests that cannot run here: they say so, and `make test` lists them at its end.
//!
//! With `CENOTAPH_TESTS=require`, as continuous integration runs them, a missing tool is a failure.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Why a test does nothing: a tool is not installed. `make test-tools` installs all of them.
#[track_caller]
pub fn missing(tool: &str) {
    #[expect(clippy::disallowed_methods, reason = "a switch for the tests, not for the program")]
    let is_required = std::env::var_os("CENOTAPH_TESTS").is_some_and(|value| value == "require");
    assert!(!is_required, "{tool} is not installed (make test-tools)");
    note(&format!("{tool} is not installed (make test-tools)"));
}

/// Why a test does nothing: this machine or this user cannot do what it needs, whatever is installed.
pub fn impossible(why: &str) {
    note(why);
}

#[expect(clippy::print_stdout, reason = "shown when the test is run by itself")]
fn note(why: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {why}\n", thread.name().unwrap_or("a test"));
    print!("skipped: {line}");
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
    let file = OpenOptions::new().create(true).append(true).open(list);
    // In one write: tests run side by side.
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list of skipped tests");
}
