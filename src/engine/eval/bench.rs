//! Reads a benchmark: a table of clips, and the ground truth of its uploads.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::engine::error::{Error, Result};

/// The role of deleted clips.
const DELETED_ROLE: &str = "ref";

/// A benchmark.
#[derive(Debug, Clone)]
pub struct Bench {
    pub clips: Vec<Clip>,
    pub queries: Vec<Query>,
}

/// An original clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    pub id: String,
    pub path: PathBuf,
    /// Whether the clip is enrolled as a deleted video.
    pub deleted: bool,
}

/// An upload, and the deleted clips that it shows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Query {
    #[serde(rename = "query")]
    pub name: String,
    pub edit: String,
    pub family: String,
    pub expect: Vec<Expected>,
    /// The upload's file.
    #[serde(skip)]
    pub path: PathBuf,
}

/// A deleted clip that an upload shows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Expected {
    #[serde(rename = "ref")]
    pub deleted: String,
    /// `[upload start, upload end, deleted start, deleted end]`, seconds.
    pub segments: Vec<[f64; 4]>,
}

impl Bench {
    /// Reads the table of clips and the ground truth. The table is tab-separated, and its header has at least the
    /// columns `id`, `file` and `role`. The truth has one JSON object per line. Paths are relative to the file that
    /// names them.
    ///
    /// # Errors
    /// - [`Error::File`] if a file cannot be read;
    /// - [`Error::BadLine`] if a line is malformed.
    pub fn read(clips: &Path, truth: &Path) -> Result<Bench> {
        Ok(Bench { clips: read_clips(clips)?, queries: read_truth(truth)? })
    }
}

fn read_clips(path: &Path) -> Result<Vec<Clip>> {
    let text = text(path)?;
    let bad = |line: usize, why: String| Error::BadLine { path: path.to_path_buf(), line, why };
    let mut lines = text.lines().enumerate();
    let (_, head) = lines.next().ok_or_else(|| bad(1, "the header is missing".into()))?;
    let column = |name: &str| {
        let at = head.split('\t').position(|column| column == name);
        at.ok_or_else(|| bad(1, format!("the column `{name}` is missing")))
    };
    let (id, file, role) = (column("id")?, column("file")?, column("role")?);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut clips = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |column: usize| {
            cells
                .get(column)
                .copied()
                .ok_or_else(|| bad(at + 1, "the row has fewer columns than the header".into()))
        };
        clips.push(Clip {
            id: cell(id)?.to_owned(),
            path: folder.join(cell(file)?),
            deleted: cell(role)? == DELETED_ROLE,
        });
    }
    Ok(clips)
}

fn read_truth(path: &Path) -> Result<Vec<Query>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let text = text(path)?;
    let mut queries = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let query: Query = serde_json::from_str(line).map_err(|e| {
            let why = format!("not a ground-truth record: {e}");
            Error::BadLine { path: path.to_path_buf(), line: at + 1, why }
        })?;
        let path = folder.join(&query.name);
        queries.push(Query { path, ..query });
    }
    Ok(queries)
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_paths_are_relative_to_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let (clips, truth) = (folder.path().join("clips.tsv"), folder.path().join("truth.jsonl"));
        fs::write(&clips, "role\tid\tfile\nref\ta\tx/a.mp4\nother\tb\tx/b.mp4\n").unwrap();
        let line = concat!(
            r#"{"query":"q/1.mp4","edit":"e","family":"f","clip":"a","#,
            r#""expect":[{"ref":"a","segments":[[0,1.5,2,3]]}]}"#
        );
        fs::write(&truth, format!("{line}\n\n")).unwrap();
        let bench = Bench::read(&clips, &truth).unwrap();
        assert_eq!(bench.clips[0].path, folder.path().join("x/a.mp4"));
        assert_eq!([bench.clips[0].deleted, bench.clips[1].deleted], [true, false]);
        assert_eq!(bench.queries[0].expect[0].segments, [[0.0, 1.5, 2.0, 3.0]]);
        assert_eq!(bench.queries[0].path, folder.path().join("q/1.mp4"));
        fs::write(&truth, format!("{line}\nnonsense\n")).unwrap();
        let error = Bench::read(&clips, &truth).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
