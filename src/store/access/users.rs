//! User accounts. [`Role`] says what a user may do; `engine` verifies passwords.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{Actor, AuditEntry, Role, UnixSeconds, UserId};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// A user account.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Sign-in and display name; unique, upper and lower case are the same.
    pub name: String,
    pub role: Role,
    /// An Argon2 hash with its parameters.
    pub password: String,
    pub password_at: UnixSeconds,
    pub created_at: UnixSeconds,
    /// When the account was disabled; sign-in is refused from then on.
    pub disabled_at: Option<UnixSeconds>,
    /// Last request, to the minute.
    pub seen_at: Option<UnixSeconds>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({}, {:?}, {})", self.id, self.name, self.role)
    }
}

/// A change to an account. Every change except of the role ends the user's sessions.
#[derive(Clone, PartialEq, Eq)]
pub enum UserChange {
    /// Disables the account, or enables it.
    Disabled(bool),
    Role(Role),
    /// Replaces the password's hash.
    Password(String),
}

pub(in crate::store) const COLUMNS: &str =
    "id, name, role, password, password_at, created_at, disabled_at, seen_at";

impl Store {
    /// Adds an account; returns false if the name is taken.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// Changes an account; returns false if there is none with this id.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// The account with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn user(&self, id: UserId) -> Result<Option<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
                .query_row([id.0], user)
                .optional()
        })
    }

    /// The account with this name; upper and lower case are the same.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE name = ?1"))?
                .query_row([name], user)
                .optional()
        })
    }

    /// All accounts by name, disabled ones included.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn users(&self) -> Result<Vec<User>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY name COLLATE NOCASE"))?
                .query_map([], user)?
                .collect()
        })
    }

    /// Display name of a user or an API key; the actor's own text if it has none.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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
