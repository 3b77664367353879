//! The outbox: what happened, and its way to each subscriber. An event is written in the transaction in which it
//! happens, so that neither is without the other.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    AuditEntry, DeliveryId, DeliverySeq, DeliveryState, EventId, Sealed, SubscriptionId, Topic,
    UnixSeconds,
};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::webhooks::subscriptions;
use crate::store::{Result, Store};

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub id: EventId,
    pub topic: Topic,
    pub at: UnixSeconds,
    /// What is told, in full; a subscriber may be told less.
    pub body: Sealed,
}

/// One event on its way to one subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub seq: DeliverySeq,
    pub id: DeliveryId,
    pub event: EventId,
    pub topic: Topic,
    /// When it happened.
    pub at: UnixSeconds,
    pub subscription: SubscriptionId,
    pub state: DeliveryState,
    /// Tries that failed.
    pub attempts: u32,
    pub due_at: UnixSeconds,
    pub last_error: Option<String>,
    /// When it was sent or given up.
    pub ended_at: Option<UnixSeconds>,
}

/// A delivery with what is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub delivery: Delivery,
    pub body: Sealed,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    Sent { at: UnixSeconds },
    Again { due_at: UnixSeconds, error: String },
    Dead { at: UnixSeconds, error: String },
}

/// Deliveries by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryCounts {
    pub due: u64,
    pub dead: u64,
}

const COLUMNS: &str = "d.seq, d.id, e.id, e.topic, e.at, d.subscription, d.state, d.attempts, \
     d.due_at, d.last_error, d.ended_at";

impl Store {
    /// Remembers an event that comes with no other change.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn add_event(&self, event: NewEvent) -> Result<()> {
        self.write_grouped(move |c| emit(c, &event))
    }

    /// At most `limit` deliveries to one subscriber that are due at `now`, the longest waiting first.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn due_deliveries(
        &self,
        subscription: SubscriptionId,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<Vec<Parcel>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS}, e.body FROM deliveries d JOIN events e ON e.seq = d.event \
                 WHERE d.subscription = ?1 AND d.state = 'due' AND d.due_at <= ?2 \
                 ORDER BY d.due_at, d.seq LIMIT ?3"
            ))?
            .query_map(params![subscription.0, now, columns::row_limit(limit)], parcel)?
            .collect()
        })
    }

    /// When the next delivery to a subscriber who is not paused is due after `now`.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn next_delivery_after(&self, now: UnixSeconds) -> Result<Option<UnixSeconds>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT min(d.due_at) FROM deliveries d JOIN subscriptions s \
                 ON s.id = d.subscription \
                 WHERE d.state = 'due' AND d.due_at > ?1 AND s.paused_at IS NULL",
            )?
            .query_row([now], |row| row.get(0))
        })
    }

    /// Notes how a try ended.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn delivery_tried(&self, seq: DeliverySeq, tried: Tried) -> Result<()> {
        self.write_grouped(move |c| {
            let (state, due_at, error, ended_at) = match tried {
                Tried::Sent { at } => (DeliveryState::Sent, None, None, Some(at)),
                Tried::Again { due_at, error } => {
                    (DeliveryState::Due, Some(due_at), Some(error), None)
                }
                Tried::Dead { at, error } => (DeliveryState::Dead, None, Some(error), Some(at)),
            };
            c.prepare_cached(
                "UPDATE deliveries SET state = ?2, due_at = coalesce(?3, due_at), \
                 last_error = ?4, ended_at = ?5, attempts = attempts + (?4 IS NOT NULL) \
                 WHERE seq = ?1 AND state = 'due'",
            )?
            .execute(params![seq, state.as_str(), due_at, error, ended_at])?;
            Ok(())
        })
    }

    /// Makes a delivery due again that was given up (or sent); `None` when there is none of this name.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn resend_delivery(
        &self,
        id: DeliveryId,
        now: UnixSeconds,
        entry: AuditEntry,
    ) -> Result<Option<Delivery>> {
        self.write_grouped(move |c| {
            let changed = c.execute(
                "UPDATE deliveries SET state = 'due', due_at = ?2, attempts = 0, ended_at = NULL \
                 WHERE id = ?1 AND state <> 'due'",
                params![id.0, now],
            )?;
            if changed > 0 {
                audit::append(c, &entry)?;
            }
            by_id(c, id)
        })
    }

    /// Makes all deliveries to one subscriber due again that were given up; returns how many.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn resend_dead(
        &self,
        subscription: SubscriptionId,
        now: UnixSeconds,
        entry: AuditEntry,
    ) -> Result<usize> {
        self.write_grouped(move |c| {
            let changed = c.execute(
                "UPDATE deliveries SET state = 'due', due_at = ?2, attempts = 0, ended_at = NULL \
                 WHERE subscription = ?1 AND state = 'dead'",
                params![subscription.0, now],
            )?;
            if changed > 0 {
                audit::append(c, &entry)?;
            }
            Ok(changed)
        })
    }

    /// # Errors
    /// The database's refusal.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        self.read(|c| by_id(c, id))
    }

    /// At most `limit` deliveries in one state (or any), the latest first, from before `before` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn deliveries(
        &self,
        state: Option<DeliveryState>,
        before: Option<DeliverySeq>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM deliveries d JOIN events e ON e.seq = d.event \
                 WHERE d.seq < ?1 AND (?2 IS NULL OR d.state = ?2) ORDER BY d.seq DESC LIMIT ?3"
            ))?
            .query_map(
                params![
                    before.map_or(i64::MAX, |seq| seq.0),
                    state.map(DeliveryState::as_str),
                    columns::row_limit(limit)
                ],
                delivery,
            )?
            .collect()
        })
    }

    /// # Errors
    /// The database's refusal.
    pub fn delivery_counts(&self) -> Result<DeliveryCounts> {
        self.read(|c| {
            let count = |state: &str| {
                c.prepare_cached("SELECT count(*) FROM deliveries WHERE state = ?1")?
                    .query_row([state], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
            };
            Ok(DeliveryCounts { due: count("due")?, dead: count("dead")? })
        })
    }
}

