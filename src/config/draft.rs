//! What the settings set: the options of each room, and the few values that are combined before a room gets them.

use std::path::PathBuf;

use crate::engine;
use crate::http;
use crate::matching;
use crate::pools;
use crate::remote;

/// The data folder when none is named.
const DATA: &str = "cenotaph-data";

/// What to log, and in which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    pub level: Level,
    pub format: Format,
}

/// The least severe level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// The format of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object.
    Json,
    /// Text for people.
    Text,
}

/// Every setting, before values that depend on each other are checked. Its `Default` has all defaults.
pub(super) struct Draft {
    pub data: PathBuf,
    pub keys: Option<PathBuf>,
    pub log: Log,
    pub http: http::Options,
    pub pools: pools::Options,
    pub engine: engine::Options,
    pub thresholds: matching::Thresholds,
    pub owner_request: Thresholds,
    pub legal: Thresholds,
    pub moderation: Thresholds,
    pub uploads: engine::uploads::Options,
    pub cases: engine::CaseOptions,
    pub deletions: engine::deletions::Options,
    pub outbox: engine::webhooks::Options,
    pub remote: remote::Options,
    pub s3: S3,
    pub gs: Gs,
    pub az: Az,
}

/// The overrides for one reason of deletion. Without one, the threshold for all reasons applies.
pub(super) struct Thresholds {
    pub block: Option<f64>,
    pub review: Option<f64>,
}

impl Thresholds {
    /// The overrides by which `own` differs from the thresholds for all reasons.
    fn between(own: &matching::Thresholds, all: &matching::Thresholds) -> Thresholds {
        let differing = |own: f64, all: f64| (own != all).then_some(own);
        Thresholds {
            block: differing(own.block, all.block),
            review: differing(own.review, all.review),
        }
    }
}

/// `[remote.s3]`
#[derive(PartialEq)]
pub(super) struct S3 {
    pub endpoint: Option<String>,
    pub region: String,
    pub path_style: bool,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
}

impl Default for S3 {
    fn default() -> Self {
        let of = remote::S3Options::default();
        S3 {
            endpoint: of.endpoint,
            region: of.region,
            path_style: of.path_style,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
        }
    }
}

/// `[remote.gs]`
#[derive(Default, PartialEq)]
pub(super) struct Gs {
    pub endpoint: Option<String>,
    pub service_account_key: Option<String>,
}

/// `[remote.az]`
#[derive(Default, PartialEq)]
pub(super) struct Az {
    pub account: Option<String>,
    pub access_key: Option<String>,
    pub endpoint: Option<String>,
}

impl Default for Draft {
    fn default() -> Self {
        let engine = engine::Options::default();
        let (thresholds, policy) = (matching::Thresholds::default(), &engine.policy);
        Draft {
            data: DATA.into(),
            keys: None,
            log: Log { level: Level::Info, format: Format::Json },
            http: http::Options::default(),
            pools: pools::Options::default(),
            owner_request: Thresholds::between(&policy.owner_request, &thresholds),
            legal: Thresholds::between(&policy.legal, &thresholds),
            moderation: Thresholds::between(&policy.moderation, &thresholds),
            thresholds,
            engine,
            uploads: engine::uploads::Options::default(),
            cases: engine::CaseOptions::default(),
            deletions: engine::deletions::Options::default(),
            outbox: engine::webhooks::Options::default(),
            remote: remote::Options::default(),
            s3: S3::default(),
            gs: Gs::default(),
            az: Az::default(),
        }
    }
}
