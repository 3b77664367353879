//! The row of a case, and changing it. `engine` decides who may change what.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::{
    Actor, Case, CaseChange, CaseClaim, CaseDecision, CaseEvent, CaseHistory, CaseId, CaseSeq,
    DecisionTurn, Sealed, TombstoneId,
};
use crate::store::access::audit;
use crate::store::database::columns;
use crate::store::{Result, Store};

pub(in crate::store) const COLUMNS: &str = "c.seq, c.id, c.state, c.version, c.upload, c.verdict, \
     c.reason, c.kind, c.tombstone, c.score, c.members, c.opened_at, c.due_at, c.assigned_to, \
     c.claimed_by, c.claim_until_monotonic, c.twice, c.first_by, c.settle_at_monotonic, \
     c.closed_at, c.appealed_at, c.appeal_statement, c.parted_from";

impl Store {
    /// The case with this id.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn case(&self, id: CaseId) -> Result<Option<Case>> {
        self.read(|c| by_id(c, id))
    }

    /// Reads a case with its decisions, asks `judge` for the change, and writes it, all in one transaction. Returns
    /// `None` if there is no such case; if `judge` refuses, nothing changes.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn change_case<R: Send + 'static>(
        &self,
        id: CaseId,
        judge: impl FnOnce(Case, &CaseHistory) -> std::result::Result<CaseChange, R> + Send + 'static,
    ) -> Result<Option<std::result::Result<Case, R>>> {
        self.write_grouped(move |c| {
            let Some(case) = by_id(c, id)? else { return Ok(None) };
            let history = history(c, &case)?;
            match judge(case, &history) {
                Ok(change) => apply(c, &change).map(|()| Some(Ok(change.case))),
                Err(refusal) => Ok(Some(Err(refusal))),
            }
        })
    }
}

pub(in crate::store) fn by_id(c: &Connection, id: CaseId) -> rusqlite::Result<Option<Case>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM cases c WHERE c.id = ?1"))?
        .query_row([id.0], case)
        .optional()
}

pub(in crate::store) fn history(c: &Connection, case: &Case) -> rusqlite::Result<CaseHistory> {
    let decisions = decisions(c, case.seq)?;
    let mut before = Vec::new();
    if case.appealed_at.is_some() {
        let of = |all: &[CaseDecision]| -> Vec<Actor> {
            let live = all.iter().filter(|d| d.undone_at.is_none());
            live.filter(|d| d.turn != DecisionTurn::Appeal).map(|d| d.actor).collect()
        };
        before.extend(of(&decisions));
        if let Some(former) = case.parted_from.map(|id| by_id(c, id)).transpose()?.flatten() {
            before.extend(of(&self::decisions(c, former.seq)?));
        }
    }
    Ok(CaseHistory { decisions, deciders_before_appeal: before })
}

/// All decisions of a case, oldest first, undone ones included.
pub(in crate::store) fn decisions(
    c: &Connection,
    case: CaseSeq,
) -> rusqlite::Result<Vec<CaseDecision>> {
    c.prepare_cached(
        "SELECT seq, turn, actor, kind, grounds, note, permission, at, undo_until_monotonic, \
         undone_at FROM case_decisions WHERE case_seq = ?1 ORDER BY seq",
    )?
    .query_map([case], decision)?
    .collect()
}

