//! Who had it first: permission and precedence of an upload against each tombstone that it shows.
//!
//! A *record* says that a user posted a part of the deleted video, and when: a related tombstone, another tombstone
//! that the upload shows, a claim that is written in the tombstone, or what the platform says of the upload. *Earlier*
//! means surely earlier. Only records that show most of what the upload shows count.
//!
//! ```text
//! claimant    the asserted author, the earliest if there are several; else whom no record precedes
//! permission  the claimant's and that of his or her grantees reaches tombstones that are surely later; an owner's and
//!             the grantees' own stays, unless an earlier claimant deleted it, too
//! own share   what the uploader's own records show: those that are earlier than the tombstone; and own tombstones that
//!             are mostly that part, unless the other one is surely earlier and the part is a large part of it
//! posters     others who posted it surely before the tombstone's video
//! ```
//!
//! All of it is for videos that their owners deleted. What it does to the verdict is policy's (`caps`).

use std::collections::HashSet;

use crate::engine::check::pipeline::{Recognised, SAME_BYTES_MAX, Uploader};
use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::engine::policy::Policy;
use crate::model::extent::{EXTENT_BINS_MAX, WHOLE, bin, grown};
use crate::model::{
    ByteDigest, DeletionReason, Extent, OwnerKey, Permission, Posted, Precedence, Report,
    ReportMatch, TombstoneId,
};
use crate::store::{NewClaim, PostingRecord, Tombstone, UploadClaim};

/// Share of what the upload shows that a record must show as well, 0..1.
const MOST: f64 = 0.8;
/// Share of what the upload shows from which another record contests a claim, 0..1: what [`MOST`] leaves.
const CONTESTS: f64 = 0.2;
/// Share of a tombstone's video from which it is mostly the part in question, 0..1.
const MOSTLY: f64 = 0.5;
/// Share of a deleted video below which the part in question is little of it, 0..1.
const LITTLE: f64 = 0.3;

/// What records say about the matches of one upload.
#[derive(Debug, Default)]
pub(in crate::engine) struct Standings {
    each: Vec<Standing>,
    /// Claims that the upload makes if it is accepted.
    pub claims: Vec<UploadClaim>,
}

#[derive(Debug)]
struct Standing {
    tombstone: TombstoneId,
    permission: Option<Permission>,
    precedence: Precedence,
}

/// A tombstone that the upload shows, and the parts of both.
struct ShownTombstone<'a> {
    tombstone: &'a Tombstone,
    deleted: Extent,
    /// `None`: all of it.
    upload: Option<&'a Extent>,
    /// Share of the deleted video that is shown, 0..1.
    share: f64,
    /// Whether the match alone would block.
    is_sure: bool,
}

/// A record of the part that the upload shows of one tombstone.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Record {
    owner: OwnerKey,
    /// Whether its owner permits the uploader to re-upload it.
    is_granted: bool,
    posted: Posted,
    original: bool,
    /// Share of what the upload shows that the record shows as well, 0..1.
    covers: f64,
    /// Share of the record's own video that this is, 0..1.
    of_record: f64,
    /// Share of the tombstone's video that this is, 0..1.
    of_deleted: f64,
}

impl Standings {
    /// Sets permission and precedence of each match, and the verdicts that follow.
    pub fn apply(self, report: &mut Report, policy: &Policy) -> Vec<UploadClaim> {
        for standing in self.each {
            let same = |one: &&mut ReportMatch| one.found.tombstone == standing.tombstone;
            if let Some(one) = report.matches.iter_mut().find(same) {
                one.weighed.permission = standing.permission;
                one.weighed.precedence = Some(standing.precedence);
                one.found.verdict = policy.verdict(&one.weighed);
            }
        }
        report.verdict = policy.overall(report.matches.iter().map(|m| &m.weighed), report.seen);
        self.claims
    }
}

