//! After the verdict: shadow mode, other thresholds tried out, a tombstone retired and what it caused reversed.

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;

#[test]
fn in_shadow_mode_everything_is_allowed_and_what_would_have_been_is_recorded() {
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_POLICY__SHADOW_MODE", "true")]);
    let uploader = service.key_for(&["upload"]);
    let body = std::fs::read(sample("chess")).unwrap();
    let told = service.call_as(Some(&uploader), "POST", "/v1/uploads?wait=60").body(body).send();
    let line = told.expect(200);
    assert_eq!(verdict(&line), ("allow", "shadow"));
    assert_eq!(line["matches"], json!([]));
    assert!(!told.text().contains("recorded"), "{line}");
    let whole = service.get(&format!("/v1/uploads/{}", line["id"].as_str().unwrap())).expect(200);
    assert_eq!(whole["recorded"], json!({ "verdict": "block", "reason": "same_bytes" }));
    assert_eq!(whole["matches"][0]["tombstone"], CHESS);
    let counted = "cenotaph_verdicts_total{verdict=\"block\",reason=\"same_bytes\"}";
    assert_eq!(metric(&service, counted), 1.0);
}

#[test]
fn replay_tells_what_other_thresholds_would_have_made_of_it() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let copy = copy_of(&s, CHESS);
    let line = upload(&service, &copy, "?wait=60&reference=private").expect(200);
    let score = line["matches"][0]["score"].as_f64().unwrap();
    upload(&service, &innocent(&s, 1), "?wait=60").expect(200);
    // Beside the running service.
    let lines = s.run(["replay", "--review", "3.5", "--json"]).lines();
    assert_eq!(
        lines,
        [json!({ "uploads": 2, "recorded_to_verdict": [[1, 0, 0], [0, 0, 0], [0, 0, 1]] })]
    );
    let block = (score + 1.0).to_string();
    let lines = s.run(["replay", "--block", &block, "--json"]).lines();
    assert_eq!(lines[0]["upload"], line["id"]);
    assert_eq!((&lines[0]["recorded"], &lines[0]["verdict"]), (&json!("block"), &json!("review")));
    assert_eq!(lines[1]["recorded_to_verdict"], json!([[1, 0, 0], [0, 0, 0], [0, 1, 0]]));
    let table = s.run(["replay", "--review", "3.5"]);
    assert!(table.code == 0 && table.stdout.starts_with("2 uploads"), "{table:?}");
    assert!(!table.stdout.contains("private"), "{table:?}");
    let wrong = s.run(["replay", "--review", "9", "--block", "8"]);
    assert!(wrong.one_line_error().contains("review"), "{wrong:?}");
    assert_eq!(s.run(["replay", "--review", "x"]).code, 2);
    // Nothing was changed by asking.
    let path = format!("/v1/uploads/{}", line["id"].as_str().unwrap());
    assert_eq!(service.get(&path).expect(200)["verdict"], "block");
}

#[test]
fn what_a_retired_tombstone_caused_is_listed_and_can_be_reversed() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let line = upload(&service, &sample("chess"), "?wait=60&reference=r1").expect(200);
    assert_eq!(verdict(&line), ("block", "same_bytes"));
    let shown = service.get(&format!("/v1/tombstones/{CHESS}")).expect(200);
    assert_eq!((&shown["reason"], &shown["owned"]), (&json!("owner_request"), &json!(true)));
    assert!(shown["keypoints"].as_u64().unwrap() > 0, "{shown}");
    let path = |what: &str| format!("/v1/tombstones/{CHESS}/{what}");
    let early = service.post(&path("reversals"), &json!({}));
    assert_eq!(early.status / 100, 4, "it was not retired: {early:?}");
    let retired = service.post(&path("retirement"), &json!({ "note": "made by mistake" }));
    assert_eq!(retired.expect(200)["uploads_affected"], 1);
    service.get(&format!("/v1/tombstones/{CHESS}")).problem(404, "not-found");
    let listed = service.get(&path("blocks")).expect(200);
    assert_eq!(listed["items"][0]["id"], line["id"]);
    assert_eq!(listed["items"][0]["matches"][0]["retired"], true);
    let reversed = service.post(&path("reversals"), &json!({ "note": "sorry" })).expect(200);
    assert_eq!(reversed["reversed"], json!([line["id"]]));
    let after = service.get(&format!("/v1/uploads/{}", line["id"].as_str().unwrap())).expect(200);
    assert_eq!(verdict(&after), ("allow", "reversed"));
    // The same file again meets nothing any more.
    let again = upload(&service, &sample("chess"), "?wait=60").expect(200);
    assert_eq!(verdict(&again), ("allow", "no_match"));
    let audit = service.get("/v1/audit").expect(200);
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e: &Value| e["action"].as_str())
        .collect();
    assert!(
        actions.contains(&"tombstone.retire") && actions.contains(&"upload.reverse"),
        "{actions:?}"
    );
}

