//! Claims about who may post what, on records without videos.

use super::*;
use crate::model::{KeyId, Slot, Strength};

/// 2026-01-31T12:00:00Z.
const NOON: i64 = 1_769_860_800;
const DAY: i64 = 86_400;

const OWNER: OwnerKey = OwnerKey([1; 16]);
const OTHER: OwnerKey = OwnerKey([2; 16]);
const THIRD: OwnerKey = OwnerKey([3; 16]);

fn day(n: i64) -> Posted {
    Posted { from: NOON + n * DAY, to: NOON + n * DAY + DAY - 1 }
}

fn tombstone(owner: OwnerKey, posted: Option<Posted>) -> Tombstone {
    Tombstone {
        slot: Slot(1),
        id: TombstoneId("t".into()),
        owner: Some(owner),
        group: 1,
        created_at: NOON + 1000 * DAY,
        bytes_digest: None,
        reason: DeletionReason::OwnerRequest,
        key_id: KeyId([0; 8]),
        strength: Strength::Block,
        strength_why: String::new(),
        duration_s: 20.0,
        fingerprint_size: 0,
        self_match: None,
        uploaded: posted.map(|posted| (posted.from, posted.to)),
        original: false,
        horizon_s: None,
    }
}

/// A record of all that the upload shows, which is all of the record's video and of the tombstone's.
fn record(owner: OwnerKey, posted: Posted) -> Record {
    Record {
        owner,
        is_granted: false,
        posted,
        original: false,
        covers: 1.0,
        of_record: 1.0,
        of_deleted: 1.0,
    }
}

fn uploader(key: OwnerKey) -> Uploader {
    Uploader { key: Some(key), ..Uploader::default() }
}

fn weighed(
    tombstone: &Tombstone,
    records: &[Record],
    uploader: &Uploader,
) -> (Option<Permission>, f64) {
    let posted = tombstone.posted();
    let Weight { permission, own_share } =
        weigh(&Weighing { tombstone, posted, records, uploader });
    (permission, own_share)
}

const OWNERS: Option<Permission> = Some(Permission::Owner);

#[test]
fn the_first_of_three_may_post_what_all_three_deleted_and_the_order_of_records_does_not_matter() {
    let posted = [(OWNER, day(0)), (OTHER, day(2)), (THIRD, day(4))];
    let orders = [[0, 1, 2], [2, 0, 1], [1, 2, 0]];
    for order in orders {
        let all = order.map(|at| posted[at]);
        let permission = |who: OwnerKey, of: OwnerKey| {
            let (_, when) = all.iter().find(|(owner, _)| *owner == of).unwrap();
            let others = all.iter().filter(|(owner, _)| *owner != of);
            let records: Vec<Record> = others.map(|(owner, when)| record(*owner, *when)).collect();
            weighed(&tombstone(of, Some(*when)), &records, &uploader(who)).0
        };
        for of in [OWNER, OTHER, THIRD] {
            assert_eq!(permission(OWNER, of), OWNERS, "{order:?}");
        }
        assert_eq!(permission(OTHER, OWNER), None);
        assert_eq!(permission(OTHER, OTHER), None, "an earlier claimant deleted it, too");
        assert_eq!(permission(OTHER, THIRD), None, "the claimant's permission is nobody else's");
        assert_eq!(permission(THIRD, THIRD), None);
    }
}

#[test]
fn a_day_that_overlaps_gives_no_permission_and_takes_none() {
    let noon = Posted::at(NOON + DAY / 2);
    let theirs = tombstone(OTHER, Some(noon));
    let (permission, own_share) = weighed(&theirs, &[record(OWNER, day(0))], &uploader(OWNER));
    assert_eq!((permission, own_share), (None, 1.0), "review at most: neither was surely first");
    let ours = tombstone(OWNER, Some(day(0)));
    assert_eq!(weighed(&ours, &[record(OTHER, noon)], &uploader(OWNER)).0, OWNERS);
}

#[test]
fn an_owner_between_two_thieves_keeps_everything() {
    // One deleted it before the owner, one after; neither says when it was posted, or says it truly.
    for thief in [None, Some(day(3))] {
        let thieves = [OTHER, THIRD].map(|who| tombstone(who, thief));
        let ours = record(OWNER, day(0));
        for (at, theirs) in thieves.iter().enumerate() {
            let other = record([THIRD, OTHER][at], theirs.posted());
            let (permission, own_share) = weighed(theirs, &[ours, other], &uploader(OWNER));
            assert!(permission.is_some() || own_share == 1.0, "{thief:?}");
            assert_eq!(permission.is_some(), thief.is_some());
        }
        let records = thieves.iter().map(|t| record(t.owner.unwrap(), t.posted()));
        let records: Vec<Record> = records.collect();
        let (permission, _) = weighed(&tombstone(OWNER, Some(day(0))), &records, &uploader(OWNER));
        assert_eq!(permission, OWNERS);
    }
}