impl Engine {
    /// What records say about the tombstones that an upload shows: by its bytes, and by its content.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be read.
    pub(in crate::engine) fn standings(
        &self,
        digest: &ByteDigest,
        recognised: &[Recognised],
        uploader: &Uploader,
    ) -> Result<Standings> {
        let policy = &self.options().policy;
        let same = self.store().find_by_digest(digest, SAME_BYTES_MAX)?;
        let mut shown: Vec<ShownTombstone<'_>> = same.iter().map(whole).collect();
        for Recognised { known, judged } in recognised {
            let tombstone = &known.tombstone;
            let thresholds = policy.of(tombstone.reason);
            if judged.score < thresholds.review || same.iter().any(|t| t.slot == tombstone.slot) {
                continue;
            }
            shown.push(ShownTombstone {
                tombstone,
                deleted: judged.shown.deleted.clone(),
                upload: Some(&judged.shown.upload),
                share: judged.share.deleted,
                is_sure: judged.score >= thresholds.block,
            });
        }
        let mut standings = Standings::default();
        for one in &shown {
            if one.tombstone.reason == DeletionReason::OwnerRequest {
                standings.each.push(self.standing(one, &shown, uploader)?);
                standings.claims.extend(claim(one, uploader));
            }
        }
        Ok(standings)
    }

    fn standing(
        &self,
        one: &ShownTombstone<'_>,
        shown: &[ShownTombstone<'_>],
        uploader: &Uploader,
    ) -> Result<Standing> {
        let tombstone = one.tombstone;
        let posted = tombstone.posted();
        let related = self.store().posting_records(tombstone.slot, uploader.key, posted.from)?;
        let mut records: Vec<Record> =
            related.iter().map(|record| related_record(one, record)).collect();
        for other in shown.iter().filter(|other| other.tombstone.slot != tombstone.slot) {
            let Some(new) = shown_record(one, other, uploader) else { continue };
            match related.iter().position(|r| r.slot == other.tombstone.slot) {
                // The two ways of seeing it differ by what each has missed.
                Some(at) => records[at].covers = records[at].covers.max(new.covers),
                None => records.push(new),
            }
        }
        let own = tombstone.owner.is_some() && tombstone.owner == uploader.key;
        let standing = weigh(&Weighing { tombstone, posted, records: &records, uploader });
        let mut own_share = standing.own_share;
        if own && standing.permission.is_none() {
            own_share = 1.0;
        }
        let mut posters = HashSet::new();
        for claim in self.store().claims(tombstone.slot)? {
            let covers = covered(&one.deleted, &parsed(&claim.extent));
            if !claim.posted.is_before(&posted) || covers < MOST {
                continue;
            }
            if uploader.key == Some(claim.poster) {
                own_share = own_share.max(covers);
            }
            if tombstone.owner != Some(claim.poster) && !claim.is_granted {
                posters.insert(claim.poster);
            }
        }
        Ok(Standing {
            tombstone: tombstone.id.clone(),
            permission: standing.permission,
            precedence: Precedence {
                own_share,
                earlier_posters: posters.len() as u32,
                original: tombstone.original,
                horizon_s: tombstone.horizon_s,
            },
        })
    }
}

/// What an upload that is surely earlier than the tombstone claims of it: only when the platform says so.
fn claim(one: &ShownTombstone<'_>, uploader: &Uploader) -> Option<UploadClaim> {
    let (poster, posted) = (uploader.key?, uploader.posted?);
    let is_other = one.tombstone.owner != Some(poster);
    let is_earlier = posted.is_before(&one.tombstone.posted());
    let claim = || NewClaim { poster, posted, extent: one.deleted.to_bytes() };
    (is_other && is_earlier && one.is_sure)
        .then(|| UploadClaim { slot: one.tombstone.slot, claim: claim() })
}

fn whole(tombstone: &Tombstone) -> ShownTombstone<'_> {
    let mut deleted = Extent::default();
    (0..=bin(tombstone.duration_s)).for_each(|bin| deleted.add(bin, WHOLE));
    ShownTombstone { tombstone, deleted, upload: None, share: 1.0, is_sure: true }
}

fn related_record(one: &ShownTombstone<'_>, record: &PostingRecord) -> Record {
    Record {
        owner: record.owner,
        is_granted: record.is_granted,
        posted: record.posted,
        original: record.original,
        covers: covered(&one.deleted, &parsed(&record.extent)),
        of_record: record.record_share,
        of_deleted: record.share,
    }
}

