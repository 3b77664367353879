//! The way of a deletion through its stages, with files only.

use std::fs;

use cenotaph::engine::{CopyRequest, DeletionRequest, Error, Requested};
use cenotaph::model::{
    Actor, CopyKind, CopyState, DeletionReason, DeletionState, Posted, Stage, Strength,
    VerdictKind, Visibility,
};
use cenotaph::store::{CancelOutcome, RetryOutcome};

use crate::support::world::*;

#[test]
fn a_deleted_video_goes_from_everywhere_and_is_recognised_when_it_comes_back() {
    let world = World::new();
    let running = world.start();
    let uri = world.put_picture("8812.bmp", 1);
    for part in ["hls/8812/1.ts", "hls/8812/deep/2.ts", "hls/8813/1.ts"] {
        world.put(part, b"part");
    }
    let renditions = format!("file://{}/", world.path("media/hls/8812").display());
    let copies = vec![main_copy(&uri), prefix(CopyKind::Backup, &renditions)];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    assert!(all_gone(&view), "{view:?}");
    assert!(!file_path(&uri).exists() && !world.path("media/hls/8812").exists());
    assert!(world.path("media/hls/8813/1.ts").exists());
    let objects: Vec<_> = view.copies.iter().map(|(copy, _)| copy.objects).collect();
    assert_eq!(objects, [Some(1), Some(2)]);
    let expected = [
        "requested",
        "hidden",
        "fingerprinted",
        "purging",
        "copy_gone",
        "copy_gone",
        "erased",
        "complete",
    ];
    assert_eq!(running.kinds(id), expected);
    let stranger = running.check(&picture(1), Some("otto"));
    assert_eq!(stranger.verdict.kind, VerdictKind::Block, "{stranger:?}");
    let owner = running.check(&picture(1), Some("owner-anna"));
    assert_eq!(owner.verdict.kind, VerdictKind::Allow, "{owner:?}");
    let tombstone = running.engine.tombstone(&view.deletion.tombstone.unwrap()).unwrap().unwrap();
    assert_ne!(tombstone.strength, Strength::Unmatchable, "{tombstone:?}");
}

