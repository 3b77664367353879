//! Looks at everything that a deployment needs and says of each whether it is well, and what to do if not.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::core::sync;
use crate::engine::{Keys, Options};
use crate::index::{self, Index};
use crate::media::{self, Failure, Plan};
use crate::model::chain;
use crate::store::{Folder, Store};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub what: &'static str,
    /// What was found; or what is wrong, and what to do.
    pub outcome: std::result::Result<String, String>,
}

/// Looks at the worker, the data folder, the store and the index, as far as one leads to the next. Reads every byte of
/// database and index. Changes nothing.
pub fn diagnose(data: &Path, keys: Option<&Keys>, options: &Options) -> Vec<Finding> {
    let mut findings = vec![worker(options)];
    let mut tell = |what, outcome| findings.push(Finding { what, outcome });
    let folder = match Folder::open_reading(data) {
        Ok(folder) => folder,
        Err(error) => {
            tell("data folder", Err(chain(&error)));
            return findings;
        }
    };
    tell("data folder", Ok(data.display().to_string()));
    let store = match Store::open(folder, options.store.clone()) {
        Ok(store) => store,
        Err(error) => {
            tell("database", Err(chain(&error)));
            return findings;
        }
    };
    tell("database", database(&store));
    if let Some(keys) = keys {
        let settled = sync::settle_keys(&store, keys);
        let ours = settled.map(|()| "those that the tombstones were made with".to_owned());
        tell("keys and tombstones", ours.map_err(|e| chain(&e)));
    }
    let index = match Index::open_read_only(&store.folder().index_path(), options.index.clone()) {
        Ok(index) => index,
        Err(error) => {
            tell("index", Err(chain(&error)));
            return findings;
        }
    };
    tell("index", checksums(&index));
    tell("index and database", agreement(&store, &index));
    findings
}

/// Hands a tiny picture to a worker, as a check would.
fn worker(options: &Options) -> Finding {
    let what = "decoding worker";
    let decoded = tiny_picture()
        .map_err(|e| format!("no temporary file can be made ({e}); free some space in the system's folder for them"))
        .and_then(|file| {
            let mut frames = 0;
            let end = media::decode(&file, &Plan::thorough(), &options.media, &mut |_| {
                frames += 1;
                ControlFlow::Continue(())
            });
            match end {
                Ok(_) if frames == 1 => Ok("starts and decodes".to_owned()),
                Ok(_) => Err(format!("gave {frames} frames for a picture; reinstall cenotaph")),
                Err(media::Error::WorkerFailed { how: how @ Failure::NotStarted(_) }) => {
                    Err(format!("{how}; see that this user may run the program"))
                }
                Err(error) => Err(format!("{}; check that FFmpeg's libraries are installed and memory is free", chain(&error))),
            }
        });
    Finding { what, outcome: decoded }
}

/// A grey picture in the simplest format there is.
fn tiny_picture() -> std::io::Result<File> {
    const SIDE: u32 = 16;
    let mut file = tempfile::tempfile()?;
    let pixels = (0..SIDE * SIDE).flat_map(|n| [(n % 251) as u8; 3]).collect::<Vec<u8>>();
    let size = 54 + pixels.len() as u32;
    file.write_all(b"BM")?;
    // File size, reserved, offset of the pixels, size of the second header, width, height.
    for field in [size, 0, 54, 40, SIDE, SIDE] {
        file.write_all(&field.to_le_bytes())?;
    }
    // One plane of 24 bits a pixel, uncompressed, and nothing else said.
    file.write_all(&[1, 0, 24, 0])?;
    file.write_all(&[0; 24])?;
    file.write_all(&pixels)?;
    Ok(file)
}

fn database(store: &Store) -> std::result::Result<String, String> {
    let wrong = store.verify().map_err(|e| chain(&e))?;
    if let Some(first) = wrong.first() {
        let more = wrong.len() - 1;
        return Err(format!(
            "{first} (and {more} more); make a copy of the folder, then restore a backup"
        ));
    }
    let stats = store.stats().map_err(|e| chain(&e))?;
    Ok(format!(
        "sound, {} tombstones ({} can block, {} only review, {} unmatchable)",
        stats.tombstones, stats.block, stats.review, stats.unmatchable
    ))
}

fn checksums(index: &Index) -> std::result::Result<String, String> {
    let report = index.verify();
    match report.damaged.first() {
        Some(first) => Err(first.clone()),
        None => Ok(format!("sound, {} blocks in {} segments", report.blocks, report.segments)),
    }
}

fn agreement(store: &Store, index: &Index) -> std::result::Result<String, String> {
    let index::Stats { tombstones, applied, .. } = index.stats();
    let (head, kept) = store
        .log_head()
        .and_then(|head| Ok((head, store.stats()?.tombstones)))
        .map_err(|e| chain(&e))?;
    if applied > head {
        return Err(
            "the index reaches further than the database; run `cenotaph index rebuild`".into()
        );
    }
    if applied < head {
        return Ok(format!(
            "the index is {} changes behind; checks look at these one by one, and the next command that writes \
             catches up",
            head - applied
        ));
    }
    if tombstones != kept {
        return Err(format!(
            "the index has {tombstones} tombstones, the database {kept}; run `cenotaph index rebuild`"
        ));
    }
    Ok(format!("agree on {kept} tombstones"))
}
