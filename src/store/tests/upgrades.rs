//! Claims about upgrades: every older database opens, gets the schema of a new one, and keeps what it holds.

use super::*;
use crate::model::{
    CaseId, CaseState, DeletionId, DeletionSeq, DeliveryId, Grounds, Sealed, SubscriptionId, Topic,
    UploadId,
};

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
        old.execute_batch(
            "INSERT INTO tombstones (slot, id, owner, voice, created_at, bytes_digest, key_id,
                 strength, strength_why, duration_s, fingerprint_size)
                 VALUES (5, 'old', NULL, 1, 2, NULL, x'0102030405060708', 'review', '', 3.0, 1);
             INSERT INTO fingerprints VALUES (5, x'aa');
             INSERT INTO changes (slot, kind) VALUES (5, 'added');",
        )
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
