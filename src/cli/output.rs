//! Output: results on stdout, remarks and errors on stderr.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::model::chain;

/// The output of a command.
pub(super) struct Output {
    /// Whether results are JSON and not text.
    pub json: bool,
}

impl Output {
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Prints text on stdout.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints a value on stdout as one line of JSON.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.say(&serde_json::to_string(value)?)
    }

    /// Prints a remark on stderr. A failure is ignored: no command fails because of a remark.
    pub fn remark(&mut self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints an error and its causes on stderr.
    pub fn complain(&mut self, error: &anyhow::Error) {
        self.remark(&format!("cenotaph: {}", chain(error.as_ref())));
    }

    /// Whether stderr is a terminal, where progress can be shown.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }
}

/// An error and its causes on one line.
pub(super) fn in_one_line(error: &anyhow::Error) -> String {
    chain(error.as_ref()).replace('\n', " ")
}

pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
