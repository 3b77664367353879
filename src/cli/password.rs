//! A password from whoever is there: typed twice, unseen, at a terminal; else one line of stdin. Never an argument,
//! which everybody on the machine can read.

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
    let second = unseen.ask("Once more: ")?;
    drop(unseen);
    if first != second {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(first)
}

fn line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came on stdin");
    }
    Ok(password.to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
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
        // Nothing better can be done when the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
