//! Subscriptions of webhooks: which receiver gets which topics.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{AuditEntry, Sealed, SubscriptionId, Topic, UnixSeconds};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    /// The receiver's URL, sealed: it may contain a secret.
    pub url: Sealed,
    pub topics: BTreeSet<Topic>,
    /// Whether events include scores and weak matches.
    pub scores: bool,
    /// Number of the secret in use, from 1; secrets are derived from it.
    pub secret: u32,
    /// When the secret was last rotated.
    pub rotated_at: Option<UnixSeconds>,
    pub created_at: UnixSeconds,
    /// When deliveries were paused.
    pub paused_at: Option<UnixSeconds>,
}

/// A change to a subscription; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionChange {
    pub url: Option<Sealed>,
    pub topics: Option<BTreeSet<Topic>>,
    pub scores: Option<bool>,
    /// `Some(None)` resumes deliveries.
    pub paused_at: Option<Option<UnixSeconds>>,
    /// Rotates the secret at this time.
    pub rotated_at: Option<UnixSeconds>,
}

const COLUMNS: &str = "id, url, topics, scores, secret, rotated_at, created_at, paused_at";

impl Store {
    /// Adds a subscription.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// Changes a subscription and returns the result; `None` if there is none with this id.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// Removes a subscription and its deliveries; returns false if there is none with this id.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn remove_subscription(&self, id: SubscriptionId, entry: &AuditEntry) -> Result<bool> {
        self.write(|transaction| {
            let removed = transaction.execute("DELETE FROM subscriptions WHERE id = ?1", [id.0])?;
            if removed > 0 {
                audit::append(transaction, entry)?;
            }
            Ok(removed > 0)
        })
    }

    /// All subscriptions that are not paused.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn open_subscriptions(&self) -> Result<Vec<Subscription>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM subscriptions WHERE paused_at IS NULL"
            ))?
            .query_map([], subscription)?
            .collect()
        })
    }

    /// The subscription with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>> {
        self.read(|c| by_id(c, id))
    }

    /// Up to `limit` subscriptions after `after`, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

/// The subscribers of a topic, paused ones included: they get the event when the pause ends.
pub(in crate::store) fn subscribers_of(
    c: &Connection,
    topic: Topic,
) -> rusqlite::Result<Vec<SubscriptionId>> {
    // There are few, so every event reads them all.
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
