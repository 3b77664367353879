//! The endpoints of deletions, one after the other.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::deletions_http::platform::*;
use crate::support::pictures::picture;
use crate::support::sandbox::Sandbox;
use crate::support::service::Service;

#[test]
fn a_video_is_deleted_from_the_button_to_the_receipt() {
    let s = sandbox();
    let service = Service::start(&s);
    let main = put_picture(&s, "8812.bmp", 1);
    put(&s, "backup/8812/a.bak", b"a");
    let backup = put(&s, "backup/8812/b.bak", b"b").replace("b.bak", "");
    let mut body = wish(json!([
        main_copy(&main), { "kind": "backup", "uri": backup, "prefix": true }
    ]));
    body["metadata"] = json!({ "ticket": 17 });
    assert_eq!(
        visibility(&service, "8812"),
        json!({ "visibility": "live", "listed": true, "caches": [] })
    );
    let id = delete(&service, "8812", &body);
    assert_ne!(visibility(&service, "8812")["visibility"], "live", "hidden at once");
    assert_eq!(delete(&service, "8812", &body), id, "the same again is the same");
    let done = wait_for(&service, &id, "complete");
    assert!(!media(&s, "8812.bmp").exists() && !media(&s, "backup/8812/a.bak").exists());
    assert_eq!(
        (&done["video"], &done["owner"], &done["metadata"]["ticket"]),
        (&json!("8812"), &json!("owner-anna"), &json!(17))
    );
    for copy in done["copies"].as_array().unwrap() {
        assert_eq!((&copy["state"], &copy["uri"]), (&json!("gone"), &Value::Null), "{copy}");
        assert!(copy["gone_at"].is_string() && copy["verified"].is_string(), "{copy}");
    }
    assert_eq!(done["copies"][1]["objects"], 2);
    assert_eq!(
        visibility(&service, "8812"),
        json!({ "visibility": "deleted", "listed": false, "caches": [] })
    );
    assert_eq!(delete(&service, "8812", &body), id, "an answer that was lost is asked for again");
    // The tombstone blocks others, and lets the owner through.
    let tombstone =
        service.get(&format!("/v1/tombstones/{}", text(&done["tombstone"]))).expect(200);
    assert_eq!(tombstone["strength"], "review", "{tombstone}");
    let verdict = |uploader: &str| {
        let call = service.call("POST", &format!("/v1/uploads?wait=30&uploader={uploader}"));
        call.body(picture(1)).send().expect(200)["verdict"].clone()
    };
    assert_eq!((verdict("owner-anna"), verdict("bert")), (json!("allow"), json!("block")));
    let deeds = service.get("/v1/audit").expect(200);
    let deeds = deeds["items"].as_array().unwrap();
    let mine = deeds.iter().filter(|deed| deed["action"] == "deletion.request").collect::<Vec<_>>();
    assert_eq!(mine.len(), 1, "{deeds:?}");
    assert_eq!(mine[0]["subject"], json!(id));
}

