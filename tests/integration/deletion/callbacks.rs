//! Parts of the platform that are called back: signed requests, and the three things that they may say.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::HeaderMap;
use cenotaph::model::{CopyKind, DeletionState, Stage};
use cenotaph::remote::signature::{self, Secret};

use crate::support::servers::{Web, status};
use crate::support::world::*;

/// Headers and body of a request.
type Sent = (HeaderMap, Vec<u8>);

/// A platform that answers what it is told to, and keeps what it was sent.
struct Platform {
    web: Web,
    says: Arc<AtomicU16>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Platform {
    fn start(world: &World, says: u16) -> Platform {
        let (says, sent) = (Arc::new(AtomicU16::new(says)), Arc::new(Mutex::new(Vec::new())));
        let (answer, kept) = (says.clone(), sent.clone());
        let web = Web::start_async(&world.runtime, move |request: Request| {
            let (answer, kept) = (answer.clone(), kept.clone());
            async move {
                let headers = request.headers().clone();
                let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
                kept.lock().unwrap().push((headers, body.to_vec()));
                status(answer.load(Ordering::SeqCst))
            }
        });
        Platform { web, says, sent }
    }
}

fn world(secret: &Secret) -> World {
    let mut world = World::new();
    world.remote.callback_secrets = vec![secret.clone()];
    world
}

#[test]
fn the_platform_gets_a_signed_request_that_names_the_video_and_is_asked_twice() {
    let secret = Secret::new([5; 32]);
    let world = world(&secret);
    let platform = Platform::start(&world, 204);
    let running = world.start();
    let mut wish = request("8812", vec![copy(CopyKind::Callback, &platform.web.url("/forget"))]);
    wish.metadata = Some(serde_json::json!({ "ticket": 17 }));
    let id = running.request(&wish);
    let view = running.wait_for(id, DeletionState::Complete);
    let how = view.copies[0].0.how.as_deref();
    assert_eq!(how, Some("acknowledged twice"));
    let sent = platform.sent.lock().unwrap();
    assert_eq!(sent.len(), 2);
    for (headers, body) in sent.iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        let timestamp = header(signature::TIMESTAMP).parse().unwrap();
        let (message, signed) = (header(signature::ID), header(signature::SIGNATURE));
        assert!(signature::verify(&secret, message, timestamp, body, signed));
        assert_eq!(message, format!("{id}.0"));
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["type"], "deletion.forget");
        let data = &body["data"];
        assert_eq!((&data["video"], &data["owner"]), (&"8812".into(), &"owner-anna".into()));
        assert_eq!(
            (&data["deletion"], &data["metadata"]["ticket"]),
            (&id.to_string().into(), &17.into())
        );
    }
}

#[test]
fn a_platform_that_is_not_done_yet_is_asked_again_without_being_called_stuck() {
    let world = world(&Secret::new([5; 32]));
    let platform = Platform::start(&world, 202);
    let running = world.start();
    let id = running
        .request(&request("8812", vec![copy(CopyKind::Callback, &platform.web.url("/forget"))]));
    let view = running.hasten(id, "asked five times", |v| v.copies[0].0.attempts >= 5);
    assert_eq!(
        (view.deletion.state(), view.deletion.stage),
        (DeletionState::Purging, Stage::Purging)
    );
    platform.says.store(410, Ordering::SeqCst);
    let view = running.wait_for(id, DeletionState::Complete);
    assert_eq!(view.copies[0].0.how.as_deref(), Some("the platform holds nothing of it"));
}

#[test]
fn a_platform_that_fails_is_stuck_and_without_a_secret_nothing_is_sent() {
    let world = world(&Secret::new([5; 32]));
    let platform = Platform::start(&world, 500);
    let running = world.start();
    let wish = request("8812", vec![copy(CopyKind::Callback, &platform.web.url("/forget"))]);
    let id = running.request(&wish);
    let view = running.wait_for_stuck(id);
    assert_eq!(
        view.deletion.stuck_why.as_deref(),
        Some("copy 0 (callback): the platform answered 500")
    );

    let world = World::new();
    let platform = Platform::start(&world, 204);
    let running = world.start();
    let wish = request("8812", vec![copy(CopyKind::Callback, &platform.web.url("/forget"))]);
    let id = running.request(&wish);
    let view = running.wait_for_stuck(id);
    assert!(view.deletion.stuck_why.unwrap().contains("no secret"));
    assert!(platform.sent.lock().unwrap().is_empty());
}
