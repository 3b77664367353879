//! Tombstones: adding, removing, finding and listing them. `fingerprints` reads their fingerprints' bytes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    AuditEntry, ByteDigest, DeletionReason, KeyId, OwnerKey, Posted, SelfMatch, Slot, Strength,
    TombstoneId, UnixSeconds,
};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::tombstones::{NewPrecedence, NewRelation, changes, claims, relations};
use crate::store::{Change, Error, Result, Store};

/// A tombstone before it has a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTombstone {
    pub id: TombstoneId,
    /// The deleted video's owner, who may re-upload it; `None` if unknown.
    pub owner: Option<OwnerKey>,
    /// The content group that it belongs to; `engine` assigns it.
    pub group: u32,
    pub created_at: UnixSeconds,
    /// Keyed digest of the deleted file's bytes, if the file was available.
    pub bytes_digest: Option<ByteDigest>,
    /// Why the video was deleted; an input of policy.
    pub reason: DeletionReason,
    /// The fingerprint's key.
    pub key_id: KeyId,
    /// The fingerprint in its byte format.
    pub fingerprint: Vec<u8>,
    /// What the tombstone promised when it was made.
    pub strength: Strength,
    /// The reason for `strength`: one line of text.
    pub strength_why: String,
    /// What the promise follows from; `None` without a fingerprint.
    pub self_match: Option<SelfMatch>,
    pub duration_s: f64,
    /// When the video was posted: the earliest and the latest time; `None` if unknown.
    pub uploaded: Option<(UnixSeconds, UnixSeconds)>,
    /// Whether the deletion asserted that its owner is the author.
    pub original: bool,
    /// What it has in common with older tombstones.
    pub relations: Vec<NewRelation>,
    /// What is known about earlier posters.
    pub precedence: NewPrecedence,
}

/// A tombstone without its fingerprint's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tombstone {
    pub slot: Slot,
    pub id: TombstoneId,
    pub owner: Option<OwnerKey>,
    pub group: u32,
    pub created_at: UnixSeconds,
    pub bytes_digest: Option<ByteDigest>,
    pub reason: DeletionReason,
    pub key_id: KeyId,
    /// As recorded; `engine` derives today's from `self_match`.
    pub strength: Strength,
    pub strength_why: String,
    /// `None` if the tombstone is from before it was recorded, or has no fingerprint.
    pub self_match: Option<SelfMatch>,
    pub duration_s: f64,
    /// Size of its fingerprint, bytes.
    pub fingerprint_size: u64,
    /// When the video was posted: the earliest and the latest time; `None` if unknown.
    pub uploaded: Option<(UnixSeconds, UnixSeconds)>,
    /// Whether the deletion asserted that its owner is the author.
    pub original: bool,
    /// Seconds by which the prints that were searched when it was made reach back before its video was posted.
    pub horizon_s: Option<i64>,
}

impl Tombstone {
    /// When its video was posted, at the latest when it was deleted.
    pub fn posted(&self) -> Posted {
        Posted::of_deleted(self.uploaded, self.created_at)
    }
}

/// Why a tombstone is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TombstoneEnd {
    /// It was created by mistake: matches do not count.
    Retired,
    /// Its retention has ended.
    Expired,
}

/// Derives the present strength of a tombstone of a video that was deleted for this reason.
pub type StrengthNow<'a> = dyn Fn(&SelfMatch, DeletionReason) -> Strength + 'a;

/// Statistics of the store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    pub tombstones: u64,
    pub block: u64,
    pub review: u64,
    pub unmatchable: u64,
    /// Total length of the deleted videos, seconds.
    pub duration_s: f64,
    pub fingerprint_bytes: u64,
    /// Size of the database without its write-ahead log, bytes.
    pub database_bytes: u64,
    /// `seq` of the last change; 0 if there is none.
    pub log_head: u64,
    /// Distinct fingerprint keys; with more than one, the tombstones of the others match nothing.
    pub key_ids: Vec<KeyId>,
}

