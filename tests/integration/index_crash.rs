//! The index against a plain map as its model: random additions, removals, merges, reopenings, a reader that refreshes,
//! and writes that fail at every point.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cenotaph::fingerprint::{
    Fingerprint, FrameHash, Keypoint, Rect, Spot, UploadFrame, UploadKeypoint, UploadPrint,
};
use cenotaph::index::{
    Error, Faults, Index, Options, OwnedTombstoneEntry, SearchOptions, Snapshot, TombstoneEntry,
};
use cenotaph::model::{KeyId, Luma, Slot};

/// A seeded generator: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

const WHOLE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 0.5625 };

/// The same content always has the same hashes.
fn fingerprint(content: u64) -> Fingerprint {
    let mut random = Random(content);
    let spot = |i: u64| Spot {
        x: 0.5,
        y: 0.25,
        scale: 0.01,
        angle: 0.0,
        first_s: i as f32 / 12.0,
        last_s: i as f32 / 12.0,
    };
    let keypoints = (0..24).map(|i| Keypoint { spot: spot(i), hash: random.next() }).collect();
    let frames = (0..4).map(|i| FrameHash {
        time_s: i as f32 / 2.0,
        bits: std::array::from_fn(|_| random.next()),
        quality: 90,
    });
    Fingerprint {
        duration_s: 2.0,
        height: 0.5625,
        active: WHOLE,
        keypoints,
        frames: frames.collect(),
        ..Fingerprint::empty(KeyId([1; 8]))
    }
}

fn upload_of(content: u64) -> UploadPrint {
    let print = fingerprint(content);
    let keypoint = |k: &Keypoint| UploadKeypoint {
        spot: k.spot,
        hashes: [k.hash, !k.hash.rotate_left(7), k.hash.rotate_left(13), !k.hash],
        unsure: [[[0; 3]; 2]; 2],
    };
    let frame = |f: &FrameHash| UploadFrame {
        time_s: f.time_s,
        views: [f.bits; 4],
        quality: f.quality,
        thumb: Luma::new(1, 1, vec![0]),
    };
    UploadPrint {
        duration_s: 2.0,
        height: 0.5625,
        active: WHOLE,
        keyframes_s: vec![0.0, 1.0],
        keypoints: print.keypoints.iter().map(keypoint).collect(),
        frames: print.frames.iter().map(frame).collect(),
        ..UploadPrint::empty(print.key_id)
    }
}

fn small() -> Options {
    Options { merge_factor: 3, segments_max: 10, ..Options::default() }
}

/// Slot to content.
type Model = BTreeMap<u32, u64>;

/// The slots that a search finds for `content`.
fn found(snapshot: &Snapshot, content: u64) -> Vec<u32> {
    let found = snapshot.search(&upload_of(content), &SearchOptions::default()).expect("a search");
    let strong = found.candidates.iter().filter(|c| c.keypoint_hits.len() >= 20);
    let mut slots: Vec<u32> = strong.map(|c| c.slot.0).collect();
    slots.sort_unstable();
    slots
}

/// Every content ever used is found in exactly the slots of the model.
fn assert_same(snapshot: &Snapshot, model: &Model, contents: u64) {
    assert_eq!(snapshot.tombstones(), model.len());
    for content in 0..contents {
        let expected: Vec<u32> =
            model.iter().filter(|(_, c)| **c == content).map(|(s, _)| *s).collect();
        assert_eq!(found(snapshot, content), expected, "content {content}");
    }
}

/// A random change: slots with contents, and slots to remove.
fn change(random: &mut Random, slots: u64, contents: u64) -> (Vec<(u32, u64)>, Vec<u32>) {
    let add = (0..random.below(4)).map(|_| (random.below(slots) as u32, random.below(contents)));
    let add: Vec<_> = add.collect();
    let remove = (0..random.below(3)).map(|_| random.below(slots) as u32);
    (add, remove.collect())
}

fn apply(index: &Index, add: &[(u32, u64)], remove: &[u32], applied: u64) -> Result<(), Error> {
    let prints: Vec<Fingerprint> = add.iter().map(|(_, c)| fingerprint(*c)).collect();
    let entries: Vec<TombstoneEntry<'_>> = add
        .iter()
        .zip(&prints)
        .map(|((slot, _), fingerprint)| TombstoneEntry {
            slot: Slot(*slot),
            group: *slot,
            fingerprint,
        })
        .collect();
    let remove: Vec<Slot> = remove.iter().map(|s| Slot(*s)).collect();
    index.apply(&entries, &remove, applied)
}

