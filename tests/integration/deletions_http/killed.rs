//! `kill -9` of the real service in every state, and at any moment: nothing that was answered is lost, no byte goes before
//! its tombstone, and everything ends.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::deletions_http::deadlines::in_seconds;
use crate::deletions_http::platform::*;
use crate::support::pictures::picture;
use crate::support::servers::{Web, status};
use crate::support::service::Service;

const PATIENT: (&str, &str) = ("CENOTAPH_DELETIONS__GRACE_S", "3600");

/// A cache that takes questions (then the first flag is set) and hangs, until the second flag tells it to answer.
fn hanging_cache(runtime: &tokio::runtime::Runtime) -> (Web, Arc<AtomicBool>, Arc<AtomicBool>) {
    let (asked, open) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (ask, opened) = (asked.clone(), open.clone());
    let web = Web::start_async(runtime, move |_| {
        ask.store(true, Ordering::SeqCst);
        let opened = opened.clone();
        async move {
            while !opened.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            status(404)
        }
    });
    (web, asked, open)
}

#[test]
fn a_service_that_is_killed_in_each_state_goes_on_from_there() {
    let s = sandbox();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (cache, purges, open) = hanging_cache(&runtime);
    let main = put(&s, "8812.bmp", b"not decodable yet");
    let backup = put(&s, "8812.bak", b"x");
    let date = in_seconds(15);
    let body = wish(json!([
        main_copy(&main),
        { "kind": "backup", "uri": backup, "delete_after": date },
        { "kind": "cache", "uri": cache.url("/8812.mp4") },
    ]));
    let retry = |service: &Service<'_>, id: &str| {
        service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).expect(202);
    };
    let hidden = |service: &Service<'_>| {
        assert_eq!(visibility(service, "8812")["visibility"], "pending_deletion");
        assert_eq!((gate(service, &main), service.get("/v/8812").status), (403, 410));
        assert!(media(&s, "8812.bmp").exists() && media(&s, "8812.bak").exists());
    };

    // Requested: killed as soon as it was answered.
    let service = Service::start_with(&s, &[PATIENT]);
    let id = delete(&service, "8812", &body);
    service.kill();
    let service = Service::start_with(&s, &[PATIENT]);
    hidden(&service);
    assert_eq!(delete(&service, "8812", &body), id, "the same again is still the same");

    // Hidden: its main copy cannot be decoded.
    wait_for(&service, &id, "hidden");
    service.kill();
    let service = Service::start_with(&s, &[PATIENT]);
    assert_eq!(show(&service, &id)["state"], "hidden");
    hidden(&service);
    fs::write(media(&s, "8812.bmp"), picture(1)).unwrap();
    retry(&service, &id);

    // Fingerprinted: the grace holds it.
    let before = wait_for(&service, &id, "fingerprinted");
    service.kill();
    let service = Service::start_with(&s, &[PATIENT]);
    hidden(&service);
    let now = show(&service, &id);
    assert_eq!((&now["state"], &now["tombstone"]), (&json!("fingerprinted"), &before["tombstone"]));
    service.kill();

    // Purging: the main copy is gone, the cache hangs.
    let service = Service::start(&s);
    retry(&service, &id);
    service.wait_for("purge", || purges.load(Ordering::SeqCst).then_some(()));
    assert!(!media(&s, "8812.bmp").exists());
    service.kill();
    let service = Service::start(&s);
    let now = show(&service, &id);
    assert_eq!((&now["state"], &now["copies"][0]["state"]), (&json!("purging"), &json!("gone")));
    assert_eq!(visibility(&service, "8812")["caches"], json!(["127.0.0.1"]));
    open.store(true, Ordering::SeqCst);

    // Erased: the backup has its date.
    let erased = wait_for(&service, &id, "erased");
    service.kill();
    let service = Service::start(&s);
    let now = show(&service, &id);
    if in_seconds(0) < date {
        assert_eq!((&now["state"], &now["erased_at"]), (&json!("erased"), &erased["erased_at"]));
        assert!(media(&s, "8812.bak").exists());
    }
    assert_eq!(visibility(&service, "8812")["visibility"], "deleted");

    // Complete.
    let complete = wait_for(&service, &id, "complete");
    assert!(!media(&s, "8812.bak").exists() && text(&complete["complete_at"]) >= date.as_str());
    service.kill();
    let service = Service::start(&s);
    assert_eq!(show(&service, &id), complete);
    let receipt = service.get(&format!("/v1/deletions/{id}/receipt")).expect(200);
    assert_eq!(receipt["receipt"]["copies"].as_array().unwrap().len(), 3);
    let tombstone = format!("/v1/tombstones/{}", text(&complete["tombstone"]));
    assert_eq!(service.get(&tombstone).expect(200)["strength"], "review");
}

