//! From flags to an open engine: keys, data folder, options.

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Result;

use crate::cli::SystemClock;
use crate::cli::arguments::Common;
use crate::cli::output::Output;
use crate::config::{Environment, Keys as KeyFiles, system_entropy};
use crate::engine::{Engine, Keys, Options};
use crate::store::DATABASE_FILE;

/// Opens the data folder for writing. The very first time it makes the keys, and says so on stderr.
pub(super) fn writing(common: &Common, program: &str, output: &mut Output) -> Result<Engine> {
    let keys = writing_keys(common, output)?;
    Ok(Engine::open_writing(&common.data, keys, Options::default(), program, &SystemClock)?)
}

/// Opens the data folder for reading.
pub(super) fn reading(common: &Common) -> Result<Engine> {
    let keys = keys(&keys_folder(common)?)?;
    Ok(Engine::open_reading(&common.data, keys, Options::default())?)
}

/// The keys for a command that writes.
pub(super) fn writing_keys(common: &Common, output: &mut Output) -> Result<Keys> {
    let folder = keys_folder(common)?;
    // Where tombstones are, new keys would be of no use: they match none of them.
    if common.data.join(DATABASE_FILE).exists() {
        return keys(&folder);
    }
    let (files, made) = KeyFiles::open_or_make(&folder, &mut system_entropy)?;
    if let Some(made) = made {
        output.remark(&made.to_string());
    }
    Ok(values(files))
}

/// The keys in a folder.
pub(super) fn keys(folder: &Path) -> Result<Keys> {
    Ok(values(KeyFiles::open(folder)?))
}

fn values(files: KeyFiles) -> Keys {
    Keys { fingerprint: files.fingerprint, identity: files.identity }
}

pub(super) fn keys_folder(common: &Common) -> Result<PathBuf> {
    Ok(Environment::read().keys_folder(common.keys.as_deref())?)
}

/// Workers that were asked for, else one a core.
pub(super) fn workers(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get()))
}
