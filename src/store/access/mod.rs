//! People and programs: user accounts, their sessions, API keys, and the audit log of everything that they do.
//!
//! Flow: a change and its entry in the audit log are one transaction: the other rooms call `audit::append` inside
//! theirs. Passwords, keys and session secrets arrive as hashes; this room never sees one in plain text.
//!
//! Invariant: the audit log is append-only.

mod api_keys;
pub(super) mod audit;
mod sessions;
mod users;

pub use api_keys::ApiKey;
pub use audit::{AuditFilter, AuditLine};
pub use sessions::{Session, SessionsEnd, SessionsOf};
pub use users::{User, UserChange};
