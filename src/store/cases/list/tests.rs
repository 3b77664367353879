//! Claims about queues: their order, their pages, and that a page seeks its place however many cases there are.

use std::time::Instant;

use super::*;
use crate::model::FixedClock;
use crate::store::{Folder, Options};

/// As many as a large platform has open.
const MANY: i64 = 100_000;
/// A page and all filters over so many cases, in an unoptimised build on a busy machine, milliseconds.
const PAGE_MS_MAX: u128 = 300;

fn store(path: &std::path::Path) -> Store {
    let folder = Folder::open_writing(path, "test", &FixedClock(0)).unwrap();
    Store::open(folder, Options::default()).unwrap()
}

/// Cases with scores that repeat, opened one a second; every tenth is a group, every hundredth is claimed by someone.
fn fill(store: &Store, count: i64) {
    store
        .write(|c| {
            let mut add = c.prepare(
                "INSERT INTO cases (id, state, upload, verdict, reason, kind, tombstone, score, \
                 members, opened_at, due_at, twice, claimed_by, claim_until_monotonic) VALUES (?1, \
                 CASE WHEN ?2 % 20 = 19 THEN 'escalated' ELSE 'open' END, 0, 'review', 'match', \
                 CASE ?2 % 3 WHEN 0 THEN 'whole' ELSE 'inset' END, 't' || (?2 % 50), \
                 (?2 * 7919 % 1000) / 100.0, CASE ?2 % 10 WHEN 0 THEN 4 ELSE 1 END, ?2, \
                 CASE ?2 % 7 WHEN 0 THEN ?2 + 1000 END, 0, \
                 CASE ?2 % 100 WHEN 5 THEN 'local' END, CASE ?2 % 100 WHEN 5 THEN 2000 END)",
            )?;
            for n in 0..count {
                let mut id = [0; 16];
                id[..8].copy_from_slice(&n.to_be_bytes());
                add.execute((id, n))?;
            }
            Ok(())
        })
        .unwrap();
}

fn walk(store: &Store, filter: &CaseFilter, limit: usize) -> Vec<CaseRow> {
    let mut all: Vec<CaseRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.place(filter.order));
        let page = store.cases(filter, after, limit).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[test]
fn pages_follow_the_order_and_show_every_case_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fill(&store, 2000);
    for order in CaseOrder::ALL {
        let filter = CaseFilter { order: *order, ..CaseFilter::of_state(CaseState::Open) };
        let rows = walk(&store, &filter, 37);
        let expected = if *order == CaseOrder::Due { 272 } else { 1900 };
        assert_eq!(rows.len(), expected, "{order}");
        let keys: Vec<(f64, CaseSeq)> =
            rows.iter().map(|row| (row.place(*order).key, row.case.seq)).collect();
        let in_order = |a: &(f64, CaseSeq), b: &(f64, CaseSeq)| match order {
            CaseOrder::Score => a.0 > b.0 || (a.0 == b.0 && a.1 < b.1),
            CaseOrder::Age | CaseOrder::Due => a < b,
        };
        assert!(keys.windows(2).all(|two| in_order(&two[0], &two[1])), "{order}");
    }
    let place = CasePlace { key: 7.31, seq: CaseSeq(12) };
    assert_eq!(place.to_string().parse(), Ok(place));
    for wrong in ["", "7", "x_1", "inf_1", "1_x"] {
        assert_eq!(wrong.parse::<CasePlace>(), Err(NotAPlace), "{wrong}");
    }
}