/// Writes an event, and a delivery to everybody who subscribed to its topic. Without subscribers nothing is written.
pub(in crate::store) fn emit(c: &Connection, event: &NewEvent) -> rusqlite::Result<()> {
    let wanting = subscriptions::wanting(c, event.topic)?;
    if wanting.is_empty() {
        return Ok(());
    }
    let seq: i64 = c
        .prepare_cached(
            "INSERT INTO events (id, topic, at, body) VALUES (?1, ?2, ?3, ?4) RETURNING seq",
        )?
        .query_row(params![event.id.0, event.topic.as_str(), event.at, event.body.0], |row| {
            row.get(0)
        })?;
    for subscription in wanting {
        let id = DeliveryId::between(event.id, subscription);
        c.prepare_cached(
            "INSERT INTO deliveries (id, event, subscription, state, due_at) \
             VALUES (?1, ?2, ?3, 'due', ?4)",
        )?
        .execute(params![id.0, seq, subscription.0, event.at])?;
    }
    Ok(())
}

fn by_id(c: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1"
    ))?
    .query_row([id.0], delivery)
    .optional()
}

fn parcel(row: &Row<'_>) -> rusqlite::Result<Parcel> {
    Ok(Parcel { delivery: delivery(row)?, body: Sealed(row.get(11)?) })
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        seq: row.get(0)?,
        id: DeliveryId(row.get(1)?),
        event: EventId(row.get(2)?),
        topic: columns::parsed(row, 3)?,
        at: row.get(4)?,
        subscription: SubscriptionId(row.get(5)?),
        state: columns::parsed(row, 6)?,
        attempts: row.get(7)?,
        due_at: row.get(8)?,
        last_error: row.get(9)?,
        ended_at: row.get(10)?,
    })
}
