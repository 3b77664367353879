//! The pipeline from a file to its verdict.
//!
//! Bytes identical to a deleted file decide the verdict at once. Otherwise a worker decodes the upload to a print, the
//! index finds candidates, `matching` judges them, and policy derives the verdict: the most severe match decides, and
//! matches with the uploader's own tombstones do not count.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::check::listed::in_group;
use crate::engine::core::Engine;
use crate::engine::core::KnownTombstone;
use crate::engine::core::sync;
use crate::engine::decoding::{Effort, Look, damage_words, open};
#[cfg(doc)]
use crate::engine::error::Error;
use crate::engine::error::Result;
use crate::engine::policy::Policy;
use crate::fingerprint::{CONTRAST_INDEXED_MIN, UploadPrint};
use crate::index::{self, Found, SearchOptions};
use crate::matching::{self, Background, Candidate, IndexHits, Judged};
use crate::model::{
    Agreement, ByteDigest, DeletedSpan, DeletionReason, Evidence, Match, OwnerKey, Permission,
    Placement, Point, Posted, Report, ReportMatch, Seen, Share, Slot, SpanPair, UploadSpan,
    VerdictKind, Weighed, chain,
};
use crate::store::{Tombstone, UploadClaim};

/// Maximum number of tombstones with identical bytes in a report.
pub(in crate::engine::check) const SAME_BYTES_MAX: usize = 100;
/// Score of identical bytes: −log10 of the chance that two files have the same keyed 256-bit digest.
const SAME_BYTES_SCORE: f64 = 77.0;
/// Candidates of one content group and reason of deletion that are judged.
const GROUP_CANDIDATES_MAX: usize = 8;
/// Maximum number of keypoint pairs compared in a small store: about 0.1 s.
const EXHAUSTIVE_PAIRS_MAX: u64 = 1_000_000_000;

/// A tombstone whose video the upload may show.
pub(in crate::engine) struct Considered {
    pub known: Arc<KnownTombstone>,
    /// The index's hits. `None` if the index did not find this tombstone.
    found: Option<IndexHits>,
}

impl Considered {
    pub fn candidate(&self) -> Candidate<'_> {
        let KnownTombstone { fingerprint, common, .. } = &*self.known;
        Candidate { fingerprint, common: common.as_ref(), found: self.found.as_ref() }
    }
}

/// The outcome of a check.
pub(in crate::engine) struct Checked {
    pub report: Report,
    /// The decoded content. `None` if the bytes decided the verdict and nothing was decoded.
    pub look: Option<Arc<Look>>,
    /// What the upload claims of the tombstones that it shows, if it is accepted.
    pub claims: Vec<UploadClaim>,
}

/// A judged candidate.
pub(in crate::engine) struct Recognised {
    pub known: Arc<KnownTombstone>,
    pub judged: Judged,
}

/// An uploader, and what this person may re-upload.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Uploader {
    pub key: Option<OwnerKey>,
    /// Tombstones whose owners granted permission.
    pub granted: HashSet<Slot>,
    /// When the upload was posted, if the platform says so.
    pub posted: Option<Posted>,
}

impl Uploader {
    pub fn permission(&self, tombstone: &Tombstone) -> Option<Permission> {
        // A tombstone without an owner must not match an upload without an uploader.
        if tombstone.owner.is_some() && tombstone.owner == self.key {
            Some(Permission::Owner)
        } else {
            self.granted.contains(&tombstone.slot).then_some(Permission::Grant)
        }
    }
}

impl Engine {
    /// Checks one file. `uploader` is the platform's id of the uploader: owners may re-upload their own deleted videos.
    ///
    /// # Errors
    /// - [`Error::File`], [`Error::NotAFile`] or [`Error::TooLarge`] if the file cannot be read;
    /// - [`Error::Media`] if no worker can be started;
    /// - [`Error::Store`], [`Error::Index`], [`Error::IndexAhead`] or [`Error::Fingerprint`] if the data folder cannot
    ///   be read.
    ///
    /// A fault in the file's content is no error but a verdict: `review`, `undecodable`.
    pub fn check(&self, path: &Path, uploader: Option<&str>, effort: Effort) -> Result<Report> {
        self.check_posted(path, uploader, None, effort)
    }

