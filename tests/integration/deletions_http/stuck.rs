//! Deletions that need somebody: they say so, subscribers are told, and what was put right is tried again.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::HeaderMap;
use cenotaph::remote::signature;
use cenotaph::remote::signature::Secret;
use serde_json::{Value, json};

use crate::deletions_http::platform::*;
use crate::support::servers::{S3, Web, status};
use crate::support::service::Service;

type Sent = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// A receiver of webhooks that keeps what it was sent.
fn receiver(runtime: &tokio::runtime::Runtime) -> (Web, Sent) {
    let sent = Sent::default();
    let kept = sent.clone();
    let web = Web::start_async(runtime, move |request: Request| {
        let kept = kept.clone();
        async move {
            let headers = request.headers().clone();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            kept.lock().unwrap().push((headers, body.to_vec()));
            status(204)
        }
    });
    (web, sent)
}

#[test]
fn a_cache_that_never_purges_is_stuck_says_so_tells_subscribers_and_can_be_retried() {
    let s = sandbox();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let says = Arc::new(AtomicU16::new(200));
    let answer = says.clone();
    // It says yes to PURGE and goes on serving.
    let cache = Web::start(&runtime, move |_| status(answer.load(Ordering::SeqCst)));
    let (hook, sent) = receiver(&runtime);
    let service = Service::start(&s);
    let events = json!({ "url": hook.url("/"), "events": ["deletion.stuck", "deletion.complete"] });
    let secret: Secret =
        text(&service.post("/v1/subscriptions", &events).expect(201)["secret"]).parse().unwrap();
    let main = put_picture(&s, "8812.bmp", 1);
    let copies = json!([main_copy(&main), { "kind": "cache", "uri": cache.url("/8812.mp4") }]);
    let mut body = wish(copies);
    body["metadata"] = json!({ "ticket": 17 });
    let id = delete(&service, "8812", &body);
    let stuck = wait_for(&service, &id, "stuck");
    assert_eq!(stuck["stuck"], "copy 1 (cache): the cache is still there after its deletion");
    assert_eq!(
        (&stuck["stage"], &stuck["copies"][1]["state"]),
        (&json!("purging"), &json!("stuck"))
    );
    assert!(stuck["copies"][1]["attempts"].as_u64().unwrap() >= 3, "{stuck}");
    assert!(stuck["copies"][1]["last_error"].is_string() && stuck["next_at"].is_string());
    let shown = visibility(&service, "8812");
    assert_eq!(
        (&shown["visibility"], &shown["caches"]),
        (&json!("pending_deletion"), &json!(["127.0.0.1"]))
    );
    let listed = service.get("/v1/deletions?state=stuck").expect(200);
    assert_eq!(listed["items"][0]["id"], json!(id));
    says.store(404, Ordering::SeqCst);
    service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).expect(202);
    wait_for(&service, &id, "complete");
    service.post(&format!("/v1/deletions/{id}/retry"), &json!({})).problem(409, "conflict");
    let sent = service.wait_for("both events", || {
        let sent = sent.lock().unwrap().clone();
        (sent.len() >= 2).then_some(sent)
    });
    let mut kinds = Vec::new();
    for (headers, body) in &sent {
        let header = |name: &str| headers[name].to_str().unwrap();
        let at = header(signature::TIMESTAMP).parse().unwrap();
        let (message, signed) = (header(signature::ID), header(signature::SIGNATURE));
        assert!(signature::verify(&secret, message, at, body, signed));
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&body["data"]["id"], &body["data"]["video"]), (&json!(id), &json!("8812")));
        assert_eq!(body["data"]["metadata"]["ticket"], 17);
        kinds.push((text(&body["type"]).to_owned(), body["data"]["state"].clone()));
        if body["type"] == "deletion.stuck" {
            assert_eq!(body["data"]["stuck"], stuck["stuck"]);
        }
    }
    kinds.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("deletion.complete", "complete"), ("deletion.stuck", "stuck")];
    assert_eq!(kinds, expected.map(|(kind, state)| (kind.to_owned(), json!(state))));
}

#[test]
fn an_s3_that_answers_500_and_recovers_delays_but_loses_nothing() {
    let s = sandbox();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let s3 = S3::start(&runtime, &s.path("s3"), "videos");
    let endpoint = s3.web.url("");
    let variables = [
        ("CENOTAPH_REMOTE__S3__ENDPOINT", endpoint.as_str()),
        ("CENOTAPH_REMOTE__S3__PATH_STYLE", "true"),
        ("CENOTAPH_REMOTE__S3__ACCESS_KEY_ID", S3::KEY),
        ("CENOTAPH_REMOTE__S3__SECRET_ACCESS_KEY", S3::SECRET),
    ];
    let service = Service::start_with(&s, &variables);
    let uri = s3.put("videos", "in/8812.bmp", &crate::support::pictures::picture(1));
    s3.put("videos", "hls/8812/1.ts", b"1");
    // More than a request is tried by itself.
    s3.fail(40);
    let copies = json!([main_copy(&uri), { "kind": "backup", "uri": "s3://videos/hls/8812/", "prefix": true }]);
    let id = delete(&service, "8812", &wish(copies));
    service.wait_for("a failure", || {
        let now = show(&service, &id);
        let failed = text(&now["state"]) == "stuck"
            || now["last_error"].is_string()
            || now["copies"].as_array().unwrap().iter().any(|c| c["last_error"].is_string());
        failed.then_some(())
    });
    assert!(s3.has("videos", "in/8812.bmp"));
    s3.fail(0);
    let done = wait_for(&service, &id, "complete");
    assert!(!s3.has("videos", "in/8812.bmp") && !s3.has("videos", "hls/8812/1.ts"));
    let tombstone =
        service.get(&format!("/v1/tombstones/{}", text(&done["tombstone"]))).expect(200);
    assert_eq!(tombstone["strength"], "review");
}

#[test]
fn a_platform_that_is_called_back_gets_a_signed_message() {
    let secret = Secret::new([5; 32]);
    let secrets = format!("callback_secrets = [\"{}\"]", secret.text());
    let s = sandbox();
    let settings = std::fs::read_to_string(s.path("cenotaph.toml")).unwrap();
    let settings = settings.replace("[deletions]", &format!("{secrets}\n[deletions]"));
    s.write("cenotaph.toml", settings.as_bytes());
    assert_eq!(s.run(["config", "check"]).code, 0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (platform, sent) = receiver(&runtime);
    let service = Service::start(&s);
    let copies = json!([{ "kind": "callback", "uri": platform.url("/forget") }]);
    let id = delete(&service, "8812", &wish(copies));
    let done = wait_for(&service, &id, "complete");
    assert!(text(&done["copies"][0]["verified"]).contains("acknowledged"), "{done}");
    for (headers, body) in sent.lock().unwrap().iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        let at = header(signature::TIMESTAMP).parse().unwrap();
        let (message, signed) = (header(signature::ID), header(signature::SIGNATURE));
        assert!(signature::verify(&secret, message, at, body, signed));
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["video"]),
            (&json!("deletion.forget"), &json!("8812"))
        );
    }
}
