//! Claims about what comes of decisions: for groups, for what is uploaded later, after an appeal, after `kill -9`; and how
//! fast it all is with a hundred thousand cases.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::many::fill;
use crate::support::review::{
    Listener, Worker, encoding, hand_in, mirrored, only_case, queue, sandbox, settings, spliced,
    verdict, wait_closed,
};
use crate::support::service::Service;

const MODERATOR: [&str; 2] = ["review", "scores"];
const AT_ONCE: (&str, &str) = ("CENOTAPH_REVIEW__UNDO_S", "0");

#[test]
fn one_decision_serves_a_wave_of_near_identical_uploads() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[AT_ONCE]));
    let listener = Listener::start();
    listener.subscribe(&service);
    let wave: Vec<Value> = [24, 30, 34]
        .iter()
        .map(|crf| {
            let file = encoding(&s, &format!("{crf}.mp4"), *crf);
            hand_in(&service, &file, &format!("&uploader=u{crf}&reference=post-{crf}"))
        })
        .collect();
    let other = hand_in(&service, &mirrored(&s, "mirrored.mp4"), "");
    assert_eq!(other["verdict"], "block", "{other}");
    // The same bytes are the same picture, of course.
    hand_in(&service, &s.path("30.mp4"), "&uploader=u30");
    assert_eq!(queue(&service, "").len(), 2, "in another placement it is another case");
    let groups = queue(&service, "members_min=2");
    assert_eq!(groups.len(), 1);
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    let case = ann.get(&service, &format!("/v1/cases/{}", groups[0])).expect(200);
    assert_eq!(case["members"], 4, "{case}");
    let members =
        ann.get(&service, &format!("/v1/cases/{}/members?limit=3", groups[0])).expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 3);
    assert!(members["meta"]["next"].is_string());
    let path = format!("/v1/cases/{}/decision", groups[0]);
    let allow = |members: Value, permission: Value| {
        let body = json!({
            "version": 1, "decision": "authorised", "grounds": "lawful", "members": members, "permission": permission,
        });
        ann.call(&service, "POST", &path, &body)
    };
    assert!(allow(json!(3), Value::Null).problem(409, "conflict").contains("now has 4 uploads"));
    allow(Value::Null, Value::Null).problem(409, "conflict");
    assert!(allow(json!(4), json!("letter")).problem(422, "invalid").contains("group"));
    ann.decide(&service, &groups[0], "reupload", "whole").expect(200);
    wait_closed(&service, &groups[0]);
    let got = listener.wait_for(4);
    let mut told: Vec<&str> = got
        .iter()
        .map(|event| event["data"]["upload"]["reference"].as_str().unwrap_or_default())
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["", "post-24", "post-30", "post-34"]);
    for upload in &wave {
        assert_eq!(verdict(&service, upload), ("block".into(), "decided".into()));
    }
    assert_eq!(verdict(&service, &other), ("block".into(), "match".into()));
    // Whoever comes after the decision opens a case of its own, which shows the earlier one.
    hand_in(&service, &encoding(&s, "27.mp4", 27), "&uploader=u24");
    let later = queue(&service, "kind=whole");
    let later = ann.get(&service, &format!("/v1/cases/{}", later[0])).expect(200);
    assert_eq!(later["earlier"][0]["id"], json!(groups[0]), "{later}");
    assert_eq!(later["earlier"][0]["decision"], "reupload");
}

#[test]
fn what_was_ruled_no_reupload_never_meets_that_tombstone_again() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[AT_ONCE]));
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 26), "");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    ann.decide(&service, &case, "not_reupload", "other_take").expect(200);
    wait_closed(&service, &case);
    assert_eq!(verdict(&service, &upload), ("allow".into(), "decided".into()));
    let id = upload["id"].as_str().unwrap();
    service.wait_for("end of its bytes", || {
        let shown = service.get(&format!("/v1/uploads/{id}")).expect(200);
        (shown["bytes"]["state"] == "gone").then_some(())
    });
    // The same bytes, and the same pictures in another encoding.
    for file in [s.path("a.mp4"), encoding(&s, "b.mp4", 31)] {
        let again = hand_in(&service, &file, "");
        assert_eq!((&again["verdict"], &again["reason"]), (&json!("allow"), &json!("ruled_out")));
    }
    // Other content is as guilty as before.
    assert_eq!(hand_in(&service, &mirrored(&s, "m.mp4"), "")["verdict"], "block");
    // A key of `Weighed` that older records lack does no harm: the command line sees it the same way.
    drop(service);
    let (line, code) = s.check("b.mp4");
    assert_eq!((line["reason"].as_str(), code), (Some("ruled_out"), 0), "{line}");
}

