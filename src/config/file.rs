//! What the user typed: `cenotaph.toml`, section by section, with the defaults of the rooms that it is for.
//!
//! Unknown names are refused, so that a slip of the pen does not leave a default in force. What a value means, and
//! whether it makes sense beside the others, is `settings`' business. `example.toml` explains each for people; a test
//! holds the two together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::deletions::Deletions;
use crate::engine;
use crate::http;
use crate::matching;
use crate::media;
use crate::remote;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub data: Option<PathBuf>,
    pub keys: Option<PathBuf>,
    pub server: Server,
    pub people: People,
    pub log: Log,
    pub rate: Rate,
    pub pools: Pools,
    pub decode: Decode,
    pub policy: Policy,
    pub uploads: Uploads,
    pub deletions: Deletions,
    pub pages: Pages,
    pub review: Review,
    pub webhooks: Webhooks,
    pub hooks: Hooks,
    pub remote: Remote,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub control_socket: bool,
    pub connections_max: usize,
    pub head_timeout_s: u64,
    pub request_timeout_s: u64,
    pub upload_pause_s: u64,
    pub json_bytes_max: usize,
    pub shutdown_grace_s: u64,
    pub metrics: Metrics,
    pub visibility: Visibility,
    pub event_streams_max: usize,
    pub bulk_bytes_max: usize,
}

impl Default for Server {
    fn default() -> Self {
        let of = http::Options::default();
        Server {
            listen: of.listen.to_string(),
            control_socket: of.control_socket,
            connections_max: of.connections_max,
            head_timeout_s: of.head_timeout_s,
            request_timeout_s: of.request_timeout_s,
            upload_pause_s: of.upload_pause_s,
            json_bytes_max: of.json_bytes_max,
            shutdown_grace_s: of.shutdown_grace_s,
            metrics: Metrics::Loopback,
            visibility: Visibility::Key,
            event_streams_max: of.event_streams_max,
            bulk_bytes_max: of.bulk_bytes_max,
        }
    }
}

/// `server.metrics`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metrics {
    Loopback,
    Open,
    Key,
}

/// `server.visibility`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Key,
    Open,
}

/// `[pages]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pages {
    pub links: Vec<String>,
}

impl Default for Pages {
    fn default() -> Self {
        Pages { links: http::Options::default().links }
    }
}

/// `[people]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    pub behind_proxy: bool,
    pub session_idle_minutes: f64,
    pub session_hours: f64,
    pub break_minutes: u32,
}

impl Default for People {
    fn default() -> Self {
        let of = engine::SessionOptions::default();
        People {
            behind_proxy: http::Options::default().behind_proxy,
            session_idle_minutes: of.idle_s as f64 / 60.0,
            session_hours: of.whole_s as f64 / HOUR_S,
            break_minutes: http::Options::default().break_minutes,
        }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub level: Level,
    pub format: Format,
}

impl Default for Log {
    fn default() -> Self {
        Log { level: Level::Info, format: Format::Json }
    }
}

/// `log.level`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// `log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A JSON object a line.
    Json,
    /// A line for people.
    Text,
}

/// `[rate]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    pub per_s: u32,
    pub burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        let of = http::Options::default();
        Rate { per_s: of.rate_per_s, burst: of.rate_burst }
    }
}

/// `[pools]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pools {
    /// `None`: one a core.
    pub decodes: Option<usize>,
    pub short: Option<usize>,
}

/// `[decode]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decode {
    pub timeout_s: f64,
    pub stall_timeout_s: f64,
    pub cpu_s_max: u64,
    pub memory_bytes_max: u64,
    pub pixels_max: u64,
    pub frames_max: u64,
    pub duration_s_max: f64,
    pub start: DecodeStart,
}

/// `decode.start`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecodeStart {
    Forked,
    Spawned,
}

impl Default for Decode {
    fn default() -> Self {
        let of = media::Options::default();
        Decode {
            timeout_s: of.decode_timeout_s,
            stall_timeout_s: of.stall_timeout_s,
            cpu_s_max: of.cpu_s_max,
            memory_bytes_max: of.memory_bytes_max,
            pixels_max: of.pixels_max,
            frames_max: of.frames_max,
            duration_s_max: of.duration_s_max,
            start: match of.start {
                media::Start::Forked => DecodeStart::Forked,
                media::Start::Spawned => DecodeStart::Spawned,
            },
        }
    }
}

/// `[policy]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub block: f64,
    pub review: f64,
    pub shadow: bool,
    pub exhaustive_max: usize,
    pub owner_request: Thresholds,
    pub legal: Thresholds,
    pub moderation: Thresholds,
}

impl Default for Policy {
    fn default() -> Self {
        let of = matching::Thresholds::default();
        Policy {
            block: of.block,
            review: of.review,
            shadow: engine::Policy::default().shadow,
            exhaustive_max: engine::Options::default().exhaustive_max,
            owner_request: Thresholds::default(),
            legal: Thresholds::default(),
            moderation: Thresholds::default(),
        }
    }
}

