//! Events to subscribers: signed, durable, again and again, given up and sent again; never into private networks.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::Sandbox;
use crate::support::servers::{Web, free_port, status, tool};
use crate::support::service::Service;
use crate::support::skip::missing;

const LOOPBACK: (&str, &str) = ("CENOTAPH_REMOTE__NETWORKS_ALLOWED", "[\"127.0.0.1\"]");

/// A message as it arrived.
#[derive(Debug, Clone)]
struct Message {
    headers: Vec<(String, String)>,
    body: String,
}

impl Message {
    fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(header, _)| header == name).unwrap().1
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether the official library of Standard Webhooks believes it; `None` when that is not installed.
    fn is_genuine(&self, secret: &str) -> Option<bool> {
        let python = tool("venv/bin/python")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/verify_webhook.py");
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let message = json!({ "secret": secret, "headers": headers, "body": self.body });
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(message.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.success() {
            true => Some(true),
            false if said.contains("not genuine") => Some(false),
            false if said.contains("ModuleNotFound") => None,
            false => panic!("{said}"),
        }
    }
}

/// A receiver that keeps what it gets; the n-th message is answered with the n-th status, all further with the last.
struct Receiver {
    web: Web,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    fn start(runtime: &tokio::runtime::Runtime, statuses: &'static [u16]) -> Receiver {
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let kept = messages.clone();
        let count = Arc::new(AtomicUsize::new(0));
        let web = Web::start_async(runtime, move |request| {
            let (kept, count) = (kept.clone(), count.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let headers = parts.headers.iter();
                let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()));
                let body = String::from_utf8(body.to_vec()).unwrap();
                kept.lock().unwrap().push(Message { headers: headers.collect(), body });
                let n = count.fetch_add(1, Ordering::SeqCst).min(statuses.len() - 1);
                status(statuses[n])
            }
        });
        Receiver { web, messages }
    }

    fn got(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_for(&self, service: &Service<'_>, count: usize) -> Vec<Message> {
        service.wait_for(&format!("{count} messages"), || {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn subscribe(service: &Service<'_>, url: &str) -> (String, String) {
    let body = json!({ "url": url, "events": ["upload.verdict"] });
    let made = service.post("/v1/subscriptions", &body).expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Something that gets a verdict quickly.
fn event(service: &Service<'_>, reference: &str) -> Value {
    let call = service.call("POST", &format!("/v1/uploads?wait=60&reference={reference}"));
    call.body("no video at all").send().expect(200)
}

fn deliveries(service: &Service<'_>, state: &str) -> Vec<Value> {
    let list = service.get(&format!("/v1/deliveries?state={state}")).expect(200);
    list["items"].as_array().unwrap().clone()
}

#[test]
fn a_verdict_is_told_in_a_way_that_a_foreign_library_believes() {
    let (s, runtime) = (with_tombstones(), runtime());
    let (plain, full) = (Receiver::start(&runtime, &[204]), Receiver::start(&runtime, &[200]));
    let service = Service::start_with(&s, &[LOOPBACK]);
    let (id, secret) = subscribe(&service, &plain.web.url("/hook?token=t1"));
    let body = json!({ "url": full.web.url("/"), "events": ["upload.verdict"], "scores": true });
    service.post("/v1/subscriptions", &body).expect(201);
    let metadata = "metadata=%7B%22a%22%3A1%7D";
    let file = crate::support::sandbox::sample("chess");
    let query = format!("?wait=60&uploader=bert&reference=r1&{metadata}");
    let line = upload(&service, &file, &query).expect(200);
    let message = plain.wait_for(&service, 1).remove(0);
    let told = message.json();
    assert_eq!(told["type"], "upload.verdict");
    assert_eq!(told["data"]["id"], line["id"]);
    assert_eq!(verdict(&told["data"]), ("block", "same_bytes"));
    assert_eq!(
        (&told["data"]["reference"], &told["data"]["uploader"]),
        (&json!("r1"), &json!("bert"))
    );
    assert_eq!(told["data"]["metadata"], json!({ "a": 1 }));
    assert!(told["timestamp"].as_str().unwrap().ends_with('Z'), "{told}");
    assert!(!message.body.contains("score"), "{told}");
    assert!(message.header("webhook-id").starts_with("evt_"));
    assert_eq!(message.header("content-type"), "application/json");
    let whole = full.wait_for(&service, 1).remove(0).json();
    assert!(whole["data"]["matches"][0]["score"].as_f64().unwrap() > 8.0, "{whole}");
    let Some(genuine) = message.is_genuine(&secret) else {
        return missing("the library standardwebhooks");
    };
    assert!(genuine);
    let forged = Message { body: message.body.replace("bert", "carl"), ..message.clone() };
    assert_eq!(forged.is_genuine(&secret), Some(false));
    // With a new secret, both are good for a day.
    let path = format!("/v1/subscriptions/{id}/secret");
    let new = service.call("POST", &path).send().expect(200)["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, secret);
    event(&service, "r2");
    let next = plain.wait_for(&service, 2).remove(1);
    assert_eq!((next.is_genuine(&secret), next.is_genuine(&new)), (Some(true), Some(true)));
    assert_eq!(message.is_genuine(&new), Some(false));
    // What stands in an address is nobody's business.
    assert!(!service.log().contains("t1"), "{}", service.log());
}

#[test]
fn a_receiver_that_fails_is_tried_again_with_the_same_message() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let receiver = Receiver::start(&runtime, &[500, 302, 204]);
    let service =
        Service::start_with(&s, &[LOOPBACK, ("CENOTAPH_WEBHOOKS__RETRY_DELAYS_S", "[1, 1, 1]")]);
    subscribe(&service, &receiver.web.url("/"));
    event(&service, "r1");
    let got = receiver.wait_for(&service, 3);
    assert!(got.iter().all(|m| m.header("webhook-id") == got[0].header("webhook-id")));
    assert!(got.iter().all(|m| m.body == got[0].body));
    assert_ne!(got[0].header("webhook-signature"), got[2].header("webhook-signature"));
    let sent = service.wait_for("end", || deliveries(&service, "sent").pop());
    assert_eq!((&sent["attempts"], &sent["due_at"]), (&json!(2), &Value::Null));
    assert_eq!(sent["event"], got[0].header("webhook-id"));
    let counted = "cenotaph_webhooks_total{outcome=\"retry\"}";
    assert_eq!(metric(&service, counted), 2.0);
}

#[test]
fn what_was_given_up_is_listed_and_sent_when_somebody_asks() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let receiver = Receiver::start(&runtime, &[500, 500, 500, 500, 204]);
    let service =
        Service::start_with(&s, &[LOOPBACK, ("CENOTAPH_WEBHOOKS__RETRY_DELAYS_S", "[1]")]);
    let (subscription, _) = subscribe(&service, &receiver.web.url("/"));
    event(&service, "r1");
    event(&service, "r2");
    let dead = service.wait_for("two dead letters", || {
        let dead = deliveries(&service, "dead");
        (dead.len() == 2).then_some(dead)
    });
    assert!(dead[0]["last_error"].as_str().unwrap().contains("500"), "{dead:?}");
    assert!(dead[0]["due_at"].is_null() && dead[0]["ended_at"].is_string(), "{dead:?}");
    assert_eq!(metric(&service, "cenotaph_webhooks_dead"), 2.0);
    assert_eq!(receiver.got().len(), 4);
    let id = dead[0]["id"].as_str().unwrap();
    let due = service.call("POST", &format!("/v1/deliveries/{id}/resend")).send().expect(200);
    assert_eq!(due["state"], "due");
    receiver.wait_for(&service, 5);
    let path = format!("/v1/subscriptions/{subscription}/resend");
    assert_eq!(service.call("POST", &path).send().expect(200)["requeued"], 1);
    receiver.wait_for(&service, 6);
    service.wait_for("two sent", || (deliveries(&service, "sent").len() == 2).then_some(()));
    service.call("POST", "/v1/deliveries/dlv_x/resend").send().problem(404, "not-found");
}

#[test]
fn a_receiver_that_hangs_delays_nobody_else() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let hangs = Web::start_async(&runtime, |_| async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        status(204)
    });
    let receiver = Receiver::start(&runtime, &[204]);
    let timeout = ("CENOTAPH_REMOTE__REQUEST_TIMEOUT_MS", "3000");
    let service = Service::start_with(&s, &[LOOPBACK, timeout]);
    subscribe(&service, &hangs.url("/"));
    subscribe(&service, &receiver.web.url("/"));
    let begun = Instant::now();
    (0..6).for_each(|n| drop(event(&service, &format!("r{n}"))));
    receiver.wait_for(&service, 6);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let late = service.wait_for("a time-out", || {
        deliveries(&service, "due").into_iter().find(|one| one["attempts"] == 1)
    });
    assert!(late["last_error"].as_str().unwrap().contains("in time"), "{late}");
    // No more of them hang at once than one subscriber may have.
    assert!(hangs.count("POST") <= 8, "{:?}", hangs.seen);
}

#[test]
fn nothing_is_sent_into_private_networks_unless_the_settings_say_so() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let receiver = Receiver::start(&runtime, &[204]);
    let service = Service::start(&s);
    let port = receiver.web.address.port();
    let wrong = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        "http://[::1]/".into(),
        "http://10.0.0.1/".into(),
        "http://169.254.169.254/latest/meta-data".into(),
        "http://user:pass@example.com/".into(),
        "ftp://example.com/".into(),
        "file:///etc/passwd".into(),
        "example.com".into(),
        String::new(),
        format!("https://example.com/{}", "a".repeat(3000)),
    ];
    for url in wrong {
        let body = json!({ "url": url, "events": ["upload.verdict"] });
        let detail = service.post("/v1/subscriptions", &body).problem(422, "invalid");
        assert!(detail.contains("url"), "{url}: {detail}");
    }
    // A name may lead anywhere; where it leads is looked at when it is used.
    subscribe(&service, &format!("http://localhost:{port}/"));
    event(&service, "r1");
    let due = service.wait_for("a failed try", || {
        deliveries(&service, "due").into_iter().find(|one| one["attempts"] == 1)
    });
    assert!(due["last_error"].as_str().unwrap().contains("no public address"), "{due}");
    assert!(receiver.got().is_empty());
}

