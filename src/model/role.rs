//! Roles of user accounts. API keys have scopes instead.

use std::fmt;
use std::str::FromStr;

/// A role; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reviews and decides cases.
    Moderator,
    /// Assigns cases, sets due times, decides escalated cases, acts in bulk; reads the audit log and the dashboard.
    Lead,
    /// Manages user accounts.
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Moderator, Role::Lead, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Moderator => "moderator",
            Role::Lead => "lead",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role; choose moderator, lead or admin")]
pub struct NoSuchRole;

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NoSuchRole)
    }
}