fn applied_to(model: &Model, add: &[(u32, u64)], remove: &[u32]) -> Model {
    let mut model = model.clone();
    model.retain(|slot, _| !remove.contains(slot));
    model.extend(add.iter().copied());
    model
}

fn files(dir: &Path, ending: &str) -> Vec<String> {
    let names = std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry").file_name());
    let names = names.map(|n| n.into_string().expect("a name"));
    names.filter(|n| n.ends_with(ending)).collect()
}

#[test]
fn random_changes_merges_and_reopenings_agree_with_a_map() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().expect("a folder");
        let mut random = Random(seed);
        let mut index = Index::open(dir.path(), small()).expect("opened");
        let reader = Index::open_read_only(dir.path(), small()).expect("opened");
        let mut model = Model::new();
        for step in 1..=60 {
            let (add, remove) = change(&mut random, 40, 25);
            apply(&index, &add, &remove, step).expect("applied");
            model = applied_to(&model, &add, &remove);
            match random.below(8) {
                0 => drop(index.merge().expect("merged")),
                1 => {
                    drop(index);
                    index = Index::open(dir.path(), small()).expect("reopened");
                }
                2 => {
                    assert!(reader.refresh().expect("refreshed"));
                    assert!(!reader.refresh().expect("refreshed"), "nothing new");
                    assert_same(&reader.snapshot(), &model, 25);
                }
                _ => (),
            }
            assert_eq!(index.applied(), step);
            if step % 6 == 0 {
                assert_same(&index.snapshot(), &model, 25);
            }
        }
        assert!(index.stats().segments <= 10);
        assert_eq!(index.verify().damaged, Vec::<String>::new());
    }
}

#[test]
fn a_write_that_fails_anywhere_leaves_the_old_state_or_the_new_one() {
    let mut failures = 0;
    for merging in [false, true] {
        for operations in 0..60 {
            let dir = tempfile::tempdir().expect("a folder");
            let mut model = Model::new();
            let index = Index::open(dir.path(), small()).expect("opened");
            for step in 1..=4 {
                let add = [(step as u32, step), (step as u32 + 10, step)];
                apply(&index, &add, &[], step).expect("applied");
                model = applied_to(&model, &add, &[]);
            }
            drop(index);
            let faulty = Options { faults: Faults::after(operations), ..small() };
            let index = Index::open(dir.path(), faulty).expect("an opening writes nothing");
            let (add, remove) = ([(3, 7), (50, 8)], [1u32]);
            let changed = applied_to(&model, &add, &remove);
            let done =
                if merging { index.merge().map(drop) } else { apply(&index, &add, &remove, 5) };
            failures += u32::from(done.is_err());
            let here = if done.is_ok() && !merging { &changed } else { &model };
            assert_same(&index.snapshot(), here, 10);
            drop(index);
            let index = Index::open(dir.path(), small()).expect("reopened");
            if index.applied() == 5 {
                assert_same(&index.snapshot(), &changed, 10);
            } else {
                assert!(done.is_err() || merging, "what was acknowledged is there");
                assert_same(&index.snapshot(), &model, 10);
            }
            assert_eq!(files(dir.path(), ".tmp"), Vec::<String>::new());
            assert_eq!(files(dir.path(), ".seg").len(), index.stats().segments);
            apply(&index, &add, &remove, 6).expect("writable again");
            assert_same(&index.snapshot(), &changed, 10);
        }
    }
    assert!(failures > 10, "only {failures} failures were injected");
}

#[test]
fn an_index_that_failed_to_write_recovers_with_the_disk() {
    for operations in 0..12 {
        let dir = tempfile::tempdir().expect("a folder");
        let faults = Faults::after(1000);
        let index = Index::open(dir.path(), Options { faults: faults.clone(), ..small() });
        let index = index.expect("opened");
        apply(&index, &[(1, 1)], &[], 1).expect("applied");
        faults.set(operations);
        let failed = apply(&index, &[(2, 2)], &[1], 2).is_err();
        faults.set(1000);
        apply(&index, &[(3, 3)], &[], 3).expect("applied");
        let second: &[(u32, u64)] = if failed { &[(1, 1), (3, 3)] } else { &[(2, 2), (3, 3)] };
        let model: Model = second.iter().copied().collect();
        assert_same(&index.snapshot(), &model, 5);
        drop(index);
        let index = Index::open(dir.path(), small()).expect("reopened");
        assert_same(&index.snapshot(), &model, 5);
    }
}

