//! Claims about what joins a case and until when, about a blind case that nobody decides for the second time, and about
//! an upload that leaves its group.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::review::{
    Listener, Worker, encoding, hand_in, only_case, queue, sandbox, settings, verdict, wait_closed,
};
use crate::support::service::Service;

const MODERATOR: [&str; 2] = ["review", "scores"];
const AT_ONCE: (&str, &str) = ("CENOTAPH_REVIEW__UNDO_S", "0");

#[test]
fn late_uploads_join_within_the_window_and_open_a_case_of_their_own_after_it() {
    let s = sandbox();
    let files = [24, 28, 32].map(|crf| encoding(&s, &format!("{crf}.mp4"), crf));
    {
        let service = Service::start_with(&s, &settings(&[]));
        hand_in(&service, &files[0], "");
        // A second on, which a window of a day does not notice.
        std::thread::sleep(Duration::from_millis(1100));
        hand_in(&service, &files[1], "");
        let case = only_case(&service);
        assert_eq!(service.get(&format!("/v1/cases/{case}")).expect(200)["members"], 2);
    }
    let s = sandbox();
    // 1.08 seconds, told in whole ones.
    let short = [("CENOTAPH_REVIEW__GROUP_WINDOW_HOURS", "0.0003")];
    let service = Service::start_with(&s, &settings(&short));
    hand_in(&service, &files[0], "");
    std::thread::sleep(Duration::from_millis(2200));
    hand_in(&service, &files[2], "");
    assert_eq!(queue(&service, "").len(), 2);
    // The same bytes are no exception.
    std::thread::sleep(Duration::from_millis(2200));
    hand_in(&service, &files[0], "");
    assert_eq!(queue(&service, "").len(), 3);
}

#[test]
fn a_case_that_has_all_the_uploads_it_may_have_is_joined_no_more() {
    let s = sandbox();
    let service =
        Service::start_with(&s, &settings(&[("CENOTAPH_REVIEW__GROUP_UPLOADS_MAX", "2")]));
    for crf in [24, 27, 30, 33, 36] {
        hand_in(&service, &encoding(&s, &format!("{crf}.mp4"), crf), "");
    }
    let members = |case: &String| {
        service.get(&format!("/v1/cases/{case}")).expect(200)["members"].as_u64().unwrap()
    };
    let mut sizes: Vec<u64> = queue(&service, "").iter().map(members).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2, 2]);
}

#[test]
fn when_nobody_decides_a_blind_case_for_the_second_time_the_first_decision_holds() {
    let s = sandbox();
    // A little over two seconds instead of a day.
    let own = [
        ("CENOTAPH_REVIEW__DOUBLE_REVIEW_SHARE", "1.0"),
        ("CENOTAPH_REVIEW__DOUBLE_REVIEW_TIMEOUT_HOURS", "0.0006"),
        AT_ONCE,
    ];
    let service = Service::start_with(&s, &settings(&own));
    let listener = Listener::start();
    listener.subscribe(&service);
    let upload = hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let (case, ann) = (only_case(&service), Worker::new(&service, "Ann", &MODERATOR));
    let first = ann.decide(&service, &case, "not_reupload", "other_take").expect(200);
    assert_eq!(first["state"], "open", "{first}");
    assert_eq!(verdict(&service, &upload).0, "block", "not yet");
    let closed = wait_closed(&service, &case);
    assert_eq!(closed["decisions"].as_array().unwrap().len(), 1, "{closed}");
    assert_eq!(closed["decisions"][0]["turn"], "first");
    assert_eq!(listener.wait_for(1)[0]["data"]["decision"], "not_reupload");
    assert_eq!(verdict(&service, &upload), ("allow".into(), "decided".into()));
    let stats = service.get("/v1/cases/stats").expect(200);
    assert_eq!(stats["pairs"], 0, "nobody else has said anything: {stats}");
}

#[test]
fn an_upload_that_leaves_its_group_by_an_appeal_leaves_its_siblings_as_they_were() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[AT_ONCE]));
    let listener = Listener::start();
    listener.subscribe(&service);
    let wave: Vec<Value> = [24, 28, 32]
        .iter()
        .map(|crf| {
            let query = format!("&uploader=u{crf}&reference=post-{crf}");
            hand_in(&service, &encoding(&s, &format!("{crf}.mp4"), *crf), &query)
        })
        .collect();
    let group = only_case(&service);
    let (ann, bob) =
        (Worker::new(&service, "Ann", &MODERATOR), Worker::new(&service, "Bob", &MODERATOR));
    ann.decide(&service, &group, "reupload", "whole").expect(200);
    wait_closed(&service, &group);
    listener.wait_for(3);
    let id = |upload: &Value| upload["id"].as_str().unwrap().to_owned();
    let show = |upload: &Value| service.get(&format!("/v1/uploads/{}", id(upload))).expect(200);
    let siblings = || [show(&wave[1]), show(&wave[2])];
    let before = siblings();
    // The first one leaves, of which the group's match and verdict are.
    let path = format!("/v1/uploads/{}/appeal", id(&wave[0]));
    let case = service.post(&path, &json!({})).expect(202)["case"].as_str().unwrap().to_owned();
    assert_ne!(case, group);
    let left = service.get(&format!("/v1/cases/{group}")).expect(200);
    assert_eq!((&left["state"], &left["members"]), (&json!("closed"), &json!(2)), "{left}");
    assert_eq!(left["upload"], wave[1]["id"], "the next one stands for the group now");
    assert_eq!(left["decisions"][0]["decision"], "reupload");
    assert_eq!(left["history"].as_array().unwrap().last().unwrap()["event"], "parted");
    assert_eq!(siblings(), before);
    bob.decide(&service, &case, "not_reupload", "unrelated").expect(200);
    wait_closed(&service, &case);
    assert_eq!(verdict(&service, &wave[0]), ("allow".into(), "decided".into()));
    assert_eq!(siblings(), before, "what becomes of the appeal is not theirs");
    assert_eq!(listener.wait_for(4).len(), 4, "and nobody is told of them again");
}

#[test]
fn an_appeal_against_a_block_that_nobody_looked_at_gets_its_drawing_when_it_opens() {
    let s = sandbox();
    let own = [("CENOTAPH_REVIEW__INCLUDE_BLOCKED", "false"), AT_ONCE];
    let service = Service::start_with(&s, &settings(&own));
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    let appeal = |upload: &Value| {
        let path = format!("/v1/uploads/{}/appeal", upload["id"].as_str().unwrap());
        service.post(&path, &json!({})).expect(202)["case"].as_str().unwrap().to_owned()
    };
    let case = appeal(&hand_in(&service, &encoding(&s, "a.mp4", 26), ""));
    let plots = service.wait_for("a drawing", || {
        let shown = ann.get(&service, &format!("/v1/cases/{case}")).expect(200);
        Some(shown["plots"].clone()).filter(|plots| *plots != json!([]))
    });
    assert_eq!(plots[0]["tombstone"], "city");
    assert!(plots[0]["keypoints"].as_array().unwrap().len() > 20, "{plots}");
    // The very file that was deleted was settled by its bytes: now somebody wants to see.
    let same = hand_in(&service, &crate::support::sandbox::sample("city"), "");
    let case = appeal(&same);
    service.wait_for("its drawing", || {
        let shown = ann.get(&service, &format!("/v1/cases/{case}")).expect(200);
        (shown["plots"] != json!([])).then_some(())
    });
}
