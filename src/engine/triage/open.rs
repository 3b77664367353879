//! Decides whether an upload needs a moderator, and builds its case.

use crate::engine::check::{Extent, RuledSamples, spaced};
use crate::engine::decoding::Look;
use crate::engine::error::{Error, Result};
use crate::engine::triage::changes::CaseChanges;
use crate::engine::triage::options::Options;
use crate::engine::triage::plot;
use crate::media;
use crate::model::{
    Agreement, CaseId, Environment, LIKENESS_FRAMES, Likeness, LikenessPlace, MatchKind, Placement,
    Report, ReportMatch, SpanPair, UnixSeconds, Verdict, VerdictKind,
};
use crate::store::{Joining, NewCase};

/// Number of best matches that are plotted for moderators.
pub(in crate::engine) const PLOTS_MAX: usize = 3;
/// A deleted picture that covers less than this share of the upload's picture is an inset.
const INSET_AREA: f64 = 0.7;
/// Largest deviations of an unaltered match: rotation, degrees; speed, share; position of a corner, share of the
/// picture's width or height.
const TURN_DEG: f64 = 3.0;
const SPEED_MISS: f64 = 0.03;
const CORNER_MISS: f64 = 0.1;

/// The dependencies for opening cases.
#[derive(Debug, Clone, Default)]
pub struct CaseOpening {
    pub options: Options,
    pub changes: CaseChanges,
}

/// Parts of a case that are available only right after the check, while the decoded print is in memory.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Looks {
    pub likeness: Option<Vec<u64>>,
    /// Samples within the spans of the matches that count, for a ruling.
    pub content: Option<Vec<u8>>,
}

impl Looks {
    pub fn of(look: &Look, report: &Report) -> Looks {
        let Some(print) = &look.print else { return Looks::default() };
        let picked = spaced(print.frames.len(), LIKENESS_FRAMES);
        let hashes = picked.map(|index| media::picture_hash(&print.frames[index].thumb));
        let counting = report.matches.iter().filter(|one| counts(one));
        let spans = counting.map(|one| Extent::new(&one.found.spans, &one.found.evidence));
        let samples = RuledSamples::of(print, spans.map(|extent| extent.upload_spans()));
        Looks { likeness: hashes.collect(), content: Some(samples.to_bytes()) }
    }
}

impl CaseOpening {
    /// The case for an upload with this answer, to be opened unless the upload joins an open one. `None` if the verdict
    /// needs no moderator.
    ///
    /// # Errors
    /// [`Error::NoEntropy`] if the system returns no random bytes.
    pub(in crate::engine) fn case(
        &self,
        report: &Report,
        answer: Verdict,
        looks: Looks,
        environment: &Environment,
    ) -> Result<Option<NewCase>> {
        let wanted = match answer.kind {
            VerdictKind::Allow => false,
            VerdictKind::Review => true,
            VerdictKind::Block => self.options.blocks,
        };
        if !wanted {
            return Ok(None);
        }
        let no_entropy = |source| Error::NoEntropy { source };
        let id = CaseId::make(environment).map_err(no_entropy)?;
        let [lot] = environment.random::<1>().map_err(no_entropy)?;
        let now = environment.now();
        let best = counting(report);
        let place = best.and_then(|one| one.found.spans.first()).map(|span| &span.placement);
        let likeness = Likeness {
            duration_s: report.duration_s.unwrap_or_default() as f32,
            frames: looks.likeness.unwrap_or_default(),
            place: place.map(likeness_place),
        };
        let until = now + self.options.join_s;
        Ok(Some(NewCase {
            id,
            verdict: answer.kind,
            reason: answer.reason,
            kind: best.map_or(MatchKind::None, match_kind),
            tombstone: best.map(|one| one.found.tombstone.clone()),
            score: best.map_or(0.0, |one| one.found.score),
            opened_at: now,
            due_at: self.options.due_s.map(|due_s| now + due_s),
            twice: f64::from(lot) < self.options.twice_share * 256.0,
            joining: Some(Joining { likeness, until, members_max: self.options.members_max }),
            content: looks.content,
            plots: plots(report),
        }))
    }