#[test]
fn a_ruling_about_a_stretch_clears_that_stretch_and_not_the_whole_video() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[AT_ONCE]));
    let shown = [("window", 0.0, 3.0), ("city", 2.0, 6.0), ("window", 3.0, 8.0)];
    let upload = hand_in(&service, &spliced(&s, "a.mp4", &shown, 26), "");
    assert_ne!(upload["verdict"], "allow", "{upload}");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    ann.decide(&service, &case, "not_reupload", "shared_material").expect(200);
    wait_closed(&service, &case);
    let again = hand_in(&service, &spliced(&s, "b.mp4", &shown, 31), "");
    assert_eq!((&again["verdict"], &again["reason"]), (&json!("allow"), &json!("ruled_out")));
    // What is added to it counts: the whole video elsewhere, and something else in the ruled seconds.
    let more = [shown.as_slice(), &[("city", 0.0, 8.0)]].concat();
    let between = [
        ("window", 0.0, 3.0),
        ("city", 2.0, 4.0),
        ("chess", 1.0, 1.5),
        ("city", 4.5, 6.0),
        ("window", 3.0, 8.0),
    ];
    for (name, parts) in [("c.mp4", more.as_slice()), ("d.mp4", &between)] {
        let other = hand_in(&service, &spliced(&s, name, parts, 26), "");
        assert_ne!(other["verdict"], "allow", "{name}: {other}");
    }
}

#[test]
fn an_appeal_is_heard_by_another_moderator() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[AT_ONCE]));
    let listener = Listener::start();
    listener.subscribe(&service);
    let both: Vec<Value> = [26, 31]
        .iter()
        .map(|crf| hand_in(&service, &encoding(&s, &format!("{crf}.mp4"), *crf), "&uploader=una"))
        .collect();
    let group = only_case(&service);
    let (ann, bob) =
        (Worker::new(&service, "Ann", &MODERATOR), Worker::new(&service, "Bob", &MODERATOR));
    let appeal = |upload: &Value, statement: &str| {
        let path = format!("/v1/uploads/{}/appeal", upload["id"].as_str().unwrap());
        service.post(&path, &json!({ "statement": statement }))
    };
    ann.decide(&service, &group, "reupload", "whole").expect(200);
    wait_closed(&service, &group);
    listener.wait_for(2);
    let made = appeal(&both[0], "Olga said I may.").expect(202);
    assert_eq!(appeal(&both[0], "Please!").expect(202), made, "the same appeal");
    let case = made["case"].as_str().unwrap().to_owned();
    assert_ne!(case, group, "an appeal is about one upload");
    assert_eq!(queue(&service, "appealed=true"), std::slice::from_ref(&case));
    let seen = bob.get(&service, &format!("/v1/cases/{case}")).expect(200);
    assert_eq!(
        (&seen["appeal"], &seen["parted_from"]),
        (&json!("Olga said I may."), &json!(group))
    );
    assert_eq!(seen["members"], 1);
    assert!(ann.claim(&service, &case).problem(403, "forbidden").contains("before the appeal"));
    let body = json!({
        "version": seen["version"], "decision": "authorised", "grounds": "owner_permission", "permission": "letter 7",
    });
    bob.call(&service, "POST", &format!("/v1/cases/{case}/decision"), &body).expect(200);
    let got = listener.wait_for(3);
    assert_eq!(got[2]["type"], "appeal.decided");
    assert_eq!(got[2]["data"]["upload"]["verdict"], "allow");
    assert_eq!(verdict(&service, &both[0]), ("allow".into(), "decided".into()));
    assert_eq!(verdict(&service, &both[1]), ("block".into(), "decided".into()));
    assert!(appeal(&both[0], "").problem(409, "conflict").contains("not blocked"));
    // The owner's leave is on record: this uploader may, and nobody else.
    let next = encoding(&s, "28.mp4", 28);
    assert_eq!(hand_in(&service, &next, "&uploader=una")["reason"], "grant");
    assert_eq!(hand_in(&service, &next, "&uploader=vera")["verdict"], "block");
    // One that stands alone is reopened, and heard once.
    let made = appeal(&both[1], "Me too.").expect(202);
    assert_eq!(made["case"], json!(group));
    bob.decide(&service, &group, "reupload", "whole").expect(200);
    wait_closed(&service, &group);
    assert!(appeal(&both[1], "Again.").problem(409, "conflict").contains("already been decided"));
    let unknown = json!({ "id": "upl_00000000000000000000000000000000" });
    appeal(&unknown, "").problem(404, "not-found");
    appeal(&both[1], &"x".repeat(5000)).problem(422, "invalid");
    let stats = service.get("/v1/cases/stats").expect(200);
    assert_eq!((&stats["appeals"], &stats["overturned"]), (&json!(2), &json!(1)), "{stats}");
}

