//! More cases than anybody works on in a day, put into a store directly.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

/// Puts cases into a store that nobody has open.
pub fn fill(database: &std::path::Path, count: i64) {
    let mut connection = rusqlite::Connection::open(database).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut upload = transaction
            .prepare(
                "INSERT INTO uploads (seq, id, state, created_at, digest, size, due_at, decided_at, \
                 verdict, reason, answer, answer_reason, answered_at, seen, duration_s) VALUES (?1, \
                 ?2, 'decided', ?1, zeroblob(32), 1, 0, ?1, 'review', 'match', 'review', 'match', \
                 ?1, 'all', 9.0)",
            )
            .unwrap();
        let mut case = transaction
            .prepare(
                "INSERT INTO cases (seq, id, state, upload, verdict, reason, kind, tombstone, score, \
                 members, opened_at, twice) VALUES (?1, ?2, 'open', ?1, 'review', 'match', 'whole', \
                 'city', (?1 * 7919 % 1000) / 100.0, 1, ?1, 0)",
            )
            .unwrap();
        let mut member = transaction
            .prepare("INSERT INTO case_members (upload, case_seq, joined_at) VALUES (?1, ?1, ?1)")
            .unwrap();
        for seq in 1..=count {
            let mut id = [0; 16];
            id[8..].copy_from_slice(&seq.to_be_bytes());
            upload.execute((seq, id)).unwrap();
            case.execute((seq, id)).unwrap();
            member.execute([seq]).unwrap();
        }
    }
    transaction.commit().unwrap();
}
