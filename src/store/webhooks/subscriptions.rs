//! Subscriptions: who is told of what. What is on its way to them is in `outbox`.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{AuditEntry, Sealed, SubscriptionId, Topic, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// Somebody who wants to be told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    /// Where; it may hold a secret of the receiver's.
    pub url: Sealed,
    pub topics: BTreeSet<Topic>,
    /// Told scores and weak matches too.
    pub scores: bool,
    /// Which of its secrets is in use, from 1; the secrets themselves are derived.
    pub secret: u32,
    /// When that began, if it is not the first.
    pub rotated_at: Option<UnixSeconds>,
    pub created_at: UnixSeconds,
    /// Since when nothing is sent.
    pub paused_at: Option<UnixSeconds>,
}

/// What is changed about a subscription; `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionChange {
    pub url: Option<Sealed>,
    pub topics: Option<BTreeSet<Topic>>,
    pub scores: Option<bool>,
    /// `Some(None)`: sent to again.
    pub paused_at: Option<Option<UnixSeconds>>,
    /// A new secret from this moment on.
    pub rotated_at: Option<UnixSeconds>,
}

const COLUMNS: &str = "id, url, topics, scores, secret, rotated_at, created_at, paused_at";

impl Store {
    /// # Errors
    /// The disk's refusal.
    pub fn add_subscription(&self, new: &Subscription, entry: &AuditEntry) -> Result<()> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO subscriptions (id, url, topics, scores, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![new.id.0, new.url.0, joined(&new.topics), new.scores, new.created_at],
            )?;
            audit::append(transaction, entry)
        })
    }

    /// Changes a subscription and returns it as it is then; `None` when there is none of this name.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn change_subscription(
        &self,
        id: SubscriptionId,
        change: &SubscriptionChange,
        entry: &AuditEntry,
    ) -> Result<Option<Subscription>> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE subscriptions SET url = coalesce(?2, url), topics = coalesce(?3, topics), \
                 scores = coalesce(?4, scores), \
                 paused_at = CASE WHEN ?5 THEN ?6 ELSE paused_at END, \
                 rotated_at = coalesce(?7, rotated_at), secret = secret + (?7 IS NOT NULL) \
                 WHERE id = ?1",
                params![
                    id.0,
                    change.url.as_ref().map(|url| &url.0),
                    change.topics.as_ref().map(joined),
                    change.scores,
                    change.paused_at.is_some(),
                    change.paused_at.flatten(),
                    change.rotated_at,
                ],
            )?;
            if changed > 0 {
                audit::append(transaction, entry)?;
            }
            by_id(transaction, id)
        })
    }

    /// Removes a subscription with all that is on its way; false when there is none of this name.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn remove_subscription(&self, id: SubscriptionId, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let removed = transaction.execute("DELETE FROM subscriptions WHERE id = ?1", [id.0])?;
            if removed > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(removed > 0)
        })
    }

    /// All subscriptions that are not paused; there are few.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn open_subscriptions(&self) -> Result<Vec<Subscription>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM subscriptions WHERE paused_at IS NULL"
            ))?
            .query_map([], subscription)?
            .collect()
        })
    }

    /// # Errors
    /// The database's refusal.
    pub fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>> {
        self.read(|c| by_id(c, id))
    }

    /// At most `limit` subscriptions, oldest first, from behind `after` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn subscriptions(
        &self,
        after: Option<SubscriptionId>,
        limit: usize,
    ) -> Result<Vec<Subscription>> {
        let after = after.map_or([0; 16], |id| id.0);
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM subscriptions WHERE id > ?1 ORDER BY id LIMIT ?2"
            ))?
            .query_map(params![after, columns::row_limit(limit)], subscription)?
            .collect()
        })
    }
}

/// Who is told of a topic. A paused one too: what happens meanwhile is sent when the pause ends.
pub(in crate::store) fn wanting(
    c: &Connection,
    topic: Topic,
) -> rusqlite::Result<Vec<SubscriptionId>> {
    // There are few, and they are read for every event.
    let all: Vec<(SubscriptionId, String)> = c
        .prepare_cached("SELECT id, topics FROM subscriptions")?
        .query_map([], |row| Ok((SubscriptionId(row.get(0)?), row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let wants = |topics: &str| topics.split(',').any(|one| one == topic.as_str());
    Ok(all.into_iter().filter(|(_, topics)| wants(topics)).map(|(id, _)| id).collect())
}

fn by_id(c: &Connection, id: SubscriptionId) -> rusqlite::Result<Option<Subscription>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM subscriptions WHERE id = ?1"))?
        .query_row([id.0], subscription)
        .optional()
}

fn subscription(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    let topics: String = row.get(2)?;
    let named = topics.split(',').filter(|topic| !topic.is_empty());
    let topics = named
        .map(str::parse::<Topic>)
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(e)))?;
    Ok(Subscription {
        id: SubscriptionId(row.get(0)?),
        url: Sealed(row.get(1)?),
        topics,
        scores: row.get(3)?,
        secret: row.get(4)?,
        rotated_at: row.get(5)?,
        created_at: row.get(6)?,
        paused_at: row.get(7)?,
    })
}

fn joined(topics: &BTreeSet<Topic>) -> String {
    topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>().join(",")
}
