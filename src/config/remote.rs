//! `[remote]` of the settings, validated: which networks and stores may be reached, and how.

use std::str::FromStr;

use crate::config::file;
use crate::config::{Error, Result};
use crate::remote::{AzOptions, GsOptions, Limits, Options, PurgeRule, S3Credentials, S3Options};

pub(super) fn options(remote: &file::Remote) -> Result<Options> {
    let limits = Limits {
        connect_timeout_ms: remote.connect_timeout_ms,
        request_timeout_ms: remote.request_timeout_ms,
        answer_bytes_max: remote.answer_bytes_max,
        objects_max: remote.objects_max,
    };
    if let Some(root) = remote.file_roots.iter().find(|root| !root.is_absolute()) {
        return bad("remote.file_roots", format!("{} is not absolute", root.display()));
    }
    Ok(Options {
        limits,
        networks_allowed: each("remote.networks_allowed", &remote.networks_allowed)?,
        file_roots: remote.file_roots.clone(),
        s3: remote.s3.as_ref().map(s3).transpose()?.flatten(),
        gs: remote.gs.as_ref().filter(|gs| **gs != file::Gs::default()).map(gs),
        az: remote.az.as_ref().map(az),
        purge_rules: remote.purge.iter().map(purge).collect::<Result<_>>()?,
        callback_secrets: each("remote.callback_secrets", &remote.callback_secrets)?,
    })
}

fn bad<T>(name: &'static str, why: impl Into<String>) -> Result<T> {
    Err(Error::BadSetting { name, why: why.into() })
}

fn each<T: FromStr>(name: &'static str, texts: &[String]) -> Result<Vec<T>>
where
    T::Err: std::fmt::Display,
{
    let parse = |text: &String| text.parse().or_else(|e: T::Err| bad(name, e.to_string()));
    texts.iter().map(parse).collect()
}

/// `None` for an empty section, which names no server.
fn s3(s3: &file::S3) -> Result<Option<S3Options>> {
    if *s3 == file::S3::default() {
        return Ok(None);
    }
    let credentials = match (s3.key_id.clone(), s3.secret.clone()) {
        (Some(key_id), Some(secret)) => {
            Some(S3Credentials { key_id, secret, session_token: s3.session_token.clone() })
        }
        (None, None) => None,
        _ => return bad("remote.s3", "`key_id` and `secret` go together"),
    };
    let region = s3.region.clone().unwrap_or_else(|| S3Options::default().region);
    let (endpoint, path_style) = (s3.endpoint.clone(), s3.path_style);
    Ok(Some(S3Options { endpoint, region, path_style, credentials }))
}

fn gs(gs: &file::Gs) -> GsOptions {
    GsOptions { endpoint: gs.endpoint.clone(), service_account_key: gs.service_account_key.clone() }
}

fn az(az: &file::Az) -> AzOptions {
    AzOptions {
        account: az.account.clone(),
        access_key: az.access_key.clone(),
        endpoint: az.endpoint.clone(),
    }
}

fn purge(rule: &file::Purge) -> Result<PurgeRule> {
    Ok(PurgeRule {
        hosts: rule.hosts.clone(),
        method: rule.method.clone().unwrap_or_else(|| PurgeRule::default().method),
        headers: rule.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        endpoints: each("remote.purge", &rule.doors)?,
    })
}
