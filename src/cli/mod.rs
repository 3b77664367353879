//! The command line. `arguments` declares what can be typed, each command has a file of its own, and `words` and
//! `table` format results for people.

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

/// The exit code of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Success; of `check`: allow.
    Done = 0,
    /// `check`: review.
    Review = 10,
    /// `check`: block.
    Block = 11,
    /// Wrong usage or an error. A command on many files may have succeeded for the others.
    Failed = 2,
}

/// Runs the command line. The first of `arguments` is the program's name.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to stdout with 0, wrong usage to stderr with 2. A broken pipe cannot be reported.
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
        // A reader that closed the pipe, such as `head`, has what it wanted.
        if !output::is_broken_pipe(&error) {
            output.complain(&error);
        }
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}
