//! One upload's way to its verdict.
//!
//! The same bytes as a deleted file settle the verdict at once. Otherwise the upload is decoded to a print, the index
//! names candidates, `matching` judges them, and policy turns the matches into a verdict: the worst one counts, and
//! matches with the uploader's own tombstones do not.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::check::ruled_out;
use crate::engine::core::KnownTombstone;
use crate::engine::core::sync;
use crate::engine::decoding::{Effort, Look, damage_words, open};
use crate::engine::{Engine, Policy, Result};
use crate::fingerprint::{CONTRAST_INDEXED_MIN, UploadPrint};
use crate::index::{self, Found, SearchOptions};
use crate::matching::{self, Background, Candidate, IndexHits, Judged};
use crate::model::{
    Agreement, ByteDigest, DeletedSpan, Evidence, Match, OwnerKey, Permission, Placement, Point,
    Report, ReportMatch, Seen, Slot, SpanPair, Strength, UploadSpan, VerdictKind, Weighed, chain,
};
use crate::store::Tombstone;

/// Tombstones of the same bytes that are reported at most.
const SAME_BYTES_MAX: usize = 100;
/// −log10 of the chance that two files have the same keyed digest of 256 bits.
const SAME_BYTES_SCORE: f64 = 77.0;
/// Keypoint pairs compared in a small store at most: some 0.1 s.
const EXHAUSTIVE_PAIRS_MAX: u64 = 1_000_000_000;

/// A tombstone that an upload may show.
pub(in crate::engine) struct Considered {
    pub known: Arc<KnownTombstone>,
    /// What the index found of it; `None` when it was not among what the index named.
    found: Option<IndexHits>,
}

impl Considered {
    pub fn candidate(&self) -> Candidate<'_> {
        let KnownTombstone { tombstone, fingerprint } = &*self.known;
        Candidate { fingerprint, voice: tombstone.voice, found: self.found.as_ref() }
    }
}

/// The outcome of a check.
pub(in crate::engine) struct Checked {
    pub report: Report,
    /// The decoded content; `None` when the bytes settled the verdict and nobody looked.
    pub look: Option<Arc<Look>>,
}

/// A candidate that was judged.
pub(in crate::engine) struct Recognised {
    pub known: Arc<KnownTombstone>,
    pub judged: Judged,
}

/// Whose upload it is, and what that person may post.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Uploader {
    pub key: Option<OwnerKey>,
    /// Tombstones whose owners allow it.
    pub granted: HashSet<Slot>,
}

impl Uploader {
    fn permission(&self, tombstone: &Tombstone) -> Option<Permission> {
        // A tombstone without an owner is nobody's.
        if tombstone.owner.is_some() && tombstone.owner == self.key {
            Some(Permission::Owner)
        } else {
            self.granted.contains(&tombstone.slot).then_some(Permission::Grant)
        }
    }
}

impl Engine {
    /// Checks one file. `uploader` is the uploader's id as the platform writes it: owners may re-upload their own
    /// deleted videos.
    ///
    /// # Errors
    /// [`Error::File`] and its kin when the file cannot be read, [`Error::Media`] when no worker can be started,
    /// [`Error::Store`] or [`Error::Index`] when the data folder fails. A fault in the file's content is a verdict, not an
    /// error: `review`, `undecodable`.
    pub fn check(&self, path: &Path, uploader: Option<&str>, effort: Effort) -> Result<Report> {
        let file = open(path, self.options().file_bytes_max)?;
        let uploader = self.uploader(uploader.map(|id| self.keys().identity.owner(id)))?;
        let digest = self.digest(path, &file)?;
        let look = |effort| Ok(Arc::new(self.look(path, &file, effort)?));
        Ok(self.check_content(&digest, &uploader, effort, &look)?.report)
    }