#[test]
fn a_reversal_waits_for_the_last_deleted_video_with_that_content_listed_or_not() {
    let s = Sandbox::new();
    for owner in 0..7 {
        let copy = s.ffmpeg(
            format!("c{owner}.mp4"),
            &format!("-i {} -crf {} -preset ultrafast -an", sample("chess").display(), 24 + owner),
        );
        let owner = format!("owner-{owner}");
        s.add(["--owner".as_ref(), owner.as_ref(), copy.as_os_str()]);
    }
    let service = Service::start(&s);
    let line = upload(&service, &sample("chess"), "?wait=60").expect(200);
    assert_eq!(verdict(&line), ("block", "match"));
    let matches = line["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 5, "{line}");
    assert!(matches.iter().all(|one| one["same_content"] == 7), "{line}");
    let path = |id: &str, what: &str| format!("/v1/tombstones/{id}/{what}");
    let retire = |id: &str| service.post(&path(id, "retirement"), &json!({})).expect(200);
    let listed: Vec<&str> = matches.iter().map(|one| one["tombstone"].as_str().unwrap()).collect();
    for id in &listed {
        retire(id);
        let held = service.post(&path(listed[0], "reversals"), &json!({})).expect(200);
        assert_eq!(held["unchanged"], json!([line["id"]]), "{held}");
    }
    for n in 0..7 {
        let id = format!("c{n}");
        if !listed.contains(&id.as_str()) {
            retire(&id);
        }
    }
    let reversed = service.post(&path(listed[0], "reversals"), &json!({})).expect(200);
    assert_eq!(reversed["reversed"], json!([line["id"]]), "{reversed}");
}

#[test]
fn what_was_said_with_an_upload_is_forgotten_on_time_and_waits_in_no_outbox() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let body = json!({ "url": "https://example.invalid/", "events": ["upload.verdict"] });
    let made = service.post("/v1/subscriptions", &body).expect(201);
    let subscription = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    service.call("PATCH", &subscription).json(&json!({ "paused": true })).send().expect(200);
    let query = "?wait=60&uploader=bert&reference=r1";
    let call = service.call("POST", &format!("/v1/uploads{query}"));
    let line = call.body("no video").send().expect(200);
    let path = format!("/v1/uploads/{}", line["id"].as_str().unwrap());
    assert_eq!(
        service.get("/v1/deliveries?state=due").expect(200)["items"].as_array().unwrap().len(),
        1
    );
    service.stop();
    std::thread::sleep(std::time::Duration::from_secs(2));
    // Nothing is kept longer than a second now; what is due to go goes at the start.
    let no_time =
        ["APPEAL_DAYS", "CLIENT_DATA_DAYS"].map(|name| format!("CENOTAPH_UPLOADS__{name}"));
    let none = no_time.each_ref().map(|name| (name.as_str(), "0.00001"));
    let sql = "UPDATE uploads SET bytes_until = 0; UPDATE events SET at = at - 8 * 86400;";
    // As if a week had passed.
    let database = rusqlite::Connection::open(s.path("data/cenotaph.db")).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    let service = Service::start_with(&s, &none);
    let forgotten = service.wait_for("end of the words", || {
        let line = service.get(&path).expect(200);
        line["uploader"].is_null().then_some(line)
    });
    assert_eq!(
        (&forgotten["reference"], verdict(&forgotten)),
        (&Value::Null, ("review", "undecodable"))
    );
    service.wait_for("an empty outbox", || {
        let left = service.get("/v1/deliveries").expect(200);
        left["items"].as_array().unwrap().is_empty().then_some(())
    });
}
