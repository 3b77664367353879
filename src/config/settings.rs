//! What the program needs: settings, put together from the file, the environment and the flags, and checked.
//!
//! A flag wins over a variable, a variable over the file, the file over the default. `--config` or `CENOTAPH_CONFIG`
//! name the file; otherwise it is `cenotaph.toml` in the working directory, if there is one.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::config::draft::{Draft, Log, S3, Thresholds};
use crate::config::error::Fault;
use crate::config::setting::{Section, Setting};
use crate::config::typed::{Names, Origin, Typed, variable_name};
use crate::config::{EnvironmentVariables, Error, Result, sections};
use crate::engine;
use crate::http;
use crate::matching;
use crate::pools;
use crate::remote;

/// The file that is read when none is named.
pub const CONFIG_FILE: &str = "cenotaph.toml";
/// Shown in place of a secret.
const HIDDEN: &str = "\"…\"";

/// Settings of all rooms.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file that was read.
    pub file: Option<PathBuf>,
    pub data: PathBuf,
    pub keys: PathBuf,
    pub engine: engine::Options,
    pub uploads: engine::uploads::Options,
    pub cases: engine::CaseOptions,
    pub deletions: engine::deletions::Options,
    pub outbox: engine::webhooks::Options,
    pub http: http::Options,
    pub pools: pools::Options,
    pub runner: engine::jobs::Options,
    pub remote: remote::Options,
    pub log: Log,
    /// Every setting as it is in force.
    pub in_force: Vec<InForce>,
}

/// A setting, its value, and where the value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub name: String,
    /// TOML, secrets hidden; what applies instead when the setting is unset and has no fixed default.
    pub value: String,
    /// A file, a variable or a flag; `None` for the default.
    pub origin: Option<String>,
}

/// What was given on the command line and wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub keys: Option<PathBuf>,
    pub listen: Option<String>,
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// [`Error::NoConfig`] when the file cannot be read, [`Error::BadSettings`] with everything that is wrong,
    /// [`Error::NoPlaceForKeys`].
    pub fn load(flags: &Flags, environment: &EnvironmentVariables) -> Result<Settings> {
        let sections = sections::all();
        let (path, mut typed) = gather(flags, environment, &sections)?;
        let mut draft = Draft::default();
        let mut refused = Vec::new();
        for setting in settings(&sections) {
            let Some((value, origin)) = typed.values.get(&setting.name) else { continue };
            if let Err(why) = setting.slot.set(&mut draft, value) {
                typed.faults.push(Fault { place: origin.place(&setting.name), why });
                refused.push(setting.name.as_str());
            }
        }
        for conflict in conflicts(&draft) {
            // A value that was refused is not the one that the check saw.
            if !conflict.between.iter().any(|name| refused.contains(name)) {
                let fault = Fault { place: typed.place(&conflict.between), why: conflict.why };
                // The check runs once for each reason. Without overrides, all find the same fault.
                if !typed.faults.contains(&fault) {
                    typed.faults.push(fault);
                }
            }
        }
        if !typed.faults.is_empty() {
            return Err(Error::BadSettings { faults: typed.faults });
        }
        let in_force = in_force(&sections, &typed, &mut draft);
        let named = |flag: &Option<PathBuf>, variable: &Option<OsString>| {
            flag.clone().or_else(|| variable.as_ref().map(PathBuf::from))
        };
        if let Some(data) = named(&flags.data, &environment.data) {
            draft.data = data;
        }
        let keys = named(&flags.keys, &environment.keys).or_else(|| draft.keys.take());
        let keys = keys.map_or_else(|| environment.default_keys(), Ok)?;
        Ok(finished(draft, keys, path, in_force))
    }
}

fn settings<T>(sections: &[Section<T>]) -> impl Iterator<Item = &Setting<T>> {
    sections.iter().flat_map(|section| &section.settings)
}

/// The values that were written, and the file that some of them are from.
fn gather(
    flags: &Flags,
    environment: &EnvironmentVariables,
    sections: &[Section<Draft>],
) -> Result<(Option<PathBuf>, Typed)> {
    let names = Names::new(sections);
    let mut typed = Typed::default();
    let path = config_path(flags, environment);
    if let Some(path) = &path {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::NoConfig { path: path.clone(), source })?;
        typed.file(path, &text, &names);
    }
    typed.variables(environment, &names);
    // Paths need not be UTF-8: these are for display, `load` takes the paths themselves.
    for (name, variable) in [("data", &environment.data), ("keys", &environment.keys)] {
        if let Some(folder) = variable {
            typed.text(name, Origin::Variable(variable_name(name)), &folder.to_string_lossy());
        }
    }
    let shown = |path: &PathBuf| path.to_string_lossy().into_owned();
    let flags = [
        ("data", "--data", flags.data.as_ref().map(shown)),
        ("keys", "--keys", flags.keys.as_ref().map(shown)),
        ("server.listen", "--listen", flags.listen.clone()),
    ];
    for (name, flag, text) in flags {
        if let Some(text) = text {
            typed.text(name, Origin::Flag(flag), &text);
        }
    }
    Ok((path, typed))
}

fn config_path(flags: &Flags, environment: &EnvironmentVariables) -> Option<PathBuf> {
    let named = flags.config.clone().or_else(|| environment.config.as_ref().map(PathBuf::from));
    named.or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()))
}