#[test]
fn a_receipt_is_checked_offline_against_the_published_key() {
    let s = sandbox();
    let service = Service::start(&s);
    let main = put_picture(&s, "8812.bmp", 1);
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    wait_for(&service, &id, "complete");
    let receipt = service.get(&format!("/v1/deletions/{id}/receipt"));
    assert_eq!(receipt.header("cache-control"), Some("no-store"));
    let said = receipt.expect(200);
    assert_eq!(
        (&said["receipt"]["video"], &said["receipt"]["copies"][0]["uri"]),
        (&json!("8812"), &json!(main))
    );
    let keys = service.call_as(None, "GET", "/.well-known/cenotaph-keys.json").send();
    assert_eq!(keys.expect(200)["keys"].as_array().unwrap().len(), 1);
    s.write("receipt.json", &receipt.body);
    s.write("keys.json", &keys.body);
    s.write("key.txt", text(&keys.json()["keys"][0]["x"]).as_bytes());
    let verify = |file: &str, key: &str| s.run(["receipt", "verify", file, "--key", key]);
    for key in ["keys.json", "key.txt"] {
        let held = verify("receipt.json", key);
        assert!(held.code == 0 && held.stdout.contains("The receipt is valid"), "{held:?}");
        assert!(held.stdout.contains(&main), "{held:?}");
    }
    let line = s.run(["receipt", "verify", "receipt.json", "--key", "keys.json", "--json"]).json();
    assert_eq!(line["receipt"], said["receipt"]);
    let forged = receipt.text().replace("8812", "8813");
    s.write("forged.json", forged.as_bytes());
    assert!(verify("forged.json", "keys.json").one_line_error().contains("forged"));
    assert!(verify("receipt.json", "receipt.json").one_line_error().contains("no public key"));
    assert!(verify("none.json", "keys.json").one_line_error().contains("cannot be read"));
    // The secret lies beside the others, for this user only.
    use std::os::unix::fs::PermissionsExt;
    let key = s.path("keys/receipt.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    // After another key took its place, what was signed before can still be checked.
    service.stop();
    fs::remove_file(key).unwrap();
    let service = Service::start(&s);
    let keys = service.call_as(None, "GET", "/.well-known/cenotaph-keys.json").send();
    assert_eq!(keys.expect(200)["keys"].as_array().unwrap().len(), 2);
    s.write("keys.json", &keys.body);
    assert_eq!(verify("receipt.json", "keys.json").code, 0);
}

#[test]
fn another_wish_for_a_video_under_way_is_a_conflict_and_after_completion_a_new_deletion() {
    let s = sandbox_with("repeat_window_s = 0\n");
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "3600")]);
    let main = put_picture(&s, "8812.bmp", 1);
    let body = wish(json!([main_copy(&main)]));
    let id = delete(&service, "8812", &body);
    let mut other = body.clone();
    other["reason"] = json!("legal");
    assert!(post(&service, "8812", &other).problem(409, "conflict").contains(&id));
    service.get(&format!("/v1/deletions/{id}/receipt")).problem(409, "conflict");
    service.stop();
    let service = Service::start(&s);
    service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).expect(202);
    wait_for(&service, &id, "complete");
    put_picture(&s, "8812.bmp", 2);
    // So that a second has passed: nothing is a repetition after none.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let again = delete(&service, "8812", &body);
    assert_ne!(again, id);
    wait_for(&service, &again, "complete");
    let both = service.get("/v1/deletions?video=8812").expect(200);
    assert_eq!(both["items"].as_array().unwrap().len(), 2);
}

#[test]
fn an_account_is_deleted_in_one_request() {
    let s = sandbox();
    let service = Service::start(&s);
    let busy = put(&s, "busy.mp4", b"no video");
    let under_way = delete(&service, "busy", &wish(json!([main_copy(&busy)])));
    let video = |id: &str, uri: &str| json!({ "id": id, "copies": [main_copy(uri)] });
    let (a, b) = (put_picture(&s, "a.bmp", 1), put_picture(&s, "b.bmp", 2));
    let sound = json!({
        "owner": "owner-anna", "reason": "owner_request",
        "videos": [video("a", &a), video("b", &b)],
    });
    let answer = service.post("/v1/deletions", &sound).expect(202);
    assert_eq!((&answer["accepted"], &answer["refused"]), (&json!(2), &json!(0)), "{answer}");
    let mut mixed = sound.clone();
    for wrong in [video("busy", &busy), video("c", "file:///etc/passwd"), video("", &a)] {
        mixed["videos"].as_array_mut().unwrap().push(wrong);
    }
    let answer = service.post("/v1/deletions", &mixed).expect(207);
    let outcomes: Vec<&str> =
        answer["items"].as_array().unwrap().iter().map(|item| text(&item["outcome"])).collect();
    assert_eq!(outcomes, ["existing", "existing", "conflict", "invalid", "invalid"], "{answer}");
    assert_eq!(answer["items"][2]["deletion"], json!(under_way));
    assert!(!answer.to_string().contains("passwd"), "{answer}");
    for item in &answer["items"].as_array().unwrap()[..2] {
        wait_for(&service, text(&item["deletion"]), "complete");
    }
    let too_many: Vec<Value> = (0..1001).map(|n| video(&n.to_string(), &a)).collect();
    let too_many = json!({ "reason": "legal", "videos": too_many });
    assert!(service.post("/v1/deletions", &too_many).problem(422, "invalid").contains("1000"));
}

#[test]
fn events_tell_everything_until_the_end_and_go_on_where_a_client_left_off() {
    let s = sandbox();
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "2")]);
    let main = put_picture(&s, "8812.bmp", 1);
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    // Two seconds pass within, so this is followed live.
    let first = stream(&service, &id, None);
    let kinds: Vec<&str> = first.iter().map(|(_, kind, _)| kind.as_str()).collect();
    let expected =
        ["requested", "hidden", "fingerprinted", "purging", "copy_gone", "erased", "complete"];
    assert_eq!(kinds, expected);
    let gone = &first[4].2;
    assert_eq!((&gone["copy"], &gone["kind"]), (&json!(0), &json!("copy_gone")), "{gone}");
    let rest = stream(&service, &id, Some(first[4].0));
    assert_eq!(rest, first[5..]);
    assert!(stream(&service, &id, Some(first[6].0)).is_empty());
    let unknown = "/v1/deletions/del_00000000000000000000000000000000/events";
    service.get(unknown).problem(404, "not-found");
}

