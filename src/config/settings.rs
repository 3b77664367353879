//! What the program needs: settings, put together from the file, the environment and the flags, and validated.
//!
//! A flag wins over a variable, a variable over the file, the file over the default. `CENOTAPH_CONFIG` or `--config`
//! name the file; else it is `cenotaph.toml` in the working directory, when there is one.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};

use crate::config::deletions::options as deletion_options;
use crate::config::file::{self, File};
use crate::config::remote::options as remote_options;
use crate::config::review::options as review_options;
use crate::config::{EnvironmentVariables, Error, Result};
use crate::engine;
use crate::http;
use crate::matching;
use crate::media;
use crate::pools;
use crate::remote;

/// Units of times, seconds.
pub(super) const HOUR_S: f64 = 3600.0;
pub(super) const DAY_S: f64 = 24.0 * HOUR_S;
/// The file that is read when none is named.
pub const CONFIG_FILE: &str = "cenotaph.toml";
/// The data folder when none is named.
const DATA: &str = "cenotaph-data";
/// Thresholds that make sense: below 1 chance matches every other upload, above 50 nothing is ever as sure.
const SCORES: std::ops::RangeInclusive<f64> = 1.0..=50.0;

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
    pub outbox: engine::webhooks::outbox::Options,
    pub http: http::Options,
    pub pools: pools::Options,
    pub runner: engine::jobs::runner::Options,
    pub remote: remote::Options,
    pub log: file::Log,
}

/// What was typed on the command line and wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub keys: Option<PathBuf>,
    pub listen: Option<String>,
}

impl Settings {
    /// # Errors
    /// The file cannot be read or has another shape; a value makes no sense; no place for the keys.
    pub fn load(flags: &Flags, environment: &EnvironmentVariables) -> Result<Settings> {
        let path = config_path(flags, environment);
        let mut typed = Figment::new();
        if let Some(path) = &path {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::NoConfig { path: path.clone(), source })?;
            typed = typed.merge(Toml::string(&text));
        }
        // Paths are taken from `EnvironmentVariables`, since they need not be UTF-8.
        let variables =
            Env::prefixed("CENOTAPH_").ignore(&["config", "cpu_max", "data", "keys"]).split("__");
        typed = typed.merge(variables);
        if let Some(listen) = &flags.listen {
            typed = typed.merge(("server.listen", listen));
        }
        let file: File = typed.extract().map_err(|error| bad_config(path.as_deref(), error))?;
        Settings::new(&file, path, flags, environment)
    }

    fn new(
        file: &File,
        path: Option<PathBuf>,
        flags: &Flags,
        environment: &EnvironmentVariables,
    ) -> Result<Settings> {
        let of_variable = environment.data.as_ref().map(PathBuf::from);
        let data = flags.data.clone().or(of_variable).or_else(|| file.data.clone());
        Ok(Settings {
            data: data.unwrap_or_else(|| DATA.into()),
            keys: environment.keys_folder(flags.keys.as_deref(), file.keys.as_deref())?,
            engine: engine_options(file)?,
            uploads: upload_options(&file.uploads)?,
            cases: review_options(&file.review)?,
            deletions: deletion_options(&file.deletions)?,
            outbox: outbox_options(&file.webhooks)?,
            http: http_options(file)?,
            pools: pool_options(&file.pools)?,
            runner: engine::jobs::runner::Options {
                grace_s: u32::try_from(file.server.shutdown_grace_s).unwrap_or(u32::MAX),
                ..engine::jobs::runner::Options::default()
            },
            remote: remote_options(&file.remote)?,
            log: file.log.clone(),
            file: path,
        })
    }
}

fn config_path(flags: &Flags, environment: &EnvironmentVariables) -> Option<PathBuf> {
    let named = flags.config.clone().or_else(|| environment.config.as_ref().map(PathBuf::from));
    named.or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()))
}