#[test]
fn a_killed_service_loses_no_event() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let port = free_port();
    let settings =
        [LOOPBACK, ("CENOTAPH_WEBHOOKS__RETRY_DELAYS_S", "[1, 1, 1, 1, 1, 1, 1, 1, 60]")];
    let service = Service::start_with(&s, &settings);
    subscribe(&service, &format!("http://127.0.0.1:{port}/"));
    let ids: Vec<Value> = (0..3).map(|n| event(&service, &format!("r{n}"))["id"].clone()).collect();
    service.kill();
    let got: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = got.clone();
    let router = axum::Router::new().fallback(move |body: String| {
        kept.lock()
            .unwrap()
            .push(serde_json::from_str::<Value>(&body).unwrap()["data"]["id"].clone());
        async { status(204) }
    });
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", port))).unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    let service = Service::start_with(&s, &settings);
    service.wait_for("three events", || {
        let got = got.lock().unwrap();
        ids.iter().all(|id| got.contains(id)).then_some(())
    });
    service.wait_for("an empty outbox", || deliveries(&service, "due").is_empty().then_some(()));
}

#[test]
fn a_receiver_that_wants_nothing_more_is_paused_until_somebody_says_otherwise() {
    let (s, runtime) = (Sandbox::new(), runtime());
    let receiver = Receiver::start(&runtime, &[410, 204]);
    let service = Service::start_with(&s, &[LOOPBACK]);
    let (id, _) = subscribe(&service, &receiver.web.url("/"));
    let path = format!("/v1/subscriptions/{id}");
    event(&service, "r1");
    service.wait_for("pause", || service.get(&path).json()["paused_at"].is_string().then_some(()));
    event(&service, "r2");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(receiver.got().len(), 1);
    let change = service.call("PATCH", &path).json(&json!({ "paused": false })).send().expect(200);
    assert!(change["paused_at"].is_null(), "{change}");
    // What happened meanwhile has waited; what was refused is given up.
    assert_eq!(receiver.wait_for(&service, 2)[1].json()["data"]["reference"], "r2");
    assert_eq!(deliveries(&service, "dead").len(), 1);
    assert_eq!(service.delete(&path).status, 204);
    service.get(&path).problem(404, "not-found");
    event(&service, "r3");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(receiver.got().len(), 2);
}

#[test]
fn subscriptions_say_what_is_wrong_with_them() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let ask = |body: Value| service.post("/v1/subscriptions", &body);
    let url = "https://example.com/hook";
    ask(json!({ "url": url, "events": [] })).problem(422, "invalid");
    let unknown = ask(json!({ "url": url, "events": ["upload.deleted"] })).problem(422, "invalid");
    assert!(unknown.contains("upload.verdict"), "it tells the choices: {unknown}");
    ask(json!({ "url": url })).problem(422, "invalid");
    ask(json!({ "url": url, "events": ["upload.verdict"], "colour": 1 })).problem(422, "invalid");
    let admin = service.key_for(&["admin"]);
    let body = json!({ "url": url, "events": ["upload.verdict"], "scores": true });
    let call = service.call_as(Some(&admin), "POST", "/v1/subscriptions").json(&body);
    assert!(call.send().problem(403, "forbidden").contains("scores"));
    let made = ask(body).expect(201);
    let shown = service.get(&format!("/v1/subscriptions/{}", made["id"].as_str().unwrap()));
    assert!(
        !shown.text().contains("whsec_") && made["secret"].as_str().unwrap().starts_with("whsec_")
    );
}
