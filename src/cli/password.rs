//! Reads a password: typed twice without echo at a terminal, otherwise one line of stdin. It is never an argument,
//! which every user of the machine can read.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Longest line that is read, bytes.
const LINE_BYTES_MAX: u64 = 4096;

pub(super) fn read(name: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let unseen = Unseen::begin()?;
    let first = unseen.ask(&format!("Password for {name}: "))?;
    let second = unseen.ask("Repeat the password: ")?;
    drop(unseen);
    if first != second {
        bail!("the passwords differ; nothing was changed");
    }
    Ok(first)
}

fn line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("stdin contains no password");
    }
    Ok(password.to_owned())
}

/// A terminal that does not echo, until this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> Result<Unseen> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Unseen(before))
    }

    fn ask(&self, question: &str) -> Result<String> {
        let mut err = io::stderr().lock();
        write!(err, "{question}")?;
        err.flush()?;
        let answer = line();
        writeln!(err)?;
        answer
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
