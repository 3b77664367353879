//! Scores answers against the ground truth.
//!
//! A **true pair** is an upload and a deleted clip that it shows. A match outside the true pairs is wrong.
//!
//! - Recall is the share of true pairs that were flagged. At zero false positives, it is the share with a score above
//!   that of the best wrong match.
//! - Micro average precision (`uap`) ranks all matches by score, and among equal scores wrong matches first.
//! - Temporal overlap is the intersection over union of reported and true time, averaged over the true pairs that were
//!   found with spans.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::engine::eval::{Answer, Query};

/// The outcome of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    pub pairs: usize,
    /// Number of uploads that show no deleted clip.
    pub distractors: usize,
    /// At the detector's own thresholds, 0..1.
    pub recall: f64,
    /// Number of wrong matches that were flagged, as `review` or `block`.
    pub false_positives: usize,
    pub recall_at_0fp: f64,
    pub uap: f64,
    /// Mean overlap of time in the upload, 0..1. Null if no span was reported.
    pub query_iou: Option<f64>,
    /// Mean overlap of time in the deleted clip, 0..1. Null if no span was reported.
    pub ref_iou: Option<f64>,
    /// Scores by family of edits, and by `family/edit`.
    pub groups: BTreeMap<String, Group>,
    /// True pairs, missed ones first, then by ascending score.
    #[serde(skip)]
    pub worst: Vec<Pair>,
    /// Wrong matches, highest score first.
    pub wrong: Vec<Wrong>,
}

/// The scores of a part of the benchmark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Group {
    pub pairs: usize,
    pub recall: f64,
    pub recall_at_0fp: f64,
}

/// An upload and a deleted clip that it shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    pub query: String,
    #[serde(rename = "ref")]
    pub deleted: String,
    /// The score of the match. `None` if there was no match.
    pub score: Option<f64>,
    pub flagged: bool,
    pub query_iou: Option<f64>,
    pub ref_iou: Option<f64>,
    #[serde(skip)]
    group: [String; 2],
}

/// A match with a clip that the upload does not show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wrong {
    pub score: f64,
    pub flagged: bool,
    pub query: String,
    #[serde(rename = "ref")]
    pub deleted: String,
}

/// Scores the answers. An upload without an answer counts as one without a match.
pub fn score(queries: &[Query], answers: &[Answer]) -> Score {
    let by_query: HashMap<&str, &Answer> = answers.iter().map(|a| (a.query.as_str(), a)).collect();
    let mut pairs = Vec::new();
    let mut wrong = Vec::new();
    for query in queries {
        let matches = by_query.get(query.name.as_str()).map_or(&[][..], |a| &a.matches);
        pairs.extend(query.expect.iter().map(|e| pair(query, e, matches)));
        let others =
            matches.iter().filter(|m| !query.expect.iter().any(|e| e.deleted == m.deleted));
        wrong.extend(others.map(|m| Wrong {
            score: m.score,
            flagged: m.flagged,
            query: query.name.clone(),
            deleted: m.deleted.clone(),
        }));
    }
    wrong.sort_by(|a, b| b.score.total_cmp(&a.score));
    let bar = wrong.first().map_or(f64::NEG_INFINITY, |w| w.score);
    pairs.sort_by(|a, b| {
        let key = |p: &Pair| p.score.unwrap_or(f64::NEG_INFINITY);
        a.flagged.cmp(&b.flagged).then(key(a).total_cmp(&key(b)))
    });
    let group = |of: &mut dyn Iterator<Item = &Pair>| group(of, bar);
    let whole = group(&mut pairs.iter());
    let mut groups = BTreeMap::new();
    for name in pairs.iter().flat_map(|p| &p.group) {
        groups
            .entry(name.clone())
            .or_insert_with(|| group(&mut pairs.iter().filter(|p| p.group.contains(name))));
    }
    Score {
        pairs: whole.pairs,
        distractors: queries.iter().filter(|q| q.expect.is_empty()).count(),
        recall: whole.recall,
        false_positives: wrong.iter().filter(|w| w.flagged).count(),
        recall_at_0fp: whole.recall_at_0fp,
        uap: average_precision(&pairs, &wrong),
        query_iou: mean(pairs.iter().filter_map(|p| p.query_iou)),
        ref_iou: mean(pairs.iter().filter_map(|p| p.ref_iou)),
        groups,
        worst: pairs,
        wrong,
    }
}

fn pair(
    query: &Query,
    expected: &crate::engine::eval::Expected,
    matches: &[crate::engine::eval::AnswerMatch],
) -> Pair {
    let mut pair = Pair {
        query: query.name.clone(),
        deleted: expected.deleted.clone(),
        score: None,
        flagged: false,
        query_iou: None,
        ref_iou: None,
        group: [query.family.clone(), format!("{}/{}", query.family, query.edit)],
    };
    for found in matches.iter().filter(|m| m.deleted == expected.deleted) {
        pair.flagged |= found.flagged;
        if pair.score.is_some_and(|score| found.score <= score) {
            continue;
        }
        pair.score = Some(found.score);
        if !found.segments.is_empty() && !expected.segments.is_empty() {
            pair.query_iou = Some(overlap(&found.segments, &expected.segments, 0));
            pair.ref_iou = Some(overlap(&found.segments, &expected.segments, 2));
        }
    }
    pair
}