/// Says which setting is wrong and where it was typed.
fn bad_config(path: Option<&Path>, error: figment::Error) -> Error {
    // Only the first: each is a message of its own, and the next comes after it was corrected.
    let Some(error) = error.into_iter().next() else {
        return Error::BadConfig {
            place: "the settings".into(),
            why: "they cannot be read".into(),
        };
    };
    let by_variable = error.metadata.as_ref().is_some_and(|m| m.name.contains("environment"));
    let name = error.path.join(".");
    let place = match path {
        _ if by_variable => format!("CENOTAPH_{}", error.path.join("__").to_uppercase()),
        Some(path) if name.is_empty() => path.display().to_string(),
        Some(path) => format!("{}, `{name}`", path.display()),
        None => format!("`{name}`"),
    };
    // TOML's own messages draw a picture below their first line.
    let why = error.kind.to_string();
    let lines: Vec<&str> = why.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let why = match lines[..] {
        [] => "it cannot be read".to_owned(),
        [only] => only.to_owned(),
        [first, .., last] => format!("{first}: {last}"),
    };
    Error::BadConfig { place, why }
}

pub(super) fn bad<T>(name: &'static str, why: impl Into<String>) -> Result<T> {
    Err(Error::BadSetting { name, why: why.into() })
}

pub(super) fn at_least(name: &'static str, value: u64, least: u64) -> Result<()> {
    if value < least {
        bad(name, format!("it is {value}, at least {least} makes sense"))
    } else {
        Ok(())
    }
}

fn http_options(file: &File) -> Result<http::Options> {
    let server = &file.server;
    let Ok(listen) = server.listen.parse() else {
        let why = format!("{:?} is no address and port, such as 127.0.0.1:8080", server.listen);
        return bad("server.listen", why);
    };
    at_least("server.connections_max", server.connections_max as u64, 1)?;
    at_least("server.head_timeout_s", server.head_timeout_s, 1)?;
    at_least("server.request_timeout_s", server.request_timeout_s, 1)?;
    at_least("server.upload_pause_s", server.upload_pause_s, 1)?;
    at_least("server.json_bytes_max", server.json_bytes_max as u64, 1024)?;
    at_least("server.bulk_bytes_max", server.bulk_bytes_max as u64, 1024)?;
    at_least("rate.per_s", file.rate.per_s.into(), 1)?;
    at_least("rate.burst", file.rate.burst.into(), 1)?;
    Ok(http::Options {
        listen,
        control_socket: server.control_socket,
        connections_max: server.connections_max,
        head_timeout_s: server.head_timeout_s,
        request_timeout_s: server.request_timeout_s,
        upload_pause_s: server.upload_pause_s,
        json_bytes_max: server.json_bytes_max,
        shutdown_grace_s: server.shutdown_grace_s,
        behind_proxy: file.people.behind_proxy,
        break_minutes: file.people.break_minutes,
        metrics: match server.metrics {
            file::Metrics::Loopback => http::MetricsAccess::Loopback,
            file::Metrics::Open => http::MetricsAccess::Open,
            file::Metrics::Key => http::MetricsAccess::Key,
        },
        rate_per_s: file.rate.per_s,
        rate_burst: file.rate.burst,
        hooks: hook_options(file)?,
        visibility_open: server.visibility == file::Visibility::Open,
        event_streams_max: server.event_streams_max,
        bulk_bytes_max: server.bulk_bytes_max,
        links: links(&file.pages)?,
    })
}

fn hook_options(file: &File) -> Result<http::hooks::Options> {
    let hooks = &file.hooks;
    if hooks.wait_s >= file.server.request_timeout_s {
        let why = format!("it is {}, and `server.request_timeout_s` ends it before", hooks.wait_s);
        return bad("hooks.wait_s", why);
    }
    Ok(http::hooks::Options {
        wait_s: hooks.wait_s,
        tusd_uploader_header: hooks.tusd_uploader_header.clone(),
        tusd_uploader_field: hooks.tusd_uploader_field.clone(),
        s3_uploader_field: hooks.s3_uploader_field.clone(),
    })
}

