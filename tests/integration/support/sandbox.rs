//! The built program with keys and a data folder of its own, in a temporary directory; videos made with `ffmpeg`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What a run of the program ended with.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The only line of stdout, as JSON.
    pub fn json(&self) -> Value {
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.into_iter().next().unwrap()
    }

    /// Every line of stdout, as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|l| serde_json::from_str(l).expect(l)).collect()
    }

    /// Asserts a failure with one line that says why, and returns that line.
    pub fn one_line_error(&self) -> &str {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("cenotaph: "), "{self:?}");
        self.stderr.trim_end()
    }
}

pub struct Sandbox(TempDir);

impl Sandbox {
    /// With keys that were made, so that their notice is not in the way, and no data folder.
    pub fn new() -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        let mut fill = 1;
        let mut entropy = |buffer: &mut [u8]| {
            fill += 1;
            buffer.fill(fill);
            Ok(())
        };
        cenotaph::config::Keys::open_or_make(&sandbox.path("keys"), &mut entropy).unwrap();
        sandbox
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the program in the sandbox, on its data folder `data` and its keys.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cenotaph"));
        command.current_dir(self.0.path()).env_clear().env("CENOTAPH_KEYS", self.path("keys"));
        command.args(["--data", "data"]).args(arguments);
        let output = command.output().unwrap();
        Run {
            code: output.status.code().expect("the program was killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Makes tombstones and asserts that all were made.
    pub fn add<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let words = ["tombstone", "add"].map(|word| OsStr::new(word).to_owned());
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        let run = self.run(words.into_iter().chain(arguments));
        assert_eq!(run.code, 0, "{run:?}");
        run
    }

    /// The JSON line of a check, and its exit code.
    pub fn check(&self, file: impl AsRef<Path>) -> (Value, i32) {
        let run = self.run([OsStr::new("check"), OsStr::new("--json"), file.as_ref().as_os_str()]);
        (run.json(), run.code)
    }

    /// Makes a file with `ffmpeg`; `arguments` are split at spaces.
    pub fn ffmpeg(&self, name: impl AsRef<Path>, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).current_dir(self.0.path());
        command.args(arguments.split_whitespace()).arg(&path);
        let output = command.output().expect("the ffmpeg command is needed for these tests");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        path
    }
}

/// One of the repository's clips.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).with_extension("mp4")
}