fn group(pairs: &mut dyn Iterator<Item = &Pair>, bar: f64) -> Group {
    let (mut count, mut flagged, mut above) = (0, 0, 0);
    for pair in pairs {
        count += 1;
        flagged += usize::from(pair.flagged);
        above += usize::from(pair.score.is_some_and(|score| score > bar));
    }
    let share = |part: usize| part as f64 / f64::max(count as f64, 1.0);
    Group { pairs: count, recall: share(flagged), recall_at_0fp: share(above) }
}

fn average_precision(pairs: &[Pair], wrong: &[Wrong]) -> f64 {
    let right = pairs.iter().filter_map(|p| p.score).map(|score| (score, true));
    let mut ranked: Vec<(f64, bool)> =
        right.chain(wrong.iter().map(|w| (w.score, false))).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut hits, mut sum) = (0, 0.0);
    for (place, (_, right)) in ranked.iter().enumerate() {
        if *right {
            hits += 1;
            sum += f64::from(hits) / (place + 1) as f64;
        }
    }
    sum / f64::max(pairs.len() as f64, 1.0)
}

/// Intersection over union of two sets of intervals, given by the elements `at` and `at + 1` of their segments.
fn overlap(a: &[[f64; 4]], b: &[[f64; 4]], at: usize) -> f64 {
    let (a, b) = (union(a, at), union(b, at));
    let both: f64 =
        a.iter().flat_map(|x| b.iter().map(move |y| (x.1.min(y.1) - x.0.max(y.0)).max(0.0))).sum();
    let length = |spans: &[(f64, f64)]| spans.iter().map(|s| s.1 - s.0).sum::<f64>();
    let either = length(&a) + length(&b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

fn union(segments: &[[f64; 4]], at: usize) -> Vec<(f64, f64)> {
    let ascending = |s: &[f64; 4]| (s[at].min(s[at + 1]), s[at].max(s[at + 1]));
    let mut spans: Vec<(f64, f64)> = segments.iter().map(ascending).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<(f64, f64)> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
            _ => out.push(span),
        }
    }
    out
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut count, mut sum) = (0.0, 0.0);
    for value in values {
        count += 1.0;
        sum += value;
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::eval::{AnswerMatch, Expected};

    fn query(name: &str, expect: &[&str]) -> Query {
        let expected =
            |id: &&str| Expected { deleted: (*id).into(), segments: vec![[0.0, 4.0, 2.0, 6.0]] };
        let expect = expect.iter().map(expected).collect();
        let (edit, family) = ("flip".into(), "geometry".into());
        Query { name: name.into(), edit, family, expect, path: name.into() }
    }

    fn answer(query: &str, matches: &[(&str, f64, bool)]) -> Answer {
        let one = |&(id, score, flagged): &(&str, f64, bool)| AnswerMatch {
            deleted: id.into(),
            score,
            flagged,
            segments: vec![[0.0, 2.0, 4.0, 2.0]],
        };
        Answer { query: query.into(), matches: matches.iter().map(one).collect(), error: None }
    }

    #[test]
    fn recall_false_positives_precision_and_overlap_match_a_worked_example() {
        let queries = [query("1", &["a"]), query("2", &["a", "b"]), query("3", &[])];
        let answers = [
            answer("1", &[("a", 9.0, true)]),
            answer("2", &[("a", 3.0, false)]),
            answer("3", &[("c", 5.0, true), ("a", 1.0, false)]),
        ];
        let score = score(&queries, &answers);
        assert_eq!((score.pairs, score.distractors, score.false_positives), (3, 1, 1));
        assert!((score.recall - 1.0 / 3.0).abs() < 1e-9);
        assert!((score.recall_at_0fp - 1.0 / 3.0).abs() < 1e-9);
        // Ranks: 9 right, 5 wrong, 3 right, 1 wrong.
        assert!((score.uap - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-9);
        assert_eq!((score.query_iou, score.ref_iou), (Some(0.5), Some(0.5)));
        assert_eq!(score.groups["geometry"].pairs, 3);
        assert_eq!(score.groups["geometry/flip"], score.groups["geometry"]);
        assert_eq!(score.worst[0].deleted, "b");
        assert_eq!(score.wrong[0].deleted, "c");
    }

    #[test]
    fn among_equal_scores_wrong_matches_rank_first() {
        let queries = [query("1", &["a"]), query("2", &[])];
        let answers = [answer("1", &[("a", 5.0, true)]), answer("2", &[("a", 5.0, true)])];
        let score = score(&queries, &answers);
        assert!((score.uap - 0.5).abs() < 1e-9);
        assert_eq!(score.recall_at_0fp, 0.0);
    }
}
