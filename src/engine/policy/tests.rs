//! Verdicts on made matches: each rule by itself, and which of several holds.

use super::*;
use crate::model::Precedence;

fn weighed(score: f64) -> Weighed {
    Weighed::of_score(score)
}

/// A match that shows this share of a deleted video of 20 s, whose upload is of the same length.
fn showing(deleted: f64) -> Weighed {
    let deleted_s = 20.0 * deleted;
    let share = Share { deleted, deleted_s, outside_common_s: deleted_s, upload: deleted };
    Weighed { share: Some(share), deleted_duration_s: Some(20.0), ..weighed(50.0) }
}

/// The same of a longer video, all of what is shown common.
fn all_common(deleted: f64, lasts_s: f64, upload: f64) -> Weighed {
    let deleted_s = lasts_s * deleted;
    let share = Share { deleted, deleted_s, outside_common_s: 0.0, upload };
    Weighed { share: Some(share), deleted_duration_s: Some(lasts_s), ..weighed(50.0) }
}

fn verdict(matches: &[Weighed], seen: Seen) -> (VerdictKind, Reason) {
    let verdict = Policy::default().overall(matches.iter(), seen);
    (verdict.kind, verdict.reason)
}

fn of(one: &Weighed) -> (VerdictKind, Reason) {
    verdict(&[*one], Seen::All)
}

#[test]
fn the_most_severe_match_decides() {
    let single = Weighed { may_block: false, ..weighed(50.0) };
    assert_eq!(verdict(&[], Seen::All), (VerdictKind::Allow, Reason::NoMatch));
    assert_eq!(of(&weighed(3.9)), (VerdictKind::Allow, Reason::NoMatch));
    assert_eq!(of(&weighed(4.0)), (VerdictKind::Review, Reason::Match));
    assert_eq!(of(&single), (VerdictKind::Review, Reason::Strength));
    let both = [weighed(4.0), weighed(8.0)];
    assert_eq!(verdict(&both, Seen::All), (VerdictKind::Block, Reason::Match));
    assert_eq!(
        verdict(&[single, weighed(5.0)], Seen::All),
        (VerdictKind::Review, Reason::Strength)
    );
}

#[test]
fn a_match_that_a_moderator_ruled_out_never_counts() {
    let ruled_out = Weighed { ruled_out: true, ..weighed(50.0) };
    let same = Weighed { same_bytes: true, ..ruled_out };
    let allowed = (VerdictKind::Allow, Reason::RuledOut);
    assert_eq!(of(&ruled_out), allowed);
    assert_eq!(of(&same), allowed);
    assert_eq!(verdict(&[same, weighed(9.0)], Seen::All), (VerdictKind::Block, Reason::Match));
}

#[test]
fn permission_counts_only_for_videos_that_owners_deleted() {
    let own = Weighed { permission: Some(Permission::Owner), ..weighed(50.0) };
    let granted = Weighed { permission: Some(Permission::Grant), ..own };
    assert_eq!(verdict(&[own, granted], Seen::All), (VerdictKind::Allow, Reason::Owner));
    assert_eq!(of(&granted), (VerdictKind::Allow, Reason::Grant));
    assert_eq!(verdict(&[own, weighed(9.0)], Seen::All).0, VerdictKind::Block);
    for reason in [DeletionReason::Legal, DeletionReason::Moderation] {
        let theirs = Weighed { reason, ..own };
        assert_eq!(of(&theirs), (VerdictKind::Block, Reason::Match));
    }
}

#[test]
fn identical_bytes_block_whatever_the_strength_of_the_tombstone() {
    let same = Weighed { same_bytes: true, may_block: false, ..weighed(0.0) };
    assert_eq!(of(&same), (VerdictKind::Block, Reason::SameBytes));
    let own = Weighed { permission: Some(Permission::Owner), ..same };
    assert_eq!(of(&own), (VerdictKind::Allow, Reason::Owner));
    assert_eq!(verdict(&[own, weighed(9.0)], Seen::All), (VerdictKind::Block, Reason::Match));
}

