//! People who sign in: made, listed, changed. How they sign in stands in `sign_in`.

use crate::engine::access::passwords;
use crate::engine::{Engine, Error, Result};
use crate::model::{Actor, AuditEntry, Environment, Role, UserId};
use crate::store::{User, UserChange};

/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 100;

/// Somebody who is to sign in.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub role: Role,
    pub password: String,
}

/// What is to be changed of somebody.
#[derive(Clone)]
pub enum UserPatch {
    Disabled(bool),
    Role(Role),
    Password(String),
}

impl Engine {
    /// Adds somebody.
    ///
    /// # Errors
    /// `Invalid` for a name that is taken or no name, or a password that is too short; the store's refusal.
    pub fn add_user(&self, new: NewUser, actor: Actor, environment: &Environment) -> Result<User> {
        let NewUser { name, role, password } = new;
        let name = name.trim().to_owned();
        let invalid = |why: String| Err(Error::Invalid { what: "name", why });
        if name.is_empty() || name.chars().any(char::is_control) {
            return invalid("it is empty or has control characters".into());
        }
        if name.len() > NAME_BYTES_MAX {
            return invalid(format!("it has more than {NAME_BYTES_MAX} bytes"));
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
            return invalid("somebody has it already".into());
        }
        Ok(user)
    }

    /// Changes somebody; a new password and disabling end their sessions. `None` when there is nobody of this id.
    ///
    /// # Errors
    /// `Invalid` for a password that is too short; the store's refusal.
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

    /// Everybody, those too who cannot sign in any more, by name.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn users(&self) -> Result<Vec<User>> {
        Ok(self.store().users()?)
    }

    /// # Errors
    /// The store's refusal.
    pub fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.store().user(id)?)
    }

    /// Capital and small letters are the same.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        Ok(self.store().user_by_name(name)?)
    }
}
