//! The format of an index: old versions stay readable, newer ones are refused, damage is detected.
//!
//! `tests/fixtures/index-v1` was written by the first version: three tombstones (slots 10, 11 and 12), of which 11 is
//! removed. When the format changes, keep it and add another (`write_fixture` wrote it).

use std::fs;
use std::path::{Path, PathBuf};

use cenotaph::fingerprint::{
    Fingerprint, FrameHash, Keypoint, Rect, Spot, UploadFrame, UploadKeypoint, UploadPrint, Variant,
};
use cenotaph::index::{Error, Found, Index, Options, SearchOptions, TombstoneEntry};
use cenotaph::model::{KeyId, Luma, Slot};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index-v1");
const WHOLE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 0.5625 };

/// SplitMix64 of `n`.
fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn spot(i: u64) -> Spot {
    let at = i as f32;
    Spot { x: 0.5, y: 0.25, scale: 0.01, angle: 0.5, first_s: at / 8.0, last_s: at / 8.0 }
}

fn fingerprint(content: u64) -> Fingerprint {
    let hash = |i: u64| mix(content * 1000 + i);
    let frame = |i: u64| FrameHash {
        time_s: i as f32,
        bits: std::array::from_fn(|w| hash(100 + i * 4 + w as u64)),
        quality: if i == 0 { 0 } else { 80 },
    };
    Fingerprint {
        duration_s: 2.0,
        height: 0.5625,
        active: WHOLE,
        keypoints: (0..16).map(|i| Keypoint { spot: spot(i), hash: hash(i) }).collect(),
        frames: (0..3).map(frame).collect(),
        ..Fingerprint::empty(KeyId([0; 8]))
    }
}

