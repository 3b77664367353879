//! Policy: from matches to a verdict.
//!
//! Two questions are kept apart. *Is it shown?* The score says so, and what other people delete changes no score. *Whose
//! is it?* All other rules are caps: they limit what a match may do, and the lowest cap holds.
//!
//! ```text
//! the same bytes call for block; else the score does: block, review or allow
//! caps, in the order in which they name the reason:
//!     ruled out     a moderator ruled that this content is not it          allow
//!     permission    the owner's, or a grant                                allow
//!     earlier       posted before the deleted video was                    review
//!     common        a part that other deleted videos have as well          review, or allow for a small part
//!     partial       too little of the deleted video is shown               review
//!     same place    only what stands still agrees                          review
//!     strength      one picture only, or a tombstone too weak to block     review
//! ```
//!
//! These are pure functions of [`Weighed`], which the store records with each match. They run when an upload is
//! checked, and again on the record when a tombstone is retired or `replay` tries other settings.

use crate::matching;
use crate::model::{
    DeletionReason, Permission, Reason, Seen, Share, Verdict, VerdictKind, Weighed,
};

/// Seconds outside the common parts that count as nothing: measured to half a second and a cell.
const OUTSIDE_NOTHING_S: f64 = 0.5;

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
    /// How much of a deleted video must be shown.
    pub shares: Shares,
    /// Which common parts do not count.
    pub common: CommonParts,
    /// Whether uploads are known to be their owners' work, so that a small part of a long video may block. Default false.
    pub assume_original: bool,
    /// Shadow mode: record verdicts, but answer `allow` to every upload. Default false.
    pub shadow: bool,
}

/// How much of a deleted video an upload must show to be blocked: a share, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// For videos that their owners deleted, 0..1. Default 0.4.
    pub block_share: f64,
    /// Default 10.
    pub block_s: f64,
    /// For videos that were deleted for other reasons, 0..1. Default 0.2.
    pub ordered_share: f64,
    /// Default 5.
    pub ordered_s: f64,
    /// Length of a deleted video, seconds, from which `long_share` applies. Default 60.
    pub long_s: f64,
    /// Share of a long video below which another user may have posted that part first, 0..1. Default 0.3.
    pub long_share: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Shares {
            block_share: 0.4,
            block_s: 10.0,
            ordered_share: 0.2,
            ordered_s: 5.0,
            long_s: 60.0,
            long_share: 0.3,
        }
    }
}

/// When a part that other deleted videos have as well does not count against an upload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommonParts {
    /// Share of the deleted video below which common parts are allowed, 0..1. Default 0.3.
    pub deleted_share: f64,
    /// The same in seconds. Default 10.
    pub deleted_s: f64,
    /// Share of the upload up to which they are allowed, 0..1. Default 0.3.
    pub upload_share: f64,
    /// Seconds outside the common parts from which the match counts as if nothing were common. Default 10.
    pub outside_s: f64,
    /// Owners in whose videos most of a deleted video must be a minor part for it to be a template itself. Default 3.
    pub template_owners: u32,
    /// Share of the upload up to which a deleted template goes to review, 0..1. Default 0.5.
    pub template_upload_share: f64,
}