    /// The case for an appeal against a verdict that had no case.
    ///
    /// # Errors
    /// [`Error::NoEntropy`] if the system returns no random bytes.
    pub(in crate::engine) fn case_of_appeal(
        &self,
        verdict: Verdict,
        best: Option<&crate::model::UploadMatch>,
        now: UnixSeconds,
        environment: &Environment,
    ) -> Result<NewCase> {
        let id = CaseId::make(environment).map_err(|source| Error::NoEntropy { source })?;
        let same = best.is_some_and(|one| one.weighed.same_bytes);
        let spans = best.map(|one| crate::wire::first_span(&one.detail));
        Ok(NewCase {
            id,
            verdict: verdict.kind,
            reason: verdict.reason,
            kind: match spans.flatten() {
                _ if best.is_none() => MatchKind::None,
                _ if same => MatchKind::SameBytes,
                Some(span) => kind_of_span(&span),
                None => MatchKind::Frames,
            },
            tombstone: best.map(|one| one.tombstone.clone()),
            score: best.map_or(0.0, |one| one.weighed.score),
            opened_at: now,
            due_at: self.options.due_s.map(|due_s| now + due_s),
            twice: false,
            joining: None,
            content: None,
            plots: Vec::new(),
        })
    }
}

/// The best match that counts against the upload.
fn counting(report: &Report) -> Option<&ReportMatch> {
    report.matches.iter().find(|one| counts(one))
}

fn counts(one: &ReportMatch) -> bool {
    one.found.verdict != VerdictKind::Allow
}

fn plots(report: &Report) -> Vec<(u32, Vec<u8>)> {
    let drawn = (0..).zip(&report.matches).take(PLOTS_MAX);
    drawn
        .filter(|(_, one)| one.agreement != Agreement::default())
        .map(|(rank, one)| (rank, plot::write(&one.agreement)))
        .collect()
}

fn likeness_place(placement: &Placement) -> LikenessPlace {
    let mut quad = [0.0; 8];
    for (two, corner) in quad.as_chunks_mut::<2>().0.iter_mut().zip(&placement.quad) {
        *two = [corner.x as f32, corner.y as f32];
    }
    LikenessPlace { mirrored: placement.mirrored, inverted: placement.inverted, quad }
}

fn match_kind(one: &ReportMatch) -> MatchKind {
    let evidence = &one.found.evidence;
    match one.found.spans.first() {
        _ if evidence.same_bytes => MatchKind::SameBytes,
        Some(span) if evidence.keypoints > 0 => kind_of_span(span),
        _ => MatchKind::Frames,
    }
}

fn kind_of_span(span: &SpanPair) -> MatchKind {
    let placement = &span.placement;
    let altered = placement.mirrored
        || placement.inverted
        || placement.rotation_deg.abs() > TURN_DEG
        || (span.speed - 1.0).abs() > SPEED_MISS;
    if area(placement) < INSET_AREA {
        return MatchKind::Inset;
    }
    let own = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let off = |(corner, own): (&crate::model::Point, &(f64, f64))| {
        (corner.x - own.0).abs().max((corner.y - own.1).abs())
    };
    let moved = placement.quad.iter().zip(&own).any(|both| off(both) > CORNER_MISS);
    if altered || moved { MatchKind::Altered } else { MatchKind::Whole }
}

/// Share of the upload's picture that the deleted picture covers: area of its quadrilateral by the shoelace formula.
fn area(placement: &Placement) -> f64 {
    let corner = |at: usize| &placement.quad[at % 4];
    let twice: f64 =
        (0..4).map(|at| corner(at).x * corner(at + 1).y - corner(at + 1).x * corner(at).y).sum();
    twice.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeletedSpan, Point, UploadSpan};

    fn span(quad: [(f64, f64); 4], mirrored: bool, speed: f64) -> SpanPair {
        let quad = quad.map(|(x, y)| Point { x, y });
        let placement =
            Placement { mirrored, inverted: false, rotation_deg: 0.0, scale: 1.0, quad };
        let (upload, deleted) = (UploadSpan::new(0.0, 1.0), DeletedSpan::new(0.0, 1.0));
        SpanPair { upload, deleted, speed, time_sure: true, placement }
    }

    #[test]
    fn matches_are_classified_as_whole_altered_or_inset() {
        let whole = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let inset = whole.map(|(x, y)| (x * 0.4 + 0.5, y * 0.4));
        let cropped = whole.map(|(x, y)| (x * 1.5 - 0.25, y * 1.5 - 0.25));
        assert_eq!(kind_of_span(&span(whole, false, 1.0)), MatchKind::Whole);
        assert_eq!(kind_of_span(&span(whole, true, 1.0)), MatchKind::Altered);
        assert_eq!(kind_of_span(&span(whole, false, 1.25)), MatchKind::Altered);
        assert_eq!(kind_of_span(&span(cropped, false, 1.0)), MatchKind::Altered);
        assert_eq!(kind_of_span(&span(inset, false, 1.0)), MatchKind::Inset);
    }
}
