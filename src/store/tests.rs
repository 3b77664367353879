//! Claims about the store as a whole: durability, erasure, locking, upgrades, refusals. All on temporary folders.

mod processes;
mod upgrades;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::database::connection;
use super::uploads::prints;
use super::*;
use crate::model::{
    Actor, AuditEntry, ByteDigest, DeletionReason, FixedClock, KeyId, OwnerKey, Posted, SelfMatch,
    Slot, Strength, TombstoneId, UploadSeq,
};

const CLOCK: FixedClock = FixedClock(1_769_860_800);

fn new(id: &str) -> NewTombstone {
    NewTombstone {
        id: TombstoneId(id.into()),
        owner: Some(OwnerKey([7; 16])),
        group: u32::MAX,
        created_at: 1_769_860_800,
        bytes_digest: Some(ByteDigest([9; 32])),
        reason: DeletionReason::OwnerRequest,
        key_id: KeyId([3; 8]),
        fingerprint: format!("fingerprint of {id}").repeat(100).into_bytes(),
        strength: Strength::Block,
        strength_why: "214 keypoints in 9 keyframes".into(),
        self_match: Some(SelfMatch { nats: 212.5, supports: 9 }),
        duration_s: 12.5,
        uploaded: None,
        original: false,
        relations: Vec::new(),
        precedence: NewPrecedence::default(),
    }
}

fn id(id: &str) -> TombstoneId {
    TombstoneId(id.into())
}

fn writing(path: &Path) -> Store {
    Store::open(Folder::open_writing(path, "test", &CLOCK).unwrap(), Options::default()).unwrap()
}

fn reading(path: &Path) -> Result<Store> {
    Store::open(Folder::open_reading(path)?, Options::default())
}

fn fresh() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    (dir, path)
}

/// A message is one line and names the file it is about.
fn assert_clear(error: &Error, path: &Path) {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn a_tombstone_comes_back_as_it_was_put() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let ownerless = NewTombstone {
        owner: None,
        bytes_digest: None,
        reason: DeletionReason::Legal,
        strength: Strength::Unmatchable,
        self_match: None,
        ..new("b")
    };
    let slots = store.add_tombstones(&[new("a"), ownerless.clone()]).unwrap();
    let found = store.get_by_id(&id("b")).unwrap().unwrap();
    let StoredFingerprint { tombstone, bytes } = store.fingerprints(&[slots[1]]).unwrap().remove(0);
    assert_eq!(tombstone, found);
    assert_eq!(found.fingerprint_size, bytes.len() as u64);
    let back = NewTombstone {
        id: found.id,
        owner: found.owner,
        group: found.group,
        created_at: found.created_at,
        bytes_digest: found.bytes_digest,
        reason: found.reason,
        key_id: found.key_id,
        fingerprint: bytes,
        strength: found.strength,
        strength_why: found.strength_why,
        self_match: found.self_match,
        duration_s: found.duration_s,
        uploaded: found.uploaded,
        original: found.original,
        relations: Vec::new(),
        precedence: NewPrecedence::default(),
    };
    assert_eq!(back, ownerless);
    assert_eq!(store.get_by_id(&id("c")).unwrap(), None);
    assert_eq!(store.fingerprints(&[Slot(99)]).unwrap(), []);
}

#[test]
fn claims_go_with_their_tombstone_and_those_of_a_retired_one_stay_with_its_relations() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let claim = |n: u8| NewClaim {
        poster: OwnerKey([n; 16]),
        posted: Posted { from: 5, to: 6 },
        extent: vec![n],
    };
    let claimed = |id: &str| {
        let precedence = NewPrecedence { claims: vec![claim(3)], ..NewPrecedence::default() };
        NewTombstone { precedence, uploaded: Some((1, 2)), ..new(id) }
    };
    // Both or neither: a batch that fails leaves no claim behind.
    assert!(store.add_tombstones(&[claimed("a"), claimed("a")]).is_err());
    let slots = store.add_tombstones(&[claimed("a")]).unwrap();
    assert_eq!(store.claims(slots[0]).unwrap().len(), 1);
    let relation = NewRelation {
        older: Older::Stored(slots[0]),
        version: 1,
        score: 50.0,
        newer_share: 1.0,
        older_share: 1.0,
        newer_extent: vec![8],
        older_extent: vec![9],
    };
    let later = NewTombstone {
        owner: Some(OwnerKey([4; 16])),
        relations: vec![relation],
        uploaded: Some((7, 8)),
        ..new("b")
    };
    let later = store.add_tombstones(&[later]).unwrap()[0];
    let records = store.posting_records(later, None, 7).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].slot, records[0].posted), (slots[0], Posted { from: 1, to: 2 }));
    assert_eq!(store.posting_records(later, None, 2).unwrap(), [], "not surely earlier");
    let own = store.posting_records(later, Some(OwnerKey([7; 16])), 2).unwrap();
    assert_eq!(own, records, "the uploader's own counts, whenever it was");
    let entry = AuditEntry {
        at: 1,
        actor: Actor::Local,
        action: "tombstone.retire",
        subject: "a".into(),
        note: None,
    };
    store.end_tombstone(&id("a"), TombstoneEnd::Retired, &entry).unwrap();
    let left = store.claims(later).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].poster, left[0].posted), (OwnerKey([7; 16]), Posted { from: 1, to: 2 }));
    assert_eq!((&left[0].extent, left[0].is_granted), (&vec![8], false));
    store.remove(&[id("b")]).unwrap();
    assert_eq!(store.claims(later).unwrap(), []);
}