/// Reads a stream of events to its end: ids, kinds, data.
fn stream(service: &Service<'_>, id: &str, last: Option<i64>) -> Vec<(i64, String, Value)> {
    let mut socket = TcpStream::connect(&service.address).unwrap();
    let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /v1/deletions/{id}/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n{last}\r\n",
        service.key
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(socket).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/event-stream"), "{answer}");
    let mut events = Vec::new();
    let (mut at, mut kind) = (0, String::new());
    for line in BufReader::new(answer.as_bytes()).lines().map(Result::unwrap) {
        match line.split_once(": ") {
            Some(("id", id)) => at = id.parse().unwrap(),
            Some(("event", word)) => kind = word.to_owned(),
            Some(("data", data)) => {
                events.push((at, kind.clone(), serde_json::from_str(data).unwrap()));
            }
            _ => {}
        }
    }
    // Their order within an event is ours to choose; ids and kinds must not slip by one.
    events
        .iter()
        .for_each(|(_, kind, data): &(i64, String, Value)| assert_eq!(data["kind"], *kind));
    events
}

#[test]
fn a_deletion_is_cancelled_before_copies_go_and_not_after() {
    let s = sandbox();
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "3600")]);
    let main = put_picture(&s, "8812.bmp", 1);
    let body = wish(json!([main_copy(&main)]));
    let id = delete(&service, "8812", &body);
    let waiting = wait_for(&service, &id, "fingerprinted");
    assert_eq!(gate(&service, &main), 403);
    let cancel = |id: &str| service.post(&format!("/v1/deletions/{id}/cancel"), &json!({}));
    assert_eq!(cancel(&id).expect(200)["state"], "cancelled");
    assert_eq!(cancel(&id).expect(200)["state"], "cancelled", "again is the same");
    assert_eq!(
        (gate(&service, &main), visibility(&service, "8812")["listed"].clone()),
        (204, json!(true))
    );
    assert!(media(&s, "8812.bmp").exists());
    let tombstone = format!("/v1/tombstones/{}", text(&waiting["tombstone"]));
    service
        .wait_for("end of the tombstone", || (service.get(&tombstone).status == 404).then_some(()));
    service.wait_for("end of the words", || show(&service, &id)["video"].is_null().then_some(()));
    service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).problem(409, "conflict");
    service.stop();
    let service = Service::start(&s);
    let again = delete(&service, "8812", &body);
    assert_ne!(again, id);
    wait_for(&service, &again, "complete");
    let late = service.post(&format!("/v1/deletions/{again}/cancel"), &json!({}));
    assert!(late.problem(409, "conflict").contains("already erased"));
    let unknown = "/v1/deletions/del_00000000000000000000000000000000";
    service.post(&format!("{unknown}/cancel"), &json!({})).problem(404, "not-found");
    service.post(&format!("{unknown}/retry"), &json!({})).problem(404, "not-found");
}

