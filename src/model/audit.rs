//! Entries for the audit log.

use crate::model::{Actor, UnixSeconds};

/// An entry to append to the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: UnixSeconds,
    pub actor: Actor,
    /// Noun and verb: `key.create`.
    pub action: &'static str,
    /// Our id of the object of the action; never the platform's id of a person or a video.
    pub subject: String,
    /// The actor's reason.
    pub note: Option<String>,
}