const COLUMNS: &str = "slot, id, owner, content_group, created_at, bytes_digest, key_id, strength, \
     strength_why, duration_s, fingerprint_size, reason, uploaded_from, uploaded_to, original, \
     strength_nats, strength_supports, horizon_s";

impl Store {
    /// Adds all tombstones or none, and returns their slots in the same order.
    ///
    /// # Errors
    /// [`Error::IdTaken`] for the first id that another tombstone (or an earlier one of this call) has;
    /// [`Error::BadId`]; [`Error::TooLarge`]; [`Error::NoSlots`]; and [writes](crate::store::Error#writes).
    pub fn add_tombstones(&self, tombstones: &[NewTombstone]) -> Result<Vec<Slot>> {
        tombstones.iter().try_for_each(|tombstone| self.check_limits(tombstone))?;
        let mut connection = self.writer()?;
        let transaction = connection.transaction().map_err(|e| self.explain(e))?;
        let mut slots = Vec::with_capacity(tombstones.len());
        for tombstone in tombstones {
            let added = insert(&transaction, tombstone).map_err(|e| self.explain(e))?;
            let row = added.ok_or_else(|| Error::IdTaken { id: tombstone.id.clone() })?;
            let number = u32::try_from(row)
                .map_err(|_| Error::NoSlots { path: self.path().to_path_buf() })?;
            let change = Change::added(Slot(number));
            changes::append(&transaction, change).map_err(|e| self.explain(e))?;
            relations::add(&transaction, Slot(number), &tombstone.relations, &slots)
                .map_err(|e| self.explain(e))?;
            claims::add(&transaction, Slot(number), &tombstone.precedence.claims, None)
                .map_err(|e| self.explain(e))?;
            slots.push(Slot(number));
        }
        transaction.commit().map_err(|e| self.explain(e))?;
        Ok(slots)
    }

