//! Caches, on a real Varnish in front of an origin, and one that never purges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::IntoResponse;
use cenotaph::model::{CopyKind, CopyState, DeletionState, Visibility};
use cenotaph::remote::PurgeRule;

use crate::support::servers::{Process, Web, status};
use crate::support::world::*;
use crate::support::{http, varnish};

/// An origin that serves what lies in the media folder.
fn origin(world: &World) -> Web {
    let media = world.path("media");
    Web::start(&world.runtime, move |request| {
        let path = media.join(request.uri().path().trim_start_matches('/'));
        match std::fs::read(path) {
            Ok(bytes) => bytes.into_response(),
            Err(_) => status(404),
        }
    })
}

fn varnish(world: &World, origin: &Web) -> Option<(Process, u16)> {
    varnish::start(&world.path(""), origin.address.port())
}

fn purge_rule() -> PurgeRule {
    let headers = vec![(varnish::HEADER.to_owned(), varnish::PASSWORD.to_owned())];
    PurgeRule { headers, ..PurgeRule::default() }
}

fn get(world: &World, url: &str) -> u16 {
    let answer = world.runtime.block_on(http::client().build().unwrap().get(url).send()).unwrap();
    answer.status().as_u16()
}

#[test]
fn varnish_serves_a_deleted_video_until_it_is_purged_and_then_no_more() {
    let mut world = World::new();
    let main = world.put_picture("8812.bmp", 1);
    let other = world.put_picture("8813.bmp", 2);
    let origin = origin(&world);
    let Some((_varnish, port)) = varnish(&world, &origin) else { return };
    world.remote.purge_rules = vec![purge_rule()];
    let url = |name: &str| format!("http://127.0.0.1:{port}/{name}?size=large");
    for name in ["8812.bmp", "8813.bmp"] {
        assert_eq!((get(&world, &url(name)), get(&world, &url(name))), (200, 200));
    }
    std::fs::remove_file(file_path(&other)).unwrap();
    assert_eq!(get(&world, &url("8813.bmp")), 200, "it is cached");
    let running = world.start();
    let copies = vec![copy(CopyKind::Cache, &url("8812.bmp")), main_copy(&main)];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    assert_eq!(get(&world, &url("8812.bmp")), 404);
    assert_eq!(get(&world, &url("8813.bmp")), 200, "its neighbour stays");
    let how = view.copies[0].0.how.as_deref();
    assert_eq!(how, Some("requested as a viewer would: refused"));
    let order: Vec<_> = view.copies.iter().map(|(copy, _)| copy.gone_at).collect();
    assert!(order[0] >= order[1], "the cache comes last: {order:?}");
}

#[test]
fn a_cluster_is_purged_door_by_door() {
    let mut world = World::new();
    let main = world.put_picture("8812.bmp", 1);
    let origin = origin(&world);
    let Some((_one, first)) = varnish(&world, &origin) else { return };
    std::fs::rename(world.path("varnish"), world.path("varnish-one")).unwrap_or_default();
    let door = |port: u16| format!("http://127.0.0.1:{port}").parse().unwrap();
    // The second door is a cache that has never had it.
    let empty = Web::start(&world.runtime, |_| status(404));
    let endpoints = vec![door(first), door(empty.address.port())];
    let hosts = vec!["CDN.example.com".to_owned()];
    world.remote.purge_rules = vec![PurgeRule { hosts, endpoints, ..purge_rule() }];
    let at = |port: u16| {
        let get = http::client().build().unwrap().get(format!("http://127.0.0.1:{port}/8812.bmp"));
        let answer = world.runtime.block_on(get.header("host", "cdn.example.com").send()).unwrap();
        answer.status().as_u16()
    };
    assert_eq!((at(first), at(first)), (200, 200));
    let running = world.start();
    let cdn = copy(CopyKind::Cache, "https://cdn.example.com/8812.bmp");
    let id = running.request(&request("8812", vec![main_copy(&main), cdn]));
    running.wait_for(id, DeletionState::Complete);
    assert_eq!(at(first), 404);
    assert_eq!(*empty.seen.lock().unwrap(), ["PURGE /8812.bmp", "GET /8812.bmp"]);
}

#[test]
fn a_cache_that_never_purges_is_stuck_and_says_so_and_viewers_are_told_where_it_lingers() {
    let world = World::new();
    let main = world.put_picture("8812.bmp", 1);
    let stubborn = Arc::new(AtomicBool::new(true));
    let serves = stubborn.clone();
    // It says yes to PURGE and goes on serving.
    let cache = Web::start(&world.runtime, move |_| {
        status(if serves.load(Ordering::SeqCst) { 200 } else { 410 })
    });
    let running = world.start();
    let copies = vec![main_copy(&main), copy(CopyKind::Cache, &cache.url("/8812.bmp"))];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for_stuck(id);
    let why = view.deletion.stuck_why.unwrap();
    assert_eq!(why, "copy 1 (cache): the cache is still there after its deletion");
    assert_eq!(view.copies[0].0.state, CopyState::Gone, "the main copy does not wait for it");
    let shown = world.runtime.block_on(running.deletions.visibility("8812")).unwrap();
    assert_eq!(shown.visibility, Visibility::PendingDeletion);
    assert_eq!(shown.caches, ["127.0.0.1"]);
    let purges = cache.count("PURGE");
    running.hasten(id, "tried again", |_| cache.count("PURGE") > purges);
    stubborn.store(false, Ordering::SeqCst);
    let view = running.wait_for(id, DeletionState::Complete);
    assert_eq!(view.deletion.stuck_why, None);
    let shown = world.runtime.block_on(running.deletions.visibility("8812")).unwrap();
    assert_eq!((shown.visibility, shown.caches.len()), (Visibility::Deleted, 0));
}

#[test]
fn a_cache_that_refuses_or_hangs_does_not_count_as_purged() {
    let mut world = World::new();
    world.remote.limits.request_timeout_ms = 300;
    let refuses = Web::start(&world.runtime, |_| status(403));
    let hangs = Web::start_async(&world.runtime, |_| async {
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
        status(200)
    });
    let redirects = Web::start(&world.runtime, |_| {
        (axum::http::StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response()
    });
    let running = world.start();
    let servers = [
        (&refuses, "the cache answered 403"),
        (&hangs, "the cache cannot be reached: it did not answer in time"),
        (&redirects, "the cache answered 302"),
    ];
    // All at once, so that the slow one is waited for once.
    let asked = servers.map(|(server, expected)| {
        let uri = server.url("/8812.bmp");
        let id = running.request(&request(expected, vec![copy(CopyKind::Cache, &uri)]));
        (id, expected)
    });
    for (id, expected) in asked {
        let view = running.wait_for_stuck(id);
        assert_eq!(view.copies[0].0.last_error.as_deref(), Some(expected));
    }
}