#[test]
fn the_same_request_is_the_same_deletion_and_another_one_a_conflict() {
    let world = World::new();
    let running = world.open();
    let first = request("8812", vec![main_copy(&world.put_picture("a.bmp", 1))]);
    let Requested { id, is_new } = running.deletions.request(&first, Actor::Local).unwrap();
    assert!(is_new);
    assert_eq!(
        running.deletions.request(&first, Actor::Local).unwrap(),
        Requested { id, is_new: false }
    );
    let others: [fn(&mut DeletionRequest); 5] = [
        |r| r.owner = None,
        |r| r.reason = DeletionReason::Legal,
        |r| r.copies.clear(),
        |r| r.engagement.views += 1,
        |r| r.metadata = Some(serde_json::json!({ "ticket": 7 })),
    ];
    for change in others {
        let mut other = first.clone();
        change(&mut other);
        match running.deletions.request(&other, Actor::Local) {
            Err(Error::DeletionConflict { id: with }) => assert_eq!(with, id),
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(
        running.deletions.request(&request("8813", vec![]), Actor::Local).unwrap().is_new,
        "another video"
    );
}

#[test]
fn an_id_used_again_after_completion_is_a_new_deletion() {
    let world = World::new();
    let running = world.start();
    let uri = world.put_picture("a.bmp", 1);
    let first = request("8812", vec![main_copy(&uri)]);
    let one = running.request(&first);
    running.wait_for(one, DeletionState::Complete);
    // An answer that got lost is asked for again…
    assert_eq!(running.request(&first), one);
    // …and a new video of the same id is another matter, whether by another body or by time.
    world.put_picture("a.bmp", 2);
    let second = DeletionRequest { uploaded_at: Some(Posted::at(START)), ..first.clone() };
    let two = running.request(&second);
    assert_ne!(one, two);
    let view = running.wait_for(two, DeletionState::Complete);
    assert!(!file_path(&uri).exists());
    assert_eq!(view.deletion.turn, 2);
    running.skip(601);
    let three = running.request(&second);
    assert!(three != two && three != one);
    for number in [1, 2] {
        assert_eq!(running.check(&picture(number), None).verdict.kind, VerdictKind::Block);
    }
}

#[test]
fn two_who_ask_at_once_get_one_deletion() {
    let world = World::new();
    let running = world.start();
    let uri = world.put_picture("a.bmp", 1);
    let same = request("8812", vec![main_copy(&uri)]);
    let other = DeletionRequest { reason: DeletionReason::Moderation, ..same.clone() };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|n| {
                let (deletions, wish) =
                    (&running.deletions, if n % 2 == 0 { &same } else { &other });
                scope.spawn(move || deletions.request(wish, Actor::Local))
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let new: Vec<_> = outcomes.iter().flatten().filter(|r| r.is_new).collect();
    assert_eq!(new.len(), 1, "{outcomes:?}");
    let id = new[0].id;
    for outcome in &outcomes {
        match outcome {
            Ok(requested) => assert_eq!(requested.id, id),
            Err(Error::DeletionConflict { id: with }) => assert_eq!(*with, id),
            Err(other) => panic!("{other}"),
        }
    }
    running.wait_for(id, DeletionState::Complete);
    assert_eq!(running.kinds(id).iter().filter(|kind| **kind == "copy_gone").count(), 1);
}

#[test]
fn a_video_is_hidden_before_the_answer_and_deleted_when_its_bytes_are_gone() {
    let world = World::new();
    let mut running = world.open();
    let seen = |running: &Running<'_>, video: &str| running.visibility(video);
    assert_eq!(seen(&running, "8812"), Visibility::Live);
    let uri = world.put_picture("a.bmp", 1);
    assert!(running.deletions.gate(&uri).unwrap());
    let id = running.request(&request("8812", vec![main_copy(&uri)]));
    assert_eq!(seen(&running, "8812"), Visibility::PendingDeletion);
    assert!(!running.deletions.gate(&uri).unwrap());
    running.run();
    running.wait_for(id, DeletionState::Complete);
    assert_eq!(seen(&running, "8812"), Visibility::Deleted);
    assert_eq!(seen(&running, "8813"), Visibility::Live);
    drop(running);
    let running = world.open();
    assert_eq!(seen(&running, "8812"), Visibility::Deleted, "after a restart too");
    assert!(!running.deletions.gate(&uri).unwrap());
}

#[test]
fn a_gate_is_closed_for_everything_below_a_prefix() {
    let world = World::new();
    let running = world.open();
    let folder = format!("file://{}/", world.path("media/hls/8812").display());
    let cdn = copy(CopyKind::Cache, "http://127.0.0.1:9/v/8812.mp4");
    running.request(&request("8812", vec![prefix(CopyKind::Main, &folder), cdn]));
    let open = |uri: &str| running.deletions.gate(uri).unwrap();
    assert!(!open(&format!("{folder}1.ts")) && !open(&format!("{folder}deep/2.ts")));
    assert!(
        open(&folder.replace("8812", "8813"))
            && open(&format!("{}3", folder.trim_end_matches('/')))
    );
    assert!(
        !open("http://127.0.0.1:9/v/8812.mp4?token=x") && !open("http://127.0.0.1:9/v/%38812.mp4")
    );
    assert!(open("http://127.0.0.1:9/v/8812.mp4/"));
    assert!(matches!(running.deletions.gate("/v/8812.mp4"), Err(Error::Invalid { .. })));
}

#[test]
fn calling_off_before_purging_leaves_nothing_behind() {
    let mut world = World::new();
    world.options.erasure.grace_s = 1000;
    let running = world.start();
    let uri = world.put_picture("a.bmp", 1);
    let id = running.request(&request("8812", vec![main_copy(&uri)]));
    let view = running.wait(id, "fingerprinted", |v| v.deletion.stage == Stage::Fingerprinted);
    let tombstone = view.deletion.tombstone.unwrap();
    assert!(running.engine.tombstone(&tombstone).unwrap().is_some());
    assert_eq!(running.deletions.cancel(id, Actor::Local).unwrap(), Some(CancelOutcome::Done));
    assert_eq!(running.visibility("8812"), Visibility::Live);
    assert!(running.deletions.gate(&uri).unwrap());
    let view = running.wait(id, "forgotten", |v| v.deletion.due_at.is_none());
    assert_eq!((view.deletion.state(), view.client_data), (DeletionState::Cancelled, None));
    assert!(view.copies.iter().all(|(_, uri)| uri.is_none()));
    assert_eq!(running.engine.tombstone(&tombstone).unwrap(), None);
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Allow);
    assert!(file_path(&uri).exists());
    assert_eq!(
        running.deletions.cancel(id, Actor::Local).unwrap(),
        Some(CancelOutcome::AlreadyCancelled)
    );
    // The owner thinks better of it once more.
    let again = running.request(&request("8812", vec![main_copy(&uri)]));
    assert_ne!(again, id);
    running.wait(again, "fingerprinted", |v| v.deletion.stage == Stage::Fingerprinted);
    running.skip(1000);
    running.wait_for(again, DeletionState::Complete);
    assert_eq!(
        running.deletions.cancel(again, Actor::Local).unwrap(),
        Some(CancelOutcome::TooLate(Stage::Complete))
    );
}

#[test]
fn calling_off_races_with_the_job_and_one_of_them_wins_whole() {
    let world = World::new();
    let running = world.start();
    for number in 0..30 {
        let uri = world.put_picture(&format!("{number}.bmp"), number);
        let id = running.request(&request(&format!("v{number}"), vec![main_copy(&uri)]));
        std::thread::sleep(std::time::Duration::from_millis(number * 3));
        let cancelled =
            running.deletions.cancel(id, Actor::Local).unwrap().unwrap() == CancelOutcome::Done;
        let view = running.wait(id, "ended", |v| v.deletion.due_at.is_none());
        let tombstone = running.check(&picture(number), None).verdict.kind == VerdictKind::Block;
        assert_eq!(file_path(&uri).exists(), cancelled, "{view:?}");
        assert_eq!(tombstone, !cancelled, "{number}: {view:?}");
    }
}

#[test]
fn an_undecodable_main_copy_holds_erasure_up_until_its_deadline_and_no_longer() {
    let world = World::new();
    let running = world.start();
    for (reason, wait_s) in
        [(DeletionReason::OwnerRequest, 24 * 3600), (DeletionReason::Legal, 3600)]
    {
        let bytes = format!("this is no video, and it is {reason}").into_bytes();
        let uri = world.put(&format!("{reason}.mp4"), &bytes);
        let wish = DeletionRequest { reason, ..request(reason.as_str(), vec![main_copy(&uri)]) };
        let id = running.request(&wish);
        let view = running.hasten(id, "tried", |v| v.deletion.failures > 1);
        assert_eq!(view.deletion.state(), DeletionState::Hidden);
        assert!(view.deletion.last_error.as_deref().unwrap().contains("main copy"), "{view:?}");
        running.skip(wait_s - 60);
        let failures = view.deletion.failures;
        let view = running.hasten(id, "tried again", |v| v.deletion.failures > failures + 1);
        assert!(view.deletion.stage == Stage::Hidden && file_path(&uri).exists());
        running.skip(61);
        let view = running.wait_for(id, DeletionState::Complete);
        assert!(!file_path(&uri).exists());
        let tombstone =
            running.engine.tombstone(&view.deletion.tombstone.unwrap()).unwrap().unwrap();
        assert_eq!(tombstone.strength, Strength::Unmatchable);
        assert!(tombstone.strength_why.starts_with("unfingerprinted: "), "{tombstone:?}");
        // The very same bytes are known all the same.
        assert_eq!(running.check(&bytes, None).verdict.kind, VerdictKind::Block);
    }
}

#[test]
fn a_deletion_without_a_main_copy_waits_for_none() {
    let world = World::new();
    let running = world.start();
    let uri = world.put("b.bmp", &picture(1));
    let id = running.request(&request("8812", vec![copy(CopyKind::Backup, &uri)]));
    let view = running.wait_for(id, DeletionState::Complete);
    let tombstone = running.engine.tombstone(&view.deletion.tombstone.unwrap()).unwrap().unwrap();
    assert_eq!(tombstone.strength_why, "unfingerprinted: no main copy was named");
    assert!(!file_path(&uri).exists());
}

#[test]
fn a_backup_is_deleted_at_its_date_and_not_before() {
    let world = World::new();
    let running = world.start();
    let (main, backup) = (world.put_picture("a.bmp", 1), world.put_picture("backup.bmp", 1));
    let due_at = START + 30 * 86_400;
    let later = CopyRequest { delete_after: Some(due_at), ..copy(CopyKind::Backup, &backup) };
    let id = running.request(&request("8812", vec![later, main_copy(&main)]));
    let view = running.wait_for(id, DeletionState::Erased);
    assert!(!file_path(&main).exists() && file_path(&backup).exists());
    assert_eq!(running.visibility("8812"), Visibility::Deleted);
    assert_eq!(view.copies[0].0.state, CopyState::Held);
    running.wait(id, "waiting", |v| v.deletion.due_at == Some(due_at));
    running.skip(30 * 86_400 - 30);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(file_path(&backup).exists());
    assert_eq!(
        running.deletions.retry(id, Actor::Local).unwrap(),
        RetryOutcome::Scheduled,
        "a retry does not break a date"
    );
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(file_path(&backup).exists());
    running.skip(31);
    running.wait_for(id, DeletionState::Complete);
    assert!(!file_path(&backup).exists());
}

#[test]
fn what_cannot_be_erased_is_stuck_says_why_and_goes_on_when_it_can() {
    let world = World::new();
    let running = world.start();
    let target = world.put_picture("real.bmp", 1);
    let link = world.path("media/link.bmp");
    std::os::unix::fs::symlink(file_path(&target), &link).unwrap();
    let other = world.put_picture("other.bmp", 2);
    let copies = vec![main_copy(&other), copy(CopyKind::Backup, &file_uri(&link))];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for_stuck(id);
    let why = view.deletion.stuck_why.unwrap();
    assert_eq!(why, "copy 1 (backup): this is a symbolic link; give the path of the file itself");
    assert!(!file_path(&other).exists(), "the others do not wait for it");
    assert!(file_path(&target).exists());
    fs::remove_file(&link).unwrap();
    fs::rename(file_path(&target), &link).unwrap();
    assert_eq!(running.deletions.retry(id, Actor::Local).unwrap(), RetryOutcome::Scheduled);
    let view = running.wait_for(id, DeletionState::Complete);
    assert_eq!(view.deletion.stuck_why, None);
    assert!(!link.exists());
    assert_eq!(running.deletions.retry(id, Actor::Local).unwrap(), RetryOutcome::NothingLeft);
}

#[test]
fn a_whole_account_goes_at_once_and_what_is_wrong_with_one_does_not_keep_the_others() {
    let world = World::new();
    let running = world.start();
    let mut wishes: Vec<_> = (0..20)
        .map(|n| {
            request(&format!("v{n}"), vec![main_copy(&world.put_picture(&format!("{n}.bmp"), n))])
        })
        .collect();
    wishes[3].copies[0].uri = "file:///etc/passwd".to_owned();
    wishes.push(DeletionRequest { owner: None, ..wishes[5].clone() });
    let answers = running.deletions.request_many(&wishes, Actor::Local).unwrap();
    for (n, answer) in answers.iter().enumerate() {
        match (n, answer) {
            (3, Err(Error::Invalid { what: "copies", why })) => {
                assert!(!why.contains("passwd"), "{why}")
            }
            (20, Err(Error::DeletionConflict { .. })) => {}
            (_, Ok(requested)) => {
                running.wait_for(requested.id, DeletionState::Complete);
            }
            other => panic!("{other:?}"),
        }
    }
    let filter = cenotaph::engine::deletions::ListFilter {
        owner: Some("owner-anna".to_owned()),
        state: Some(DeletionState::Complete),
        ..Default::default()
    };
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = running.deletions.list(&filter, before, 7).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.deletion.seq);
        seen.extend(page.into_iter().map(|view| view.deletion.seq));
    }
    assert_eq!(seen.len(), 19);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
}

