//! Sessions of users who are signed in. `engine` decides when one has expired; here it is a row or none.

use rusqlite::{OptionalExtension, params};

use crate::model::{AuditEntry, SessionHash, UnixSeconds, UserId};
use crate::store::access::audit;
use crate::store::access::users::{self, User};
use crate::store::{Result, Store};

/// A session and its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub user: User,
    pub created_at: UnixSeconds,
    /// Last use, to the minute.
    pub seen_at: UnixSeconds,
}

/// Limits of the absolute and the idle lifetime: sessions that began or were last used before them have expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionsEnd {
    pub created_before: UnixSeconds,
    pub seen_before: UnixSeconds,
}

impl Store {
    /// Starts a session, and deletes expired ones.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_session(
        &self,
        hash: SessionHash,
        user: UserId,
        ended: SessionsEnd,
        entry: &AuditEntry,
    ) -> Result<()> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM sessions WHERE created_at < ?1 OR seen_at < ?2",
                params![ended.created_before, ended.seen_before],
            )?;
            transaction.execute(
                "INSERT INTO sessions (hash, user, created_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
                params![hash.0, user.0, entry.at],
            )?;
            transaction.execute(
                "UPDATE users SET seen_at = ?2 WHERE id = ?1",
                params![user.0, entry.at],
            )?;
            audit::append(transaction, entry)
        })
    }

    /// The session with this secret's hash, expired or not.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn session(&self, hash: SessionHash) -> Result<Option<Session>> {
        self.read(|c| {
            let columns: Vec<String> =
                users::COLUMNS.split(", ").map(|column| format!("users.{column}")).collect();
            c.prepare_cached(&format!(
                "SELECT {}, sessions.created_at, sessions.seen_at FROM sessions \
                 JOIN users ON users.id = sessions.user WHERE hash = ?1",
                columns.join(", ")
            ))?
            .query_row([hash.0], |row| {
                Ok(Session {
                    user: users::user(row)?,
                    created_at: row.get(8)?,
                    seen_at: row.get(9)?,
                })
            })
            .optional()
        })
    }

    /// Records the use of a session.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn touch_session(&self, hash: SessionHash, user: UserId, now: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            c.execute("UPDATE sessions SET seen_at = ?2 WHERE hash = ?1", params![hash.0, now])?;
            c.execute("UPDATE users SET seen_at = ?2 WHERE id = ?1", params![user.0, now])?;
            Ok(())
        })
    }

    /// Ends sessions; returns how many there were.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn end_sessions(&self, which: SessionsOf, entry: &AuditEntry) -> Result<usize> {
        self.write(|transaction| {
            let ended = match which {
                SessionsOf::One(hash) => {
                    transaction.execute("DELETE FROM sessions WHERE hash = ?1", [hash.0])?
                }
                SessionsOf::User(user) => {
                    transaction.execute("DELETE FROM sessions WHERE user = ?1", [user.0])?
                }
            };
            if ended > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(ended)
        })
    }
}

/// One session, or all sessions of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOf {
    One(SessionHash),
    User(UserId),
}
