//! What the audit log is given.

use crate::model::{Actor, UnixSeconds};

/// Something that is about to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: UnixSeconds,
    pub actor: Actor,
    /// Noun and verb, such as `key.create`.
    pub action: &'static str,
    /// Our id of what it was done to; never what the platform calls a person or a video.
    pub subject: String,
    /// What the actor gave as the reason.
    pub note: Option<String>,
}
