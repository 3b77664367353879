//! The `cenotaph` binary: parses, runs, picks the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any parsing or configuration: a worker must see neither.
    let code = match std::env::args_os().nth(1).as_deref().and_then(|argument| argument.to_str()) {
        Some("worker") => cenotaph::media::worker::main(),
        Some("nursery") => cenotaph::media::nursery::server::main(),
        _ => cenotaph::cli::run(std::env::args_os()),
    };
    cenotaph::media::nursery::dismiss();
    code
}
