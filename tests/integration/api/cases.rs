//! Claims about the queue and about moderators who work on it at the same time.

use serde_json::{Value, json};

use crate::support::review::{
    Listener, Worker, encoding, hand_in, only_case, queue, sandbox, settings, verdict, wait_closed,
};
use crate::support::service::Service;

const MODERATOR: [&str; 2] = ["review", "scores"];

#[test]
fn a_case_has_all_that_is_needed_to_decide_it() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[]));
    let file = encoding(&s, "a.mp4", 30);
    let metadata = "&uploader=mallory&reference=post-1&metadata=%7B%22sensitive%22:true%7D";
    let upload = hand_in(&service, &file, metadata);
    assert_eq!(upload["verdict"], "block", "{upload}");
    assert_eq!(upload["bytes"], json!({ "state": "kept", "until": null }), "until it is decided");
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    let line = ann.get(&service, "/v1/cases").expect(200)["items"][0].clone();
    for (field, expected) in [
        ("state", json!("open")),
        ("version", json!(1)),
        ("kind", json!("whole")),
        ("tombstone", json!("city")),
        ("members", json!(1)),
        ("upload", upload["id"].clone()),
        ("reference", json!("post-1")),
        ("sensitive", json!(true)),
        ("claim", Value::Null),
        ("appealed", json!(false)),
    ] {
        assert_eq!(line[field], expected, "{field} of {line}");
    }
    assert!(line["score"].as_f64().unwrap() > 8.0, "{line}");
    let case =
        ann.get(&service, &format!("/v1/cases/{}", line["id"].as_str().unwrap())).expect(200);
    assert_eq!(case["first"]["id"], upload["id"]);
    assert_eq!(case["group"][0]["uploader"], "mallory");
    assert_eq!(case["deleted"][0]["owned"], true, "{case}");
    let plot = &case["plots"][0];
    assert_eq!(plot["tombstone"], "city");
    let points = plot["keypoints"].as_array().unwrap();
    let on_line =
        |point: &&Value| (point[0].as_f64().unwrap() - point[1].as_f64().unwrap()).abs() < 1.5;
    let near = points.iter().filter(on_line).count();
    assert!(points.len() > 20 && near * 2 > points.len(), "{near} of {}: {plot}", points.len());
    assert!(!plot["frames"].as_array().unwrap().is_empty(), "{plot}");
    assert_eq!(case["history"][0]["event"], "opened");
    // Without the scope `scores` nothing tells how sure it is.
    let bob = Worker::new(&service, "Bob", &["review"]);
    let shown = bob.get(&service, &format!("/v1/cases/{}", line["id"].as_str().unwrap()));
    assert!(!shown.text().contains("score") && shown.json()["plots"] == json!([]), "{shown:?}");
    Worker::new(&service, "Eve", &["upload"]).get(&service, "/v1/cases").problem(403, "forbidden");
    ann.get(&service, "/v1/cases/cas_nothing").problem(404, "not-found");
}

#[test]
fn an_upload_plays_in_ranges_while_its_case_is_open_and_looking_is_remembered() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[("CENOTAPH_REVIEW__UNDO_S", "0")]));
    let file = encoding(&s, "a.mp4", 30);
    let bytes = std::fs::read(&file).unwrap();
    let upload = hand_in(&service, &file, "");
    let path = format!("/v1/uploads/{}/bytes", upload["id"].as_str().unwrap());
    let whole = service.get(&path);
    assert_eq!((whole.status, &whole.body), (200, &bytes));
    assert_eq!(whole.header("content-type"), Some("video/mp4"));
    assert_eq!(whole.header("cache-control"), Some("no-store"));
    let ranged = |range: &str| service.call("GET", &path).header("range", range).send();
    let part = ranged("bytes=1000-1999");
    assert_eq!((part.status, &part.body[..]), (206, &bytes[1000..2000]));
    let range = format!("bytes 1000-1999/{}", bytes.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    assert_eq!(ranged("bytes=-10").body, bytes[bytes.len() - 10..]);
    ranged("bytes=99999999-").problem(416, "range-not-satisfiable");
    let log = service.get("/v1/audit").expect(200).to_string();
    assert_eq!(log.matches("upload.view").count(), 1, "one look, however many ranges: {log}");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    ann.decide(&service, &case, "reupload", "whole").expect(200);
    wait_closed(&service, &case);
    service.get(&path).problem(403, "forbidden");
}