#[test]
fn requests_that_make_no_sense_are_refused_by_field() {
    let world = World::new();
    let running = world.open();
    let good = request("8812", vec![main_copy(&world.put_picture("a.bmp", 1))]);
    let uri = |r: &mut DeletionRequest, uri: &str| r.copies[0].uri = uri.to_owned();
    type Spoil = Box<dyn Fn(&mut DeletionRequest)>;
    let cases: Vec<(&str, Spoil)> = vec![
        ("id", Box::new(|r| r.video.clear())),
        ("id", Box::new(|r| r.video = "x".repeat(513))),
        ("id", Box::new(|r| r.video = "a\nb".to_owned())),
        ("owner", Box::new(|r| r.owner = Some(String::new()))),
        ("uploaded_at", Box::new(|r| r.uploaded_at = Some(Posted::at(START * 2)))),
        ("engagement", Box::new(|r| r.engagement.shares = u64::MAX)),
        ("metadata", Box::new(|r| r.metadata = Some("x".repeat(20_000).into()))),
        ("copies", Box::new(|r| r.copies = vec![r.copies[0].clone(); 101])),
        ("copies", Box::new(|r| r.copies.push(r.copies[0].clone()))),
        ("copies", Box::new(|r| r.copies[0].delete_after = Some(START + 5))),
        ("copies", Box::new(|r| r.copies[0].prefix = true)),
        ("copies", Box::new(move |r| uri(r, "file:///etc/passwd"))),
        ("copies", Box::new(move |r| uri(r, "file:///media/../etc/passwd"))),
        ("copies", Box::new(move |r| uri(r, "ftp://host/a"))),
        ("copies", Box::new(move |r| uri(r, "s3://bucket/a"))),
        ("copies", Box::new(move |r| uri(r, "http://127.0.0.1/a"))),
        ("copies", Box::new(move |r| uri(r, &"x".repeat(5000)))),
        ("copies", Box::new(|r| r.copies[0] = copy(CopyKind::Cache, "http://10.0.0.1/a"))),
        ("copies", Box::new(|r| r.copies[0] = copy(CopyKind::Callback, "s3://bucket/a"))),
    ];
    for (field, change) in cases {
        let mut wrong = good.clone();
        change(&mut wrong);
        match running.deletions.request(&wrong, Actor::Local) {
            Err(Error::Invalid { what, why }) => {
                assert_eq!(what, field, "{why}");
                assert!(!why.contains("passwd") && !why.contains("bucket/a"), "{why}");
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    assert!(running.deletions.list(&Default::default(), None, 10).unwrap().is_empty());
}

#[test]
fn ids_with_slashes_and_odd_characters_are_ids() {
    let world = World::new();
    let running = world.start();
    for (n, video) in ["user/8812", "../../etc", "käse 💀", "%2e%2e", "'; DROP TABLE deletions; --"]
        .iter()
        .enumerate()
    {
        let uri = world.put_picture(&format!("{n}.bmp"), n as u64);
        let id = running.request(&request(video, vec![main_copy(&uri)]));
        let view = running.wait_for(id, DeletionState::Complete);
        assert_eq!(view.client_data.unwrap().video, *video);
        assert_eq!(running.visibility(video), Visibility::Deleted);
    }
}
