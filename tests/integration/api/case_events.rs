//! Claims about following all cases by server-sent events.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use serde_json::{Value, json};

use crate::support::http;
use crate::support::review::{
    Worker, encoding, hand_in, only_case, sandbox, settings, wait_closed,
};
use crate::support::service::Service;

const MODERATOR: [&str; 2] = ["review", "scores"];

/// Somebody who follows.
struct Follower {
    text: Arc<Mutex<String>>,
    status: u16,
}

/// An event's id, name and data.
type Heard = (String, String, Value);

impl Follower {
    fn start(service: &Service<'_>, key: &str, last: Option<&str>) -> Follower {
        let text: Arc<Mutex<String>> = Arc::default();
        let client = http::client().build().unwrap();
        let mut call = client.get(service.url("/v1/cases/events"));
        call = call.header("authorization", format!("Bearer {key}"));
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        let response = service.block_on(call.send()).unwrap();
        let status = response.status().as_u16();
        let kept = text.clone();
        service.spawn(async move {
            let mut stream = response.bytes_stream();
            while let Some(Ok(piece)) = stream.next().await {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&piece));
            }
        });
        Follower { text, status }
    }

    fn heard(&self) -> Vec<Heard> {
        let text = self.text.lock().unwrap().clone();
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let events = whole.split("\n\n").filter(|event| event.contains("data:"));
        let one = |event: &str| {
            let field = |name: &str| {
                let found = event.lines().find_map(|line| line.strip_prefix(name));
                found.unwrap_or_default().trim().to_owned()
            };
            (field("id:"), field("event:"), serde_json::from_str(&field("data:")).unwrap())
        };
        events.map(one).collect()
    }

    #[track_caller]
    fn wait_for(&self, service: &Service<'_>, kind: &str) -> Vec<Heard> {
        service.wait_for(kind, || {
            Some(self.heard()).filter(|heard| heard.iter().any(|(_, name, _)| name == kind))
        })
    }
}

fn names(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(|(_, name, _)| name.as_str()).collect()
}

#[test]
fn whoever_follows_the_cases_hears_what_happens_and_goes_on_where_it_broke_off() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[("CENOTAPH_REVIEW__UNDO_S", "0")]));
    hand_in(&service, &encoding(&s, "before.mp4", 24), "");
    let before = only_case(&service);
    let key = service.key_for(&["review"]);
    let follower = Follower::start(&service, &key, None);
    assert_eq!(follower.status, 200);
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    ann.claim(&service, &before).expect(200);
    ann.decide(&service, &before, "reupload", "whole").expect(200);
    let heard = follower.wait_for(&service, "closed");
    assert_eq!(names(&heard), ["claimed", "decided", "closed"], "from now on only: {heard:?}");
    let (first, _, data) = &heard[0];
    assert_eq!((&data["case"], &data["by"]["name"]), (&json!(before), &json!("Ann")), "{data}");
    assert_eq!(heard[1].2["note"], "reupload");
    assert!(data["version"].is_u64() && data["state"].is_string(), "{data}");
    assert!(!follower.text.lock().unwrap().contains("score"));
    // A connection that was lost is taken up again behind what was heard.
    let again = Follower::start(&service, &key, Some(first));
    let heard = again.wait_for(&service, "closed");
    assert_eq!(names(&heard), ["decided", "closed"]);
    hand_in(&service, &encoding(&s, "after.mp4", 30), "");
    let heard = again.wait_for(&service, "opened");
    assert_eq!(heard.last().unwrap().2["state"], "open");
    let wrong = service.call_as(Some(&service.key_for(&["upload"])), "GET", "/v1/cases/events");
    wrong.send().problem(403, "forbidden");
}

#[test]
fn what_the_first_of_two_blind_moderators_does_is_told_to_nobody_else_before_the_end() {
    let s = sandbox();
    let own = [("CENOTAPH_REVIEW__DOUBLE_REVIEW_SHARE", "1.0"), ("CENOTAPH_REVIEW__UNDO_S", "0")];
    let service = Service::start_with(&s, &settings(&own));
    hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let case = only_case(&service);
    let key = service.key_for(&MODERATOR);
    let follower = Follower::start(&service, &key, None);
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    let bob = Worker::new(&service, "Bob", &MODERATOR);
    ann.decide(&service, &case, "reupload", "whole").expect(200);
    bob.claim(&service, &case).expect(200);
    let heard = follower.wait_for(&service, "claimed");
    assert_eq!(names(&heard), ["claimed"], "{heard:?}");
    assert!(!follower.text.lock().unwrap().contains("Ann"));
    bob.decide(&service, &case, "reupload", "whole").expect(200);
    wait_closed(&service, &case);
    let heard = follower.wait_for(&service, "closed");
    assert_eq!(names(&heard), ["claimed", "decided", "closed"], "{heard:?}");
    // Once it is closed, the history of the case has both.
    let shown = bob.get(&service, &format!("/v1/cases/{case}")).expect(200);
    assert_eq!(shown["decisions"].as_array().unwrap().len(), 2, "{shown}");
}

#[test]
fn a_key_that_is_revoked_hears_no_more() {
    let s = sandbox();
    let service = Service::start_with(&s, &settings(&[]));
    hand_in(&service, &encoding(&s, "a.mp4", 30), "");
    let case = only_case(&service);
    let made =
        service.post("/v1/keys", &json!({ "name": "ear", "scopes": ["review"] })).expect(201);
    let follower = Follower::start(&service, made["secret"].as_str().unwrap(), None);
    let ann = Worker::new(&service, "Ann", &MODERATOR);
    ann.claim(&service, &case).expect(200);
    follower.wait_for(&service, "claimed");
    service.delete(&format!("/v1/keys/{}", made["id"].as_str().unwrap()));
    let body = json!({ "note": "not for them" });
    ann.call(&service, "POST", &format!("/v1/cases/{case}/notes"), &body).expect(200);
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert!(!follower.text.lock().unwrap().contains("not for them"));
}