#[test]
fn a_print_is_in_the_log_once_it_is_accepted_and_again_when_it_goes() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let leave = |n: i64, is_accepted: bool| {
        let print = NewPrint {
            uploader: OwnerKey([7; 16]),
            posted: Posted::at(n),
            created_at: n,
            bytes: vec![1, 2, 3],
        };
        let new = NewAcceptance { is_accepted, print: Some(print), claims: Vec::new() };
        let job = store.write(|c| {
            c.execute(
                "INSERT INTO uploads (seq, id, state, created_at, digest, size, due_at) \
                 VALUES (?1, randomblob(16), 'waiting', 1, zeroblob(32), 1, 1)",
                [n],
            )?;
            prints::add(c, UploadSeq(n), &new)
        });
        job.unwrap();
    };
    let settle = |n: i64, is_accepted| {
        store.write(|c| prints::settle(c, UploadSeq(n), is_accepted)).unwrap();
    };
    let log = || {
        let changes = store.print_changes_after(0, 100).unwrap();
        changes.iter().map(|c| (c.slot.0, c.kind == ChangeKind::Added)).collect::<Vec<_>>()
    };
    leave(1, true);
    leave(2, false);
    leave(3, false);
    assert_eq!(log(), [(1, true)]);
    settle(2, true);
    settle(3, false);
    assert_eq!(log(), [(1, true), (2, true)]);
    assert_eq!(store.print_count().unwrap(), 2);
    let found = store.prints(&[Slot(2), Slot(3), Slot(1)]).unwrap();
    assert_eq!(found.iter().map(|print| print.slot.0).collect::<Vec<_>>(), [2, 1]);
    // One goes with its upload's record, one when its time is over.
    store.write(|c| c.execute("DELETE FROM uploads WHERE seq = 1", [])).unwrap();
    assert_eq!(log(), [(1, true), (2, true), (1, false)]);
    assert_eq!(store.erase_prints(2, 3, 10).unwrap(), 0);
    assert_eq!(log(), [(2, true)], "what the index has forgotten is forgotten");
    assert_eq!(store.erase_prints(3, 3, 10).unwrap(), 1);
    assert_eq!((store.print_count().unwrap(), log()), (0, vec![(2, false)]));
    assert_eq!(store.print_log_head().unwrap(), 4);
}

#[test]
fn a_taken_id_is_named_and_nothing_of_its_batch_is_added() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    store.add_tombstones(&[new("a")]).unwrap();
    let before = store.log_head().unwrap();
    for batch in [vec![new("b"), new("a")], vec![new("c"), new("c")]] {
        let last = batch[1].id.clone();
        match store.add_tombstones(&batch) {
            Err(Error::IdTaken { id }) => assert_eq!(id, last),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.list(None, 10).unwrap().len(), 1);
    assert_eq!(store.log_head().unwrap(), before);
}

#[test]
fn a_removed_id_may_be_used_again_but_its_slot_is_not() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let slots = store.add_tombstones(&[new("a"), new("b")]).unwrap();
    assert_eq!(store.remove(&[id("b"), id("x")]).unwrap(), [Some(slots[1]), None]);
    drop(store);
    let store = writing(&path);
    let again = store.add_tombstones(&[new("b")]).unwrap();
    assert!(again[0] > slots[1], "{again:?} after {slots:?}");
    let kinds: Vec<_> =
        store.changes_after(0, 10).unwrap().iter().map(|c| (c.slot, c.kind)).collect();
    let expected = [
        (slots[0], ChangeKind::Added),
        (slots[1], ChangeKind::Added),
        (slots[1], ChangeKind::Removed),
        (again[0], ChangeKind::Added),
    ];
    assert_eq!(kinds, expected);
    let tail = store.changes_after(store.log_head().unwrap() - 1, 10).unwrap();
    assert_eq!(tail.len(), 1);
    assert_eq!(store.changes_after(0, 3).unwrap().len(), 3);
}