    /// The same for an upload of which the platform says when it was posted.
    ///
    /// # Errors
    /// As [`Engine::check`].
    pub fn check_posted(
        &self,
        path: &Path,
        uploader: Option<&str>,
        posted: Option<Posted>,
        effort: Effort,
    ) -> Result<Report> {
        let file = open(path, self.options().file_bytes_max)?;
        let uploader = self.uploader(uploader.map(|id| self.keys().identity.owner(id)), posted)?;
        let digest = self.digest(path, &file)?;
        let look = |effort| Ok(Arc::new(self.look(path, &file, effort)?));
        Ok(self.check_content(&digest, &uploader, effort, &look)?.report)
    }

    /// The only path to a verdict, for the command line and the service alike.
    ///
    /// ```text
    /// bytes of a deleted file → who had it first → rulings → still block: done
    /// look (decode, or the cached print) → candidates → judge → report → who had it first → rulings
    /// ```
    ///
    /// # Errors
    /// As [`Engine::check`], and the errors of `look`.
    pub(in crate::engine) fn check_content(
        &self,
        digest: &ByteDigest,
        uploader: &Uploader,
        effort: Effort,
        look: &dyn Fn(Effort) -> Result<Arc<Look>>,
    ) -> Result<Checked> {
        if let Some(mut report) = self.check_bytes(digest, uploader)? {
            self.rule_out(&mut report, digest, None)?;
            if report.verdict.kind == VerdictKind::Block {
                self.list_few(&mut report.matches)?;
                return Ok(Checked { report, look: None, claims: Vec::new() });
            }
        }
        let (look, recognised) = self.recognise_file(look, effort, uploader.key)?;
        let standings = self.standings(digest, &recognised, uploader)?;
        let mut report = self.report(&look, recognised, digest, uploader)?;
        let claims = standings.apply(&mut report, &self.options().policy);
        self.rule_out(&mut report, digest, look.print.as_ref())?;
        self.list_few(&mut report.matches)?;
        Ok(Checked { report, look: Some(look), claims })
    }

    /// The report on a file whose bytes decide: they are those of a deleted file, and the uploader has no permission.
    fn check_bytes(&self, digest: &ByteDigest, uploader: &Uploader) -> Result<Option<Report>> {
        let matches = self.same_bytes(digest, uploader)?;
        if matches.is_empty() {
            return Ok(None);
        }
        let duration_s = matches.first().map(|m| m.found.spans[0].upload.end_s);
        let verdict = self.options().policy.overall(matches.iter().map(|m| &m.weighed), Seen::All);
        let (trouble, damage) = (None, None);
        let mut report = Report { verdict, seen: Seen::All, duration_s, matches, trouble, damage };
        let standings = self.standings(digest, &[], uploader)?;
        standings.apply(&mut report, &self.options().policy);
        let blocks = report.matches.iter().any(|m| m.found.verdict == VerdictKind::Block);
        Ok(blocks.then_some(report))
    }

    /// Loads an uploader's grants. `posted` is when the platform says that the upload was posted.
    pub(in crate::engine) fn uploader(
        &self,
        key: Option<OwnerKey>,
        posted: Option<Posted>,
    ) -> Result<Uploader> {
        let granted = key.map(|key| self.store().granted_to(key)).transpose()?;
        Ok(Uploader { key, granted: granted.unwrap_or_default(), posted })
    }

    /// The report on a decoded file: matches by identical bytes, then those of its content.
    pub(in crate::engine) fn report(
        &self,
        look: &Look,
        recognised: Vec<Recognised>,
        digest: &ByteDigest,
        uploader: &Uploader,
    ) -> Result<Report> {
        let mut matches = self.same_bytes(digest, uploader)?;
        for one in recognised {
            let listed = matches.iter().any(|m| m.found.tombstone == one.known.tombstone.id);
            if !listed {
                matches.push(self.report_match(one, uploader));
            }
        }
        let seen = match (&look.trouble, &look.print) {
            (Some(_), _) => Seen::Part,
            (None, Some(print)) if featureless(print) => Seen::Featureless,
            (None, _) => Seen::All,
        };
        Ok(Report {
            verdict: self.options().policy.overall(matches.iter().map(|m| &m.weighed), seen),
            seen,
            duration_s: look.duration_s,
            matches,
            trouble: look.trouble.as_ref().map(|error| chain(error)),
            damage: look.damage.as_ref().map(damage_words),
        })
    }

    fn same_bytes(&self, digest: &ByteDigest, uploader: &Uploader) -> Result<Vec<ReportMatch>> {
        let same = self.store().find_by_digest(digest, SAME_BYTES_MAX)?;
        Ok(same.iter().map(|t| same_bytes(t, uploader, &self.options().policy)).collect())
    }

