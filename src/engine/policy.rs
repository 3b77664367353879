//! Policy: from matches to a verdict. Thresholds depend on the reason of the deletion; the owner of a deleted video, or
//! an uploader with a grant, may re-upload it.
//!
//! These are pure functions of [`Weighed`], which the store records with each match. They run when an upload is
//! checked, and again on the record when a tombstone is retired or `replay` tries other thresholds.

use crate::matching;
use crate::model::{DeletionReason, Permission, Reason, Seen, Verdict, VerdictKind, Weighed};

/// The operator's thresholds. All reasons have the default of [`matching::Thresholds`]. To give one reason another
/// default, replace the derived `Default`, and in `config/sections/judgement.rs` remove `unset` from that setting.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Policy {
    /// Thresholds for videos that their owners deleted. A score is −log10 of the number of equally good chance matches
    /// expected for one upload: higher thresholds block fewer innocent uploads and miss more re-uploads.
    pub owner_request: matching::Thresholds,
    /// Thresholds for videos that a court or an authority ordered deleted.
    pub legal: matching::Thresholds,
    /// Thresholds for videos that the platform's moderators deleted.
    pub moderation: matching::Thresholds,
    /// Shadow mode: record verdicts, but answer `allow` to every upload. Default false.
    pub shadow: bool,
}

impl Policy {
    /// The thresholds for one reason.
    pub fn of(&self, reason: DeletionReason) -> &matching::Thresholds {
        match reason {
            DeletionReason::OwnerRequest => &self.owner_request,
            DeletionReason::Legal => &self.legal,
            DeletionReason::Moderation => &self.moderation,
        }
    }

    /// The verdict that one match calls for by itself.
    pub fn verdict(&self, one: &Weighed) -> VerdictKind {
        let thresholds = self.of(one.reason);
        if one.ruled_out || one.permission().is_some() {
            VerdictKind::Allow
        } else if one.same_bytes || (one.may_block && one.score >= thresholds.block) {
            VerdictKind::Block
        } else if one.score >= thresholds.review {
            VerdictKind::Review
        } else {
            VerdictKind::Allow
        }
    }

    /// Whether a match would count against an uploader without permission.
    pub fn stands(&self, one: &Weighed) -> bool {
        one.same_bytes || one.score >= self.of(one.reason).review
    }