#[test]
fn of_two_moderators_one_decides_and_the_other_is_told_what_happened() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[("CENOTAPH_REVIEW__UNDO_S", "30")]));
    hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let case = only_case(&service);
    let (ann, bob) =
        (Worker::new(&service, "Ann", &MODERATOR), Worker::new(&service, "Bob", &MODERATOR));
    let claimed = ann.claim(&service, &case).expect(200);
    assert_eq!(claimed["claim"]["mine"], true);
    let seen = bob.get(&service, &format!("/v1/cases/{case}")).expect(200);
    assert_eq!(seen["claim"]["by"]["name"], "Ann");
    assert_eq!(seen["claim"]["mine"], false);
    assert!(
        bob.claim(&service, &case).problem(409, "conflict").contains("Ann has claimed this case")
    );
    let late = bob.decide(&service, &case, "not_reupload", "unrelated");
    assert!(late.problem(409, "conflict").contains("Ann has claimed"));
    let none = bob.call(&service, "POST", "/v1/cases/claims", &json!({}));
    assert_eq!(none.status, 204, "there is no other");
    assert_eq!(queue(&service, "whose=free"), Vec::<String>::new());
    let mine = ann.get(&service, "/v1/cases?whose=mine").expect(200);
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    // Both press a key at once.
    let decision = json!({ "version": 1, "decision": "reupload", "grounds": "whole" });
    let path = format!("/v1/cases/{case}/decision");
    let decided = ann.call(&service, "POST", &path, &decision).expect(200);
    assert_eq!((&decided["state"], &decided["version"]), (&json!("decided"), &json!(2)));
    assert!(decided["undo_left_s"].as_u64().unwrap() > 20, "{decided}");
    for version in [1, 2] {
        let mut decision = decision.clone();
        decision["version"] = json!(version);
        let told = bob.call(&service, "POST", &path, &decision).problem(409, "conflict");
        assert!(told.contains("Ann decided `reupload` at 20"), "{told}");
    }
    assert!(
        bob.undo(&service, &case).problem(403, "forbidden").contains("the author of a decision")
    );
    let wrong = json!({ "version": 1, "decision": "reupload", "grounds": "unrelated" });
    let told = ann.call(&service, "POST", &path, &wrong);
    told.problem(409, "conflict");
    for body in [json!({}), json!({ "version": 1, "decision": "maybe", "grounds": "whole" })] {
        ann.call(&service, "POST", &path, &body).problem(422, "invalid");
    }
}

#[test]
fn an_undone_decision_was_never_told_to_anybody() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[]));
    let listener = Listener::start();
    listener.subscribe(&service);
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 30), "&reference=post-1");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    ann.decide(&service, &case, "not_reupload", "unrelated").expect(200);
    assert_eq!(verdict(&service, &upload), ("block".into(), "match".into()), "not yet");
    let undone = ann.undo(&service, &case).expect(200);
    assert_eq!((&undone["state"], &undone["claim"]["mine"]), (&json!("open"), &json!(true)));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(listener.got(), Vec::<Value>::new());
    ann.decide(&service, &case, "reupload", "whole").expect(200);
    let got = listener.wait_for(1);
    assert_eq!(got[0]["type"], "case.decided");
    let data = &got[0]["data"];
    assert_eq!((&data["case"], &data["decision"]), (&json!(case), &json!("reupload")));
    assert_eq!(data["upload"]["reference"], "post-1");
    assert_eq!(data["upload"]["verdict"], "block");
    assert_eq!(data["upload"]["reason"], "decided");
    assert!(!data.to_string().contains("score"), "{data}");
    assert_eq!(verdict(&service, &upload), ("block".into(), "decided".into()));
    assert!(ann.undo(&service, &case).problem(409, "conflict").contains("no longer be undone"));
    let history = service.get(&format!("/v1/cases/{case}/history")).expect(200);
    let events: Vec<&str> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["opened", "decided", "undone", "decided", "closed"]);
    assert!(history["decisions"][0]["undone_at"].is_string(), "{history}");
    assert_eq!(listener.got().len(), 1);
}

#[test]
fn a_case_that_is_decided_twice_is_decided_blind() {
    let s = sandbox();
    let own = [("CENOTAPH_REVIEW__DOUBLE_REVIEW_SHARE", "1.0"), ("CENOTAPH_REVIEW__UNDO_S", "0")];
    let service = Service::start_with(&s, &settings(&own));
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let case = only_case(&service);
    let (ann, bob) =
        (Worker::new(&service, "Ann", &MODERATOR), Worker::new(&service, "Bob", &MODERATOR));
    let first = ann.decide(&service, &case, "reupload", "whole").expect(200);
    assert_eq!(first["state"], "open", "{first}");
    assert_eq!(ann.get(&service, "/v1/cases").expect(200)["items"], json!([]));
    assert!(ann.claim(&service, &case).problem(403, "forbidden").contains("someone else"));
    let seen = bob.get(&service, &format!("/v1/cases/{case}"));
    assert!(!seen.text().contains("Ann"), "{}", seen.text());
    assert_eq!(seen.json()["decisions"], json!([]));
    assert_eq!(seen.json()["history"].as_array().unwrap().len(), 1, "opened, and no more");
    let second = bob.decide(&service, &case, "not_reupload", "other_take").expect(200);
    assert_eq!(second["state"], "escalated", "they disagree: {second}");
    assert!(bob.claim(&service, &case).problem(403, "forbidden").contains("lead"));
    let lead = Worker::new(&service, "Lea", &["review", "scores", "admin"]);
    let both = lead.get(&service, &format!("/v1/cases/{case}")).expect(200);
    assert_eq!(both["decisions"].as_array().unwrap().len(), 2);
    lead.decide(&service, &case, "reupload", "whole").expect(200);
    wait_closed(&service, &case);
    assert_eq!(verdict(&service, &upload), ("block".into(), "decided".into()));
    let stats = lead.get(&service, "/v1/cases/stats?days=7").expect(200);
    assert_eq!((&stats["pairs"], &stats["pairs_agreed"]), (&json!(1), &json!(0)), "{stats}");
    assert_eq!((&stats["reupload"], &stats["not_reupload"]), (&json!(1), &json!(1)), "{stats}");
    assert_eq!(stats["false_positive_rate"], 0.0, "{stats}");
    assert_eq!(stats["reviewers"].as_array().unwrap().len(), 3);
}