/// An upload that shows `content` in the given variant, with two bits of each hash flipped.
fn upload(content: u64, variant: Variant) -> UploadPrint {
    let print = fingerprint(content);
    let keypoint = |k: &Keypoint| {
        let mut hashes = [0, 1, 2, 3].map(|i| mix(k.hash ^ i));
        hashes[variant as usize] = k.hash ^ 0x8000_0000_8000_0000;
        UploadKeypoint { spot: k.spot, hashes, unsure: [[[0; 3]; 2]; 2] }
    };
    let view = usize::from(variant.mirrored());
    let frame = |f: &FrameHash| {
        let mut views = [0, 1, 0, 1].map(|v| [0, 1, 2, 3].map(|w| mix(f.bits[w] + v)));
        views[view] = if variant.inverted() { f.bits.map(|w| !w) } else { f.bits };
        let thumb = Luma::new(1, 1, vec![0]);
        UploadFrame { time_s: f.time_s, views, quality: f.quality, thumb }
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

#[test]
fn a_bit_that_was_unsure_does_not_hide_a_keypoint() {
    let dir = tempfile::tempdir().expect("a folder");
    write_index(dir.path());
    let index = Index::open(dir.path(), Options::default()).expect("opened");
    // Bit 3 of both halves is flipped, and no frame matches.
    let mut turned = upload(1, Variant::Plain);
    turned.frames.clear();
    turned.keypoints.iter_mut().for_each(|k| k.hashes[0] ^= 0x0000_0008_0000_0008);
    let hits = |upload: &UploadPrint| {
        let found = index.snapshot().search(upload, &SearchOptions::default()).expect("a search");
        found.candidates.iter().find(|c| c.slot == Slot(10)).map_or(0, |c| c.keypoint_hits.len())
    };
    assert_eq!(hits(&turned), 0);
    turned.keypoints.iter_mut().for_each(|k| k.unsure[0] = [[7, 3, 1]; 2]);
    assert_eq!(hits(&turned), turned.keypoints.len());
}

fn search(index: &Index, content: u64, variant: Variant) -> Found {
    index.snapshot().search(&upload(content, variant), &SearchOptions::default()).expect("a search")
}

fn write_index(dir: &Path) {
    let index = Index::open(dir, Options::default()).expect("opened");
    let prints = [1, 2, 3].map(fingerprint);
    let entry = |(i, fingerprint)| TombstoneEntry { slot: Slot(10 + i), group: i, fingerprint };
    let entries: Vec<_> = (0..).zip(&prints).map(entry).collect();
    index.apply(&entries, &[], 5).expect("applied");
    index.apply(&[], &[Slot(11)], 6).expect("applied");
}

fn copy(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(from).expect("the fixture") {
        let file = file.expect("a file");
        fs::copy(file.path(), dir.path().join(file.file_name())).expect("copied");
    }
    dir
}

fn segment_in(dir: &Path) -> PathBuf {
    let mut names = fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry").path());
    names.find(|p| p.extension().is_some_and(|e| e == "seg")).expect("a segment")
}

#[test]
#[ignore = "writes the fixture; run once when the format changes"]
fn write_fixture() {
    let dir = Path::new(FIXTURE);
    fs::create_dir_all(dir).expect("made");
    write_index(dir);
}

#[test]
fn the_first_format_is_still_read_and_written_to() {
    let dir = copy(Path::new(FIXTURE));
    let index = Index::open(dir.path(), Options::default()).expect("opened");
    assert_eq!((index.applied(), index.snapshot().tombstones()), (6, 2));
    assert_eq!(index.verify().damaged, Vec::<String>::new());
    assert_eq!(search(&index, 1, Variant::Plain).candidates[0].slot, Slot(10));
    assert_eq!(search(&index, 3, Variant::Plain).candidates[0].slot, Slot(12));
    assert!(search(&index, 2, Variant::Plain).candidates.is_empty());
    let print = fingerprint(4);
    let entry = TombstoneEntry { slot: Slot(20), group: 20, fingerprint: &print };
    index.apply(&[entry], &[], 7).expect("applied");
    index.merge().expect("merged");
    assert_eq!(search(&index, 4, Variant::Plain).candidates[0].slot, Slot(20));
}

#[test]
fn the_same_tombstones_give_the_same_bytes_as_the_first_version_wrote() {
    let dir = tempfile::tempdir().expect("a folder");
    write_index(dir.path());
    let (now, then) = (segment_in(dir.path()), segment_in(Path::new(FIXTURE)));
    assert_eq!(fs::read(now).expect("read"), fs::read(then).expect("read"));
}

#[test]
fn every_variant_is_found_with_its_hits_and_flat_frames_are_not() {
    let dir = tempfile::tempdir().expect("a folder");
    write_index(dir.path());
    let index = Index::open(dir.path(), Options::default()).expect("opened");
    for variant in Variant::ALL {
        let found = search(&index, 3, variant);
        let best = &found.candidates[0];
        assert_eq!(best.slot, Slot(12));
        assert_eq!(best.keypoint_hits.len(), 16);
        for (i, hit) in best.keypoint_hits.iter().enumerate() {
            assert_eq!((hit.upload, hit.deleted, hit.variant), (i as u32, i as u32, variant));
        }
        let frames: Vec<_> = best.frame_hits.iter().map(|h| (h.upload, h.deleted)).collect();
        assert_eq!(frames, [(1, 1), (2, 2)], "frame 0 is flat");
        for hit in &best.frame_hits {
            let view = u8::from(variant.mirrored());
            assert_eq!((hit.view, hit.inverted), (view, variant.inverted()));
        }
        assert_eq!(found.keypoint_groups, [1; 16]);
        assert_eq!(found.frame_groups, [0, 1, 1]);
        let mut variants = [true; 4];
        variants[variant as usize] = false;
        let options = SearchOptions { variants, ..SearchOptions::default() };
        let none = index.snapshot().search(&upload(3, variant), &options).expect("a search");
        assert!(none.candidates.is_empty(), "{variant:?} was not to be looked for");
    }
}

#[test]
fn tombstones_of_one_group_count_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), Options::default()).expect("opened");
    let print = fingerprint(1);
    let entry = |i: u32, group| TombstoneEntry { slot: Slot(i), group, fingerprint: &print };
    let same: Vec<_> = (0..20).map(|i| entry(i, 7)).collect();
    index.apply(&same, &[], 1).expect("applied");
    assert_eq!(search(&index, 1, Variant::Plain).keypoint_groups, [1; 16]);
    let others: Vec<_> = (20..25).map(|i| entry(i, i)).collect();
    index.apply(&others, &[], 2).expect("applied");
    assert_eq!(search(&index, 1, Variant::Plain).keypoint_groups, [6; 16]);
}