/// How the platform's addresses look.
fn links(pages: &file::Pages) -> Result<Vec<String>> {
    let sound = |link: &&String| {
        let path = link.starts_with('/') && link.matches("{id}").count() == 1;
        let query = link.split_once('?').is_none_or(|(_, query)| {
            query.strip_suffix("={id}").is_some_and(|name| !name.contains(['&', '=']))
        });
        path && query
    };
    match pages.links.iter().find(|link| !sound(link)) {
        None => Ok(pages.links.clone()),
        Some(link) => {
            let why =
                format!("{link:?} is no pattern such as \"/v/{{id}}\" or \"/watch?v={{id}}\"");
            bad("pages.links", why)
        }
    }
}

fn pool_options(typed: &file::Pools) -> Result<pools::Options> {
    let of = pools::Options::default();
    let blocking_max = typed.short.unwrap_or(of.blocking_max);
    let decode_max = typed.decodes.unwrap_or(of.decode_max);
    at_least("pools.short", blocking_max as u64, 1)?;
    at_least("pools.decodes", decode_max as u64, 1)?;
    Ok(pools::Options { blocking_max, decode_max, ..of })
}

fn engine_options(file: &File) -> Result<engine::Options> {
    let policy = &file.policy;
    Ok(engine::Options {
        media: media_options(&file.decode)?,
        policy: verdicts(policy)?,
        expiry: expiry(policy)?,
        exhaustive_max: policy.exhaustive_max,
        sessions: sessions(&file.people)?,
        ..engine::Options::default()
    })
}

fn sessions(people: &file::People) -> Result<engine::SessionOptions> {
    let idle_s = seconds("people.session_idle_minutes", people.session_idle_minutes, 60.0)?;
    let whole_s = seconds("people.session_hours", people.session_hours, HOUR_S)?;
    at_least("people.session_idle_minutes", idle_s.unsigned_abs() / 60, 1)?;
    at_least("people.session_hours", whole_s.unsigned_abs() / 60, 1)?;
    Ok(engine::SessionOptions { idle_s, whole_s })
}

fn upload_options(uploads: &file::Uploads) -> Result<engine::uploads::Options> {
    at_least("uploads.bytes_max", uploads.bytes_max, 1)?;
    at_least("uploads.undecided_max", uploads.undecided_max as u64, 1)?;
    at_least("uploads.word_bytes_max", uploads.word_bytes_max as u64, 1)?;
    at_least("uploads.attempts_max", uploads.attempts_max.into(), 1)?;
    at_least("uploads.matches_max", uploads.matches_max as u64, 1)?;
    for prefix in &uploads.uri_prefixes {
        // Without the slash, `s3://in` would allow `s3://internal/`.
        if !prefix.ends_with('/') || !prefix.contains("://") {
            let why = format!("{prefix:?} is no prefix such as \"s3://incoming/\", ending with /");
            return bad("uploads.uri_prefixes", why);
        }
    }
    Ok(engine::uploads::Options {
        bytes_max: uploads.bytes_max,
        undecided_max: uploads.undecided_max,
        effort: match uploads.effort {
            file::Effort::Fast => engine::Effort::Fast,
            file::Effort::Thorough => engine::Effort::Thorough,
        },
        uri_prefixes: uploads.uri_prefixes.clone(),
        word_bytes_max: uploads.word_bytes_max,
        metadata_bytes_max: uploads.metadata_bytes_max,
        prints_bytes_max: uploads.prints_bytes_max,
        attempts_max: uploads.attempts_max,
        matches_max: uploads.matches_max,
        appeal_s: seconds("uploads.appeal_days", uploads.appeal_days, DAY_S)?,
        words_s: seconds("uploads.words_days", uploads.words_days, DAY_S)?,
        record_s: seconds("uploads.record_days", uploads.record_days, DAY_S)?,
        idempotency_s: seconds("uploads.idempotency_hours", uploads.idempotency_hours, HOUR_S)?,
    })
}