/// Settings that are sound each and make no sense together.
struct Conflict {
    /// The likeliest culprit first.
    between: Vec<&'static str>,
    why: String,
}

fn conflicts(draft: &Draft) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut check = |holds: bool, between: &[&'static str], why: &str| {
        if !holds {
            found.push(Conflict { between: between.to_vec(), why: why.to_owned() });
        }
    };
    check(
        draft.http.hooks.wait_s < draft.http.request_timeout_s,
        &["hooks.verdict_timeout_s", "server.request_timeout_s"],
        "`hooks.verdict_timeout_s` must be below `server.request_timeout_s`, which would end the wait",
    );
    let backoff = &draft.deletions.erasure.backoff;
    check(
        backoff.first_s <= backoff.max_s,
        &["deletions.retry_delay_s_max", "deletions.retry_delay_s_min"],
        "`deletions.retry_delay_s_min` must not exceed `deletions.retry_delay_s_max`",
    );
    let thresholds = [
        (
            &draft.owner_request,
            "policy.owner_request.review_score",
            "policy.owner_request.block_score",
        ),
        (&draft.legal, "policy.legal.review_score", "policy.legal.block_score"),
        (&draft.moderation, "policy.moderation.review_score", "policy.moderation.block_score"),
    ];
    for (own, review, block) in thresholds {
        let of = combined(own, &draft.thresholds);
        check(
            of.review <= of.block,
            &[review, block, "policy.review_score", "policy.block_score"],
            "`review_score` must not exceed `block_score`: no upload would ever be reviewed",
        );
    }
    check(
        draft.s3.access_key_id.is_some() == draft.s3.secret_access_key.is_some(),
        &["remote.s3.access_key_id", "remote.s3.secret_access_key"],
        "`access_key_id` and `secret_access_key` must be set together",
    );
    let az = &draft.az;
    let any = az.account.is_some() || az.access_key.is_some() || az.endpoint.is_some();
    check(
        !any || (az.account.is_some() && az.access_key.is_some()),
        &["remote.az.account", "remote.az.access_key", "remote.az.endpoint"],
        "`account` and `access_key` must be set together",
    );
    found
}

/// The thresholds of one reason: its overrides, and `all` where it has none.
fn combined(own: &Thresholds, all: &matching::Thresholds) -> matching::Thresholds {
    matching::Thresholds {
        block: own.block.unwrap_or(all.block),
        review: own.review.unwrap_or(all.review),
    }
}

/// A draft without faults as the options of the rooms.
fn finished(
    draft: Draft,
    keys: PathBuf,
    file: Option<PathBuf>,
    in_force: Vec<InForce>,
) -> Settings {
    let mut engine = draft.engine;
    engine.policy = engine::Policy {
        owner_request: combined(&draft.owner_request, &draft.thresholds),
        legal: combined(&draft.legal, &draft.thresholds),
        moderation: combined(&draft.moderation, &draft.thresholds),
        ..engine.policy
    };
    let mut remote = draft.remote;
    remote.s3 = s3(draft.s3);
    let gs = draft.gs;
    remote.gs =
        (gs.endpoint.is_some() || gs.service_account_key.is_some()).then_some(remote::GsOptions {
            endpoint: gs.endpoint,
            service_account_key: gs.service_account_key,
        });
    remote.az = draft.az.account.zip(draft.az.access_key).map(|(account, access_key)| {
        remote::AzOptions { account, access_key, endpoint: draft.az.endpoint }
    });
    let runner = engine::jobs::Options {
        grace_s: u32::try_from(draft.http.shutdown_grace_s).unwrap_or(u32::MAX),
        ..engine::jobs::Options::default()
    };
    Settings {
        file,
        data: draft.data,
        keys,
        engine,
        uploads: draft.uploads,
        cases: draft.cases,
        deletions: draft.deletions,
        outbox: draft.outbox,
        http: draft.http,
        pools: draft.pools,
        runner,
        remote,
        log: draft.log,
        in_force,
    }
}

/// `None` when nothing was set, and so no server named.
fn s3(s3: S3) -> Option<remote::S3Options> {
    if s3 == S3::default() {
        return None;
    }
    let session_token = s3.session_token;
    let credentials = s3.access_key_id.zip(s3.secret_access_key);
    let credentials =
        credentials.map(|(key_id, secret)| remote::S3Credentials { key_id, secret, session_token });
    let (endpoint, region, path_style) = (s3.endpoint, s3.region, s3.path_style);
    Some(remote::S3Options { endpoint, region, path_style, credentials })
}

fn in_force(sections: &[Section<Draft>], typed: &Typed, draft: &mut Draft) -> Vec<InForce> {
    let mut all = Vec::new();
    for setting in settings(sections) {
        let written = typed.values.get(&setting.name);
        let value = match written {
            Some(_) if setting.slot.is_secret() => HIDDEN.to_owned(),
            Some((value, _)) => value.to_string(),
            None => setting.default_text(draft),
        };
        let origin = written.map(|(_, origin)| Origin::to_string(origin));
        all.push(InForce { name: setting.name.clone(), value, origin });
    }
    all
}

#[cfg(test)]
mod tests;