#[test]
fn filters_find_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fill(&store, 2000);
    let all = || CaseFilter::of_state(CaseState::Open);
    let count = |filter: CaseFilter| {
        assert_eq!(store.count_cases(&filter).unwrap(), walk(&store, &filter, 100).len() as u64);
        walk(&store, &filter, 100).len()
    };
    assert_eq!(count(CaseFilter { members_min: Some(2), ..all() }), 200);
    assert_eq!(count(CaseFilter { kind: Some(MatchKind::Whole), ..all() }), 634);
    assert_eq!(count(CaseFilter { kind: Some(MatchKind::Frames), ..all() }), 0);
    assert_eq!(count(CaseFilter { opened_before: Some(100), ..all() }), 95);
    assert_eq!(count(CaseFilter { opened_after: Some(1900), ..all() }), 95);
    assert_eq!(count(CaseFilter { tombstone: Some(TombstoneId("t3".into())), ..all() }), 40);
    assert_eq!(count(CaseFilter { of: Some(Actor::Local), ..all() }), 20);
    assert_eq!(count(CaseFilter { of: Some(Actor::Policy), ..all() }), 0);
    assert_eq!(count(CaseFilter { free_at: Some(1999), ..all() }), 1880);
    assert_eq!(count(CaseFilter { free_at: Some(2000), ..all() }), 1900, "the lease has ended");
    assert_eq!(count(CaseFilter { verdict: Some(VerdictKind::Block), ..all() }), 0);
    assert_eq!(count(CaseFilter { appealed: Some(false), ..all() }), 1900);
    assert_eq!(count(CaseFilter::of_state(CaseState::Escalated)), 100);
    let counts = store.case_counts(1500).unwrap();
    assert_eq!((counts.open, counts.escalated, counts.appealed), (1900, 100, 0));
    assert_eq!((counts.oldest_opened_at, counts.overdue), (Some(0), 69));
    assert_eq!(store.cases_of(Actor::Local, 1999).unwrap(), 20);
    assert_eq!(store.cases_of(Actor::Local, 2000).unwrap(), 0);
}

#[test]
fn a_page_seeks_its_place_by_an_index_and_sorts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fill(&store, 2000);
    store.write(|c| c.execute_batch("ANALYZE")).unwrap();
    let plan = |filter: &CaseFilter| -> String {
        let text = text(&row_columns(), FROM, filter);
        let explained = store.read(|c| {
            let mut plan = c.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
            let (mut rows, mut lines) = (plan.raw_query(), Vec::new());
            while let Some(row) = rows.next()? {
                lines.push(row.get::<_, String>(3)?);
            }
            Ok(lines)
        });
        explained.unwrap().join("; ")
    };
    for (order, index) in [
        (CaseOrder::Score, "cases_by_score (state=? AND score<?)"),
        (CaseOrder::Age, "cases_by_age (state=? AND opened_at>?)"),
        (CaseOrder::Due, "cases_by_due (state=? AND due_at>?)"),
    ] {
        let plan = plan(&CaseFilter { order, ..CaseFilter::of_state(CaseState::Open) });
        assert!(plan.contains(index), "{order}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{order}: {plan}");
        assert!(!plan.contains("SCAN c"), "{order}: {plan}");
    }
    let mine = CaseFilter { of: Some(Actor::Local), ..CaseFilter::of_state(CaseState::Open) };
    let plan = plan(&mine);
    assert!(plan.contains("cases_claimed") && plan.contains("cases_assigned"), "{plan}");
}

#[test]
fn a_hundred_thousand_cases_page_smoothly() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fill(&store, MANY);
    let timed = |what: &str, job: &dyn Fn() -> usize| {
        job();
        let begun = Instant::now();
        let found = job();
        let took = begun.elapsed();
        println!("{what}: {found} in {took:?}");
        assert!(took.as_millis() <= PAGE_MS_MAX, "{what}: {took:?}");
        found
    };
    let open = || CaseFilter::of_state(CaseState::Open);
    let page = |filter: CaseFilter, after| store.cases(&filter, after, 50).unwrap().len();
    let last = CasePlace { key: 0.5, seq: CaseSeq(MANY / 2) };
    assert_eq!(timed("first page", &|| page(open(), None)), 50);
    assert_eq!(timed("far page", &|| page(open(), Some(last))), 50);
    let groups = || CaseFilter { members_min: Some(2), ..open() };
    assert_eq!(timed("groups", &|| page(groups(), None)), 50);
    let rare = || CaseFilter { kind: Some(MatchKind::SameBytes), ..open() };
    assert_eq!(timed("a filter that finds nothing", &|| page(rare(), None)), 0);
    let mine = || CaseFilter { of: Some(Actor::Local), ..open() };
    assert_eq!(timed("mine", &|| page(mine(), None)), 50);
    let counted = || store.case_counts(1000).unwrap().open as usize;
    assert_eq!(timed("counts", &counted), 95_000);
    assert_eq!(timed("up to 10 000", &|| store.count_cases(&open()).unwrap() as usize), 10_000);
}