pub(in crate::store) fn apply(c: &Connection, change: &CaseChange) -> rusqlite::Result<()> {
    let case = &change.case;
    c.prepare_cached(
        "UPDATE cases SET state = ?2, version = ?3, due_at = ?4, assigned_to = ?5, \
         claimed_by = ?6, claim_until_monotonic = ?7, first_by = ?8, settle_at_monotonic = ?9, \
         closed_at = ?10, appealed_at = ?11, appeal_statement = ?12, twice = ?13 WHERE seq = ?1",
    )?
    .execute(params![
        case.seq,
        case.state.as_str(),
        case.version,
        case.due_at,
        case.assigned_to.map(|actor| actor.to_string()),
        case.claim.map(|claim| claim.by.to_string()),
        case.claim.map(|claim| claim.until_monotonic),
        case.first_by.map(|actor| actor.to_string()),
        case.settle_at_monotonic,
        case.closed_at,
        case.appealed_at,
        case.appeal_statement.as_ref().map(|sealed| &sealed.0),
        case.twice,
    ])?;
    for event in &change.events {
        add_event(c, case.seq, event)?;
    }
    if let Some(decision) = &change.decision {
        add_decision(c, case.seq, decision)?;
    }
    if let Some((seq, at)) = change.undone {
        c.prepare_cached("UPDATE case_decisions SET undone_at = ?2 WHERE seq = ?1")?
            .execute(params![seq, at])?;
    }
    if change.no_more_joining {
        forget_likeness(c, case.seq)?;
    }
    change.audit.as_ref().map_or(Ok(()), |entry| audit::append(c, entry))
}

pub(in crate::store) fn forget_likeness(c: &Connection, case: CaseSeq) -> rusqlite::Result<()> {
    c.prepare_cached("DELETE FROM case_likenesses WHERE case_seq = ?1")?.execute([case])?;
    Ok(())
}

pub(in crate::store) fn add_event(
    c: &Connection,
    case: CaseSeq,
    event: &CaseEvent,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO case_events (case_seq, at, actor, kind, note) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        case,
        event.at,
        event.actor.to_string(),
        event.kind.as_str(),
        event.note
    ])?;
    Ok(())
}

fn add_decision(c: &Connection, case: CaseSeq, new: &CaseDecision) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO case_decisions (case_seq, turn, actor, kind, grounds, note, permission, at, \
         undo_until_monotonic) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        case,
        new.turn.as_str(),
        new.actor.to_string(),
        new.kind.as_str(),
        new.grounds.as_str(),
        new.note,
        new.permission,
        new.at,
        new.undo_until_monotonic,
    ])?;
    Ok(())
}

pub(in crate::store) fn case(row: &Row<'_>) -> rusqlite::Result<Case> {
    let tombstone: String = row.get(8)?;
    let claim = match maybe_actor(row, 14)? {
        Some(by) => Some(CaseClaim { by, until_monotonic: row.get(15)? }),
        None => None,
    };
    Ok(Case {
        seq: row.get(0)?,
        id: CaseId(row.get(1)?),
        state: columns::parsed(row, 2)?,
        version: row.get(3)?,
        upload: row.get(4)?,
        verdict: columns::parsed(row, 5)?,
        reason: columns::parsed(row, 6)?,
        kind: columns::parsed(row, 7)?,
        tombstone: Some(tombstone).filter(|id| !id.is_empty()).map(TombstoneId),
        score: row.get(9)?,
        members: row.get(10)?,
        opened_at: row.get(11)?,
        due_at: row.get(12)?,
        assigned_to: maybe_actor(row, 13)?,
        claim,
        twice: row.get(16)?,
        first_by: maybe_actor(row, 17)?,
        settle_at_monotonic: row.get(18)?,
        closed_at: row.get(19)?,
        appealed_at: row.get(20)?,
        appeal_statement: row.get::<_, Option<Vec<u8>>>(21)?.map(Sealed),
        parted_from: row.get::<_, Option<[u8; 16]>>(22)?.map(CaseId),
    })
}

fn decision(row: &Row<'_>) -> rusqlite::Result<CaseDecision> {
    Ok(CaseDecision {
        seq: row.get(0)?,
        turn: columns::parsed(row, 1)?,
        actor: columns::parsed(row, 2)?,
        kind: columns::parsed(row, 3)?,
        grounds: columns::parsed(row, 4)?,
        note: row.get(5)?,
        permission: row.get(6)?,
        at: row.get(7)?,
        undo_until_monotonic: row.get(8)?,
        undone_at: row.get(9)?,
    })
}

pub(in crate::store) fn maybe_actor(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Actor>> {
    let is_null = row.get_ref(at)? == rusqlite::types::ValueRef::Null;
    if is_null { Ok(None) } else { columns::parsed(row, at).map(Some) }
}
