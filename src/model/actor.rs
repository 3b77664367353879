//! The author of an entry in the audit log.

use std::fmt;
use std::str::FromStr;

use crate::model::{ApiKeyId, UserId};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A program with an API key.
    Key(ApiKeyId),
    /// A signed-in user.
    User(UserId),
    /// The command line, on the machine itself.
    Local,
    /// The service itself, following its settings: expiry, retries.
    Policy,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Key(id) => write!(f, "{id}"),
            Actor::User(id) => write!(f, "{id}"),
            Actor::Local => f.write_str("local"),
            Actor::Policy => f.write_str("policy"),
        }
    }
}

/// Text that is not an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an actor")]
pub struct NotAnActor;

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Actor, NotAnActor> {
        match text {
            "local" => Ok(Actor::Local),
            "policy" => Ok(Actor::Policy),
            user if user.starts_with(UserId::PREFIX) => {
                user.parse().map(Actor::User).map_err(|_| NotAnActor)
            }
            key => key.parse().map(Actor::Key).map_err(|_| NotAnActor),
        }
    }
}
