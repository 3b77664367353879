//! Looks for words in the bytes of files.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::path::Path;

/// Files below a folder, the index's and the database's with its log among them.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Which of the words are in which file of the data folder, in any of the encodings in which we could have put them.
pub fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    assert!(paths.iter().any(|p| p.ends_with("cenotaph.db-wal")), "{paths:?}");
    let mut found = Vec::new();
    for path in paths {
        // What is gone by now has nothing.
        let bytes = std::fs::read(&path).unwrap_or_default();
        for word in words {
            let hex: String = word.bytes().map(|b| format!("{b:02x}")).collect();
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let forms = [word.as_bytes().to_vec(), hex.into_bytes(), wide];
            if forms.iter().any(|form| bytes.windows(form.len()).any(|w| w == form)) {
                found.push(format!("{word} in {}", path.display()));
            }
        }
    }
    found
}