    /// Erases tombstones and their fingerprints in one transaction. Returns the slot of each id, `None` if there was no
    /// such tombstone.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn remove(&self, ids: &[TombstoneId]) -> Result<Vec<Option<Slot>>> {
        let mut connection = self.writer()?;
        let mut job = || {
            let transaction = connection.transaction()?;
            let removed: rusqlite::Result<Vec<_>> =
                ids.iter().map(|id| delete(&transaction, id)).collect();
            let removed = removed?;
            transaction.commit()?;
            Ok(removed)
        };
        let removed = job().map_err(|e| self.explain(e))?;
        drop(connection);
        if removed.iter().any(Option::is_some) {
            // The removal is durable by now. A reader only delays the erasure of old pages, which the next removal,
            // closing or opening completes.
            let _ = self.fold_log();
        }
        Ok(removed)
    }

    /// Erases a tombstone with its fingerprint and grants. Returns the number of uploads that it counted against;
    /// `None` if there is no such tombstone.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn end_tombstone(
        &self,
        id: &TombstoneId,
        end: TombstoneEnd,
        entry: &AuditEntry,
    ) -> Result<Option<u64>> {
        self.write(|transaction| {
            claims::keep_of_ended(transaction, id)?;
            if delete(transaction, id)?.is_none() {
                return Ok(None);
            }
            audit::append(transaction, entry)?;
            if end == TombstoneEnd::Retired {
                transaction.execute(
                    "UPDATE upload_matches SET retired = 1 WHERE tombstone = ?1",
                    [&id.0],
                )?;
            }
            let against: i64 = transaction.query_row(
                "SELECT count(*) FROM upload_matches WHERE tombstone = ?1 AND verdict <> 'allow'",
                [&id.0],
                |row| row.get(0),
            )?;
            Ok(Some(against.cast_unsigned()))
        })
    }

    /// Up to `limit` tombstones of videos deleted for this reason and created before a time, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn tombstones_before(
        &self,
        reason: DeletionReason,
        before: UnixSeconds,
        limit: usize,
    ) -> Result<Vec<TombstoneId>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT id FROM tombstones WHERE created_at < ?1 AND reason = ?2 \
                 ORDER BY created_at LIMIT ?3",
            )?
            .query_map(params![before, reason.as_str(), columns::row_limit(limit)], |row| {
                Ok(TombstoneId(row.get(0)?))
            })?
            .collect()
        })
    }

    /// The tombstone with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn get_by_id(&self, id: &TombstoneId) -> Result<Option<Tombstone>> {
        self.read(|c| {
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM tombstones WHERE id = ?1"))?
                .query_row([&id.0], tombstone)
                .optional()
        })
    }

    /// Up to `limit` tombstones after slot `after`, by slot.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn list(&self, after: Option<Slot>, limit: usize) -> Result<Vec<Tombstone>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tombstones WHERE slot > ?1 ORDER BY slot LIMIT ?2"
            ))?
            .query_map(
                params![after.map_or(-1, |s| i64::from(s.0)), columns::row_limit(limit)],
                tombstone,
            )?
            .collect()
        })
    }

    /// Up to `limit` tombstones of files with exactly these bytes: several owners may have deleted the same file.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn find_by_digest(&self, digest: &ByteDigest, limit: usize) -> Result<Vec<Tombstone>> {
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tombstones WHERE bytes_digest = ?1 ORDER BY slot LIMIT ?2"
            ))?
            .query_map(params![digest.0, columns::row_limit(limit)], tombstone)?
            .collect()
        })
    }

    /// Statistics over all tombstones, by the strengths that were recorded. Reads every row, but no fingerprints: about
    /// one second per million.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn stats(&self) -> Result<Stats> {
        self.read(|c| stats(c, None))
    }

    /// As [`Store::stats`], by the strengths that `strength` derives where it can be derived.
    ///
    /// # Errors
    /// As [`Store::stats`].
    pub fn stats_under(&self, strength: &StrengthNow<'_>) -> Result<Stats> {
        self.read(|c| stats(c, Some(strength)))
    }

    fn check_limits(&self, tombstone: &NewTombstone) -> Result<()> {
        let id = &tombstone.id.0;
        let bad = |why: &str| Error::BadId { id: id.escape_debug().to_string(), why: why.into() };
        if id.is_empty() {
            return Err(bad("it is empty"));
        }
        if id.chars().any(char::is_control) {
            return Err(bad("it has a control character"));
        }
        let sizes = [
            ("the tombstone's id", id.len(), self.options().id_bytes_max),
            ("the fingerprint", tombstone.fingerprint.len(), self.options().fingerprint_bytes_max),
        ];
        for (what, bytes, bytes_max) in sizes {
            if bytes > bytes_max {
                return Err(Error::TooLarge { what: what.into(), bytes, bytes_max });
            }
        }
        Ok(())
    }
}

/// Returns `None` if the id is taken.
fn insert(connection: &Connection, new: &NewTombstone) -> rusqlite::Result<Option<i64>> {
    let slot = connection
        .prepare_cached(
            "INSERT INTO tombstones (id, owner, content_group, created_at, bytes_digest, key_id, strength, \
             strength_why, duration_s, fingerprint_size, reason, uploaded_from, uploaded_to, original, \
             strength_nats, strength_supports, uploaded_doubtful, horizon_s) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
             ?18) \
             ON CONFLICT (id) DO NOTHING RETURNING slot",
        )?
        .query_row(
            params![
                new.id.0,
                new.owner.map(|owner| owner.0),
                new.group,
                new.created_at,
                new.bytes_digest.map(|digest| digest.0),
                new.key_id.0,
                strength_name(new.strength),
                new.strength_why,
                new.duration_s,
                new.fingerprint.len() as i64,
                new.reason.as_str(),
                new.uploaded.map(|(from, _)| from),
                new.uploaded.map(|(_, to)| to),
                new.original,
                new.self_match.map(|found| found.nats),
                new.self_match.map(|found| found.supports),
                new.precedence.is_doubtful,
                new.precedence.horizon_s,
            ],
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    if let Some(slot) = slot {
        connection
            .prepare_cached("INSERT INTO fingerprints (slot, bytes) VALUES (?1, ?2)")?
            .execute(params![slot, new.fingerprint])?;
    }
    Ok(slot)
}

