//! Stretches of tombstones that moderators ruled to be common. `engine` decides which are admitted.

use rusqlite::{Connection, Row, params};

use crate::model::{AuditEntry, DeletedSpan, Slot, StretchId, TemplateStretch};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::tombstones::tombstone;
use crate::store::{Result, Store};

const COLUMNS: &str = "id, start_s, end_s, ground, by, at, undone_by, undone_at";

impl Store {
    /// Adds a stretch if `admits` the stretches that are in force; returns false if it does not. `None` if there is no
    /// such tombstone.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_template_stretch(
        &self,
        slot: Slot,
        one: &TemplateStretch,
        entry: &AuditEntry,
        admits: impl Fn(&[TemplateStretch]) -> bool,
    ) -> Result<Option<bool>> {
        self.write(|c| {
            if tombstone::by_slot(c, slot)?.is_none() {
                return Ok(None);
            }
            if !admits(&in_force(c, slot)?) {
                return Ok(Some(false));
            }
            c.prepare_cached(
                "INSERT INTO template_stretches (id, slot, start_s, end_s, ground, by, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                one.id.0,
                slot.0,
                one.span.start_s,
                one.span.end_s,
                one.ground.as_str(),
                one.by.to_string(),
                one.at
            ])?;
            audit::append(c, entry)?;
            Ok(Some(true))
        })
    }

    /// Undoes a stretch; the entry says who and when. Returns false if the tombstone has no such stretch in force.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn undo_template_stretch(
        &self,
        slot: Slot,
        id: StretchId,
        entry: &AuditEntry,
    ) -> Result<bool> {
        self.write(|c| {
            let undone = c
                .prepare_cached(
                    "UPDATE template_stretches SET undone_by = ?3, undone_at = ?4 \
                     WHERE slot = ?1 AND id = ?2 AND undone_at IS NULL",
                )?
                .execute(params![slot.0, id.0, entry.actor.to_string(), entry.at])?;
            if undone > 0 {
                audit::append(c, entry)?;
            }
            Ok(undone > 0)
        })
    }

    /// The stretches of a tombstone that are in force, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn template_stretches(&self, slot: Slot) -> Result<Vec<TemplateStretch>> {
        self.read(|c| in_force(c, slot))
    }

    /// A number that rises with every stretch that is added or undone.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn stretches_head(&self) -> Result<u64> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT coalesce(max(seq), 0) + count(undone_at) FROM template_stretches",
            )?
            .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
        })
    }

    /// Up to `limit` stretches of a tombstone after `after`, undone ones included, oldest first.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn template_stretch_history(
        &self,
        slot: Slot,
        after: Option<StretchId>,
        limit: usize,
    ) -> Result<Vec<TemplateStretch>> {
        let after = after.map_or([0; 16], |id| id.0);
        self.read(|c| {
            c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM template_stretches WHERE slot = ?1 AND id > ?2 \
                 ORDER BY id LIMIT ?3"
            ))?
            .query_map(params![slot.0, after, columns::row_limit(limit)], stretch)?
            .collect()
        })
    }
}

fn in_force(c: &Connection, slot: Slot) -> rusqlite::Result<Vec<TemplateStretch>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM template_stretches WHERE slot = ?1 AND undone_at IS NULL \
         ORDER BY seq"
    ))?
    .query_map([slot.0], stretch)?
    .collect()
}

fn stretch(row: &Row<'_>) -> rusqlite::Result<TemplateStretch> {
    let undone_at: Option<i64> = row.get(7)?;
    let undone_by = undone_at.map(|_| columns::parsed(row, 6)).transpose()?;
    Ok(TemplateStretch {
        id: StretchId(row.get(0)?),
        span: DeletedSpan::new(row.get(1)?, row.get(2)?),
        ground: columns::parsed(row, 3)?,
        by: columns::parsed(row, 4)?,
        at: row.get(5)?,
        undone: undone_by.zip(undone_at),
    })
}
