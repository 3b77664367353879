//! Settings of this room, as plain values. `config` fills them.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::remote::egress::Network;
use crate::remote::signature::Secret;

/// Limits on every request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connection timeout, milliseconds. Default 5000.
    pub connect_timeout_ms: u64,
    /// Timeout of a request with its response, milliseconds; of a download from S3, the longest silence. Default
    /// 30 000.
    pub request_timeout_ms: u64,
    /// Bytes of a response that are read before the connection is dropped. Default 64 KiB.
    pub answer_bytes_max: u64,
    /// Files, objects or versions under one prefix. A prefix with more is refused before anything is erased. Default
    /// 100 000.
    pub objects_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout_ms: 5000,
            request_timeout_ms: 30_000,
            answer_bytes_max: 64 << 10,
            objects_max: 100_000,
        }
    }
}

/// What the room may reach, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub limits: Limits,
    /// Networks that web addresses from outside may lead to in addition to public ones: private, loopback, link-local.
    /// Default: none.
    pub networks_allowed: Vec<Network>,
    /// Folders within which `file://` copies may be read and erased. Symbolic links inside are not followed; the paths of
    /// the folders themselves may contain some. Default: none.
    pub file_roots: Vec<PathBuf>,
    /// The S3 server for `s3://` copies. Default: none.
    pub s3: Option<S3Options>,
    /// Google's object store, for `gs://` copies. Default: none.
    pub gs: Option<GsOptions>,
    /// Azure's object store, for `az://` copies. Default: none.
    pub az: Option<AzOptions>,
    /// How caches are purged. The first rule that matches the address applies. Default: `PURGE` to the address itself.
    pub purge_rules: Vec<PurgeRule>,
    /// Secrets that sign callbacks; two during a rotation. Default: none, which disables callbacks.
    pub callback_secrets: Vec<Secret>,
}

/// An S3 server.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// `https://host:port`. Default: Amazon's endpoint for the region.
    pub endpoint: Option<String>,
    pub region: String,
    /// Whether the bucket is in the path instead of the host name, as most servers other than Amazon's expect. Default
    /// false.
    pub path_style: bool,
    /// Default: none, which leaves requests unsigned.
    pub credentials: Option<S3Credentials>,
}

impl Default for S3Options {
    fn default() -> Self {
        S3Options {
            endpoint: None,
            region: "us-east-1".into(),
            path_style: false,
            credentials: None,
        }
    }
}

/// Credentials for an S3 server. They need permission to read objects, to list and delete object versions, and to read
/// retention and legal holds.
#[derive(Clone)]
pub struct S3Credentials {
    pub key_id: String,
    pub secret: String,
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Credentials({})", self.key_id)
    }
}

/// Google's object store.
#[derive(Clone, Default)]
pub struct GsOptions {
    /// Default: Google's endpoint.
    pub endpoint: Option<String>,
    /// The key of a service account, as JSON. Default: none, which uses the machine's own identity.
    pub service_account_key: Option<String>,
}

impl fmt::Debug for GsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GsOptions").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Azure's object store.
#[derive(Clone, Default)]
pub struct AzOptions {
    pub account: String,
    pub access_key: String,
    /// Default: Azure's endpoint.
    pub endpoint: Option<String>,
}

impl fmt::Debug for AzOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzOptions").field("account", &self.account).finish_non_exhaustive()
    }
}

/// How one cache is purged.
#[derive(Clone)]
pub struct PurgeRule {
    /// Hosts that the rule applies to. Empty: all.
    pub hosts: Vec<String>,
    /// Default `PURGE`, which Varnish, nginx with a purge module, Squid and Fastly support.
    pub method: String,
    /// Headers of the purge request: a password, a hint such as `Fastly-Soft-Purge: 0`.
    pub headers: Vec<(String, String)>,
    /// Where to send the purge instead of to the address itself, one URL per node: `http://10.0.0.7:6081`. The address's
    /// host goes into the `Host` header. These are the operator's own and may be in any network. Default: none.
    pub endpoints: Vec<Url>,
}

impl Default for PurgeRule {
    fn default() -> Self {
        PurgeRule {
            hosts: Vec::new(),
            method: "PURGE".into(),
            headers: Vec::new(),
            endpoints: Vec::new(),
        }
    }
}

impl PurgeRule {
    /// Whether the rule applies to an address.
    pub(super) fn applies_to(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.hosts.is_empty() || self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host))
    }
}

impl fmt::Debug for PurgeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("PurgeRule")
            .field("hosts", &self.hosts)
            .field("method", &self.method)
            .field("headers", &names)
            .field("endpoints", &self.endpoints.len())
            .finish()
    }
}