#[test]
fn merged_files_are_deleted_with_their_last_reader() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), small()).expect("opened");
    for step in 1..=4 {
        apply(&index, &[(step as u32, step)], &[], step).expect("applied");
    }
    let old: Arc<Snapshot> = index.snapshot();
    let report = index.merge().expect("merged");
    assert_eq!((report.merged, report.written), (4, 1));
    assert_eq!(files(dir.path(), ".seg").len(), 5, "the reader keeps its files");
    assert_eq!(found(&old, 2), [2]);
    drop(old);
    assert_eq!(files(dir.path(), ".seg").len(), 1);
    assert_eq!(found(&index.snapshot(), 2), [2]);
}

#[test]
fn removals_and_additions_during_a_merge_are_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), small()).expect("opened");
    let mut model = Model::new();
    for step in 1..=8 {
        let add: Vec<_> = (0..20).map(|i| (step as u32 * 20 + i, u64::from(i))).collect();
        apply(&index, &add, &[], step).expect("applied");
        model = applied_to(&model, &add, &[]);
    }
    std::thread::scope(|scope| {
        let merge = scope.spawn(|| {
            (0..4).for_each(|_| {
                index.merge().expect("merged");
            })
        });
        for step in 9..30 {
            let (add, remove) = ([(step as u32 + 500, step)], [step as u32 * 5]);
            apply(&index, &add, &remove, step).expect("applied");
            model = applied_to(&model, &add, &remove);
        }
        merge.join().expect("merging does not panic");
    });
    assert_same(&index.snapshot(), &model, 30);
}

#[test]
fn removed_hashes_leave_the_disk_with_the_next_merge() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), small()).expect("opened");
    apply(&index, &[(1, 1), (2, 2), (3, 3)], &[], 1).expect("applied");
    apply(&index, &[], &[1, 3], 2).expect("applied");
    assert_eq!(found(&index.snapshot(), 1), Vec::<u32>::new());
    assert_eq!(index.merge().expect("merged").dropped, 2);
    let name = files(dir.path(), ".seg").remove(0);
    let bytes = std::fs::read(dir.path().join(name)).expect("read");
    let holds = |content| {
        let hash = fingerprint(content).keypoints[5].hash.to_le_bytes();
        bytes.windows(8).any(|w| w == hash)
    };
    assert_eq!([holds(1), holds(2), holds(3)], [false, true, false]);
}

#[test]
fn two_writers_are_refused_and_readers_cannot_write() {
    let dir = tempfile::tempdir().expect("a folder");
    let none = Index::open_read_only(dir.path(), small()).err().expect("nothing to read");
    assert!(matches!(none, Error::Missing { .. }));
    let index = Index::open(dir.path(), small()).expect("opened");
    let second = Index::open(dir.path(), small()).err().expect("a second writer");
    assert!(matches!(second, Error::Locked { .. }));
    let reader = Index::open_read_only(dir.path(), small()).expect("opened");
    let refused = apply(&reader, &[(1, 1)], &[], 1).expect_err("a reader");
    assert!(matches!(refused, Error::ReadOnly { .. }));
    drop(index);
    Index::open(dir.path(), small()).expect("the lock goes with its holder");
}

#[test]
fn a_rebuild_replaces_even_a_damaged_index_and_a_failing_source_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), small()).expect("opened");
    apply(&index, &[(1, 1), (2, 2)], &[], 1).expect("applied");
    drop(index);
    let entry = |slot: u32| OwnedTombstoneEntry {
        slot: Slot(slot),
        group: slot,
        fingerprint: fingerprint(slot.into()),
    };
    let broken = (3..20).map(|s| if s < 9 { Ok(entry(s)) } else { Err(std::fmt::Error) });
    let error = Index::rebuild(dir.path(), small(), broken, 9).err().expect("the source fails");
    assert!(matches!(error, Error::Source(_)));
    let index = Index::open(dir.path(), small()).expect("opened");
    assert_same(&index.snapshot(), &Model::from([(1, 1), (2, 2)]), 10);
    drop(index);
    std::fs::write(dir.path().join("manifest"), b"nonsense").expect("written");
    assert!(matches!(Index::open(dir.path(), small()), Err(Error::Damaged { .. })));
    let limited = Options { segment_keypoints_max: 100, ..small() };
    let whole = (3..20).map(|s| Ok::<_, std::fmt::Error>(entry(s)));
    let index = Index::rebuild(dir.path(), limited, whole, 9).expect("rebuilt");
    let model: Model = (3..20).map(|s| (s, u64::from(s))).collect();
    assert_same(&index.snapshot(), &model, 25);
    assert_eq!((index.applied(), index.stats().segments), (9, 5), "four rows of 24 fit a segment");
}