#[test]
fn lists_pages_and_digests_follow_the_slots() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let many: Vec<_> = (0..7).map(|n| new(&format!("v{n}"))).collect();
    let slots = store.add_tombstones(&many).unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.all_fingerprints(after, 3).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.tombstone.slot);
        seen.extend(page.iter().map(|f| (f.tombstone.slot, f.bytes.clone())));
    }
    let expected: Vec<_> =
        slots.iter().copied().zip(many.iter().map(|t| t.fingerprint.clone())).collect();
    assert_eq!(seen, expected);
    let listed: Vec<_> =
        store.list(Some(slots[1]), 2).unwrap().into_iter().map(|t| t.slot).collect();
    assert_eq!(listed, [slots[2], slots[3]]);
    assert_eq!(store.find_by_digest(&ByteDigest([9; 32]), 5).unwrap().len(), 5);
    assert!(store.find_by_digest(&ByteDigest([8; 32]), 5).unwrap().is_empty());
    store.remove(&[id("v3")]).unwrap();
    let asked = [slots[5], slots[3], slots[0]];
    let got: Vec<_> =
        store.fingerprints(&asked).unwrap().iter().map(|f| f.tombstone.slot).collect();
    assert_eq!(got, [slots[5], slots[0]]);
    let stats = store.stats().unwrap();
    assert_eq!((stats.tombstones, stats.block, stats.log_head), (6, 6, 8));
    assert_eq!(stats.key_ids, [KeyId([3; 8])]);
}

#[test]
fn a_state_is_replaced_whole() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    assert_eq!(store.get_state("sketch").unwrap(), None);
    store.put_state("sketch", b"first, longer").unwrap();
    store.put_state("sketch", b"second").unwrap();
    assert_eq!(store.get_state("sketch").unwrap().unwrap(), b"second");
}

#[test]
fn every_limit_is_kept() {
    let (_dir, path) = fresh();
    let options = Options {
        id_bytes_max: 4,
        fingerprint_bytes_max: 2000,
        state_bytes_max: 8,
        ..Options::default()
    };
    let folder = Folder::open_writing(&path, "test", &CLOCK).unwrap();
    let store = Store::open(folder, options).unwrap();
    for (wrong, why) in [("", "empty"), ("a\nb", "control"), ("abcde", "5 bytes")] {
        let error = store.add_tombstones(&[new(wrong)]).unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains('\n'), "{error}");
    }
    let large = NewTombstone { fingerprint: vec![0; 2001], ..new("a") };
    assert!(matches!(store.add_tombstones(&[large]), Err(Error::TooLarge { bytes: 2001, .. })));
    assert!(matches!(store.put_state("s", &[0; 9]), Err(Error::TooLarge { bytes: 9, .. })));
    assert!(store.list(None, 1).unwrap().is_empty());
}

#[test]
fn removal_leaves_no_byte_of_the_fingerprint_in_any_file() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    // Two sizes: one inside its page, one on overflow pages.
    for (name, size) in [("small", 700), ("large", 70_000)] {
        let mark = format!("MARK-OF-{name}-");
        let secret = NewTombstone {
            fingerprint: mark.repeat(size / mark.len()).into_bytes(),
            id: id(&format!("id-{mark}")),
            ..new("")
        };
        store.add_tombstones(&[secret.clone(), new(name)]).unwrap();
        assert!(bytes_in(&path, mark.as_bytes()), "the search itself must work");
        store.remove(&[secret.id]).unwrap();
        assert!(!bytes_in(&path, mark.as_bytes()), "{mark} is still there");
    }
    assert_eq!(store.verify().unwrap(), [""; 0]);
}

fn bytes_in(folder: &Path, wanted: &[u8]) -> bool {
    let mut files =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).filter(|f| f.is_file());
    files.any(|file| fs::read(file).unwrap().windows(wanted.len()).any(|w| w == wanted))
}