/// `ON DELETE CASCADE` removes the fingerprint's row.
fn delete(connection: &Connection, id: &TombstoneId) -> rusqlite::Result<Option<Slot>> {
    let slot = connection
        .prepare_cached("DELETE FROM tombstones WHERE id = ?1 RETURNING slot")?
        .query_row([&id.0], |row| Ok(Slot(row.get(0)?)))
        .optional()?;
    if let Some(slot) = slot {
        changes::append(connection, Change::removed(slot))?;
    }
    Ok(slot)
}

pub(in crate::store) fn by_slot(
    connection: &Connection,
    slot: Slot,
) -> rusqlite::Result<Option<Tombstone>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tombstones WHERE slot = ?1"))?
        .query_row([slot.0], tombstone)
        .optional()
}

fn stats(connection: &Connection, now: Option<&StrengthNow<'_>>) -> rusqlite::Result<Stats> {
    let mut stats = Stats::default();
    let mut all = connection.prepare(
        "SELECT strength, reason, strength_nats, strength_supports, duration_s, fingerprint_size \
         FROM tombstones",
    )?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let reason = columns::parsed(row, 1)?;
        let derived = now.zip(self_match(row, 2)?).map(|(now, found)| now(&found, reason));
        let count = match derived.map_or_else(|| strength(row, 0), Ok)? {
            Strength::Block => &mut stats.block,
            Strength::Review => &mut stats.review,
            Strength::Unmatchable => &mut stats.unmatchable,
        };
        *count += 1;
        stats.tombstones += 1;
        stats.duration_s += row.get::<_, f64>(4)?;
        stats.fingerprint_bytes += row.get::<_, i64>(5)?.cast_unsigned();
    }
    stats.key_ids = connection
        .prepare("SELECT DISTINCT key_id FROM tombstones ORDER BY key_id")?
        .query_map([], |row| Ok(KeyId(row.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let number = |name: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, name, |row| row.get(0))
    };
    stats.database_bytes = (number("page_count")? * number("page_size")?).cast_unsigned();
    stats.log_head = changes::head(connection)?;
    Ok(stats)
}

fn tombstone(row: &Row<'_>) -> rusqlite::Result<Tombstone> {
    Ok(Tombstone {
        slot: Slot(row.get(0)?),
        id: TombstoneId(row.get(1)?),
        owner: row.get::<_, Option<[u8; 16]>>(2)?.map(OwnerKey),
        group: row.get(3)?,
        created_at: row.get(4)?,
        bytes_digest: row.get::<_, Option<[u8; 32]>>(5)?.map(ByteDigest),
        key_id: KeyId(row.get(6)?),
        strength: strength(row, 7)?,
        strength_why: row.get(8)?,
        duration_s: row.get(9)?,
        fingerprint_size: row.get::<_, i64>(10)?.cast_unsigned(),
        reason: columns::parsed(row, 11)?,
        uploaded: row
            .get::<_, Option<UnixSeconds>>(12)?
            .zip(row.get::<_, Option<UnixSeconds>>(13)?),
        original: row.get(14)?,
        self_match: self_match(row, 15)?,
        horizon_s: row.get(17)?,
    })
}

/// From the columns `at` and the one after it.
fn self_match(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<SelfMatch>> {
    let (nats, supports): (Option<f64>, Option<u32>) = (row.get(at)?, row.get(at + 1)?);
    Ok(nats.zip(supports).map(|(nats, supports)| SelfMatch { nats, supports }))
}

fn strength_name(strength: Strength) -> &'static str {
    match strength {
        Strength::Block => "block",
        Strength::Review => "review",
        Strength::Unmatchable => "unmatchable",
    }
}

/// The schema's `CHECK` admits no fourth name.
fn strength(row: &Row<'_>, at: usize) -> rusqlite::Result<Strength> {
    match row.get_ref(at)?.as_str()? {
        "block" => Ok(Strength::Block),
        "review" => Ok(Strength::Review),
        "unmatchable" => Ok(Strength::Unmatchable),
        _ => Err(rusqlite::Error::InvalidColumnType(
            at,
            "strength".into(),
            rusqlite::types::Type::Text,
        )),
    }
}
