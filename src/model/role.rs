//! What somebody who signs in may do. API keys have scopes instead.

use std::fmt;
use std::str::FromStr;

/// Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Works the queue and decides cases.
    Moderator,
    /// Assigns, sets due times, decides what was escalated, acts on many cases at once; reads audit log and dashboard.
    Lead,
    /// Looks after the people who sign in.
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

/// Text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such role; there are moderator, lead and admin")]
pub struct NoSuchRole;

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NoSuchRole)
    }
}