#[test]
fn readers_see_the_last_commit_while_a_writer_writes() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    store.add_tombstones(&[new("a")]).unwrap();
    let beside = reading(&path).unwrap();
    assert_eq!(beside.list(None, 10).unwrap().len(), 1);
    let mut open = store.writer().unwrap();
    let transaction = open.transaction().unwrap();
    transaction.execute("DELETE FROM tombstones", []).unwrap();
    assert_eq!(beside.list(None, 10).unwrap().len(), 1);
    transaction.commit().unwrap();
    drop(open);
    assert_eq!(beside.list(None, 10).unwrap().len(), 0);
    assert!(matches!(beside.put_state("s", b""), Err(Error::OpenedForReading { .. })));
}

#[test]
fn threads_share_one_store() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..10 {
                    let slots = store.add_tombstones(&[new(&format!("{thread}-{n}"))]).unwrap();
                    assert_eq!(store.fingerprints(&slots).unwrap().len(), 1);
                }
            });
        }
    });
    assert_eq!(store.stats().unwrap().tombstones, 40);
    assert!(store.lock_readers().len() <= store.options().readers_kept);
}

#[test]
fn the_lock_is_free_again_when_the_writer_goes() {
    let (_dir, path) = fresh();
    let first = Folder::open_writing(&path, "first", &CLOCK).unwrap();
    assert!(matches!(
        Folder::open_writing(&path, "second", &CLOCK),
        Err(Error::Locked { holder, .. }) if holder.program.as_deref() == Some("first")
    ));
    drop(first);
    Folder::open_writing(&path, "second", &CLOCK).unwrap();
}

#[test]
fn a_new_folder_is_for_its_owner_only_and_may_have_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(OsStr::from_bytes(b"caf\xe9 \xff%20?x#y"));
    let store = writing(&path);
    store.add_tombstones(&[new("a")]).unwrap();
    drop(store);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(path.join(DATABASE_FILE).is_file());
    assert_eq!(reading(&path).unwrap().list(None, 9).unwrap().len(), 1);
}

#[test]
fn what_is_in_the_way_is_named() {
    let (dir, path) = fresh();
    assert!(matches!(reading(&path), Err(Error::NoFolder { .. })));
    fs::write(&path, "a file").unwrap();
    for error in
        [reading(&path).unwrap_err(), Folder::open_writing(&path, "t", &CLOCK).unwrap_err()]
    {
        assert!(matches!(error, Error::InTheWay { .. }), "{error:?}");
        assert_clear(&error, &path);
    }
    let below = path.join("below");
    assert!(matches!(Folder::open_writing(&below, "t", &CLOCK), Err(Error::InTheWay { .. })));
    assert!(matches!(reading(&below), Err(Error::InTheWay { .. })));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(reading(&path), Err(Error::NoDatabase { .. })));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "a reader makes nothing");
    fs::create_dir(path.join(DATABASE_FILE)).unwrap();
    assert!(matches!(reading(&path), Err(Error::InTheWay { .. })));
    let folder = Folder::open_writing(&path, "t", &CLOCK).unwrap();
    assert!(matches!(Store::open(folder, Options::default()), Err(Error::InTheWay { .. })));
    let locked = dir.path().join("locked");
    fs::create_dir_all(locked.join(LOCK_FILE)).unwrap();
    assert!(matches!(Folder::open_writing(&locked, "t", &CLOCK), Err(Error::InTheWay { .. })));
}

#[test]
fn a_full_disk_is_said_and_changes_nothing() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    store.add_tombstones(&[new("a")]).unwrap();
    let pages: i64 = {
        let writer = store.writer().unwrap();
        let pages = writer.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        writer.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        pages
    };
    let large = NewTombstone { fingerprint: vec![1; 100_000], ..new("b") };
    let error = store.add_tombstones(&[new("c"), large.clone()]).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert_clear(&error, &path);
    assert_eq!(store.list(None, 10).unwrap().len(), 1);
    let more = pages + 100;
    store
        .writer()
        .unwrap()
        .pragma_update_and_check(None, "max_page_count", more, |_| Ok(()))
        .unwrap();
    store.add_tombstones(&[large]).unwrap();
    let full = Error::writing(Path::new("/x"), "a folder", std::io::ErrorKind::StorageFull.into());
    assert!(matches!(full, Error::Full { .. }));
    symlink("/dev/full", path.join("full")).unwrap();
    let source = fs::write(path.join("full"), "x").unwrap_err();
    assert!(matches!(Error::writing(&path, "a file", source), Error::Full { .. }));
}

