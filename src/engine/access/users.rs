//! Users: create, list, change. `sign_in` signs them in.

use crate::engine::access::passwords;
use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::model::{Actor, AuditEntry, Environment, Role, UserId};
use crate::store::{User, UserChange};

/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 100;

/// A request for a new user.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    pub password: String,
}

/// A change to a user.
#[derive(Clone)]
pub enum UserPatch {
    Disabled(bool),
    Role(Role),
    Password(String),
}

impl Engine {
    /// Adds a user.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the name is taken, empty, too long or contains control characters, or the password is
    ///   too short, too long or too close to the name;
    /// - [`Error::Store`] if the store cannot be written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn add_user(&self, new: NewUser, actor: Actor, environment: &Environment) -> Result<User> {
        let NewUser { name, role, password } = new;
        let name = name.trim().to_owned();
        let invalid = |why: String| Err(Error::Invalid { what: "name", why });
        if name.is_empty() || name.chars().any(char::is_control) {
            return invalid("must not be empty or contain control characters".into());
        }
        if name.len() > NAME_BYTES_MAX {
            return invalid(format!("must be at most {NAME_BYTES_MAX} bytes long"));
        }
        let password = passwords::hash(&password, &name, environment)?;
        let id = UserId::make(environment).map_err(|source| Error::NoEntropy { source })?;
        let at = environment.now();
        let (disabled_at, seen_at) = (None, None);
        let user = User {
            id,
            name,
            role,
            password,
            password_at: at,
            created_at: at,
            disabled_at,
            seen_at,
        };
        let note = Some(format!("role {role}"));
        let entry = AuditEntry { at, actor, action: "user.create", subject: id.to_string(), note };
        if !self.store().add_user(&user, &entry)? {
            return invalid("another user has this name; choose a different one".into());
        }
        Ok(user)
    }

    /// Changes a user. A new password, and disabling, end the user's sessions. `None` if there is no such user.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if a new password is too short, too long or too close to the name;
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn change_user(
        &self,
        id: UserId,
        patch: UserPatch,
        actor: Actor,
        environment: &Environment,
    ) -> Result<Option<User>> {
        let Some(user) = self.store().user(id)? else { return Ok(None) };
        let (change, action, note) = match patch {
            UserPatch::Disabled(true) => (UserChange::Disabled(true), "user.disable", None),
            UserPatch::Disabled(false) => (UserChange::Disabled(false), "user.enable", None),
            UserPatch::Role(role) => {
                (UserChange::Role(role), "user.role", Some(format!("{} to {role}", user.role)))
            }
            UserPatch::Password(password) => {
                let hash = passwords::hash(&password, &user.name, environment)?;
                (UserChange::Password(hash), "user.password", None)
            }
        };
        let entry =
            AuditEntry { at: environment.now(), actor, action, subject: id.to_string(), note };
        self.store().change_user(id, &change, &entry)?;
        Ok(self.store().user(id)?)
    }

    /// All users by name, including disabled ones.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn users(&self) -> Result<Vec<User>> {
        Ok(self.store().users()?)
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.store().user(id)?)
    }

    /// The user with this name, regardless of case.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        Ok(self.store().user_by_name(name)?)
    }
}
