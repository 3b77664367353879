//! The whole answer: search, load the candidates' fingerprints from a store, judge them.
//!
//! The store contains the fingerprints of the synthetic tombstones, followed by those of the real clips. Nothing is cached
//! between uploads, as if each had other candidates than the one before. Decoding and hashing are not included.

use std::path::Path;

use cenotaph::fingerprint::{Fingerprint, UploadPrint};
use cenotaph::index::{self, SearchOptions, Snapshot};
use cenotaph::matching::{self, Background, Candidate, IndexHits};
use cenotaph::model::{FixedClock, Slot};
use cenotaph::store::{self, Folder, NewTombstone, Store};

use crate::clips::{Pair, hasher};
use crate::row::row;
use crate::scale::cpu_s;

/// Tombstones per transaction.
const BATCH: u32 = 5000;
/// The score at which the policy's `review` begins.
const REVIEW: f64 = 4.0;
/// SQLite counts rows from one, the bench's index from zero.
const FIRST: u32 = 1;

/// Opens the store in `dir` and fills it, unless it is full.
pub fn store(
    dir: &Path,
    size: u32,
    synthetic: impl Fn(u32) -> Fingerprint,
    real: &[Fingerprint],
) -> Store {
    let folder = Folder::open_writing(dir, "index_scale", &FixedClock(0)).unwrap();
    let store = Store::open(folder, store::Options::default()).unwrap();
    let all = size + real.len() as u32;
    if !store.fingerprints(&[Slot(all - 1 + FIRST)]).unwrap().is_empty() {
        return store;
    }
    for first in (0..all).step_by(BATCH as usize) {
        let new = |n: u32| match n.checked_sub(size) {
            None => row(n, &synthetic(n)),
            Some(i) => row(n, &real[i as usize]),
        };
        let batch: Vec<NewTombstone> = (first..all.min(first + BATCH)).map(new).collect();
        let slots = store.add_tombstones(&batch).unwrap();
        assert_eq!(slots[0], Slot(first + FIRST), "the store numbers its rows in order");
    }
    store
}

/// CPU times of one answer, ms.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    search: f64,
    load: f64,
    judge: f64,
}

/// Lines that report how long answers to synthetic and to real uploads took, and what was found.
pub fn measure(
    store: &Store,
    snapshot: &Snapshot,
    size: u32,
    synthetic: &[(u32, UploadPrint)],
    pairs: &[Pair],
) -> Vec<String> {
    let of_synthetic = synthetic.iter().map(|(n, upload)| (upload, vec![*n], "synthetic"));
    let of_pair = |pair: &Pair| pair.shows.iter().map(|&i| size + i as u32).collect();
    let of_real = pairs.iter().map(|pair| (&pair.upload, of_pair(pair), pair.edit.as_str()));
    vec![
        table_line("synthetic, 30 s", store, snapshot, of_synthetic.collect()),
        table_line("real", store, snapshot, of_real.collect()),
    ]
}

fn table_line(
    name: &str,
    store: &Store,
    snapshot: &Snapshot,
    uploads: Vec<(&UploadPrint, Vec<u32>, &str)>,
) -> String {
    let hasher = hasher();
    let (mut times, mut found, mut all, mut wrong) = (Vec::new(), 0, 0, 0);
    let mut missed: Vec<&str> = Vec::new();
    for (upload, wanted, edit) in &uploads {
        let (flagged, took) = answer(&hasher, store, snapshot, upload);
        times.push(took);
        all += wanted.len();
        let hit = wanted.iter().filter(|n| flagged.contains(n)).count();
        found += hit;
        wrong += flagged.iter().filter(|n| !wanted.contains(n)).count();
        if hit < wanted.len() {
            missed.push(edit);
        }
    }
    eprintln!("{name}: not recognised {missed:?}");
    let part = |name: &str, of: fn(&Times) -> f64| {
        let mut values: Vec<f64> = times.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |p: usize| values.get(values.len() * p / 100).copied().unwrap_or(0.0);
        format!("{name} {:.1} / {:.1}", at(50), at(90))
    };
    format!(
        "  whole answer, {name}: CPU ms p50 / p90: {}, {}, {}, {}; recognised {found}/{all}, wrong {wrong}",
        part("search", |t| t.search),
        part("load", |t| t.load),
        part("judge", |t| t.judge),
        part("all", |t| t.search + t.load + t.judge),
    )
}

/// The bench's numbers of what reaches `REVIEW`, and what it cost.
fn answer(
    hasher: &cenotaph::fingerprint::Hasher,
    store: &Store,
    snapshot: &Snapshot,
    upload: &UploadPrint,
) -> (Vec<u32>, Times) {
    let start = cpu_s();
    let found = snapshot.search(upload, &SearchOptions::default()).unwrap();
    let searched = cpu_s();
    let slots: Vec<Slot> = found.candidates.iter().map(|c| Slot(c.slot.0 + FIRST)).collect();
    let stored = store.fingerprints(&slots).unwrap();
    let prints: Vec<Fingerprint> =
        stored.iter().map(|s| Fingerprint::from_bytes(&s.bytes).unwrap()).collect();
    let loaded = cpu_s();
    let hits: Vec<IndexHits> = found.candidates.iter().map(index_hits).collect();
    let candidates: Vec<Candidate<'_>> = prints
        .iter()
        .zip(&hits)
        .map(|(fingerprint, hits)| Candidate { fingerprint, common: None, found: Some(hits) })
        .collect();
    let background = Background { tombstones: snapshot.tombstones() };
    let options = matching::Options::default();
    let judged = matching::judge(hasher, upload, &candidates, &background, &options);
    let end = cpu_s();
    let strong = judged.iter().filter(|j| j.score >= REVIEW);
    let flagged = strong.map(|j| stored[j.candidate].tombstone.slot.0 - FIRST).collect();
    let times = Times {
        search: (searched - start) * 1e3,
        load: (loaded - searched) * 1e3,
        judge: (end - loaded) * 1e3,
    };
    (flagged, times)
}

/// As the engine hands it to the judge.
fn index_hits(found: &index::Candidate) -> IndexHits {
    let hits = found.keypoint_hits.iter().map(|h| (h.upload, h.deleted, h.variant));
    IndexHits { keypoints: hits.collect(), frames: !found.frame_hits.is_empty() }
}
