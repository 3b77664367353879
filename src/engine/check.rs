//! One upload's way to its verdict.
//!
//! The same bytes as a deleted file's settle it at once. Else the upload is decoded to a print (`look`), the index
//! names candidates, `matching` judges them, and policy makes a verdict of the matches: the worst of them counts,
//! those with the uploader's own tombstones aside.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::engine::error::media_words;
use crate::engine::known::KnownTombstone;
use crate::engine::look::{Look, damage_words, open};
use crate::engine::report::{Report, ReportMatch};
use crate::engine::{Engine, Result, sync};
use crate::fingerprint::UploadPrint;
use crate::index::{self, Found, SearchOptions};
use crate::matching::{self, Background, Candidate, Judged, Lucky};
use crate::model::{
    Evidence, Match, OwnerKey, Placement, Point, Reason, Slot, Span, SpanPair, Strength, Verdict,
    VerdictKind,
};
use crate::store::Tombstone;

/// Tombstones of the same bytes that are reported at most.
const SAME_BYTES_MAX: usize = 100;
/// −log10 of the chance that two files have the same keyed digest of 256 bits.
const SAME_BYTES_SCORE: f64 = 77.0;
/// A frame with less contrast tells nothing; as the index has it.
const QUALITY_MIN: u8 = 8;

/// Keypoint pairs compared in a small store at most: some 0.1 s.
const EXHAUSTIVE_PAIRS_MAX: u64 = 1_000_000_000;

/// How much of an upload is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Intra frames; the rest only when these look suspicious.
    Fast,
    /// Four frames a second.
    #[default]
    Thorough,
}

/// A tombstone that an upload may show.
pub(super) struct Considered {
    pub known: Arc<KnownTombstone>,
    /// What the index found of it; `None` when it was not among what the index named.
    found: Option<Lucky>,
}

impl Considered {
    pub fn candidate(&self) -> Candidate<'_> {
        let KnownTombstone { tombstone, fingerprint } = &*self.known;
        Candidate { fingerprint, voice: tombstone.voice, found: self.found.as_ref() }
    }
}

/// A candidate that was judged.
pub(super) struct Recognised {
    pub known: Arc<KnownTombstone>,
    pub judged: Judged,
}

impl Engine {
    /// The verdict for one file. `uploader` is the uploader's id as the platform writes it: the owner of a deleted
    /// video may post it again.
    ///
    /// # Errors
    /// The file cannot be read, no worker can be started, or the data folder fails. What is wrong with the file's
    /// content is no error but a verdict: `review`, `undecodable`.
    pub fn check(&self, path: &Path, uploader: Option<&str>, effort: Effort) -> Result<Report> {
        let file = open(path, self.options.file_bytes_max)?;
        let uploader = uploader.map(|id| self.keys.identity.owner(id));
        let digest = self.digest(path, &file)?;
        let same = self.store.find_by_digest(&digest, SAME_BYTES_MAX)?;
        let same: Vec<ReportMatch> = same.iter().map(|t| same_bytes(t, uploader)).collect();
        if let Some(theirs) = same.iter().find(|m| !m.own) {
            let duration_s = Some(theirs.found.spans[0].upload.end_s);
            let verdict = Verdict { kind: VerdictKind::Block, reason: Reason::SameBytes };
            return Ok(Report { verdict, duration_s, matches: same, trouble: None, damage: None });
        }
        let (look, recognised) = self.recognise_file(path, &file, effort)?;
        let mut matches = same;
        for one in recognised {
            let again = matches.iter().any(|m| m.found.tombstone == one.known.tombstone.id);
            if !again {
                matches.push(self.report_match(one, uploader));
            }
        }
        Ok(report(look, matches))
    }

    /// Decodes and judges; at fast effort a second time, thoroughly, when the first look was suspicious.
    fn recognise_file(
        &self,
        path: &Path,
        file: &std::fs::File,
        effort: Effort,
    ) -> Result<(Look, Vec<Recognised>)> {
        let look = self.look(path, file, effort)?;
        let judged = look.print.as_ref().map(|print| self.recognise(print)).transpose()?;
        let recognised = judged.unwrap_or_default();
        // A few intra frames may be flat where the rest is not: what was not seen is looked at too.
        let second = effort == Effort::Fast
            && (look.print.as_ref().is_none_or(featureless) || suspicious(&recognised));
        if second {
            self.recognise_file(path, file, Effort::Thorough)
        } else {
            Ok((look, recognised))
        }
    }

    /// The tombstones that a print may show, judged, best first.
    pub(super) fn recognise(&self, print: &UploadPrint) -> Result<Vec<Recognised>> {
        let (considered, tombstones) = self.candidates(print)?;
        let candidates: Vec<Candidate<'_>> = considered.iter().map(Considered::candidate).collect();
        let judged = self.judge(print, &candidates, tombstones);
        let with_known = |judged: Judged| {
            let known = considered[judged.candidate].known.clone();
            Recognised { known, judged }
        };
        Ok(judged.into_iter().map(with_known).collect())
    }