#[test]
fn relations_are_written_with_the_newer_tombstone_and_go_with_either() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    let relation = |older| NewRelation {
        older,
        version: 1,
        score: 20.0,
        newer_share: 0.1,
        older_share: 0.5,
        newer_extent: vec![1],
        older_extent: vec![2],
    };
    let other = NewTombstone { owner: Some(OwnerKey([8; 16])), group: 5, ..new("other") };
    let first = store.add_tombstones(&[other]).unwrap()[0];
    let relations = vec![relation(Older::Stored(first)), relation(Older::Added(0))];
    let newer = NewTombstone { relations: relations.clone(), group: 5, ..new("newer") };
    let slots = store.add_tombstones(&[new("same call"), newer]).unwrap();
    let [of_first, of_newer] =
        [first, slots[1]].map(|slot| store.relations(&[slot]).unwrap().remove(0));
    assert_eq!(
        (of_first[0].other, of_first[0].share, of_first[0].other_share),
        (slots[1], 0.5, 0.1)
    );
    assert_eq!(
        (of_first[0].extent.as_slice(), of_first[0].other_owner),
        (&[2][..], Some(OwnerKey([7; 16])))
    );
    assert_eq!(of_newer.iter().map(|one| one.other).collect::<Vec<Slot>>(), [first, slots[0]]);
    assert_eq!(store.related_tombstones().unwrap(), (3, 0));
    assert_eq!(store.group_head(5).unwrap(), Some(first));
    assert_eq!(store.owned_in_groups(OwnerKey([7; 16]), &[5, 6], 8).unwrap(), [slots[1]]);
    // A call that fails leaves neither the tombstone nor its relations.
    let taken = NewTombstone { relations, ..new("taken") };
    store.add_tombstones(&[taken, new("newer")]).unwrap_err();
    assert_eq!(store.relations(&[first]).unwrap()[0].len(), 1);
    store.remove(&[id("other")]).unwrap();
    assert_eq!(store.relations(&[slots[1]]).unwrap()[0].len(), 1);
    assert_eq!(store.group_head(5).unwrap(), Some(slots[1]), "a head that retires");
}

#[test]
fn a_damaged_database_is_reported_and_left_as_it_is() {
    let (_dir, path) = fresh();
    let file = path.join(DATABASE_FILE);
    let store = writing(&path);
    store.add_tombstones(&(0..600).map(|n| new(&n.to_string())).collect::<Vec<_>>()).unwrap();
    drop(store);
    let sound = fs::read(&file).unwrap();
    let mut beginning = sound.clone();
    beginning[..100].fill(0x55);
    let truncated = sound[..sound.len() / 2].to_vec();
    for damaged in [beginning, truncated] {
        fs::write(&file, &damaged).unwrap();
        let error = reading(&path).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert_clear(&error, &file);
        let folder = Folder::open_writing(&path, "t", &CLOCK).unwrap();
        let error = Store::open(folder, Options::default()).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
    let mut middle = sound.clone();
    // The first pages hold the schema, without which nothing is opened at all.
    let page = 8192;
    for at in (sound.len() / page / 2 * page..sound.len()).step_by(page) {
        middle[at..at + 64].fill(0xaa);
    }
    fs::write(&file, &middle).unwrap();
    let store = reading(&path).unwrap();
    let findings = store.verify();
    assert!(findings.as_ref().map_or(true, |lines| !lines.is_empty()), "{findings:?}");
    let error = store.all_fingerprints(None, 1000).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn what_contradicts_itself_is_found() {
    let (_dir, path) = fresh();
    let store = writing(&path);
    store.add_tombstones(&[new("a"), new("b")]).unwrap();
    assert_eq!(store.verify().unwrap(), [""; 0]);
    let spoil = "DELETE FROM fingerprints WHERE slot = 1; DELETE FROM changes WHERE slot = 2";
    store.writer().unwrap().execute_batch(spoil).unwrap();
    let findings = store.verify().unwrap();
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn a_database_of_a_newer_version_or_another_program_is_refused() {
    let (_dir, path) = fresh();
    drop(writing(&path));
    let file = path.join(DATABASE_FILE);
    let set = |name: &str, value: u32| {
        Connection::open(&file).unwrap().pragma_update(None, name, value).unwrap();
    };
    let refusals = || {
        let folder = Folder::open_writing(&path, "t", &CLOCK).unwrap();
        [reading(&path).unwrap_err(), Store::open(folder, Options::default()).unwrap_err()]
    };
    set("user_version", connection::SCHEMA + 1);
    for error in refusals() {
        assert!(matches!(error, Error::Newer { .. }), "{error:?}");
        assert_clear(&error, &file);
    }
    set("user_version", connection::SCHEMA);
    set("application_id", 1);
    for error in refusals() {
        assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
        assert_clear(&error, &file);
    }
}
