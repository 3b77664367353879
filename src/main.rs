//! The `cenotaph` binary: runs the command line, or one of the processes that decode.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Decoding processes are told apart first: they must not read arguments or settings.
    let code = match std::env::args_os().nth(1).as_deref().and_then(|argument| argument.to_str()) {
        Some("worker") => cenotaph::media::worker::main(),
        Some("fork-server") => cenotaph::media::fork_server::server::main(),
        _ => cenotaph::cli::run(std::env::args_os()),
    };
    cenotaph::media::fork_server::shut_down();
    code
}