    /// Those of the candidates that have any standing, best first, where `tombstones` could be shown.
    pub(super) fn judge(
        &self,
        print: &UploadPrint,
        candidates: &[Candidate<'_>],
        tombstones: usize,
    ) -> Vec<Judged> {
        let background = Background { tombstones };
        let mut options = self.options.matching.clone();
        if tombstones <= self.options.exhaustive_max {
            // With few tombstones a template is known by few others: all of them must be aligned.
            options.pairs_max = options.pairs_max.max(EXHAUSTIVE_PAIRS_MAX);
        }
        matching::judge(&self.hasher, print, candidates, &background, &options)
    }

    /// What the index does not have yet, what it finds, and in a small store everything else; and how many tombstones
    /// there are. In this order because the judge's work is bounded: what the index found, its hits can vouch for.
    pub(super) fn candidates(&self, print: &UploadPrint) -> Result<(Vec<Considered>, usize)> {
        let (found, indexed, applied) = match &self.index {
            Some(index) => {
                index.refresh()?;
                let snapshot = index.snapshot();
                sync::not_ahead(&self.store, snapshot.applied())?;
                let found = snapshot.search(print, &SearchOptions::default())?;
                (found, snapshot.tombstones(), snapshot.applied())
            }
            None => (Found::default(), 0, 0),
        };
        let new = sync::unindexed(&self.store, applied)?;
        let tombstones = indexed + new.len();
        let mut hits: HashMap<Slot, Lucky> =
            found.candidates.iter().map(|c| (c.slot, lucky(c))).collect();
        let listed = found.candidates.iter().map(|c| c.slot).filter(|slot| !new.contains(slot));
        let slots: Vec<Slot> = new.iter().copied().chain(listed).collect();
        let mut known = self.known.get(&self.store, &slots)?;
        if tombstones <= self.options.exhaustive_max {
            let all = self.known.all(&self.store)?;
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

    fn report_match(&self, one: Recognised, uploader: Option<OwnerKey>) -> ReportMatch {
        let Recognised { known, judged } = one;
        let own = is_own(&known.tombstone, uploader);
        let verdict = match own {
            true => VerdictKind::Allow,
            false => self.options.policy.verdict(&judged, known.tombstone.strength),
        };
        let stands = judged.score >= self.options.policy.review;
        ReportMatch {
            own,
            stands,
            common: judged.common,
            strength: known.tombstone.strength,
            found: Match {
                tombstone: known.tombstone.id.clone(),
                score: judged.score,
                verdict,
                spans: judged.spans,
                evidence: judged.evidence,
            },
        }
    }
}

/// The verdict over all matches.
fn report(look: Look, matches: Vec<ReportMatch>) -> Report {
    let worst = matches.iter().map(|m| m.found.verdict).max().unwrap_or(VerdictKind::Allow);
    let reason = match worst {
        // A file that was seen in part only is never waved through.
        VerdictKind::Allow if look.trouble.is_some() => Reason::Undecodable,
        VerdictKind::Review | VerdictKind::Block => Reason::Match,
        VerdictKind::Allow if matches.iter().any(|m| m.own && m.stands) => Reason::Owner,
        VerdictKind::Allow if matches.iter().any(|m| m.common) => Reason::Common,
        VerdictKind::Allow if look.print.as_ref().is_some_and(featureless) => Reason::Featureless,
        VerdictKind::Allow => Reason::NoMatch,
    };
    let kind = if reason == Reason::Undecodable { VerdictKind::Review } else { worst };
    Report {
        verdict: Verdict { kind, reason },
        duration_s: look.duration_s,
        matches,
        trouble: look.trouble.as_ref().map(media_words),
        damage: look.damage.as_ref().map(damage_words),
    }
}

/// A tombstone without an owner is nobody's.
fn is_own(tombstone: &Tombstone, uploader: Option<OwnerKey>) -> bool {
    tombstone.owner.is_some() && tombstone.owner == uploader
}

fn same_bytes(tombstone: &Tombstone, uploader: Option<OwnerKey>) -> ReportMatch {
    let own = is_own(tombstone, uploader);
    let whole = Span { start_s: 0.0, end_s: tombstone.duration_s };
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let placement = Placement {
        mirrored: false,
        inverted: false,
        rotation_deg: 0.0,
        scale: 1.0,
        quad: corners.map(|(x, y)| Point { x, y }),
    };
    ReportMatch {
        own,
        stands: true,
        common: false,
        strength: tombstone.strength,
        found: Match {
            tombstone: tombstone.id.clone(),
            score: SAME_BYTES_SCORE,
            verdict: if own { VerdictKind::Allow } else { VerdictKind::Block },
            spans: vec![SpanPair { upload: whole, deleted: whole, speed: 1.0, placement }],
            evidence: Evidence { same_bytes: true, coverage: 1.0, ..Evidence::default() },
        },
    }
}

/// Whether nothing in the upload could ever match.
fn featureless(print: &UploadPrint) -> bool {
    print.keypoints.is_empty() && print.frames.iter().all(|f| f.quality < QUALITY_MIN)
}

fn lucky(found: &index::Candidate) -> Lucky {
    let hits = found.keypoint_hits.iter().map(|h| (h.upload, h.deleted, h.variant));
    Lucky { keypoints: hits.collect(), frames: !found.frame_hits.is_empty() }
}

fn suspicious(recognised: &[Recognised]) -> bool {
    recognised.iter().any(|r| matching::suspicious(std::slice::from_ref(&r.judged)))
}
