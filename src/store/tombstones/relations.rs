//! Relations: what two tombstones have in common.

use rusqlite::{Connection, Row, params};

use crate::model::{OwnerKey, Slot, TombstoneId};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// The older tombstone of a new relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// One in the store.
    Stored(Slot),
    /// One that is added by the same call, by its place in it; before the newer one.
    Added(usize),
}

/// A relation of a new tombstone to an older one.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRelation {
    pub older: Older,
    /// Version of the fingerprints that were compared.
    pub version: u16,
    pub score: f64,
    /// Share of either video that both show, 0..1, and the parts in stored form.
    pub newer_share: f64,
    pub older_share: f64,
    pub newer_extent: Vec<u8>,
    pub older_extent: Vec<u8>,
}

/// A relation as one of its tombstones sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    pub other: Slot,
    pub other_owner: Option<OwnerKey>,
    pub version: u16,
    pub score: f64,
    /// Share of this tombstone's video that both show, 0..1, and the parts in stored form.
    pub share: f64,
    pub extent: Vec<u8>,
    /// Share of the other's video that both show, 0..1.
    pub other_share: f64,
}

impl Store {
    /// The relations of each slot to tombstones that still exist, in the order of the slots, each list by the other's
    /// slot.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn relations(&self, slots: &[Slot]) -> Result<Vec<Vec<Relation>>> {
        self.read(|c| slots.iter().map(|slot| of_slot(c, *slot)).collect())
    }

    /// The earliest tombstone of a content group; `None` if the group is empty.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn group_head(&self, group: u32) -> Result<Option<Slot>> {
        self.read(|c| {
            c.prepare_cached("SELECT min(slot) FROM tombstones WHERE content_group = ?1")?
                .query_row([group], |row| Ok(row.get::<_, Option<u32>>(0)?.map(Slot)))
        })
    }

    /// Up to `limit` tombstones of an owner in each of these content groups, earliest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn owned_in_groups(
        &self,
        owner: OwnerKey,
        groups: &[u32],
        limit: usize,
    ) -> Result<Vec<Slot>> {
        self.read(|c| {
            let mut of_group = c.prepare_cached(
                "SELECT slot FROM tombstones WHERE content_group = ?1 AND owner = ?2 \
                 ORDER BY slot LIMIT ?3",
            )?;
            let mut out = Vec::new();
            for group in groups {
                let slots = of_group
                    .query_map(params![group, owner.0, columns::row_limit(limit)], |row| {
                        Ok(Slot(row.get(0)?))
                    })?;
                for slot in slots {
                    out.push(slot?);
                }
            }
            Ok(out)
        })
    }

    /// The number of tombstones in a content group.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn group_size(&self, group: u32) -> Result<u32> {
        self.read(|c| {
            c.prepare_cached("SELECT count(*) FROM tombstones WHERE content_group = ?1")?
                .query_row([group], |row| row.get(0))
        })
    }

    /// Whether a content group has a tombstone beside `except` that counts against this uploader: neither his own nor
    /// one whose owner permits him to re-upload it, or one that was not deleted at its owner's request.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn group_stands(
        &self,
        group: u32,
        uploader: Option<OwnerKey>,
        except: &[&TombstoneId],
    ) -> Result<bool> {
        let uploader = uploader.map(|key| key.0);
        self.read(|c| {
            let mut members = c.prepare_cached(
                "SELECT t.id FROM tombstones t WHERE t.content_group = ?1 AND (                 t.reason <> 'owner_request' OR ?2 IS NULL OR (t.owner IS NOT ?2 AND NOT EXISTS (                 SELECT 1 FROM grants g WHERE g.slot = t.slot AND g.uploader = ?2)))",
            )?;
            let mut members = members.query(params![group, uploader])?;
            while let Some(row) = members.next()? {
                let id: String = row.get(0)?;
                if except.iter().all(|listed| listed.0 != id) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Numbers of tombstones with and without relations.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn related_tombstones(&self) -> Result<(u64, u64)> {
        self.read(|c| {
            c.query_row(
                "SELECT count(*) FILTER (WHERE related), count(*) FILTER (WHERE NOT related) \
                 FROM (SELECT EXISTS (SELECT 1 FROM relations WHERE newer = slot) \
                 OR EXISTS (SELECT 1 FROM relations WHERE older = slot) AS related FROM tombstones)",
                [],
                |row| {
                    let count = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
                    Ok((count(0)?, count(1)?))
                },
            )
        })
    }
}

fn of_slot(c: &Connection, slot: Slot) -> rusqlite::Result<Vec<Relation>> {
    c.prepare_cached(
        "SELECT other, owner, version, score, share, extent, other_share FROM ( \
             SELECT older AS other, version, score, newer_share AS share, \
                 newer_extent AS extent, older_share AS other_share FROM relations WHERE newer = ?1 \
             UNION ALL \
             SELECT newer, version, score, older_share, older_extent, newer_share \
                 FROM relations WHERE older = ?1 \
         ) JOIN tombstones ON slot = other ORDER BY other",
    )?
    .query_map([slot.0], relation)?
    .collect()
}

fn relation(row: &Row<'_>) -> rusqlite::Result<Relation> {
    Ok(Relation {
        other: Slot(row.get(0)?),
        other_owner: row.get::<_, Option<[u8; 16]>>(1)?.map(OwnerKey),
        version: row.get(2)?,
        score: row.get(3)?,
        share: row.get(4)?,
        extent: row.get(5)?,
        other_share: row.get(6)?,
    })
}

/// Adds the relations of a tombstone in the caller's transaction; `added` are the slots that it has given so far.
pub(in crate::store) fn add(
    c: &Connection,
    newer: Slot,
    relations: &[NewRelation],
    added: &[Slot],
) -> rusqlite::Result<()> {
    for one in relations {
        let older = match one.older {
            Older::Stored(slot) => Some(slot),
            Older::Added(place) => added.get(place).copied(),
        };
        let Some(older) = older else { continue };
        // A tombstone that was removed meanwhile has no relations.
        c.prepare_cached(
            "INSERT INTO relations SELECT ?1, slot, ?3, ?4, ?5, ?6, ?7, ?8 FROM tombstones \
             WHERE slot = ?2",
        )?
        .execute(params![
            newer.0,
            older.0,
            one.version,
            one.score,
            one.newer_share,
            one.older_share,
            one.newer_extent,
            one.older_extent,
        ])?;
    }
    Ok(())
}