#[test]
fn leads_hand_out_work_and_act_on_many_cases_at_once() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[]));
    for n in 0..3 {
        let file = s.write(format!("{n}.bin"), format!("no video, number {n}").as_bytes());
        assert_eq!(hand_in(&service, &file, "")["reason"], "undecodable");
    }
    let cases = queue(&service, "kind=none&order=age");
    assert_eq!(cases.len(), 3);
    let (ann, bob) =
        (Worker::new(&service, "Ann", &MODERATOR), Worker::new(&service, "Bob", &MODERATOR));
    let lead = Worker::new(&service, "Lea", &["review", "scores", "admin"]);
    let put = |worker: &Worker, case: &str, what: &str, body: Value| {
        worker.call(&service, "PUT", &format!("/v1/cases/{case}/{what}"), &body)
    };
    let to_bob = json!({ "assigned_to": bob.id });
    put(&ann, &cases[0], "assignment", to_bob.clone()).problem(403, "forbidden");
    let given = put(&lead, &cases[0], "assignment", to_bob).expect(200);
    assert_eq!(given["assigned_to"]["name"], "Bob");
    assert!(ann.claim(&service, &cases[0]).problem(403, "forbidden").contains("someone else"));
    put(&lead, &cases[0], "assignment", json!({ "assigned_to": "usr_0" })).problem(422, "invalid");
    let due = put(&lead, &cases[1], "due", json!({ "due_at": "2020-01-01T00:00:00Z" })).expect(200);
    assert_eq!(due["overdue"], true);
    assert_eq!(queue(&service, "order=due"), [cases[1].clone()]);
    let counts = bob.get(&service, "/v1/cases/counts").expect(200);
    assert_eq!((&counts["open"], &counts["overdue"]), (&json!(3), &json!(1)), "{counts}");
    assert_eq!(counts["mine"], 1, "{counts}");
    let note = json!({ "note": "  seen <b>before</b>  " });
    ann.call(&service, "POST", &format!("/v1/cases/{}/notes", cases[1]), &note).expect(200);
    let passed = json!({ "version": 1, "note": "what is this?" });
    let path = format!("/v1/cases/{}/escalation", cases[1]);
    let escalated = ann.call(&service, "POST", &path, &passed).expect(200);
    assert_eq!(escalated["state"], "escalated");
    let again = ann.call(&service, "POST", &path, &passed).problem(409, "conflict");
    assert!(again.contains("Ann escalated this case"), "{again}");
    let history = service.get(&format!("/v1/cases/{}", cases[1])).expect(200).to_string();
    assert!(history.contains("seen <b>before</b>\"") && history.contains("what is this?"));
    let ruling = json!({ "decision": "not_reupload", "grounds": "unrelated" });
    let bulk = json!({ "filter": { "kind": "none" }, "action": "decide", "ruling": ruling });
    ann.call(&service, "POST", "/v1/cases/bulk", &bulk).problem(403, "forbidden");
    let outcome = lead.call(&service, "POST", "/v1/cases/bulk", &bulk).expect(200);
    assert_eq!(outcome["changed"].as_array().unwrap().len(), 2, "{outcome}");
    let undo = json!({ "cases": outcome["changed"], "action": "undo" });
    let undone = lead.call(&service, "POST", "/v1/cases/bulk", &undo).expect(200);
    assert_eq!(undone["changed"].as_array().unwrap().len(), 2, "{undone}");
    assert_eq!(queue(&service, "state=open").len(), 2);
    let again = lead.call(&service, "POST", "/v1/cases/bulk", &bulk).expect(200);
    assert_eq!(again["refused"], json!([]), "{again}");
    cases
        .iter()
        .filter(|case| **case != cases[1])
        .for_each(|case| drop(wait_closed(&service, case)));
}
