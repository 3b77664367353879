//! Health checks: examines each part that a deployment needs, and says what to do about a faulty one.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::core::sync;
use crate::engine::core::{Keys, Options};
use crate::engine::policy::Policy;
use crate::index::{self, Index};
use crate::matching;
use crate::media::{self, Failure, Plan};
use crate::model::{SelfMatch, chain};
use crate::store::{Folder, Store};

/// The result of one health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The part that was examined.
    pub what: &'static str,
    /// Its state; or what is wrong, and what to do.
    pub outcome: std::result::Result<String, String>,
}

/// Checks the decoding worker, the data folder, the database, the keys and the index, in this order. Stops at a part
/// that cannot be opened if the rest depends on it. Reads every byte of database and index; changes nothing.
pub fn diagnose(data: &Path, keys: Option<&Keys>, options: &Options) -> Vec<Finding> {
    let mut findings = vec![worker(options)];
    let mut report = |what, outcome| findings.push(Finding { what, outcome });
    let folder = match Folder::open_reading(data) {
        Ok(folder) => folder,
        Err(error) => {
            report("data folder", Err(chain(&error)));
            return findings;
        }
    };
    report("data folder", Ok(data.display().to_string()));
    let store = match Store::open(folder, options.store.clone()) {
        Ok(store) => store,
        Err(error) => {
            report("database", Err(chain(&error)));
            return findings;
        }
    };
    report("database", database(&store, &options.policy));
    report("times of posting", times_of_posting(&store));
    report("relations", relations(&store));
    if let Some(keys) = keys {
        let settled = sync::settle_keys(&store, keys);
        let ours = settled.map(|()| "match".to_owned());
        report("keys and data folder", ours.map_err(|e| chain(&e)));
    }
    let index = match Index::open_read_only(&store.folder().index_path(), options.index.clone()) {
        Ok(index) => index,
        Err(error) => {
            report("index", Err(chain(&error)));
            return findings;
        }
    };
    report("index", checksums(&index));
    report("index and database", agreement(&store, &index));
    findings
}

/// Decodes a tiny picture in a worker, as a check would.
fn worker(options: &Options) -> Finding {
    let what = "decoding worker";
    let decoded = tiny_picture()
        .map_err(|e| {
            format!("cannot create a temporary file ({e}); free some space in the temporary folder")
        })
        .and_then(|file| {
            let mut frames = 0;
            let end = media::decode(&file, &Plan::thorough(), &options.media, &mut |_| {
                frames += 1;
                ControlFlow::Continue(())
            });
            match end {
                Ok(_) if frames == 1 => Ok("starts and decodes".to_owned()),
                Ok(_) => Err(format!("decoded {frames} frames of a picture; reinstall cenotaph")),
                Err(media::Error::WorkerFailed { how: how @ Failure::NotStarted(_) }) => {
                    Err(format!("{how}; allow this user to run the program"))
                }
                Err(error) => Err(format!(
                    "{}; check that FFmpeg's libraries are installed and memory is free",
                    chain(&error)
                )),
            }
        });
    Finding { what, outcome: decoded }
}

/// A grey picture as an uncompressed BMP, the simplest format.
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
    // One plane, 24 bits per pixel, no compression, defaults for the rest.
    file.write_all(&[1, 0, 24, 0])?;
    file.write_all(&[0; 24])?;
    file.write_all(&pixels)?;
    Ok(file)
}

fn database(store: &Store, policy: &Policy) -> std::result::Result<String, String> {
    let wrong = store.verify().map_err(|e| chain(&e))?;
    if let Some(first) = wrong.first() {
        let more = wrong.len() - 1;
        return Err(format!(
            "{first} (and {more} more); copy the data folder, then restore a backup"
        ));
    }
    let strength = |found: &SelfMatch, reason| matching::strength(found, policy.of(reason), 0).0;
    let stats = store.stats_under(&strength).map_err(|e| chain(&e))?;
    Ok(format!(
        "intact, {} tombstones ({} can block, {} only review, {} unmatchable)",
        stats.tombstones, stats.block, stats.review, stats.unmatchable
    ))
}

/// Deletions that name their own time as that of posting say nothing about who was first.
fn times_of_posting(store: &Store) -> std::result::Result<String, String> {
    let (known, doubtful) = store.dated_tombstones().map_err(|e| chain(&e))?;
    Ok(match doubtful {
        0 => format!("{known} tombstones have one"),
        n => format!(
            "{known} tombstones have one; {n} deletions named their own time, which counts as \
             unknown: send when the video was posted, or nothing"
        ),
    })
}

fn relations(store: &Store) -> std::result::Result<String, String> {
    let (related, others) = store.related_tombstones().map_err(|e| chain(&e))?;
    Ok(format!(
        "{related} tombstones have something in common with others; {others} have nothing, or were made before relations \
         were kept"
    ))
}

fn checksums(index: &Index) -> std::result::Result<String, String> {
    let report = index.verify();
    match report.damaged.first() {
        Some(first) => Err(first.clone()),
        None => Ok(format!("intact, {} blocks in {} segments", report.blocks, report.segments)),
    }
}

fn agreement(store: &Store, index: &Index) -> std::result::Result<String, String> {
    let index::Stats { tombstones, applied, .. } = index.stats();
    let (head, kept) = store
        .log_head()
        .and_then(|head| Ok((head, store.stats()?.tombstones)))
        .map_err(|e| chain(&e))?;
    if applied > head {
        return Err("the index is ahead of the database; run `cenotaph index rebuild`".into());
    }
    if applied < head {
        return Ok(format!(
            "the index is {} changes behind; checks compare these one by one until the next \
             command that writes catches up",
            head - applied
        ));
    }
    if tombstones != kept {
        return Err(format!(
            "the index has {tombstones} tombstones and the database has {kept}; run \
             `cenotaph index rebuild`"
        ));
    }
    Ok(format!("agree on {kept} tombstones"))
}
