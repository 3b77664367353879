//! Sessions of people who signed in. When one has ended is `engine`'s business; here it is a row or none.

use rusqlite::{OptionalExtension, params};

use crate::model::{AuditEntry, SessionHash, UnixSeconds, UserId};
use crate::store::access::audit;
use crate::store::access::users::{self, User};
use crate::store::{Result, Store};

/// A session with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub user: User,
    pub created_at: UnixSeconds,
    /// When it was last used, to the minute.
    pub seen_at: UnixSeconds,
}

/// Sessions that began or were last used before these times have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionsEnd {
    pub created_before: UnixSeconds,
    pub seen_before: UnixSeconds,
}

impl Store {
    /// Begins a session, and clears away those that have ended.
    ///
    /// # Errors
    /// The disk's refusal.
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

    /// # Errors
    /// The database's refusal.
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

    /// A session is used.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn see_session(&self, hash: SessionHash, user: UserId, now: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            c.execute("UPDATE sessions SET seen_at = ?2 WHERE hash = ?1", params![hash.0, now])?;
            c.execute("UPDATE users SET seen_at = ?2 WHERE id = ?1", params![user.0, now])?;
            Ok(())
        })
    }

    /// Ends a session, or with `user` all of somebody's; says how many there were.
    ///
    /// # Errors
    /// The disk's refusal.
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

/// Which sessions are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOf {
    One(SessionHash),
    User(UserId),
}