#[test]
fn identical_bytes_of_somebody_who_was_earlier_go_to_review() {
    let precedence = Precedence { own_share: 1.0, ..Precedence::default() };
    let same = Weighed { same_bytes: true, precedence: Some(precedence), ..weighed(77.0) };
    assert_eq!(of(&same), (VerdictKind::Review, Reason::Earlier));
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

#[test]
fn a_small_part_of_a_deleted_video_goes_to_review_and_less_is_needed_where_it_was_ordered() {
    assert_eq!(of(&showing(0.41)), (VerdictKind::Block, Reason::Match));
    assert_eq!(of(&showing(0.39)), (VerdictKind::Review, Reason::Partial));
    let ten_seconds = Share { deleted: 0.35, deleted_s: 10.0, outside_common_s: 10.0, upload: 0.2 };
    let one = Weighed { share: Some(ten_seconds), ..showing(0.39) };
    assert_eq!(of(&one).0, VerdictKind::Block);
    let ordered = Weighed { reason: DeletionReason::Legal, ..showing(0.21) };
    assert_eq!(of(&ordered).0, VerdictKind::Block);
    assert_eq!(
        of(&Weighed { reason: DeletionReason::Legal, ..showing(0.1) }).0,
        VerdictKind::Review
    );
    let same = Weighed { same_bytes: true, ..showing(0.1) };
    assert_eq!(of(&same).0, VerdictKind::Block);
}

#[test]
fn a_small_part_of_a_long_video_blocks_only_if_its_owner_is_known_to_have_been_first() {
    let share = Share { deleted: 0.1, deleted_s: 60.0, outside_common_s: 60.0, upload: 1.0 };
    let part = Weighed { share: Some(share), deleted_duration_s: Some(600.0), ..weighed(50.0) };
    assert_eq!(of(&part), (VerdictKind::Review, Reason::Partial));
    let with = |precedence| Weighed { precedence: Some(precedence), ..part };
    let original = Precedence { original: true, ..Precedence::default() };
    let looked = Precedence { horizon_s: Some(3600), ..Precedence::default() };
    let blind = Precedence { horizon_s: Some(-3600), ..Precedence::default() };
    assert_eq!(of(&with(original)).0, VerdictKind::Block);
    assert_eq!(of(&with(looked)).0, VerdictKind::Block);
    assert_eq!(of(&with(blind)).0, VerdictKind::Review);
    let assumed = Policy { assume_original: true, ..Policy::default() };
    assert_eq!(assumed.verdict(&part), VerdictKind::Block);
}

#[test]
fn common_parts_lower_a_small_match_and_never_a_large_one() {
    assert_eq!(of(&all_common(0.1, 30.0, 0.2)), (VerdictKind::Allow, Reason::Common));
    assert_eq!(of(&all_common(0.1, 30.0, 0.4)), (VerdictKind::Review, Reason::Common));
    assert_eq!(of(&all_common(0.1, 120.0, 0.2)), (VerdictKind::Review, Reason::Common));
    assert_eq!(of(&all_common(0.5, 30.0, 0.2)), (VerdictKind::Block, Reason::Match));
    for reason in [DeletionReason::Legal, DeletionReason::Moderation] {
        let ordered = Weighed { reason, ..all_common(0.1, 30.0, 0.2) };
        assert_eq!(of(&ordered).0, VerdictKind::Review);
    }
    let mostly = all_common(0.35, 58.0, 0.3);
    assert_eq!(of(&mostly), (VerdictKind::Review, Reason::Common));
    let share = mostly.share.map(|share| Share { outside_common_s: 10.5, ..share });
    assert_eq!(of(&Weighed { share, ..mostly }), (VerdictKind::Block, Reason::Match));
}

#[test]
fn a_template_that_its_maker_deleted_goes_to_review_inside_others_and_blocks_by_itself() {
    let template = Weighed { minor_for_owners: Some(3), ..all_common(1.0, 4.0, 0.2) };
    assert_eq!(of(&template), (VerdictKind::Review, Reason::Common));
    let alone = Weighed { minor_for_owners: Some(3), ..all_common(1.0, 4.0, 1.0) };
    assert_eq!(of(&alone), (VerdictKind::Block, Reason::Match));
    let two = Weighed { minor_for_owners: Some(2), ..template };
    assert_eq!(of(&two).0, VerdictKind::Block);
}

#[test]
fn of_several_caps_the_lowest_holds_and_the_first_of_them_names_the_reason() {
    let precedence = Precedence { own_share: 1.0, ..Precedence::default() };
    let earlier = Weighed { precedence: Some(precedence), ..all_common(0.1, 120.0, 0.2) };
    assert_eq!(of(&earlier), (VerdictKind::Review, Reason::Earlier));
    let small = Weighed { precedence: Some(precedence), ..all_common(0.1, 30.0, 0.2) };
    assert_eq!(of(&small), (VerdictKind::Allow, Reason::Common));
    let place = Weighed { moving: Some([20, 1, 0]), ..showing(0.39) };
    assert_eq!(of(&place), (VerdictKind::Review, Reason::Partial));
    let place = Weighed { moving: Some([20, 1, 0]), may_block: false, ..showing(0.9) };
    assert_eq!(of(&place), (VerdictKind::Review, Reason::SamePlace));
}

#[test]
fn another_take_at_the_same_place_goes_to_review() {
    let with = |moving| Weighed { moving: Some(moving), ..showing(0.9) };
    assert_eq!(of(&with([48, 15, 26])), (VerdictKind::Review, Reason::SamePlace), "another story");
    assert_eq!(of(&with([48, 2, 0])), (VerdictKind::Review, Reason::SamePlace), "the ground alone");
    assert_eq!(of(&with([48, 20, 8])).0, VerdictKind::Block);
    assert_eq!(of(&with([8, 0, 0])).0, VerdictKind::Block, "too few to say");
}

#[test]
fn a_slide_show_blocks_only_where_pictures_follow_each_other_at_the_same_moments() {
    let slides = |all, shown| Weighed { slides: Some([all, shown]), ..showing(0.9) };
    let reviewed = (VerdictKind::Review, Reason::SamePlace);
    assert_eq!(of(&slides(4, 1)), reviewed);
    assert_eq!(of(&slides(4, 2)).0, VerdictKind::Block);
    assert_eq!(of(&slides(1, 1)).0, VerdictKind::Block, "it has two pictures");
    assert_eq!(of(&slides(0, 0)), reviewed, "it has one picture");
    let bytes = Weighed { same_bytes: true, ..slides(4, 0) };
    assert_eq!(of(&bytes).0, VerdictKind::Block);
}

#[test]
fn earlier_posters_lower_a_block_unless_authorship_was_asserted() {
    let with = |precedence| Weighed { precedence: Some(precedence), ..showing(0.9) };
    let posters = Precedence { earlier_posters: 1, ..Precedence::default() };
    assert_eq!(of(&with(posters)), (VerdictKind::Review, Reason::Earlier));
    assert_eq!(of(&with(Precedence { original: true, ..posters })).0, VerdictKind::Block);
    let moderation = Weighed { reason: DeletionReason::Moderation, ..with(posters) };
    assert_eq!(of(&moderation).0, VerdictKind::Block);
}

#[test]
fn a_record_of_0_1_0_keeps_its_verdict() {
    let old = r#"{"score":30.0,"may_block":true,"same_bytes":false,"common":false,
        "reason":"owner_request","leave":null}"#;
    let old: Weighed = serde_json::from_str(old).unwrap();
    assert_eq!(of(&old), (VerdictKind::Block, Reason::Match));
    let common = Weighed { common: true, score: 1.0, ..old };
    assert_eq!(of(&common), (VerdictKind::Allow, Reason::Common));
}