    /// The verdict over all matches: the most severe one wins. An upload that was decoded only in part is at least
    /// held for review.
    pub fn overall<'a>(
        &self,
        matches: impl Iterator<Item = &'a Weighed> + Clone,
        seen: Seen,
    ) -> Verdict {
        let worst = matches.clone().map(|one| self.verdict(one)).max();
        let worst = worst.unwrap_or(VerdictKind::Allow);
        let any = |what: &dyn Fn(&Weighed) -> bool| matches.clone().any(what);
        let permitted =
            |permission| any(&|one| one.permission() == Some(permission) && self.stands(one));
        let same = |one: &Weighed| one.same_bytes && !one.ruled_out && one.permission().is_none();
        let reason = match worst {
            // The part that was not decoded may show anything.
            VerdictKind::Allow if seen == Seen::Part => Reason::Undecodable,
            VerdictKind::Block if any(&same) => Reason::SameBytes,
            VerdictKind::Review | VerdictKind::Block => Reason::Match,
            VerdictKind::Allow if permitted(Permission::Owner) => Reason::Owner,
            VerdictKind::Allow if permitted(Permission::Grant) => Reason::Grant,
            VerdictKind::Allow if any(&|one| one.ruled_out) => Reason::RuledOut,
            VerdictKind::Allow if any(&|one| one.common) => Reason::Common,
            VerdictKind::Allow if seen == Seen::Featureless => Reason::Featureless,
            VerdictKind::Allow => Reason::NoMatch,
        };
        let kind = if reason == Reason::Undecodable { VerdictKind::Review } else { worst };
        Verdict { kind, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(score: f64) -> Weighed {
        Weighed {
            score,
            may_block: true,
            same_bytes: false,
            common: false,
            reason: DeletionReason::OwnerRequest,
            permission: None,
            ruled_out: false,
        }
    }

    fn verdict(matches: &[Weighed], seen: Seen) -> (VerdictKind, Reason) {
        let verdict = Policy::default().overall(matches.iter(), seen);
        (verdict.kind, verdict.reason)
    }

    #[test]
    fn the_most_severe_match_decides() {
        let single = Weighed { may_block: false, ..weighed(50.0) };
        assert_eq!(verdict(&[], Seen::All), (VerdictKind::Allow, Reason::NoMatch));
        assert_eq!(verdict(&[weighed(3.9)], Seen::All), (VerdictKind::Allow, Reason::NoMatch));
        assert_eq!(verdict(&[weighed(4.0)], Seen::All), (VerdictKind::Review, Reason::Match));
        assert_eq!(verdict(&[single], Seen::All), (VerdictKind::Review, Reason::Match));
        let both = [weighed(4.0), weighed(8.0)];
        assert_eq!(verdict(&both, Seen::All), (VerdictKind::Block, Reason::Match));
    }

    #[test]
    fn a_match_that_a_moderator_ruled_out_never_counts() {
        let ruled_out = Weighed { ruled_out: true, ..weighed(50.0) };
        let same = Weighed { same_bytes: true, ..ruled_out };
        let allowed = (VerdictKind::Allow, Reason::RuledOut);
        assert_eq!(verdict(&[ruled_out], Seen::All), allowed);
        assert_eq!(verdict(&[same], Seen::All), allowed);
        assert_eq!(verdict(&[same, weighed(9.0)], Seen::All), (VerdictKind::Block, Reason::Match));
    }

    #[test]
    fn permission_counts_only_for_videos_that_owners_deleted() {
        let own = Weighed { permission: Some(Permission::Owner), ..weighed(50.0) };
        let granted = Weighed { permission: Some(Permission::Grant), ..own };
        assert_eq!(verdict(&[own, granted], Seen::All), (VerdictKind::Allow, Reason::Owner));
        assert_eq!(verdict(&[granted], Seen::All), (VerdictKind::Allow, Reason::Grant));
        assert_eq!(verdict(&[own, weighed(9.0)], Seen::All).0, VerdictKind::Block);
        for reason in [DeletionReason::Legal, DeletionReason::Moderation] {
            let theirs = Weighed { reason, ..own };
            assert_eq!(verdict(&[theirs], Seen::All), (VerdictKind::Block, Reason::Match));
        }
    }

    #[test]
    fn identical_bytes_block_whatever_the_strength_of_the_tombstone() {
        let same = Weighed { same_bytes: true, may_block: false, ..weighed(0.0) };
        assert_eq!(verdict(&[same], Seen::All), (VerdictKind::Block, Reason::SameBytes));
        let own = Weighed { permission: Some(Permission::Owner), ..same };
        assert_eq!(verdict(&[own], Seen::All), (VerdictKind::Allow, Reason::Owner));
        assert_eq!(verdict(&[own, weighed(9.0)], Seen::All), (VerdictKind::Block, Reason::Match));
    }

    #[test]
    fn a_partly_decoded_upload_is_never_allowed() {
        let own = Weighed { permission: Some(Permission::Owner), ..weighed(50.0) };
        assert_eq!(verdict(&[own], Seen::Part), (VerdictKind::Review, Reason::Undecodable));
        assert_eq!(verdict(&[weighed(9.0)], Seen::Part), (VerdictKind::Block, Reason::Match));
        assert_eq!(verdict(&[], Seen::Featureless), (VerdictKind::Allow, Reason::Featureless));
    }

    #[test]
    fn each_reason_has_its_own_thresholds() {
        let legal = matching::Thresholds { block: 20.0, review: 10.0 };
        let policy = Policy { legal, ..Policy::default() };
        let one = Weighed { reason: DeletionReason::Legal, ..weighed(9.0) };
        assert_eq!(policy.verdict(&one), VerdictKind::Allow);
        assert_eq!(policy.verdict(&Weighed { score: 15.0, ..one }), VerdictKind::Review);
        assert_eq!(policy.verdict(&weighed(9.0)), VerdictKind::Block);
    }
}
