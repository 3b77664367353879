//! Claims about upgrades: every older database opens, gets the schema of a new one, and keeps what it holds.

use super::*;
use crate::model::{
    ByteDigest, CaseId, CaseSeq, CaseState, DeletionId, DeletionSeq, DeliveryId, Grounds, Sealed,
    SubscriptionId, Topic, UploadId, UploadSeq,
};
use crate::store::RulingFormat;

/// A database with the first `done` migrations and nothing in it.
fn old_database(path: &Path, done: usize) -> Connection {
    fs::create_dir(path).unwrap();
    let mut old = Connection::open(path.join(DATABASE_FILE)).unwrap();
    connection::migrate(&mut old, 0, &connection::MIGRATIONS[..done]).unwrap();
    old
}

/// The schema as SQLite keeps it.
fn schema(connection: &Connection) -> Vec<(String, Option<String>)> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .collect()
}

#[test]
fn every_older_database_becomes_equal_to_a_new_one_and_keeps_its_rows() {
    let (_new_dir, new_path) = fresh();
    let expected = schema(&writing(&new_path).writer().unwrap());
    for done in 1..connection::MIGRATIONS.len() {
        let (_dir, path) = fresh();
        let old = old_database(&path, done);
        let group = if done < 8 { "voice" } else { "content_group" };
        old.execute_batch(&format!(
            "INSERT INTO tombstones (slot, id, owner, {group}, created_at, bytes_digest, key_id,
                 strength, strength_why, duration_s, fingerprint_size)
                 VALUES (5, 'old', NULL, 1, 2, NULL, x'0102030405060708', 'review', '', 3.0, 1);
             INSERT INTO fingerprints VALUES (5, x'aa');
             INSERT INTO changes (slot, kind) VALUES (5, 'added');",
        ))
        .unwrap();
        drop(old);
        assert!(matches!(reading(&path), Err(Error::Older { .. })), "a reader does not upgrade");
        let store = writing(&path);
        assert_eq!(schema(&store.writer().unwrap()), expected);
        assert_eq!(store.fingerprints(&[Slot(5)]).unwrap()[0].bytes, [0xaa]);
        assert_eq!(store.verify().unwrap(), [""; 0]);
    }
}

#[test]
fn a_migration_that_fails_leaves_the_schema_before_it() {
    let mut connection = Connection::open_in_memory().unwrap();
    let broken = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
    connection::migrate(&mut connection, 0, &broken).unwrap_err();
    let version: u32 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
    assert_eq!(version, 1);
    assert_eq!(schema(&connection).len(), 1);
}

/// A row in every table of which the seventh migration renames something, with the names before it.
const BEFORE_0007: &str = "
    INSERT INTO uploads (seq, id, state, created_at, words, digest, size, due_at, decided_at,
        verdict, reason, answer, answer_reason, answered_at, seen)
        VALUES (1, zeroblob(16), 'decided', 5, x'0102', zeroblob(32), 9, 5, 6,
        'review', 'match', 'review', 'match', 6, 'all');
    INSERT INTO cases (seq, id, state, upload, verdict, reason, kind, score, members, opened_at,
        claimed_by, claim_steady, twice, settle_steady, appealed_at, appeal)
        VALUES (1, zeroblob(16), 'decided', 1, 'review', 'match', 'whole', 80.0, 1, 6,
        'policy', 111, 0, 222, 7, x'03');
    INSERT INTO case_decisions (case_seq, turn, actor, kind, grounds, leave, at, undo_steady)
        VALUES (1, 'only', 'policy', 'authorised', 'owners_leave', 'letter 7', 8, 222);
    INSERT INTO deletions (seq, id, video, turn, request_digest, reason, stage, fingerprint_by,
        requested_at, due_at, nudged)
        VALUES (1, zeroblob(16), zeroblob(16), 1, zeroblob(32), 'legal', 'complete', 9, 9, 9, 1);
    INSERT INTO deletion_words VALUES (1, x'04');
    INSERT INTO receipts VALUES (1, x'05', 'with digests');
    INSERT INTO subscriptions (id, url, events, scores, created_at)
        VALUES (zeroblob(16), x'06', 'case.decided,upload.verdict', 0, 1);
    INSERT INTO events (seq, id, kind, at, body)
        VALUES (1, zeroblob(16), 'upload.verdict', 5, x'07');
    INSERT INTO deliveries (id, event, subscription, state, due_at)
        VALUES (zeroblob(16), 1, zeroblob(16), 'due', 5);";