#[test]
fn the_asserted_author_precedes_whoever_posted_earlier() {
    let author = Record { original: true, ..record(OWNER, day(3)) };
    let thief = record(OTHER, day(0));
    let later = tombstone(THIRD, Some(day(9)));
    assert_eq!(weighed(&later, &[author, thief], &uploader(OWNER)).0, OWNERS);
    assert_eq!(weighed(&later, &[author, thief], &uploader(OTHER)).0, None);
    let own = Tombstone { original: true, ..tombstone(OWNER, Some(day(3))) };
    assert_eq!(weighed(&own, &[thief], &uploader(OWNER)).0, OWNERS);
    let two = [author, Record { original: true, ..record(OTHER, day(1)) }];
    assert_eq!(weighed(&later, &two, &uploader(OTHER)).0, OWNERS, "the earliest of several");
    assert_eq!(weighed(&later, &two, &uploader(OWNER)).0, None);
}

#[test]
fn permission_reaches_only_what_lies_in_the_claimants_part() {
    let part = Record { covers: 0.5, of_deleted: 0.2, ..record(OWNER, day(0)) };
    let compilation = tombstone(OTHER, Some(day(5)));
    let (permission, own_share) = weighed(&compilation, &[part], &uploader(OWNER));
    assert_eq!((permission, own_share), (None, 0.5));
    let inside = Record { covers: 0.9, ..part };
    assert_eq!(weighed(&compilation, &[inside], &uploader(OWNER)).0, OWNERS);
    let (permission, _) = weighed(&tombstone(OTHER, Some(day(5))), &[part], &uploader(OTHER));
    assert_eq!(permission, OWNERS, "the compiler keeps the compilation");
}

#[test]
fn grants_of_the_claimant_reach_as_far_as_the_claimants_permission() {
    let granted = Record { is_granted: true, ..record(OWNER, day(0)) };
    let later = tombstone(OTHER, Some(day(5)));
    assert_eq!(weighed(&later, &[granted], &uploader(THIRD)).0, Some(Permission::Grant));
    let earlier = tombstone(OTHER, Some(day(-5)));
    assert_eq!(weighed(&earlier, &[granted], &uploader(THIRD)), (None, 0.0));
    assert_eq!(weighed(&later, &[granted], &uploader(OTHER)).0, OWNERS, "granted to its owner");
}

#[test]
fn an_own_excerpt_does_not_open_the_whole_that_was_surely_first() {
    let excerpt = record(OTHER, day(5));
    let first = tombstone(OWNER, Some(day(0)));
    assert_eq!(weighed(&first, &[excerpt], &uploader(OTHER)), (None, 0.0));
    let little = Record { of_deleted: 0.1, ..excerpt };
    assert_eq!(weighed(&first, &[little], &uploader(OTHER)).1, 1.0, "a small part is for review");
    let long = Record { of_record: 0.2, of_deleted: 0.1, ..excerpt };
    assert_eq!(weighed(&first, &[long], &uploader(OTHER)).1, 0.0, "not mostly that part");
}

#[test]
fn what_the_platform_says_of_the_upload_is_a_record() {
    let theirs = tombstone(OTHER, Some(day(5)));
    let said = |posted| Uploader { posted: Some(posted), ..uploader(OWNER) };
    assert_eq!(weighed(&theirs, &[], &said(day(0))), (None, 1.0));
    assert_eq!(weighed(&theirs, &[], &said(day(5))), (None, 0.0), "the same day");
    assert_eq!(weighed(&tombstone(OTHER, None), &[], &said(day(0))), (None, 0.0));
}

#[test]
fn a_part_is_covered_in_spite_of_an_edge_and_a_gap() {
    let of = |bins: std::ops::Range<usize>, cells: u64| {
        let mut out = Extent::default();
        bins.for_each(|bin| out.add(bin, cells));
        out
    };
    let part = of(0..20, WHOLE);
    assert_eq!(covered(&part, &part), 1.0);
    assert_eq!(covered(&part, &Extent::default()), 0.0);
    assert_eq!(covered(&Extent::default(), &part), 0.0);
    let mut gap = of(0..9, WHOLE);
    gap.add_all(&of(10..20, WHOLE));
    assert_eq!(covered(&part, &gap), 1.0);
    assert_eq!(covered(&part, &of(0..10, WHOLE)), 0.5);
}