    /// Decodes and judges. At fast effort, does so again thoroughly if the first result is suspicious.
    pub(in crate::engine) fn recognise_file(
        &self,
        look: &dyn Fn(Effort) -> Result<Arc<Look>>,
        effort: Effort,
        uploader: Option<OwnerKey>,
    ) -> Result<(Arc<Look>, Vec<Recognised>)> {
        let seen = look(effort)?;
        let judged =
            seen.print.as_ref().map(|print| self.recognise(print, uploader)).transpose()?;
        let recognised = judged.unwrap_or_default();
        // A few intra frames may be featureless where the other frames are not, so decode those too.
        let second = effort == Effort::Fast
            && (seen.print.as_ref().is_none_or(featureless) || suspicious(&recognised));
        if second {
            self.recognise_file(look, Effort::Thorough, uploader)
        } else {
            Ok((seen, recognised))
        }
    }

    /// The tombstones that the print of an uploader's video may show, judged, best first.
    ///
    /// # Errors
    /// As [`Engine::check`], for the data folder.
    pub(in crate::engine) fn recognise(
        &self,
        print: &UploadPrint,
        uploader: Option<OwnerKey>,
    ) -> Result<Vec<Recognised>> {
        let begun = Instant::now();
        let (considered, tombstones) = self.candidates(print, uploader)?;
        let candidates: Vec<Candidate<'_>> = considered.iter().map(Considered::candidate).collect();
        let judged = self.judge(print, &candidates, tombstones);
        metrics::histogram!("cenotaph_search_seconds").record(begun.elapsed().as_secs_f64());
        let with_known = |judged: Judged| {
            let known = considered[judged.candidate].known.clone();
            Recognised { known, judged }
        };
        Ok(judged.into_iter().map(with_known).collect())
    }

