//! What waits for a time: deadlines of fingerprints, backups that are due later, the end of the retention.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::deletions_http::platform::*;
use crate::support::bytes;
use crate::support::pictures::picture;
use crate::support::service::Service;

/// The time on the wire, so many seconds from now.
pub fn in_seconds(seconds: u64) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the service that is tested has the system's clock"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let at = i64::try_from(now.as_secs() + seconds).unwrap();
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

#[test]
fn a_main_copy_that_cannot_be_decoded_is_held_until_its_deadline_and_legal_ones_not_so_long() {
    // Three seconds, and a day for others.
    let s = sandbox_with("fingerprint_timeout_legal_hours = 0.00084\n");
    let service = Service::start(&s);
    let (mine, legal) =
        (put(&s, "mine.mp4", b"no video"), put(&s, "legal.mp4", b"no video either"));
    let own = delete(&service, "mine", &wish(json!([main_copy(&mine)])));
    let mut body = wish(json!([main_copy(&legal)]));
    body["reason"] = json!("legal");
    let id = delete(&service, "legal", &body);
    assert!(media(&s, "legal.mp4").exists());
    let done = wait_for(&service, &id, "complete");
    assert!(!media(&s, "legal.mp4").exists());
    let tombstone =
        service.get(&format!("/v1/tombstones/{}", text(&done["tombstone"]))).expect(200);
    assert_eq!(tombstone["strength"], "unmatchable", "{tombstone}");
    assert!(text(&tombstone["strength_reason"]).starts_with("unfingerprinted: "), "{tombstone}");
    // The very same bytes are still known.
    let call =
        service.call("POST", "/v1/uploads?wait=30&uploader=bert").body(&b"no video either"[..]);
    assert_ne!(call.send().expect(200)["verdict"], "allow");
    let held = show(&service, &own);
    assert_eq!(held["state"], "hidden", "{held}");
    assert!(held["last_error"].is_string() && held["next_at"].is_string(), "{held}");
    assert!(media(&s, "mine.mp4").exists());
    assert_eq!(visibility(&service, "mine")["visibility"], "pending_deletion");
    // It goes on as soon as the file can be decoded.
    fs::write(media(&s, "mine.mp4"), picture(1)).unwrap();
    service.post(&format!("/v1/deletions/{own}/retry"), &json!({})).expect(202);
    let done = wait_for(&service, &own, "complete");
    let tombstone =
        service.get(&format!("/v1/tombstones/{}", text(&done["tombstone"]))).expect(200);
    assert_eq!(tombstone["strength"], "review");
}

#[test]
fn a_backup_with_a_date_goes_then_and_not_before() {
    let s = sandbox();
    let service = Service::start(&s);
    let (main, backup) = (put_picture(&s, "8812.bmp", 1), put(&s, "8812.bak", b"x"));
    let date = in_seconds(8);
    let copies =
        json!([main_copy(&main), { "kind": "backup", "uri": backup, "delete_after": date }]);
    let id = delete(&service, "8812", &wish(copies));
    let erased = wait_for(&service, &id, "erased");
    assert!(in_seconds(0) < date, "this machine is too slow for this test");
    assert!(!media(&s, "8812.bmp").exists() && media(&s, "8812.bak").exists());
    let copy = &erased["copies"][1];
    assert_eq!((&copy["state"], &copy["next_at"]), (&json!("held"), &json!(date)), "{copy}");
    assert_eq!(visibility(&service, "8812")["visibility"], "deleted");
    // Hurrying does not break a date.
    service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).expect(202);
    std::thread::sleep(Duration::from_millis(500));
    assert!(in_seconds(0) >= date || media(&s, "8812.bak").exists());
    let done = wait_for(&service, &id, "complete");
    assert!(!media(&s, "8812.bak").exists());
    assert!(text(&done["copies"][1]["gone_at"]) >= date.as_str(), "{done}");
}

#[test]
fn after_the_retention_no_file_and_no_line_of_the_log_names_owner_video_or_address() {
    // Four seconds.
    let s = sandbox_with("retention_days = 0.00005\n");
    let names = ["VIDEO-quillaja-8812", "OWNER-zamboni-17", "PLACE-oxbow", "NOTE-xylitol"];
    let service = Service::start(&s);
    let main = put_picture(&s, &format!("{}.bmp", names[2]), 1);
    let mut body = wish(json!([main_copy(&main)]));
    body["owner"] = json!(names[1]);
    body["metadata"] = json!({ "note": names[3] });
    let id = delete(&service, names[0], &body);
    let data = s.path("data");
    assert!(bytes::found(&data, &names).is_empty(), "sealed on the way");
    let done = wait_for(&service, &id, "complete");
    assert!(done["retention_until"].is_string(), "{done}");
    service.get(&format!("/v1/videos/{}/visibility", names[0])).expect(200);
    service.get(&format!("/v1/deletions?owner={}", names[1])).expect(200);
    assert_eq!(service.get(&format!("/v/{}", names[0])).status, 410);
    let forgotten = service.wait_for("end of the retention", || {
        let now = show(&service, &id);
        now["video"].is_null().then_some(now)
    });
    assert_eq!((&forgotten["owner"], &forgotten["metadata"]), (&json!(null), &json!(null)));
    let receipt = service.get(&format!("/v1/deletions/{id}/receipt")).text();
    assert!(
        receipt.contains("\"keyed\"") && names.iter().all(|name| !receipt.contains(name)),
        "{receipt}"
    );
    assert!(bytes::found(&data, &names).is_empty(), "{:?}", bytes::found(&data, &names));
    // What pages, proxies and uploads ask still has its answer.
    assert_eq!(visibility(&service, names[0])["visibility"], "deleted");
    assert_eq!(gate(&service, &main), 403);
    let call = service.call("POST", "/v1/uploads?wait=30&uploader=bert").body(picture(1));
    assert_eq!(call.send().expect(200)["verdict"], "block");
    let (_, log) = service.stop();
    assert!(names.iter().all(|name| !log.contains(name)), "{log}");
    assert!(bytes::found(&data, &names).is_empty(), "after the end too");
}
