//! From flags to an open engine: settings, keys, data folder.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::Result;

use crate::cli::SystemClock;
use crate::cli::arguments::Common;
use crate::cli::output::Output;
use crate::config::{EnvironmentVariables, Flags, Keys as KeyFiles, Settings, system_entropy};
use crate::engine::{Engine, Keys};
use crate::model::Environment;
use crate::store::DATABASE_FILE;

/// Loads the settings from flags, environment and file.
pub(super) fn settings(common: &Common) -> Result<Settings> {
    settings_listening(common, None)
}

/// The same with the `--listen` flag of `serve`.
pub(super) fn settings_listening(common: &Common, listen: Option<&str>) -> Result<Settings> {
    let flags = Flags {
        config: common.config.clone(),
        data: common.data.clone(),
        keys: common.keys.clone(),
        listen: listen.map(str::to_owned),
    };
    Ok(Settings::load(&flags, &EnvironmentVariables::read())?)
}

/// Opens the data folder for writing. The first time, this creates the keys and prints a notice on stderr.
pub(super) fn writing(common: &Common, program: &str, output: &mut Output) -> Result<Engine> {
    writing_with(&settings(common)?, program, output)
}

/// The same with loaded settings.
pub(super) fn writing_with(
    settings: &Settings,
    program: &str,
    output: &mut Output,
) -> Result<Engine> {
    let keys = writing_keys(settings, output)?;
    let options = settings.engine.clone();
    Ok(Engine::open_writing(&settings.data, keys, options, program, &SystemClock)?)
}

/// Opens the data folder for reading.
pub(super) fn reading(common: &Common) -> Result<Engine> {
    let settings = settings(common)?;
    let keys = keys(&settings.keys)?;
    Ok(Engine::open_reading(&settings.data, keys, settings.engine)?)
}

/// The keys for a command that writes.
fn writing_keys(settings: &Settings, output: &mut Output) -> Result<Keys> {
    // New keys would match none of the existing tombstones.
    if settings.data.join(DATABASE_FILE).exists() {
        return keys(&settings.keys);
    }
    let (files, made) = KeyFiles::open_or_make(&settings.keys, &mut system_entropy)?;
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

/// The system's clock and random source.
pub(super) fn environment(clock: SystemClock) -> Environment {
    Environment { clock: Arc::new(clock), entropy: Arc::new(system_entropy) }
}

/// The requested number of workers, otherwise one per CPU core.
pub(super) fn workers(requested: Option<usize>) -> usize {
    requested.unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get()))
}