/// `[policy.legal]` and the like; what is absent is as in `[policy]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_days: Option<f64>,
}

/// `[uploads]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    pub bytes_max: u64,
    pub undecided_max: usize,
    pub effort: Effort,
    pub uri_prefixes: Vec<String>,
    pub word_bytes_max: usize,
    pub metadata_bytes_max: usize,
    pub prints_bytes_max: usize,
    pub attempts_max: u32,
    pub matches_max: usize,
    pub appeal_days: f64,
    pub words_days: f64,
    pub record_days: f64,
    pub idempotency_hours: f64,
}

const HOUR_S: f64 = 3600.0;

impl Default for Uploads {
    fn default() -> Self {
        let of = engine::uploads::Options::default();
        let days = |seconds: i64| seconds as f64 / 24.0 / HOUR_S;
        Uploads {
            bytes_max: of.bytes_max,
            undecided_max: of.undecided_max,
            effort: Effort::Thorough,
            uri_prefixes: of.uri_prefixes,
            word_bytes_max: of.word_bytes_max,
            metadata_bytes_max: of.metadata_bytes_max,
            prints_bytes_max: of.prints_bytes_max,
            attempts_max: of.attempts_max,
            matches_max: of.matches_max,
            appeal_days: days(of.appeal_s),
            words_days: days(of.words_s),
            record_days: days(of.record_s),
            idempotency_hours: of.idempotency_s as f64 / HOUR_S,
        }
    }
}

/// `uploads.effort`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    Fast,
    Thorough,
}

/// `[review]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    pub lease_minutes: f64,
    pub undo_s: i64,
    pub join_hours: f64,
    pub members_max: u32,
    pub twice_share: f64,
    pub second_hours: f64,
    pub blocks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_hours: Option<f64>,
    pub bulk_max: usize,
}

impl Default for Review {
    fn default() -> Self {
        let of = engine::CaseOptions::default();
        Review {
            lease_minutes: of.lease_s as f64 / 60.0,
            undo_s: of.undo_s,
            join_hours: of.join_s as f64 / HOUR_S,
            members_max: of.members_max,
            twice_share: of.twice_share,
            second_hours: of.second_s as f64 / HOUR_S,
            blocks: of.blocks,
            due_hours: of.due_s.map(|due_s| due_s as f64 / HOUR_S),
            bulk_max: of.bulk_max,
        }
    }
}

/// `[webhooks]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    pub pauses_s: Vec<i64>,
    pub at_once_max: usize,
}

impl Default for Webhooks {
    fn default() -> Self {
        let of = engine::webhooks::outbox::Options::default();
        Webhooks { pauses_s: of.pauses_s, at_once_max: of.at_once_max }
    }
}

/// `[hooks]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    pub wait_s: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tusd_uploader_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tusd_uploader_field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_uploader_field: Option<String>,
}

impl Default for Hooks {
    fn default() -> Self {
        let of = http::hooks::Options::default();
        Hooks {
            wait_s: of.wait_s,
            tusd_uploader_header: of.tusd_uploader_header,
            tusd_uploader_field: of.tusd_uploader_field,
            s3_uploader_field: of.s3_uploader_field,
        }
    }
}

/// `[remote]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Remote {
    pub connect_timeout_ms: u64,
    pub request_timeout_ms: u64,
    pub answer_bytes_max: u64,
    pub objects_max: u64,
    pub networks_allowed: Vec<String>,
    pub file_roots: Vec<PathBuf>,
    pub callback_secrets: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gs: Option<Gs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub az: Option<Az>,
    pub purge: Vec<Purge>,
}

impl Default for Remote {
    fn default() -> Self {
        let of = remote::Limits::default();
        Remote {
            connect_timeout_ms: of.connect_timeout_ms,
            request_timeout_ms: of.request_timeout_ms,
            answer_bytes_max: of.answer_bytes_max,
            objects_max: of.objects_max,
            networks_allowed: Vec::new(),
            file_roots: Vec::new(),
            callback_secrets: Vec::new(),
            s3: None,
            gs: None,
            az: None,
            purge: Vec::new(),
        }
    }
}

/// `[remote.s3]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub path_style: bool,
    pub key_id: Option<String>,
    pub secret: Option<String>,
    pub session_token: Option<String>,
}

/// `[remote.gs]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gs {
    pub endpoint: Option<String>,
    pub service_account_key: Option<String>,
}

/// `[remote.az]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Az {
    pub account: String,
    pub access_key: String,
    pub endpoint: Option<String>,
}

/// `[[remote.purge]]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Purge {
    pub hosts: Vec<String>,
    pub method: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub doors: Vec<String>,
}
