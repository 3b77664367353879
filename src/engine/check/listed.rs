//! Which matches an answer lists: of many deleted videos with one content, a few and their number.

use std::collections::HashMap;

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::model::{ContentGroup, Permission, ReportMatch};

/// Matches of one content group that an answer lists.
const LISTED_OF_A_GROUP: usize = 5;

impl Engine {
    /// Leaves the uploader's own deleted video and the most severe matches of each content group, and notes how many
    /// tombstones the group has. The order stays.
    pub(in crate::engine::check) fn list_few(&self, matches: &mut Vec<ReportMatch>) -> Result<()> {
        few_of_each_group(matches);
        let mut sizes: HashMap<u32, u32> = HashMap::new();
        for group in matches.iter_mut().filter_map(|one| one.weighed.group.as_mut()) {
            group.tombstones = match sizes.get(&group.number) {
                Some(size) => *size,
                None => self.store().group_size(group.number)?,
            };
            sizes.insert(group.number, group.tombstones);
        }
        Ok(())
    }
}

/// The group of a tombstone whose size is not known yet.
pub(in crate::engine::check) fn in_group(number: u32) -> Option<ContentGroup> {
    Some(ContentGroup { number, tombstones: 0 })
}

fn few_of_each_group(matches: &mut Vec<ReportMatch>) {
    let mut order: Vec<usize> = (0..matches.len()).collect();
    let own = |at: usize| matches[at].weighed.permission() == Some(Permission::Owner);
    let key = |at: usize| (own(at), matches[at].found.verdict);
    order.sort_by(|a, b| {
        let by_score = || matches[*b].found.score.total_cmp(&matches[*a].found.score);
        key(*b).cmp(&key(*a)).then_with(by_score)
    });
    let mut listed: HashMap<u32, usize> = HashMap::new();
    let mut kept = vec![true; matches.len()];
    for at in order {
        if let Some(group) = matches[at].weighed.group {
            let so_far = listed.entry(group.number).or_default();
            *so_far += 1;
            kept[at] = *so_far <= LISTED_OF_A_GROUP;
        }
    }
    let mut kept = kept.into_iter();
    matches.retain(|_| kept.next().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Agreement, Evidence, Match, Reason, Strength, TombstoneId, VerdictKind, Weighed,
    };

    fn matched(id: &str, group: u32, score: f64, verdict: VerdictKind) -> ReportMatch {
        ReportMatch {
            found: Match {
                tombstone: TombstoneId(id.to_owned()),
                score,
                verdict,
                reason: Reason::Match,
                spans: Vec::new(),
                evidence: Evidence::default(),
            },
            weighed: Weighed { group: in_group(group), ..Weighed::of_score(score) },
            strength: Strength::Block,
            agreement: Agreement::default(),
        }
    }

    #[test]
    fn five_of_a_group_are_listed_the_most_severe_and_the_uploaders_own() {
        let (block, review) = (VerdictKind::Block, VerdictKind::Review);
        let mut matches: Vec<ReportMatch> =
            (0..6).map(|n| matched(&format!("weak{n}"), 1, 90.0 - f64::from(n), review)).collect();
        matches.push(matched("severe", 1, 20.0, block));
        let mut own = matched("own", 1, 10.0, VerdictKind::Allow);
        own.weighed.permission = Some(Permission::Owner);
        matches.push(own);
        matches.push(matched("elsewhere", 2, 5.0, review));
        few_of_each_group(&mut matches);
        let listed: Vec<&str> = matches.iter().map(|m| m.found.tombstone.0.as_str()).collect();
        assert_eq!(listed, ["weak0", "weak1", "weak2", "severe", "own", "elsewhere"]);
    }
}