fn outbox_options(webhooks: &file::Webhooks) -> Result<engine::webhooks::outbox::Options> {
    at_least("webhooks.at_once_max", webhooks.at_once_max as u64, 1)?;
    let month_s = 30 * DAY_S as i64;
    if webhooks.pauses_s.iter().any(|pause_s| !(1..=month_s).contains(pause_s)) {
        return bad("webhooks.pauses_s", "each pause has at least one second and at most 30 days");
    }
    let (pauses_s, at_once_max) = (webhooks.pauses_s.clone(), webhooks.at_once_max);
    Ok(engine::webhooks::outbox::Options { pauses_s, at_once_max })
}

/// How long tombstones are kept, by the reason of the deletion.
fn expiry(policy: &file::Policy) -> Result<engine::Expiry> {
    let of = |name, own: &file::Thresholds| {
        own.expire_days.map(|days| seconds(name, days, DAY_S)).transpose()
    };
    Ok(engine::Expiry {
        owner_request_s: of("policy.owner_request.expire_days", &policy.owner_request)?,
        legal_s: of("policy.legal.expire_days", &policy.legal)?,
        moderation_s: of("policy.moderation.expire_days", &policy.moderation)?,
    })
}

/// A time in `unit`s, up to a hundred years.
pub(super) fn seconds(name: &'static str, value: f64, unit: f64) -> Result<i64> {
    let seconds = value * unit;
    if !(0.0..=36_525.0 * DAY_S).contains(&seconds) {
        return bad(name, format!("it is {value}; a number from 0 on is needed"));
    }
    Ok(seconds as i64)
}

/// The thresholds for each reason of deletion.
fn verdicts(policy: &file::Policy) -> Result<engine::Policy> {
    let thresholds = |name, own: &file::Thresholds| {
        let block = own.block.unwrap_or(policy.block);
        let review = own.review.unwrap_or(policy.review);
        if !SCORES.contains(&review) || !SCORES.contains(&block) {
            let (least, most) = (SCORES.start(), SCORES.end());
            return bad(
                name,
                format!("`review` and `block` are scores between {least} and {most}"),
            );
        }
        if review > block {
            return bad(name, "`review` lies above `block`: nothing would ever be reviewed");
        }
        Ok(matching::Thresholds { block, review })
    };
    Ok(engine::Policy {
        owner_request: thresholds("policy.owner_request", &policy.owner_request)?,
        legal: thresholds("policy.legal", &policy.legal)?,
        moderation: thresholds("policy.moderation", &policy.moderation)?,
        shadow: policy.shadow,
    })
}

fn media_options(decode: &file::Decode) -> Result<media::Options> {
    let seconds = [
        ("decode.timeout_s", decode.timeout_s),
        ("decode.stall_timeout_s", decode.stall_timeout_s),
        ("decode.duration_s_max", decode.duration_s_max),
    ];
    for (name, value) in seconds {
        if !value.is_finite() || value <= 0.0 {
            return bad(name, format!("it is {value}, a number of seconds above 0 is needed"));
        }
    }
    at_least("decode.cpu_s_max", decode.cpu_s_max, 1)?;
    at_least("decode.memory_bytes_max", decode.memory_bytes_max, 64 << 20)?;
    at_least("decode.pixels_max", decode.pixels_max, 1)?;
    at_least("decode.frames_max", decode.frames_max, 1)?;
    Ok(media::Options {
        decode_timeout_s: decode.timeout_s,
        stall_timeout_s: decode.stall_timeout_s,
        cpu_s_max: decode.cpu_s_max,
        memory_bytes_max: decode.memory_bytes_max,
        pixels_max: decode.pixels_max,
        frames_max: decode.frames_max,
        duration_s_max: decode.duration_s_max,
        start: match decode.start {
            file::DecodeStart::Forked => media::Start::Forked,
            file::DecodeStart::Spawned => media::Start::Spawned,
        },
        ..media::Options::default()
    })
}

#[cfg(test)]
mod tests;
