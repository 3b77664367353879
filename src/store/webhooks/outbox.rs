//! The outbox: events, and their delivery to each subscriber. An event is written in the transaction of its change, so
//! neither exists without the other.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    AuditEntry, DeliveryId, DeliverySeq, DeliveryState, EventId, Sealed, SubscriptionId, Topic,
    UnixSeconds,
};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::webhooks::subscriptions;
use crate::store::{Result, Store};

/// An event to emit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub id: EventId,
    pub topic: Topic,
    pub at: UnixSeconds,
    /// The full body, sealed; a subscriber may get less of it.
    pub body: Sealed,
}

/// The delivery of one event to one subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub seq: DeliverySeq,
    pub id: DeliveryId,
    pub event: EventId,
    pub topic: Topic,
    /// When the event happened.
    pub at: UnixSeconds,
    pub subscription: SubscriptionId,
    pub state: DeliveryState,
    /// Failed attempts.
    pub attempts: u32,
    pub due_at: UnixSeconds,
    pub last_error: Option<String>,
    /// When it was sent or became dead.
    pub ended_at: Option<UnixSeconds>,
}

/// A delivery and its event's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    pub delivery: Delivery,
    pub body: Sealed,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    Sent { at: UnixSeconds },
    Retry { due_at: UnixSeconds, error: String },
    Dead { at: UnixSeconds, error: String },
}

/// Number of deliveries by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryCounts {
    pub due: u64,
    pub dead: u64,
}

const COLUMNS: &str = "d.seq, d.id, e.id, e.topic, e.at, d.subscription, d.state, d.attempts, \
     d.due_at, d.last_error, d.ended_at";

impl Store {
    /// Emits an event that comes with no other change.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_event(&self, event: NewEvent) -> Result<()> {
        self.write_grouped(move |c| emit(c, &event))
    }

    /// Up to `limit` deliveries to one subscriber that are due at `now`, longest overdue first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn due_deliveries(
        &self,
        subscription: SubscriptionId,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<Vec<DueDelivery>> {
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

    /// When the next delivery after `now` is due, paused subscribers aside.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

    /// Records the outcome of an attempt.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn record_delivery(&self, seq: DeliverySeq, tried: DeliveryOutcome) -> Result<()> {
        self.write_grouped(move |c| {
            let (state, due_at, error, ended_at) = match tried {
                DeliveryOutcome::Sent { at } => (DeliveryState::Sent, None, None, Some(at)),
                DeliveryOutcome::Retry { due_at, error } => {
                    (DeliveryState::Due, Some(due_at), Some(error), None)
                }
                DeliveryOutcome::Dead { at, error } => {
                    (DeliveryState::Dead, None, Some(error), Some(at))
                }
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

    /// Requeues a dead or sent delivery; returns `None` if there is none with this id.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// Requeues a subscriber's dead deliveries; returns their number.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
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

    /// The delivery with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        self.read(|c| by_id(c, id))
    }

    /// Up to `limit` deliveries in one state (or any) before `before`, newest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

    /// Number of due and of dead deliveries.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
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

/// Writes an event and its deliveries to all subscribers of its topic; without subscribers, nothing.
pub(in crate::store) fn emit(c: &Connection, event: &NewEvent) -> rusqlite::Result<()> {
    let wanting = subscriptions::subscribers_of(c, event.topic)?;
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

/// Ends deliveries of events from before a time, which would otherwise wait for a paused subscriber for ever.
pub(in crate::store) fn expire_deliveries(
    c: &Connection,
    before: UnixSeconds,
    now: UnixSeconds,
) -> rusqlite::Result<usize> {
    c.execute(
        "UPDATE deliveries SET state = 'dead', ended_at = ?2, \
         last_error = 'expired: older than the retention of its data' \
         WHERE state = 'due' AND event IN (SELECT seq FROM events WHERE at < ?1)",
        params![before, now],
    )
}

/// Erases events from before a time that have no pending deliveries.
pub(in crate::store) fn erase_events(
    c: &Connection,
    before: UnixSeconds,
    limit: usize,
) -> rusqlite::Result<usize> {
    c.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ?1 AND NOT \
         EXISTS (SELECT 1 FROM deliveries WHERE event = events.seq AND state = 'due') \
         LIMIT ?2)",
        params![before, columns::row_limit(limit)],
    )
}

fn by_id(c: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1"
    ))?
    .query_row([id.0], delivery)
    .optional()
}

fn parcel(row: &Row<'_>) -> rusqlite::Result<DueDelivery> {
    Ok(DueDelivery { delivery: delivery(row)?, body: Sealed(row.get(11)?) })
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