#[test]
fn renamed_columns_keep_their_values() {
    let (_dir, path) = fresh();
    old_database(&path, 6).execute_batch(BEFORE_0007).unwrap();
    let store = writing(&path);
    let upload = store.upload(UploadId([0; 16])).unwrap().unwrap();
    assert_eq!(upload.client_data, Some(Sealed(vec![1, 2])));
    let file = store.case_file(CaseId([0; 16])).unwrap().unwrap();
    assert_eq!((file.case.state, file.case.settle_at_monotonic), (CaseState::Decided, Some(222)));
    assert_eq!(file.case.claim.unwrap().until_monotonic, 111);
    assert_eq!(file.case.appeal_statement, Some(Sealed(vec![3])));
    let decision = &file.decisions[0];
    assert_eq!(decision.grounds, Grounds::OwnerPermission);
    assert_eq!(decision.permission.as_deref(), Some("letter 7"));
    assert_eq!(decision.undo_until_monotonic, 222);
    let words = store.deletion_client_data(DeletionSeq(1)).unwrap();
    assert_eq!(words, Some(Sealed(vec![4])));
    let receipt = store.receipt(DeletionSeq(1)).unwrap().unwrap();
    assert_eq!((receipt.sealed, receipt.keyed.as_str()), (Some(Sealed(vec![5])), "with digests"));
    let taken = store.deletion(DeletionId([0; 16])).unwrap().unwrap();
    assert_eq!(taken.due_at, Some(9));
    let subscription = store.subscription(SubscriptionId([0; 16])).unwrap().unwrap();
    assert!(subscription.topics.into_iter().eq([Topic::UploadVerdict, Topic::CaseDecided]));
    let delivery = store.delivery(DeliveryId([0; 16])).unwrap().unwrap();
    assert_eq!(delivery.topic, Topic::UploadVerdict);
}

/// Two rulings from before the ninth migration: one whose upload is still recorded, and one whose is not; and a case.
const BEFORE_RULINGS: &str = "
    INSERT INTO tombstones (slot, id, owner, voice, created_at, bytes_digest, key_id,
        strength, strength_why, duration_s, fingerprint_size)
        VALUES (5, 'old', NULL, 1, 2, NULL, x'0102030405060708', 'review', '', 3.0, 1);
    INSERT INTO fingerprints VALUES (5, x'aa');
    INSERT INTO changes (slot, kind) VALUES (5, 'added');
    INSERT INTO uploads (seq, id, state, created_at, digest, size, due_at, decided_at,
        verdict, reason, answer, answer_reason, answered_at, seen)
        VALUES (1, zeroblob(16), 'decided', 5, zeroblob(32), 9, 5, 6,
        'review', 'match', 'allow', 'decided', 6, 'all');
    INSERT INTO upload_matches VALUES (1, 0, 'other', 'review', '{}', 'not this one', 0);
    INSERT INTO upload_matches VALUES (1, 1, 'old', 'review', '{}', 'spans', 0);
    INSERT INTO cases (seq, id, state, upload, verdict, reason, kind, score, members, opened_at,
        twice) VALUES (1, zeroblob(16), 'open', 1, 'review', 'match', 'whole', 80.0, 1, 6, 0);
    INSERT INTO case_members VALUES (1, 1, 6, NULL, x'0b');
    INSERT INTO ruled_out (slot, digest, content, at) VALUES
        (5, zeroblob(32), x'0c', 7),
        (5, x'1111111111111111111111111111111111111111111111111111111111111111', x'0d', 8);";

#[test]
fn old_rulings_take_the_spans_of_their_case_or_hold_for_the_same_bytes() {
    let (_dir, path) = fresh();
    old_database(&path, 7).execute_batch(BEFORE_RULINGS).unwrap();
    let store = writing(&path);
    let rulings = store.ruled_out(Slot(5)).unwrap();
    assert_eq!(rulings.len(), 1, "{rulings:?}");
    assert_eq!(rulings[0].extent.as_deref(), Some("spans"));
    assert_eq!(rulings[0].format, RulingFormat::TwelveFrames);
    assert_eq!(store.ruled_content(rulings[0].seq).unwrap(), Some(vec![0x0c]));
    for digest in [[0; 32], [0x11; 32]] {
        assert!(store.is_ruled_out(Slot(5), &ByteDigest(digest)).unwrap());
    }
    assert!(!store.is_ruled_out(Slot(5), &ByteDigest([1; 32])).unwrap());
    let kept: Vec<Option<Vec<u8>>> = store
        .read(|c| {
            c.prepare("SELECT content FROM ruled_out ORDER BY seq")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .unwrap();
    assert_eq!(kept, [Some(vec![0x0c]), None], "frames without spans serve nobody");
    let members = store.case_members(CaseSeq(1), UploadSeq(0), 9).unwrap();
    assert_eq!(members[0].content, None, "a decision makes the samples anew");
}
