//! Writing to stdout and stderr.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Where results go.
pub(super) struct Output {
    /// For machines: JSON on stdout instead of words.
    pub json: bool,
}

impl Output {
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// A line (or several) of words on stdout.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// A value as one line of JSON on stdout.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.say(&serde_json::to_string(value)?)
    }

    /// A remark on stderr, which never fails a command.
    pub fn remark(&mut self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// An error on stderr, with its causes where they add something, in one line.
    pub fn complain(&mut self, error: &anyhow::Error) {
        self.remark(&format!("cenotaph: {}", in_one_line(error)));
    }

    /// Whether somebody watches who would like to see progress.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }
}

/// An error and its causes; those whose text is already in what was said are left out.
pub(super) fn in_one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.replace('\n', " ")
}

pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
