//! Looks for earlier posters when a tombstone is made: among the prints of accepted uploads, while its video is still
//! at hand. What is found is written with the tombstone and stays with it, so no verdict changes when a print expires.

use crate::engine::core::Engine;
use crate::engine::core::parse_print;
use crate::engine::error::Result;
use crate::engine::tombstones::enrol::Ready;
use crate::fingerprint::Fingerprint;
use crate::index::SearchOptions;
use crate::matching::{Candidate, IndexHits};
use crate::model::extent::{BIN_S, EXTENT_BINS_MAX};
use crate::model::{DeletionReason, Extent, Posted, Slot, Strength, TombstoneId, chain};
use crate::store::{NewClaim, StoredPrint, Tombstone};

/// A user who posted a part of a deleted video before it was posted, neither its owner nor permitted by the owner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlierPoster {
    pub posted: Posted,
    /// Seconds of the deleted video.
    pub seconds: f64,
}

/// Claims kept of one look-up, the surest first; one for each poster.
const CLAIMS_MAX: usize = 64;

/// A tombstone, the numbers of keypoints and frames in its fingerprint, and the earlier posters.
pub type TombstoneWithPosters = (Tombstone, (usize, usize), Vec<EarlierPoster>);

impl Engine {
    /// A tombstone with the numbers of keypoints and frames in its fingerprint, and the earlier posters. Only moderators
    /// and administrators may see these.
    ///
    /// # Errors
    /// As [`Engine::hash_counts`].
    pub fn tombstone_with_posters(&self, id: &TombstoneId) -> Result<Option<TombstoneWithPosters>> {
        let Some((tombstone, counts)) = self.tombstone_with_counts(id)? else { return Ok(None) };
        let posted = tombstone.posted();
        let claims = self.store().claims(tombstone.slot)?.into_iter().filter(|claim| {
            let is_other = tombstone.owner != Some(claim.poster) && !claim.is_granted;
            is_other && claim.posted.is_before(&posted)
        });
        let posters = claims.map(|claim| {
            let extent = Extent::from_bytes(&claim.extent, EXTENT_BINS_MAX).unwrap_or_default();
            let bins: usize = extent.stretches().iter().map(ExactSizeIterator::len).sum();
            EarlierPoster { posted: claim.posted, seconds: bins as f64 * BIN_S }
        });
        let posters = posters.collect();
        Ok(Some((tombstone, counts, posters)))
    }

    /// Sets the horizon and the claims of a new tombstone.
    ///
    /// A failure is logged, and nothing is known then: a deletion does not wait for it.
    pub(in crate::engine) fn find_earlier(&self, ready: &mut Ready) {
        let new = &ready.new;
        let sought =
            new.reason == DeletionReason::OwnerRequest && new.strength != Strength::Unmatchable;
        // Nobody was surely earlier than an unknown time.
        let Some((from, to)) = new.uploaded.filter(|_| sought) else { return };
        match self.earlier(ready, Posted { from, to }) {
            Ok(Some((since, claims))) => {
                ready.new.precedence.horizon_s = Some(from - since);
                ready.new.precedence.claims = claims;
            }
            Ok(None) => {}
            Err(error) => {
                let error = chain(&error);
                tracing::error!(%error, "cannot look for earlier posters of a deleted video");
            }
        }
    }

    /// How far the prints reach back, and what they claim; `None` if none are kept.
    fn earlier(&self, ready: &Ready, posted: Posted) -> Result<Option<(i64, Vec<NewClaim>)>> {
        let Some(since) = self.prints_since()? else { return Ok(None) };
        let index = self.print_index()?;
        let snapshot = index.snapshot();
        let found = snapshot.search(&ready.print, &SearchOptions::default())?;
        let slots: Vec<Slot> = found.candidates.iter().map(|c| c.slot).collect();
        let mut prints: Vec<(StoredPrint, Fingerprint, IndexHits)> = Vec::new();
        for print in self.store().prints(&slots)? {
            let is_other = ready.new.owner != Some(print.uploader);
            let Some(hits) = found.candidates.iter().find(|c| c.slot == print.slot) else {
                continue;
            };
            if is_other && print.posted.is_before(&posted) {
                let keypoints = hits.keypoint_hits.iter().map(|h| (h.upload, h.deleted, h.variant));
                let frames = !hits.frame_hits.is_empty();
                let hits = IndexHits { keypoints: keypoints.collect(), frames };
                let fingerprint = parse_print(&print)?;
                prints.push((print, fingerprint, hits));
            }
        }
        let candidates: Vec<Candidate<'_>> = prints
            .iter()
            .map(|(_, fingerprint, hits)| Candidate {
                fingerprint,
                common: None,
                found: Some(hits),
            })
            .collect();
        let least = self.options().policy.owner_request.block;
        let mut claims: Vec<NewClaim> = Vec::new();
        for judged in self.judge(&ready.print, &candidates, snapshot.tombstones()) {
            let (print, ..) = &prints[judged.candidate];
            let known = claims.iter().any(|claim| claim.poster == print.uploader);
            if judged.score >= least && !known && claims.len() < CLAIMS_MAX {
                let (poster, posted) = (print.uploader, print.posted);
                claims.push(NewClaim { poster, posted, extent: judged.shown.upload.to_bytes() });
            }
        }
        Ok(Some((since, claims)))
    }
}