#[test]
fn a_block_that_nobody_looked_at_can_be_appealed_against() {
    let s = sandbox();
    let own = [("CENOTAPH_REVIEW__INCLUDE_BLOCKED", "false"), AT_ONCE];
    let service = Service::start_with(&s, &settings(&own));
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 26), "&uploader=una");
    assert_eq!(upload["verdict"], "block");
    assert_eq!(queue(&service, ""), Vec::<String>::new());
    let path = format!("/v1/uploads/{}/appeal", upload["id"].as_str().unwrap());
    let case = service.post(&path, &json!({})).expect(202)["case"].as_str().unwrap().to_owned();
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    let seen = ann.get(&service, &format!("/v1/cases/{case}")).expect(200);
    assert_eq!((&seen["kind"], &seen["tombstone"]), (&json!("whole"), &json!("city")), "{seen}");
    ann.decide(&service, &case, "not_reupload", "shared_material").expect(200);
    wait_closed(&service, &case);
    // What it looks like was found out for the ruling.
    let again = hand_in(&service, &encoding(&s, "b.mp4", 31), "");
    assert_eq!(again["reason"], "ruled_out", "{again}");
}

#[test]
fn a_decision_outlives_the_process_that_took_it() {
    let s = sandbox();
    let listener = Listener::start();
    let variables = settings(&[("CENOTAPH_REVIEW__UNDO_S", "3")]);
    let service = Service::start_with(&s, &variables);
    listener.subscribe(&service);
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    ann.claim(&service, &case).expect(200);
    ann.decide(&service, &case, "reupload", "whole").expect(200);
    service.kill();
    assert_eq!(listener.got(), Vec::<Value>::new());
    let service = Service::start_with(&s, &variables);
    let got = listener.wait_for(1);
    assert_eq!(got[0]["data"]["case"], json!(case));
    assert_eq!(verdict(&service, &upload), ("block".into(), "decided".into()));
    // And again: what was told is not told twice.
    service.kill();
    let _service = Service::start_with(&s, &variables);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(listener.got().len(), 1);
}

#[test]
fn a_hundred_thousand_cases_are_worked_on_smoothly() {
    let s = sandbox();
    drop(Service::start_with(&s, &settings(&[])));
    fill(&s.path("data/cenotaph.db"), 100_000);
    let service = Service::start_with(&s, &settings(&[]));
    let timed = |what: &str, least: usize, job: &dyn Fn() -> Value| {
        job();
        let begun = Instant::now();
        let found = job();
        let took = begun.elapsed();
        println!("{what}: {took:?}");
        assert!(took < Duration::from_millis(500), "{what}: {took:?}");
        let items = found["items"].as_array().map_or(1, Vec::len);
        assert!(items >= least, "{what}: {items}");
        found
    };
    let get = |path: &str| service.get(path).expect(200);
    let first = timed("first page", 50, &|| get("/v1/cases"));
    let next = first["meta"]["next"].as_str().unwrap();
    timed("next page", 50, &|| get(&format!("/v1/cases?cursor={next}")));
    timed("far page", 50, &|| get("/v1/cases?cursor=0.5_60000"));
    timed("oldest", 500, &|| get("/v1/cases?order=age&limit=500"));
    timed("a rare kind", 0, &|| get("/v1/cases?kind=frames"));
    timed("counts", 1, &|| get("/v1/cases/counts"));
    let id = first["items"][0]["id"].as_str().unwrap();
    timed("case", 1, &|| get(&format!("/v1/cases/{id}")));
    let begun = Instant::now();
    let claimed = service.post("/v1/cases/claims", &json!({})).expect(200);
    let path = format!("/v1/cases/{}/decision", claimed["id"].as_str().unwrap());
    let body = json!({ "version": 1, "decision": "reupload", "grounds": "whole" });
    service.post(&path, &body).expect(200);
    let next = service.post("/v1/cases/claims", &json!({})).expect(200);
    println!("claim, decision and the next claim: {:?}", begun.elapsed());
    assert_ne!(next["id"], claimed["id"]);
}
