//! People who sign in. What a role may do is `model::Role`'s business, whether a password fits `engine`'s.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{Actor, AuditEntry, Role, UnixSeconds, UserId};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Somebody who signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// What they type, and what colleagues see.
    pub name: String,
    pub role: Role,
    /// An Argon2 hash with its parameters.
    pub password: String,
    pub password_at: UnixSeconds,
    pub created_at: UnixSeconds,
    /// From then on they cannot sign in.
    pub disabled_at: Option<UnixSeconds>,
    /// When they were last seen, to the minute.
    pub seen_at: Option<UnixSeconds>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({}, {:?}, {})", self.id, self.name, self.role)
    }
}

/// What is changed of somebody who signs in; every change but the role's ends their sessions.
#[derive(Clone, PartialEq, Eq)]
pub enum UserChange {
    /// They cannot sign in any more, or can again.
    Disabled(bool),
    Role(Role),
    /// The new hash.
    Password(String),
}

pub(in crate::store) const COLUMNS: &str =
    "id, name, role, password, password_at, created_at, disabled_at, seen_at";

impl Store {
    /// Adds somebody; false when the name is taken.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn add_user(&self, user: &User, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let added = transaction.execute(
                &format!(
                    "INSERT INTO users ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                     ON CONFLICT (name) DO NOTHING"
                ),
                params![
                    user.id.0,
                    user.name,
                    user.role.as_str(),
                    user.password,
                    user.password_at,
                    user.created_at,
                    user.disabled_at,
                    user.seen_at,
                ],
            )?;
            if added > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(added > 0)
        })
    }

    /// Changes somebody; false when there is nobody of this id.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn change_user(&self, id: UserId, change: &UserChange, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let found = apply(transaction, id, change, entry.at)?;
            if found {
                if !matches!(change, UserChange::Role(_)) {
                    transaction.execute("DELETE FROM sessions WHERE user = ?1", [id.0])?;
                }
                audit::append(transaction, entry)?;
            }
            Ok(found)
        })
    }

    /// # Errors
    /// The database's refusal.
    pub fn user(&self, id: UserId) -> Result<Option<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
                .query_row([id.0], user)
                .optional()
        })
    }

    /// Capital and small letters are the same.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE name = ?1"))?
                .query_row([name], user)
                .optional()
        })
    }

    /// Everybody, those too who cannot sign in any more, by name.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn users(&self) -> Result<Vec<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY name COLLATE NOCASE"))?
                .query_map([], user)?
                .collect()
        })
    }

    /// What colleagues call whoever this is.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn actor_name(&self, actor: Actor) -> Result<String> {
        let found = match actor {
            Actor::User(id) => self.read(|c| {
                c.prepare_cached("SELECT name FROM users WHERE id = ?1")?
                    .query_row([id.0], |row| row.get::<_, String>(0))
                    .optional()
            })?,
            Actor::Key(id) => self.read(|c| {
                c.prepare_cached("SELECT name FROM api_keys WHERE id = ?1")?
                    .query_row([id.0], |row| row.get::<_, String>(0))
                    .optional()
            })?,
            Actor::Local | Actor::Policy => None,
        };
        Ok(found.unwrap_or_else(|| actor.to_string()))
    }
}

fn apply(
    connection: &Connection,
    id: UserId,
    change: &UserChange,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let changed = match change {
        UserChange::Disabled(true) => connection.execute(
            "UPDATE users SET disabled_at = coalesce(disabled_at, ?2) WHERE id = ?1",
            params![id.0, now],
        )?,
        UserChange::Disabled(false) => {
            connection.execute("UPDATE users SET disabled_at = NULL WHERE id = ?1", [id.0])?
        }
        UserChange::Role(role) => connection
            .execute("UPDATE users SET role = ?2 WHERE id = ?1", params![id.0, role.as_str()])?,
        UserChange::Password(hash) => connection.execute(
            "UPDATE users SET password = ?2, password_at = ?3 WHERE id = ?1",
            params![id.0, hash, now],
        )?,
    };
    Ok(changed > 0)
}

pub(in crate::store) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        role: columns::parsed(row, 2)?,
        password: row.get(3)?,
        password_at: row.get(4)?,
        created_at: row.get(5)?,
        disabled_at: row.get(6)?,
        seen_at: row.get(7)?,
    })
}
