//! What is left when everything is over: nothing that names anybody, in any file of the data folder.

use std::collections::HashSet;

use cenotaph::engine::deletions::Receipt;
use cenotaph::erasure::{PublicKeys, ReceiptKey, verify};
use cenotaph::model::{CopyKind, DeletionState, Grain, Posted, Visibility};

use crate::support::bytes;
use crate::support::world::*;

const RETENTION_S: i64 = 90 * 86_400;

fn found(world: &World, client_data: &[&str]) -> Vec<String> {
    bytes::found(&world.data(), client_data)
}

#[test]
fn no_file_names_owner_video_or_address_neither_on_the_way_nor_after_the_retention() {
    let world = World::new();
    let names = ["VIDEO-quillaja-8812", "OWNER-zamboni-17", "PLACE-oxbow", "NOTE-xylitol"];
    let mut running = world.open();
    let uri = world.put_picture(&format!("{}.bmp", names[2]), 1);
    let mut wish = request(names[0], vec![main_copy(&uri)]);
    wish.owner = Some(names[1].to_owned());
    wish.metadata = Some(serde_json::json!({ "note": names[3] }));
    let backup = world.put(&format!("{}.bak", names[2]), b"x");
    let later = cenotaph::engine::CopyRequest {
        delete_after: Some(START + 86_400),
        ..copy(CopyKind::Backup, &backup)
    };
    wish.copies.push(later);
    let id = running.request(&wish);
    // While it is under way: sealed.
    let view = running.show(id);
    assert_eq!(view.client_data.as_ref().unwrap().video, names[0]);
    assert!(found(&world, &names).is_empty(), "{:?}", found(&world, &names));
    running.run();
    running.wait_for(id, DeletionState::Erased);
    assert!(found(&world, &names).is_empty(), "{:?}", found(&world, &names));
    running.skip(86_401);
    running.wait_for(id, DeletionState::Complete);
    let Receipt::Ready(plain) = running.deletions.receipt(id).unwrap() else {
        panic!("no receipt")
    };
    assert!(
        names[..3].iter().all(|name| plain.contains(name)),
        "handed out in plain client_data: {plain}"
    );
    running.skip(RETENTION_S + 1);
    let view = running.wait(id, "forgotten", |v| v.client_data.is_none());
    assert!(view.copies.iter().all(|(copy, uri)| uri.is_none() && copy.sealed.is_none()));
    let Receipt::Ready(keyed) = running.deletions.receipt(id).unwrap() else {
        panic!("no receipt")
    };
    assert!(names.iter().all(|name| !keyed.contains(name)), "{keyed}");
    let keys = PublicKeys::new(vec![ReceiptKey::from_seed(&[7; 32]).public()]);
    let (plain, keyed) = (verify(&plain, &keys).unwrap(), verify(&keyed, &keys).unwrap());
    assert_eq!(keyed.receipt["form"], "keyed");
    let digest = sha2::Digest::finalize({
        let mut hasher = <sha2::Sha256 as sha2::Digest>::new();
        sha2::Digest::update(&mut hasher, cenotaph::erasure::canonical(&plain.receipt));
        hasher
    });
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(keyed.receipt["plain_sha256"], digest, "the plain one can be shown to be ours");
    assert!(found(&world, &names).is_empty(), "{:?}", found(&world, &names));
    // What the platform's pages ask still has its answer, and so has an upload.
    assert_eq!(running.visibility(names[0]), Visibility::Deleted);
    assert!(!running.deletions.gate(&uri).unwrap());
    assert_ne!(running.check(&picture(1), None).verdict.kind, cenotaph::model::VerdictKind::Allow);
}

#[test]
fn the_search_finds_words_that_are_there() {
    let world = World::new();
    let _running = world.open();
    std::fs::write(world.data().join("spool/x"), "a VIDEO-quillaja-8812 b").unwrap();
    assert_eq!(found(&world, &["VIDEO-quillaja-8812", "VIDEO-elsewhere-41"]).len(), 1);
}

#[test]
fn seals_are_gone_from_the_database_too_after_the_retention() {
    let world = World::new();
    let running = world.start();
    let mut wish = request("8812", vec![main_copy(&world.put_picture("a.bmp", 1))]);
    // Longer than a page of the database, so that it lies in pages of its own.
    wish.metadata = Some("x".repeat(12_000).into());
    let id = running.request(&wish);
    running.wait_for(id, DeletionState::Complete);
    let database = world.data().join("cenotaph.db");
    let seals: Vec<Vec<u8>> = {
        let connection = rusqlite::Connection::open(&database).unwrap();
        let sql = "SELECT sealed FROM deletion_client_data UNION ALL SELECT sealed FROM receipts";
        let mut statement = connection.prepare(sql).unwrap();
        let seals = statement.query_map([], |row| row.get(0)).unwrap();
        seals.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(seals.len(), 2);
    let pieces = seals.iter().flat_map(|seal| seal.as_chunks::<64>().0);
    let pieces: HashSet<&[u8]> = pieces.map(|piece| piece.as_slice()).collect();
    let left = || {
        let files = ["cenotaph.db", "cenotaph.db-wal"]
            .map(|f| std::fs::read(world.data().join(f)).unwrap());
        let windows = files.iter().flat_map(|file| file.windows(64));
        windows.filter(|window| pieces.contains(window)).collect::<HashSet<_>>().len()
    };
    assert!(left() > 20, "{}", left());
    running.skip(RETENTION_S + 1);
    running.wait(id, "forgotten", |v| v.client_data.is_none());
    let begun = std::time::Instant::now();
    while left() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{} pieces are left", left());
    }
    // The events that told of its way are gone with the words.
    assert_eq!(running.kinds(id), ["complete"]);
}

#[test]
fn numbers_are_published_in_sums_of_ten_videos_at_least() {
    let world = World::new();
    let running = world.start();
    let mut ids = Vec::new();
    for number in 0..25 {
        let mut wish = request(&format!("v{number}"), Vec::new());
        // Twelve on one day, thirteen spread over the month.
        let day = if number < 12 { 0 } else { number - 11 };
        wish.uploaded_at = Some(Posted::at(START - 86_400 * (60 + day)));
        ids.push(running.request(&wish));
    }
    for id in &ids {
        running.wait_for(*id, DeletionState::Complete);
    }
    // One sweep alone: the runner has its own when time passes.
    drop(running);
    let mut running = world.open();
    let sums = |running: &Running<'_>, grain| running.deletions.retained(grain, None, 100).unwrap();
    assert!(sums(&running, Grain::Day).is_empty(), "the month of erasure is not over");
    running.skip(86_400 * 2);
    assert_eq!(running.deletions.sweep().unwrap().folded, 25);
    let days = sums(&running, Grain::Day);
    assert_eq!((days.len(), days[0].sums.videos, days[0].sums.views), (1, 12, 12_000));
    let rest: u64 = [Grain::Month, Grain::Year, Grain::All]
        .into_iter()
        .flat_map(|grain| sums(&running, grain))
        .map(|b| b.sums.videos)
        .sum();
    assert_eq!(rest, 12, "those of November; the one of December waits for more");
    // Nothing is counted twice when the rows themselves go.
    running.run();
    running.skip(RETENTION_S);
    running.wait(ids[24], "forgotten", |v| v.client_data.is_none());
    running.deletions.sweep().unwrap();
    assert_eq!(sums(&running, Grain::Day), days);
}