    /// Judges candidates out of `tombstones` in all. Returns those with any evidence, best first.
    pub(in crate::engine) fn judge(
        &self,
        print: &UploadPrint,
        candidates: &[Candidate<'_>],
        tombstones: usize,
    ) -> Vec<Judged> {
        let background = Background { tombstones };
        let mut options = self.options().matching.clone();
        if tombstones <= self.options().exhaustive_max {
            // A small store is compared exhaustively, so align all of it.
            options.pairs_max = options.pairs_max.max(EXHAUSTIVE_PAIRS_MAX);
        }
        matching::judge(self.hasher(), print, candidates, &background, &options)
    }

    /// The candidates for a print, and the total number of tombstones.
    ///
    /// Candidates are the tombstones that the index does not have yet, then those that it finds, then in a small store
    /// all others, and in a large one the uploader's own of the content groups found. The order matters because the
    /// judge's work is bounded: beyond its budget, it aligns only candidates for which the hits of the index vouch.
    ///
    /// # Errors
    /// As [`Engine::check`], for the data folder.
    pub(in crate::engine) fn candidates(
        &self,
        print: &UploadPrint,
        uploader: Option<OwnerKey>,
    ) -> Result<(Vec<Considered>, usize)> {
        let (found, indexed, applied) = match self.index() {
            Some(index) => {
                index.refresh()?;
                let snapshot = index.snapshot();
                sync::not_ahead(self.store(), snapshot.applied())?;
                let found = snapshot.search(print, &SearchOptions::default())?;
                (found, snapshot.tombstones(), snapshot.applied())
            }
            None => (Found::default(), 0, 0),
        };
        let new = sync::unindexed(self.store(), applied)?;
        let tombstones = indexed + new.len();
        let mut hits: HashMap<Slot, IndexHits> =
            found.candidates.iter().map(|c| (c.slot, index_hits(c))).collect();
        let listed = found.candidates.iter().map(|c| c.slot).filter(|slot| !new.contains(slot));
        let slots: Vec<Slot> = new.iter().copied().chain(listed).collect();
        let mut known = self.known().get(self.store(), &slots)?;
        if tombstones <= self.options().exhaustive_max {
            let all = self.known().all(self.store())?;
            let rest = all.iter().filter(|known| !slots.contains(&known.tombstone.slot));
            known.extend(rest.cloned());
        } else if let Some(owner) = uploader {
            let mut groups: Vec<u32> = known.iter().map(|known| known.tombstone.group).collect();
            groups.sort_unstable();
            groups.dedup();
            let mut own = self.store().owned_in_groups(owner, &groups, GROUP_CANDIDATES_MAX)?;
            own.retain(|slot| known.iter().all(|known| known.tombstone.slot != *slot));
            known.extend(self.known().get(self.store(), &own)?);
        }
        let considered = known.into_iter().map(|known| {
            let found = hits.remove(&known.tombstone.slot);
            Considered { known, found }
        });
        Ok((few_of_a_group(considered, uploader), tombstones))
    }

    fn report_match(&self, one: Recognised, uploader: &Uploader) -> ReportMatch {
        let Recognised { known, judged } = one;
        let tombstone = &known.tombstone;
        let strength = self.strength(tombstone);
        let weighed = Weighed {
            may_block: judged.may_block(strength),
            reason: tombstone.reason,
            permission: uploader.permission(tombstone),
            share: Some(judged.share),
            deleted_duration_s: Some(tombstone.duration_s),
            minor_for_owners: Some(known.minor_for_owners),
            group: in_group(tombstone.group),
            moving: Some([
                judged.moving.expected,
                judged.moving.found,
                judged.moving.missing_together,
            ]),
            slides: judged.slides.map(|changes| [changes.all, changes.shown]),
            ..Weighed::of_score(judged.score)
        };
        let verdict = self.options().policy.judged(&weighed);
        ReportMatch {
            weighed,
            agreement: judged.agreement,
            strength,
            found: Match {
                tombstone: tombstone.id.clone(),
                score: judged.score,
                verdict: verdict.kind,
                reason: verdict.reason,
                spans: judged.spans,
                evidence: judged.evidence,
            },
        }
    }
}

fn same_bytes(tombstone: &Tombstone, uploader: &Uploader, policy: &Policy) -> ReportMatch {
    let weighed = Weighed {
        same_bytes: true,
        reason: tombstone.reason,
        permission: uploader.permission(tombstone),
        share: Some(Share::whole(tombstone.duration_s)),
        deleted_duration_s: Some(tombstone.duration_s),
        group: in_group(tombstone.group),
        ..Weighed::of_score(SAME_BYTES_SCORE)
    };
    let (upload, deleted) =
        (UploadSpan::new(0.0, tombstone.duration_s), DeletedSpan::new(0.0, tombstone.duration_s));
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let placement = Placement {
        mirrored: false,
        inverted: false,
        rotation_deg: 0.0,
        scale: 1.0,
        quad: corners.map(|(x, y)| Point { x, y }),
    };
    let verdict = policy.judged(&weighed);
    ReportMatch {
        weighed,
        agreement: Agreement::default(),
        strength: tombstone.strength,
        found: Match {
            tombstone: tombstone.id.clone(),
            score: SAME_BYTES_SCORE,
            verdict: verdict.kind,
            reason: verdict.reason,
            spans: vec![SpanPair { upload, deleted, speed: 1.0, time_sure: true, placement }],
            evidence: Evidence { same_bytes: true, coverage: 1.0, ..Evidence::default() },
        },
    }
}

/// At most [`GROUP_CANDIDATES_MAX`] candidates of one content group and reason of deletion, likeliest first; the group's
/// earliest is always among them, and the uploader's own are.
fn few_of_a_group(
    considered: impl Iterator<Item = Considered>,
    uploader: Option<OwnerKey>,
) -> Vec<Considered> {
    let mut considered: Vec<Considered> = considered.collect();
    let mut earliest: HashMap<(u32, DeletionReason), Slot> = HashMap::new();
    let group = |one: &Considered| (one.known.tombstone.group, one.known.tombstone.reason);
    for one in &considered {
        let slot = one.known.tombstone.slot;
        earliest.entry(group(one)).and_modify(|first| *first = slot.min(*first)).or_insert(slot);
    }
    let mut taken: HashMap<(u32, DeletionReason), usize> = HashMap::new();
    considered.retain(|one| {
        let taken = taken.entry(group(one)).or_default();
        *taken += 1;
        let KnownTombstone { tombstone, .. } = &*one.known;
        *taken <= GROUP_CANDIDATES_MAX
            || earliest[&group(one)] == tombstone.slot
            || (uploader.is_some() && tombstone.owner == uploader)
    });
    considered
}

/// Whether an upload has nothing that could match a tombstone.
fn featureless(print: &UploadPrint) -> bool {
    print.keypoints.is_empty() && print.frames.iter().all(|f| f.quality < CONTRAST_INDEXED_MIN)
}

fn index_hits(found: &index::Candidate) -> IndexHits {
    let hits = found.keypoint_hits.iter().map(|h| (h.upload, h.deleted, h.variant));
    IndexHits { keypoints: hits.collect(), frames: !found.frame_hits.is_empty() }
}

fn suspicious(recognised: &[Recognised]) -> bool {
    recognised.iter().any(|r| r.judged.is_suspicious())
}