    /// The one way to a verdict, for the command line and the service alike.
    ///
    /// ```text
    /// same bytes as a deleted file → rulings → block: done
    /// look (decode, or the cached print) → candidates → judge → report → rulings
    /// ```
    ///
    /// # Errors
    /// As [`Engine::check`]; and those of `look`.
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
                return Ok(Checked { report, look: None });
            }
        }
        let (look, recognised) = self.recognise_file(look, effort)?;
        let mut report = self.report(&look, recognised, digest, uploader)?;
        let content = look.print.as_ref().and_then(ruled_out::content);
        self.rule_out(&mut report, digest, content.as_deref())?;
        Ok(Checked { report, look: Some(look) })
    }

    /// The report on a file whose bytes settle it: those of a deleted file that somebody else owns.
    fn check_bytes(&self, digest: &ByteDigest, uploader: &Uploader) -> Result<Option<Report>> {
        let matches = self.same_bytes(digest, uploader)?;
        if matches.iter().all(|m| m.found.verdict != VerdictKind::Block) {
            return Ok(None);
        }
        let duration_s = matches.first().map(|m| m.found.spans[0].upload.end_s);
        let verdict = self.options().policy.overall(matches.iter().map(|m| &m.weighed), Seen::All);
        let (trouble, damage) = (None, None);
        Ok(Some(Report { verdict, seen: Seen::All, duration_s, matches, trouble, damage }))
    }

    /// What is known of an uploader.
    pub(in crate::engine) fn uploader(&self, key: Option<OwnerKey>) -> Result<Uploader> {
        let granted = key.map(|key| self.store().granted_to(key)).transpose()?;
        Ok(Uploader { key, granted: granted.unwrap_or_default() })
    }

    /// The matches of a file's bytes, and of what was recognised in it.
    pub(in crate::engine) fn report(
        &self,
        look: &Look,
        recognised: Vec<Recognised>,
        digest: &ByteDigest,
        uploader: &Uploader,
    ) -> Result<Report> {
        let mut matches = self.same_bytes(digest, uploader)?;
        for one in recognised {
            let again = matches.iter().any(|m| m.found.tombstone == one.known.tombstone.id);
            if !again {
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

    /// Looks and judges; at fast effort a second time, thoroughly, when the first look was suspicious.
    pub(in crate::engine) fn recognise_file(
        &self,
        look: &dyn Fn(Effort) -> Result<Arc<Look>>,
        effort: Effort,
    ) -> Result<(Arc<Look>, Vec<Recognised>)> {
        let seen = look(effort)?;
        let judged = seen.print.as_ref().map(|print| self.recognise(print)).transpose()?;
        let recognised = judged.unwrap_or_default();
        // A few intra frames may be flat where the rest is not: what was not seen is looked at too.
        let second = effort == Effort::Fast
            && (seen.print.as_ref().is_none_or(featureless) || suspicious(&recognised));
        if second { self.recognise_file(look, Effort::Thorough) } else { Ok((seen, recognised)) }
    }

    /// The tombstones that a print may show, judged, best first.
    pub(in crate::engine) fn recognise(&self, print: &UploadPrint) -> Result<Vec<Recognised>> {
        let begun = Instant::now();
        let (considered, tombstones) = self.candidates(print)?;
        let candidates: Vec<Candidate<'_>> = considered.iter().map(Considered::candidate).collect();
        let judged = self.judge(print, &candidates, tombstones);
        metrics::histogram!("cenotaph_search_seconds").record(begun.elapsed().as_secs_f64());
        let with_known = |judged: Judged| {
            let known = considered[judged.candidate].known.clone();
            Recognised { known, judged }
        };
        Ok(judged.into_iter().map(with_known).collect())
    }

    /// Those of the candidates that have any standing, best first, where `tombstones` could be shown.
    pub(in crate::engine) fn judge(
        &self,
        print: &UploadPrint,
        candidates: &[Candidate<'_>],
        tombstones: usize,
    ) -> Vec<Judged> {
        let background = Background { tombstones };
        let mut options = self.options().matching.clone();
        if tombstones <= self.options().exhaustive_max {
            // With few tombstones a template is known by few others: all of them must be aligned.
            options.pairs_max = options.pairs_max.max(EXHAUSTIVE_PAIRS_MAX);
        }
        matching::judge(self.hasher(), print, candidates, &background, &options)
    }

    /// What the index does not have yet, what it finds, and in a small store everything else; and how many tombstones
    /// there are. In this order because the judge's work is bounded: what the index found, its hits can vouch for.
    pub(in crate::engine) fn candidates(
        &self,
        print: &UploadPrint,
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
        }
        known.retain(|known| known.tombstone.strength != Strength::Unmatchable);
        let considered = known.into_iter().map(|known| {
            let found = hits.remove(&known.tombstone.slot);
            Considered { known, found }
        });
        Ok((considered.collect(), tombstones))
    }

    fn report_match(&self, one: Recognised, uploader: &Uploader) -> ReportMatch {
        let Recognised { known, judged } = one;
        let tombstone = &known.tombstone;
        let weighed = Weighed {
            score: judged.score,
            may_block: judged.may_block(tombstone.strength),
            same_bytes: false,
            common: judged.common,
            reason: tombstone.reason,
            permission: uploader.permission(tombstone),
            ruled_out: false,
        };
        ReportMatch {
            weighed,
            agreement: judged.agreement,
            strength: tombstone.strength,
            found: Match {
                tombstone: tombstone.id.clone(),
                score: judged.score,
                verdict: self.options().policy.verdict(&weighed),
                spans: judged.spans,
                evidence: judged.evidence,
            },
        }
    }
}

fn same_bytes(tombstone: &Tombstone, uploader: &Uploader, policy: &Policy) -> ReportMatch {
    let weighed = Weighed {
        score: SAME_BYTES_SCORE,
        may_block: true,
        same_bytes: true,
        common: false,
        reason: tombstone.reason,
        permission: uploader.permission(tombstone),
        ruled_out: false,
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
    ReportMatch {
        weighed,
        agreement: Agreement::default(),
        strength: tombstone.strength,
        found: Match {
            tombstone: tombstone.id.clone(),
            score: SAME_BYTES_SCORE,
            verdict: policy.verdict(&weighed),
            spans: vec![SpanPair { upload, deleted, speed: 1.0, placement }],
            evidence: Evidence { same_bytes: true, coverage: 1.0, ..Evidence::default() },
        },
    }
}

/// Whether nothing in the upload could ever match.
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
