//! Commands and exit codes. Parsing is in `arguments`, each command in a file of its own, and how results are put in
//! words in `words` and `table`.

mod arguments;
mod backup;
mod check;
mod clock;
mod config;
mod control;
mod doctor;
mod eval;
mod index;
mod key;
mod logs;
mod output;
mod password;
mod receipt;
mod replay;
mod scan;
mod serve;
mod session;
mod table;
mod tombstone;
mod user;
mod words;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::arguments::{Arguments, Command};
use crate::cli::output::Output;
pub use clock::SystemClock;

/// What a command ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All done; of `check`: allow.
    Done = 0,
    /// `check`: a moderator should look.
    Review = 10,
    /// `check`: a re-upload.
    Block = 11,
    /// Wrong usage, or something could not be read or written; other files of the same command were dealt with.
    Failed = 2,
}

/// Runs the command line, with `arguments` as the system gives them, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to stdout with 0, wrong usage to stderr with 2. Nobody is there to hear of a broken pipe.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut output = Output::new(arguments.common.json);
    let outcome = match &arguments.command {
        Command::Tombstone(command) => tombstone::run(&arguments.common, command, &mut output),
        Command::Check(command) => check::run(&arguments.common, command, &mut output),
        Command::Scan(command) => scan::run(&arguments.common, command, &mut output),
        Command::Eval(command) => eval::run(&arguments.common, command, &mut output),
        Command::Index(command) => index::run(&arguments.common, command, &mut output),
        Command::Serve(command) => serve::run(&arguments.common, command, &mut output),
        Command::Key(command) => key::run(&arguments.common, command, &mut output),
        Command::User(command) => user::run(&arguments.common, command, &mut output),
        Command::Config(command) => config::run(&arguments.common, command, &mut output),
        Command::Backup(command) => backup::run(&arguments.common, command, &mut output),
        Command::Receipt(command) => receipt::run(command, &mut output),
        Command::Replay(command) => replay::run(&arguments.common, command, &mut output),
        Command::Doctor => doctor::run(&arguments.common, &mut output),
    };
    let exit = outcome.unwrap_or_else(|error| {
        // Whoever reads our output has gone: that is how `head` ends a listing, not a failure.
        if !output::is_broken_pipe(&error) {
            output.complain(&error);
        }
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}
