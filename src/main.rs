//! The `cenotaph` binary: parses, runs, picks the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before any parsing or configuration: neither may reach a worker.
    let code = match std::env::args_os().nth(1).as_deref().and_then(|argument| argument.to_str()) {
        Some("worker") => cenotaph::media::worker::main(),
        Some("fork-server") => cenotaph::media::fork_server::server::main(),
        _ => cenotaph::cli::run(std::env::args_os()),
    };
    cenotaph::media::fork_server::shut_down();
    code
}