impl Default for CommonParts {
    fn default() -> Self {
        CommonParts {
            deleted_share: 0.3,
            deleted_s: 10.0,
            upload_share: 0.3,
            outside_s: 10.0,
            template_owners: 3,
            template_upload_share: 0.5,
        }
    }
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
        self.judged(one).kind
    }

    /// The same, with the reason.
    pub fn judged(&self, one: &Weighed) -> Verdict {
        let thresholds = self.of(one.reason);
        let called_for = if one.same_bytes || one.score >= thresholds.block {
            VerdictKind::Block
        } else if one.score >= thresholds.review {
            VerdictKind::Review
        } else {
            VerdictKind::Allow
        };
        let caps = self.caps(one);
        let kind = caps.iter().flatten().map(|cap| cap.kind).fold(called_for, VerdictKind::min);
        let lowered = caps.iter().flatten().find(|cap| cap.kind == kind && kind < called_for);
        let reason = match lowered {
            Some(cap) => cap.reason,
            None if kind == VerdictKind::Allow => Reason::NoMatch,
            None if one.same_bytes => Reason::SameBytes,
            None => Reason::Match,
        };
        Verdict { kind, reason }
    }

    /// The caps on one match, in the order in which they name the reason.
    fn caps(&self, one: &Weighed) -> [Option<Verdict>; 7] {
        let cap = |kind, reason| Verdict { kind, reason };
        let review_if = |holds: bool, reason| holds.then(|| cap(VerdictKind::Review, reason));
        let permission = one.permission().map(|permission| match permission {
            Permission::Owner => cap(VerdictKind::Allow, Reason::Owner),
            Permission::Grant => cap(VerdictKind::Allow, Reason::Grant),
        });
        [
            one.ruled_out.then(|| cap(VerdictKind::Allow, Reason::RuledOut)),
            permission,
            review_if(self.is_earlier(one), Reason::Earlier),
            self.common(one).map(|kind| cap(kind, Reason::Common)),
            review_if(self.is_partial(one), Reason::Partial),
            review_if(is_same_place(one) || is_other_slides(one), Reason::SamePlace),
            review_if(!one.may_block && !one.same_bytes, Reason::Strength),
        ]
    }

    fn is_earlier(&self, one: &Weighed) -> bool {
        /// Share of what is shown that an earlier record must show as well.
        const OWN_SHARE_MIN: f64 = 0.8;
        let precedes = |p: &crate::model::Precedence| {
            p.own_share >= OWN_SHARE_MIN || (p.earlier_posters > 0 && !p.original)
        };
        one.reason == DeletionReason::OwnerRequest && one.precedence.as_ref().is_some_and(precedes)
    }

    fn is_partial(&self, one: &Weighed) -> bool {
        let Some(share) = one.share.filter(|_| !one.same_bytes) else { return false };
        let shares = &self.shares;
        let (least, least_s) = match one.reason {
            DeletionReason::OwnerRequest => (shares.block_share, shares.block_s),
            DeletionReason::Legal | DeletionReason::Moderation => {
                (shares.ordered_share, shares.ordered_s)
            }
        };
        let little = share.deleted < least && share.deleted_s < least_s;
        little || self.is_part_of_a_long_one(one, &share)
    }

    /// A small part of a long video may be another person's work, unless its owner is known to be the author, or the records reach
    /// back before it was posted and show nobody else.
    fn is_part_of_a_long_one(&self, one: &Weighed, share: &Share) -> bool {
        let shares = &self.shares;
        let long = one.deleted_duration_s.is_some_and(|lasts_s| lasts_s > shares.long_s);
        let known = one.precedence.is_some_and(|p| {
            p.original || (p.horizon_s.is_some_and(|s| s > 0) && p.earlier_posters == 0)
        });
        one.reason == DeletionReason::OwnerRequest
            && long
            && share.deleted < shares.long_share
            && !known
            && !self.assume_original
    }

    /// What a match may do at most because of common parts; `None` if these do not limit it.
    fn common(&self, one: &Weighed) -> Option<VerdictKind> {
        let share = one.share?;
        let (rules, shares) = (&self.common, &self.shares);
        if share.deleted >= shares.block_share {
            let template = one.minor_for_owners.is_some_and(|n| n >= rules.template_owners)
                && share.upload <= rules.template_upload_share;
            return template.then_some(VerdictKind::Review);
        }
        let common_s = share.deleted_s - share.outside_common_s;
        if common_s <= OUTSIDE_NOTHING_S.min(share.deleted_s / 2.0)
            || share.outside_common_s >= rules.outside_s
        {
            return None;
        }
        let small = share.outside_common_s <= OUTSIDE_NOTHING_S
            && share.deleted < rules.deleted_share
            && share.deleted_s < rules.deleted_s
            && share.upload <= rules.upload_share;
        let allowed = small && one.reason == DeletionReason::OwnerRequest;
        Some(if allowed { VerdictKind::Allow } else { VerdictKind::Review })
    }

    /// Whether a match would count against an uploader without permission.
    pub fn stands(&self, one: &Weighed) -> bool {
        one.same_bytes || one.score >= self.of(one.reason).review
    }

    /// The verdict over all matches: the most severe one wins, and among equals the one with the highest score names
    /// the reason. An upload that was decoded only in part is at least held for review.
    pub fn overall<'a>(
        &self,
        matches: impl Iterator<Item = &'a Weighed> + Clone,
        seen: Seen,
    ) -> Verdict {
        let mut worst = Verdict { kind: VerdictKind::Allow, reason: Reason::NoMatch };
        let mut score = f64::NEG_INFINITY;
        for one in matches.clone() {
            let verdict = self.judged(one);
            if (verdict.kind, one.score) > (worst.kind, score) || score == f64::NEG_INFINITY {
                (worst, score) = (verdict, one.score);
            }
        }
        if worst.kind > VerdictKind::Allow {
            return worst;
        }
        let any = |what: &dyn Fn(&Weighed) -> bool| matches.clone().any(what);
        let permitted =
            |permission| any(&|one| one.permission() == Some(permission) && self.stands(one));
        let common = |one: &Weighed| one.common || self.judged(one).reason == Reason::Common;
        let reason = if seen == Seen::Part {
            // The part that was not decoded may show anything.
            Reason::Undecodable
        } else if permitted(Permission::Owner) {
            Reason::Owner
        } else if permitted(Permission::Grant) {
            Reason::Grant
        } else if any(&|one| one.ruled_out) {
            Reason::RuledOut
        } else if any(&common) {
            Reason::Common
        } else if seen == Seen::Featureless {
            Reason::Featureless
        } else {
            Reason::NoMatch
        };
        let kind =
            if reason == Reason::Undecodable { VerdictKind::Review } else { VerdictKind::Allow };
        Verdict { kind, reason }
    }
}

/// Keypoints beside the ground that ought to be visible for their absence to say anything. Tuned.
const MOVING_MIN: u32 = 12;
/// Share of them that must be found; below, only the place agrees. Measured: of 158 re-uploads one has less.
const MOVING_SHARE_MIN: f64 = 0.1;
/// Share of them that may be missing in one part of the picture; above, another story may be told there. Measured with
/// five keys: two stories before one set have 0.50 to 0.82; of 60 mirrored crops one has 0.29, the others 0.
const MOVING_MISSING_MAX: f64 = 0.33;

fn is_same_place(one: &Weighed) -> bool {
    let another_take = |[expected, found, missing]: [u32; 3]| {
        let of = |share: f64| share * f64::from(expected);
        expected >= MOVING_MIN
            && (f64::from(found) < of(MOVING_SHARE_MIN)
                || f64::from(missing) > of(MOVING_MISSING_MAX))
    };
    !one.same_bytes && one.moving.is_some_and(another_take)
}

/// Changes from one picture to the next that must agree where nothing else happens: a picture of the same length between
/// two others. A deleted video of two pictures has one.
const CHANGES_MIN: u32 = 2;

/// Whether the deleted video is a slide show, and the upload may be another with some of its pictures.
fn is_other_slides(one: &Weighed) -> bool {
    let others = |[all, shown]: [u32; 2]| shown < CHANGES_MIN.min(all.max(1));
    !one.same_bytes && one.slides.is_some_and(others)
}

#[cfg(test)]
mod tests;
