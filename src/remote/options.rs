//! Settings of the room, as plain values; where they come from is `config`'s business.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::remote::Network;
use crate::remote::signature::Secret;

/// Limits on every request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Making a connection, milliseconds. Default 5000.
    pub connect_timeout_ms: u64,
    /// A whole request with its answer, milliseconds; of a download from S3 the longest silence. Default 30 000.
    pub request_timeout_ms: u64,
    /// Bytes of an answer that are read before the rest is dropped. Default 64 KiB.
    pub answer_bytes_max: u64,
    /// Files, objects or versions under one prefix; where there are more, none is erased. Default 100 000.
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
    /// Networks that web addresses from outside may lead to beside the public ones: private, loopback, link-local.
    /// Default none.
    pub networks_allowed: Vec<Network>,
    /// Folders within which `file://` copies may be read and erased. Default none. Symbolic links within them are not
    /// followed; the folders themselves may lie behind some.
    pub file_roots: Vec<PathBuf>,
    /// The S3 server of `s3://` copies. Default none.
    pub s3: Option<S3Options>,
    /// Google's object store, of `gs://` copies. Default none.
    pub gs: Option<GsOptions>,
    /// Azure's, of `az://` copies. Default none.
    pub az: Option<AzOptions>,
    /// How caches are purged; the first rule that is for the address counts. Default: PURGE at the address itself.
    pub purge_rules: Vec<PurgeRule>,
    /// Secrets that callbacks are signed with; more than one while one is being replaced. Default none: no callbacks.
    pub callback_secrets: Vec<Secret>,
}

/// An S3 server.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// `https://host:port`. Default: Amazon's for the region.
    pub endpoint: Option<String>,
    pub region: String,
    /// Buckets in the path and not in the host's name, as most servers that are not Amazon's want it. Default false.
    pub path_style: bool,
    /// Default none: requests are not signed.
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

/// Who we are to an S3 server. It needs the rights to read, list versions of, and delete versions of what is deleted,
/// and to see retention and legal holds.
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
    /// Default: Google's.
    pub endpoint: Option<String>,
    /// A service account's key, the JSON itself. Default none: the identity that Google gives this machine.
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
    /// Default: Azure's.
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
    /// Hosts of addresses that it is for; empty: all.
    pub hosts: Vec<String>,
    /// Default `PURGE`, which Varnish, nginx with a purge module, Squid and Fastly know.
    pub method: String,
    /// Sent with it: a password, a hint such as `Fastly-Soft-Purge: 0`.
    pub headers: Vec<(String, String)>,
    /// Where to ask instead of at the address itself, one a node: `http://10.0.0.7:6081`. The address's host goes into
    /// the `Host` header. These are the operator's own and may be in any network.
    pub doors: Vec<Url>,
}

impl Default for PurgeRule {
    fn default() -> Self {
        PurgeRule {
            hosts: Vec::new(),
            method: "PURGE".into(),
            headers: Vec::new(),
            doors: Vec::new(),
        }
    }
}

impl PurgeRule {
    pub(super) fn is_for(&self, url: &Url) -> bool {
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
            .field("doors", &self.doors.len())
            .finish()
    }
}
