//! Relates a new tombstone to the older ones, while its video is still at hand.
//!
//! ```text
//! judge the new video, as an upload, against the older tombstones       (as a check does)
//! each match with half the score of a review is a relation: the share of either video, and its parts
//! if the head of a content group and the new video show most of each other: the new one joins the group
//! else it is the head of a new one
//! ```
//!
//! A content group holds the tombstones of nearly one content; its head is the earliest of them. Members are compared
//! with the head alone, so a chain of excerpts does not become one group. Groups bound the work of a check.

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::engine::tombstones::enrol::Ready;
use crate::matching::{Candidate, Judged};
use crate::model::Strength;
use crate::store::{NewRelation, Older};

/// Share of the score for a review from which two videos are related. Tuned: at a score of 2, one upload in a hundred has
/// such a match by chance, and one alone makes nothing common.
const RELATED: f64 = 0.5;
/// Relations kept of one tombstone; the surest first, distinct owners before further tombstones of one.
const RELATIONS_MAX: usize = 64;

/// An older tombstone as a relation sees it.
struct Other {
    older: Older,
    owner: Option<[u8; 16]>,
    group: u32,
}

impl Engine {
    /// Sets the relations and the content group of a tombstone; `earlier` are those of the same batch before it.
    ///
    /// # Errors
    /// As [`Engine::check`], for the data folder.
    pub(in crate::engine) fn relate(
        &self,
        one: &mut Ready,
        earlier: &[(usize, Ready)],
    ) -> Result<()> {
        if one.new.strength == Strength::Unmatchable {
            return Ok(());
        }
        let (considered, tombstones) = self.candidates(&one.print, None)?;
        let (mut candidates, mut others) = (Vec::new(), Vec::new());
        for (at, (_, other)) in earlier.iter().enumerate() {
            let fingerprint = &other.fingerprint;
            candidates.push(Candidate { fingerprint, common: None, found: None });
            let owner = other.new.owner.map(|owner| owner.0);
            others.push(Other { older: Older::Added(at), owner, group: other.new.group });
        }
        for one in &considered {
            let tombstone = &one.known.tombstone;
            let owner = tombstone.owner.map(|owner| owner.0);
            let older = Older::Stored(tombstone.slot);
            candidates.push(one.candidate());
            others.push(Other { older, owner, group: tombstone.group });
        }
        let mut judged = self.judge(&one.print, &candidates, tombstones + earlier.len());
        // Less than a review needs: a short end card is a relation, though it is no match by itself.
        let least = RELATED * self.options().policy.of(one.new.reason).review;
        judged.retain(|judged| judged.score >= least);
        let most = self.options().same_content_min;
        let is_same = |j: &&Judged| j.share.deleted >= most && j.share.upload >= most;
        for same in judged.iter().filter(is_same) {
            let other = &others[same.candidate];
            if self.is_head(other, earlier)? {
                one.new.group = other.group;
                break;
            }
        }
        one.new.relations = relations(&judged, &others, one.fingerprint.version);
        Ok(())
    }

    /// Whether a tombstone is the earliest of its content group.
    fn is_head(&self, other: &Other, earlier: &[(usize, Ready)]) -> Result<bool> {
        let stored = self.store().group_head(other.group)?;
        Ok(match other.older {
            Older::Stored(slot) => stored == Some(slot),
            Older::Added(at) => {
                let before = |(_, before): &(usize, Ready)| before.new.group == other.group;
                stored.is_none() && !earlier[..at].iter().any(before)
            }
        })
    }
}

/// At most [`RELATIONS_MAX`], distinct owners first; `judged` is ordered best first.
fn relations(judged: &[Judged], others: &[Other], version: u16) -> Vec<NewRelation> {
    let mut owners = Vec::new();
    let (first, again): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(|judged| {
        let owner = others[judged.candidate].owner;
        let new = owner.is_none() || !owners.contains(&owner);
        owners.push(owner);
        new
    });
    let relation = |judged: &Judged| NewRelation {
        older: others[judged.candidate].older,
        version,
        score: judged.score,
        newer_share: judged.share.upload,
        older_share: judged.share.deleted,
        newer_extent: judged.shown.upload.to_bytes(),
        older_extent: judged.shown.deleted.to_bytes(),
    };
    first.into_iter().chain(again).take(RELATIONS_MAX).map(relation).collect()
}