#[test]
fn deletions_are_listed_by_filters_and_in_pages() {
    let s = sandbox();
    let service = Service::start(&s);
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut body = wish(json!([]));
        body["owner"] = json!(format!("owner-{}", number % 2));
        body["reason"] = json!(if number == 4 { "legal" } else { "moderation" });
        ids.push(delete(&service, &format!("v{number}"), &body));
    }
    ids.iter().for_each(|id| drop(wait_for(&service, id, "complete")));
    let list = |query: &str| {
        let page = service.get(&format!("/v1/deletions?{query}")).expect(200);
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| text(&item["video"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(""), ["v4", "v3", "v2", "v1", "v0"], "the latest first");
    assert_eq!(list("owner=owner-1"), ["v3", "v1"]);
    assert_eq!(list("reason=legal&state=complete"), ["v4"]);
    assert_eq!(list("video=v2"), ["v2"]);
    assert!(
        list("state=stuck").is_empty() && list("requested_before=2026-01-01T00:00:00Z").is_empty()
    );
    assert_eq!(list("requested_after=2026-01-01T01:00:00%2B01:00").len(), 5);
    let first = service.get("/v1/deletions?limit=3").expect(200);
    let next = text(&first["meta"]["next"]);
    assert_eq!(list(&format!("limit=3&cursor={next}")), ["v1", "v0"]);
    for wrong in [
        "state=gone",
        "reason=1",
        "requested_after=yesterday",
        "cursor=x",
        "limit=501",
        "colour=red",
    ] {
        service.get(&format!("/v1/deletions?{wrong}")).problem(422, "invalid");
    }
}

#[test]
fn a_page_of_videos_is_asked_for_at_once_and_any_key_may() {
    let s = sandbox();
    let service = Service::start(&s);
    let main = put_picture(&s, "8812.bmp", 1);
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    wait_for(&service, &id, "complete");
    let batch = json!({ "ids": ["8811", "8812"] });
    let answer = service.post("/v1/videos/visibility", &batch).expect(200);
    assert_eq!(
        answer["items"][0],
        json!({ "id": "8811", "visibility": "live", "listed": true, "caches": [] })
    );
    assert_eq!(answer["items"][1]["visibility"], "deleted");
    let many: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    service.post("/v1/videos/visibility", &json!({ "ids": many })).problem(422, "invalid");
    let ask = |key: Option<&str>, path: &str| service.call_as(key, "GET", path).send();
    let key = service.key_for(&["upload"]);
    assert_eq!(ask(Some(&key), "/v1/videos/8812/visibility").status, 200);
    ask(Some(&key), "/v1/deletions").problem(403, "forbidden");
    let post = service.call_as(Some(&key), "POST", "/v1/videos/1/deletion").json(&wish(json!([])));
    post.send().problem(403, "forbidden");
    ask(None, "/v1/videos/8812/visibility").problem(401, "unauthenticated");
    ask(None, "/v1/gate?uri=https://a/b").problem(401, "unauthenticated");
    service.stop();
    let service = Service::start_with(&s, &[("CENOTAPH_SERVER__VISIBILITY_ACCESS", "open")]);
    let ask = |path: &str| service.call_as(None, "GET", path).send();
    assert_eq!(
        ask("/v1/videos/8812/visibility").expect(200)["visibility"],
        "deleted",
        "after a start too"
    );
    assert_eq!(ask("/v1/gate?uri=https://a/b").status, 204);
    assert_eq!(ask(&format!("/v1/gate?uri={main}")).status, 403);
    ask("/v1/deletions").problem(401, "unauthenticated");
}

#[test]
fn the_gate_closes_what_was_named_and_what_lies_below_a_prefix() {
    let s = sandbox();
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "3600")]);
    let main = put_picture(&s, "8812.bmp", 1);
    let folder = put(&s, "hls/8812/1.ts", b"1").replace("1.ts", "");
    let body = wish(json!([main_copy(&main), { "kind": "main", "uri": folder, "prefix": true }]));
    assert_eq!(gate(&service, &main), 204);
    delete(&service, "8812", &body);
    let below = format!("{folder}deep/2.ts");
    let neighbour = folder.replace("8812", "88121");
    let answers = [&main, &below, &neighbour].map(|uri| gate(&service, uri));
    assert_eq!(answers, [403, 403, 204]);
    let answer = service.get(&format!("/v1/gate?uri={main}"));
    assert!(answer.problem(403, "hidden").contains("deleted"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for wrong in ["", "?uri=", "?uri=8812", "?uri=ftp://a/b", "?uri=file:///a/../b", "?url=a"] {
        service.get(&format!("/v1/gate{wrong}")).problem(422, "invalid");
    }
    let long = format!("https://a/{}", "x".repeat(5000));
    service.get(&format!("/v1/gate?uri={long}")).problem(422, "invalid");
}

#[test]
fn sums_of_what_was_deleted_are_told_only_when_they_name_nobody() {
    let s = sandbox();
    let service = Service::start(&s);
    let id = delete(&service, "8812", &wish(json!([])));
    wait_for(&service, &id, "complete");
    for grain in ["", "?grain=day", "?grain=year&limit=1", "?grain=all&cursor=0"] {
        let page = service.get(&format!("/v1/retained{grain}")).expect(200);
        assert_eq!(page, json!({ "items": [], "meta": { "next": null } }), "one video is no sum");
    }
    for wrong in ["?grain=week", "?cursor=x", "?limit=0"] {
        service.get(&format!("/v1/retained{wrong}")).problem(422, "invalid");
    }
}

#[test]
fn metrics_count_deletions_by_state() {
    let s: Sandbox = sandbox();
    let service = Service::start(&s);
    let main = put(&s, "8812.mp4", b"no video");
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    wait_for(&service, &id, "hidden");
    let other = delete(&service, "8813", &wish(json!([])));
    wait_for(&service, &other, "complete");
    let metrics = service.get("/metrics").text();
    for line in ["cenotaph_deletions{state=\"hidden\"} 1", "cenotaph_deletions_complete_total 1"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