#[test]
fn a_cancelled_deletion_that_is_killed_stays_cancelled_and_its_tombstone_goes() {
    let s = sandbox();
    let main = put_picture(&s, "8812.bmp", 1);
    let service = Service::start_with(&s, &[PATIENT]);
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    let before = wait_for(&service, &id, "fingerprinted");
    service.post(&format!("/v1/deletions/{id}/cancel"), &json!({})).expect(200);
    service.kill();
    let service = Service::start(&s);
    assert_eq!(show(&service, &id)["state"], "cancelled");
    assert_eq!(
        (visibility(&service, "8812")["listed"].clone(), gate(&service, &main)),
        (json!(true), 204)
    );
    let tombstone = format!("/v1/tombstones/{}", text(&before["tombstone"]));
    service
        .wait_for("end of the tombstone", || (service.get(&tombstone).status == 404).then_some(()));
    assert!(media(&s, "8812.bmp").exists());
}

#[test]
fn a_service_that_is_killed_at_any_moment_loses_nothing_and_erases_nothing_too_early() {
    const VIDEOS: u64 = 24;
    let s = sandbox();
    let mut ids = Vec::new();
    let service = Service::start(&s);
    for number in 0..VIDEOS {
        let main = put_picture(&s, &format!("{number}.bmp"), number);
        let folder = put(&s, &format!("hls/{number}/1.ts"), b"1").replace("1.ts", "");
        let copies = json!([main_copy(&main), { "kind": "backup", "uri": folder, "prefix": true }]);
        ids.push(delete(&service, &format!("v{number}"), &wish(copies)));
    }
    service.kill();
    // Delays before the kills, from a few milliseconds to the length of several deletions, so that kills hit every step.
    for pause_ms in [5, 40, 80, 120, 30, 200, 60, 150, 300, 20, 100, 250] {
        let service = Service::start(&s);
        let mut left = 0;
        for (number, id) in ids.iter().enumerate() {
            // Check the file before the deletion's state: the service is running and may erase the file in between.
            let gone = !media(&s, &format!("{number}.bmp")).exists();
            let now = show(&service, id);
            left += usize::from(now["state"] != "complete");
            if gone {
                assert!(now["tombstone"].is_string(), "gone before its tombstone: {now}");
                assert!(now["purging_at"].is_string(), "{now}");
            }
            assert_ne!(visibility(&service, &format!("v{number}"))["visibility"], "live");
        }
        std::thread::sleep(Duration::from_millis(pause_ms));
        service.kill();
        if left == 0 {
            break;
        }
    }
    let service = Service::start(&s);
    for (number, id) in ids.iter().enumerate() {
        let done: Value = wait_for(&service, id, "complete");
        let tombstone = format!("/v1/tombstones/{}", text(&done["tombstone"]));
        assert_eq!(service.get(&tombstone).expect(200)["strength"], "review", "{done}");
        assert!(!media(&s, &format!("{number}.bmp")).exists());
        assert!(!media(&s, &format!("hls/{number}/1.ts")).exists());
        service.get(&format!("/v1/deletions/{id}/receipt")).expect(200);
    }
    assert_eq!(s.run(["doctor"]).code, 0);
}