/// Another tombstone that the upload shows as a record, seen on the upload's time.
fn shown_record(
    one: &ShownTombstone<'_>,
    other: &ShownTombstone<'_>,
    uploader: &Uploader,
) -> Option<Record> {
    let tombstone = other.tombstone;
    let owner = tombstone.owner.filter(|_| tombstone.reason == DeletionReason::OwnerRequest)?;
    let covers = match (one.upload, other.upload) {
        (_, None) => 1.0,
        (Some(one), Some(other)) => covered(one, other),
        (None, Some(_)) => other.share,
    };
    Some(Record {
        owner,
        is_granted: uploader.granted.contains(&tombstone.slot),
        posted: tombstone.posted(),
        original: tombstone.original,
        covers,
        of_record: other.share,
        of_deleted: one.share * covers,
    })
}

fn parsed(extent: &[u8]) -> Extent {
    // Stored by us; one that is damaged shows nothing.
    Extent::from_bytes(extent, EXTENT_BINS_MAX).unwrap_or_default()
}

/// The share of a part that another part covers, 0..1; 0 of nothing. What is measured twice differs by a cell and a half
/// second, so cells beside covered ones count, and half seconds between two covered ones.
fn covered(part: &Extent, by: &Extent) -> f64 {
    let size = |bin: usize| part.cells(bin).count_ones();
    let near = |bin: usize| {
        let before = bin.checked_sub(1).map_or(0, |bin| by.cells(bin));
        let after = by.cells(bin + 1);
        let between = if before != 0 && after != 0 { before | after } else { 0 };
        grown(by.cells(bin) | between)
    };
    let all: u32 = (0..part.len()).map(size).sum();
    let both: u32 = (0..part.len()).map(|bin| (part.cells(bin) & near(bin)).count_ones()).sum();
    if all == 0 { 0.0 } else { f64::from(both) / f64::from(all) }
}

/// What permission and own share depend on.
struct Weighing<'a> {
    tombstone: &'a Tombstone,
    posted: Posted,
    records: &'a [Record],
    uploader: &'a Uploader,
}

struct Weight {
    permission: Option<Permission>,
    own_share: f64,
}

fn weigh(one: &Weighing<'_>) -> Weight {
    let Weighing { tombstone, posted, records, uploader } = one;
    let is_own = |record: &Record| uploader.key == Some(record.owner);
    let reaches = |record: &&Record| {
        record.posted.is_before(posted)
            && record.covers >= MOST
            && is_claimant(record, records, tombstone)
    };
    let mut permission = uploader.permission(tombstone);
    let precedes = |record: &Record| {
        tombstone.owner != Some(record.owner) && !is_own(record) && !record.is_granted
    };
    if permission.is_some() && records.iter().filter(reaches).any(precedes) {
        permission = None;
    }
    if permission.is_none() {
        let mut given = records.iter().filter(reaches);
        permission = given.find_map(|record| {
            if is_own(record) {
                Some(Permission::Owner)
            } else {
                record.is_granted.then_some(Permission::Grant)
            }
        });
    }
    let counts = |record: &&Record| {
        let earlier = record.posted.is_before(posted);
        let mostly = record.of_record >= MOSTLY;
        let is_later = posted.is_before(&record.posted);
        is_own(record) && (earlier || mostly && (!is_later || record.of_deleted < LITTLE))
    };
    let said = uploader.posted.is_some_and(|said| said.is_before(posted));
    let own_share = records.iter().filter(counts).map(|record| record.covers);
    let own_share = own_share.fold(if said { 1.0 } else { 0.0 }, f64::max);
    Weight { permission, own_share }
}

/// Whether a record is the claimant of what the upload shows: no other precedes it, asserted authors first.
fn is_claimant(one: &Record, records: &[Record], tombstone: &Tombstone) -> bool {
    if tombstone.original && !one.original {
        return false;
    }
    let contests = |other: &&Record| other.owner != one.owner && other.covers >= CONTESTS;
    !records.iter().filter(contests).any(|other| match (one.original, other.original) {
        (true, false) => false,
        (false, true) => true,
        _ => other.posted.is_before(&one.posted),
    })
}

#[cfg(test)]
mod tests;