#[test]
fn limits_bound_candidates_and_long_lists() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = Options { candidates_max: 30, postings_per_word_max: 64, ..Options::default() };
    let index = Index::open(dir.path(), options).expect("opened");
    let print = fingerprint(1);
    let entries: Vec<_> =
        (0..500).map(|i| TombstoneEntry { slot: Slot(i), group: i, fingerprint: &print }).collect();
    index.apply(&entries, &[], 1).expect("applied");
    let found = search(&index, 1, Variant::Plain);
    // Each explains the same hits, so a few are enough; those whose hits differ fill the rest.
    assert!((1..=30).contains(&found.candidates.len()), "{}", found.candidates.len());
    assert!(found.keypoint_groups.iter().all(|&v| (64..=128).contains(&v)), "two words of 64");
}

#[test]
fn a_newer_segment_is_refused_with_what_to_do() {
    let dir = copy(Path::new(FIXTURE));
    let path = segment_in(dir.path());
    let mut bytes = fs::read(&path).expect("read");
    bytes[8] = 2;
    fs::write(&path, bytes).expect("written");
    let error = Index::open(dir.path(), Options::default()).err().expect("refused");
    assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }));
    assert!(error.to_string().contains("cenotaph index rebuild"), "{error}");
}

#[test]
fn every_damaged_byte_is_detected_by_opening_or_by_verify() {
    let dir = copy(Path::new(FIXTURE));
    let path = segment_in(dir.path());
    let sound = fs::read(&path).expect("read");
    let steps = (0..sound.len()).step_by(sound.len() / 400);
    for at in steps.chain(0..12).chain(sound.len() - 200..sound.len()) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        // A new file each time: a mapped file must not be written to.
        fs::remove_file(&path).expect("removed");
        fs::write(&path, bytes).expect("written");
        match Index::open(dir.path(), Options::default()) {
            Ok(index) => {
                let report = index.verify();
                assert_eq!(report.damaged.len(), 1, "byte {at} of {}", sound.len());
            }
            Err(error) => {
                let expected = matches!(error, Error::Damaged { .. } | Error::Newer { .. });
                assert!(expected, "byte {at}: {error}");
            }
        }
    }
}

#[test]
fn a_search_that_meets_a_damaged_block_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let index = Index::open(dir.path(), Options::default()).expect("opened");
    let prints: Vec<_> = (0..1000).map(fingerprint).collect();
    let entry = |(i, fingerprint)| TombstoneEntry { slot: Slot(i), group: i, fingerprint };
    let entries: Vec<_> = (0..).zip(&prints).map(entry).collect();
    index.apply(&entries, &[], 1).expect("applied");
    drop(index);
    let path = segment_in(dir.path());
    let mut bytes = fs::read(&path).expect("read");
    let hash = prints[1].keypoints[3].hash.to_le_bytes();
    let at = bytes.windows(8).position(|w| w == hash).expect("the hash is there");
    bytes[at] ^= 1;
    fs::remove_file(&path).expect("removed");
    fs::write(&path, bytes).expect("written");
    let index =
        Index::open(dir.path(), Options::default()).expect("opening reads only its columns");
    let options = SearchOptions::default();
    let outcome = index.snapshot().search(&upload(1, Variant::Plain), &options);
    assert!(matches!(outcome, Err(Error::Damaged { .. })));
    assert_eq!(index.verify().damaged.len(), 1);
}

#[test]
fn every_truncation_is_refused() {
    let dir = copy(Path::new(FIXTURE));
    let path = segment_in(dir.path());
    let sound = fs::read(&path).expect("read");
    for length in (0..sound.len()).step_by(sound.len() / 100) {
        fs::remove_file(&path).expect("removed");
        fs::write(&path, &sound[..length]).expect("written");
        let error = Index::open(dir.path(), Options::default()).err().expect("refused");
        assert!(matches!(error, Error::Damaged { .. } | Error::Io { .. }), "{length}: {error}");
    }
}

#[test]
fn segments_without_a_manifest_are_not_taken_for_an_empty_index() {
    let dir = copy(Path::new(FIXTURE));
    fs::remove_file(dir.path().join("manifest")).expect("removed");
    let error = Index::open(dir.path(), Options::default()).err().expect("refused");
    assert!(matches!(error, Error::Missing { .. }));
    assert!(segment_in(dir.path()).exists(), "nothing was deleted");
}
