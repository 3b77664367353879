//! The `cenotaph` binary: parses, runs, picks the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any parsing or configuration: a worker must see neither.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "worker") {
        return cenotaph::media::worker::main();
    }
    cenotaph::cli::run(std::env::args_os())
}
