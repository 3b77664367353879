//! What must be refused, with the right status and words that say what to do and repeat nothing private.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;

use serde_json::{Value, json};

use crate::deletions_http::platform::*;
use crate::support::service::Service;

/// A body that is sound but for one field.
fn with(path: &str, value: Value) -> Value {
    let mut body = wish(json!([{ "kind": "main", "uri": "file:///nowhere" }]));
    *body.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    body
}

#[test]
fn wrong_types_unknown_fields_and_odd_values_are_told_by_name() {
    let s = sandbox();
    let service = Service::start(&s);
    let main = put_picture(&s, "8812.bmp", 1);
    let cases = [
        (with("/owner", json!(17)), "string"),
        (with("/owner", json!("")), "`owner`"),
        (with("/owner", json!("a\u{7}b")), "`owner`"),
        (with("/owner", json!("x".repeat(600))), "512"),
        (with("/uploaded_at", json!("yesterday")), "`uploaded_at`"),
        (with("/uploaded_at", json!(1_700_000_000)), "string"),
        (with("/uploaded_at", json!("2999-01-01T00:00:00Z")), "future"),
        (with("/reason", json!("whim")), "owner_request"),
        (with("/reason", json!(null)), "column"),
        (with("/engagement", json!({ "views": -1 })), "u64"),
        (with("/engagement", json!({ "views": 1.5 })), "u64"),
        (with("/engagement", json!({ "views": 1e30 })), "u64"),
        (with("/engagement", json!({ "views": 1_000_000_000_001_u64 })), "`engagement`"),
        (with("/engagement", json!({ "seen": 1 })), "seen"),
        (with("/engagement", json!([1, 2, 3, 4])), "an object"),
        (with("/copies", json!({})), "sequence"),
        (with("/copies", json!([["main", main]])), "an object"),
        (with("/copies", json!([{ "kind": "spare", "uri": main }])), "spare"),
        (with("/copies", json!([{ "kind": "main" }])), "uri"),
        (
            with("/copies", json!([{ "kind": "main", "uri": main, "delete_after": in_words() }])),
            "only allowed for backups",
        ),
        (
            with("/copies", json!([{ "kind": "backup", "uri": main, "delete_after": "soon" }])),
            "`copies.delete_after`",
        ),
        (with("/copies", json!([{ "kind": "main", "uri": main, "prefix": "yes" }])), "boolean"),
        (with("/copies", json!([main_copy(&main), main_copy(&main)])), "duplicate"),
        (
            with(
                "/copies",
                json!([{ "kind": "main", "uri": format!("{main}{}", "x".repeat(5000)) }]),
            ),
            "4096",
        ),
        (with("/copies", json!(vec![main_copy(&main); 101])), "100"),
    ];
    for (body, part) in cases {
        let detail = post(&service, "8812", &body).problem(422, "invalid");
        assert!(detail.contains(part), "{part}: {detail}");
    }
    let mut unknown = wish(json!([]));
    unknown["colour"] = json!("red");
    assert!(post(&service, "8812", &unknown).problem(422, "invalid").contains("colour"));
    let mut long = wish(json!([]));
    long["metadata"] = json!({ "note": "x".repeat(20_000) });
    assert!(post(&service, "8812", &long).problem(422, "invalid").contains("16384"));
    long["metadata"] = json!("text");
    post(&service, "8812", &long).problem(422, "invalid");
    assert_eq!(visibility(&service, "8812")["visibility"], "live", "nothing was begun");
    assert!(service.get("/v1/deletions").expect(200)["items"].as_array().unwrap().is_empty());
    let send = |body: &str| {
        let call = service.call("POST", "/v1/videos/8812/deletion");
        call.header("content-type", "application/json").body(body.to_owned()).send()
    };
    send("{").problem(400, "malformed");
    send("").problem(400, "malformed");
    send("[]").problem(422, "invalid");
    send("{\"reason\":\"legal\",\"reason\":\"legal\",\"copies\":[]}").problem(422, "invalid");
    send(&format!("{{\"reason\":\"{}\"}}", "x".repeat(2 << 20))).problem(413, "too-large");
}

fn in_words() -> &'static str {
    "2030-01-01T00:00:00Z"
}

#[test]
fn addresses_that_lead_elsewhere_are_refused_and_not_repeated() {
    let s = sandbox();
    let service = Service::start(&s);
    let media = s.path("media").display().to_string();
    let secret = s.write("secret.txt", b"secret");
    let uris = [
        ("main", format!("file://{media}/../secret.txt")),
        ("main", format!("file://{media}/%2e%2e/secret.txt")),
        ("main", format!("file://{media}/a/..%2f../secret.txt")),
        ("main", format!("file://{}", secret.display())),
        ("main", "file:///etc/secret".to_owned()),
        ("main", "file://localhost/secret".to_owned()),
        ("main", format!("file://{media}/%00secret")),
        ("main", format!("{media}/secret")),
        ("main", "ftp://example.com/secret".to_owned()),
        ("main", "https://example.com/secret".to_owned()),
        ("main", "javascript:secret".to_owned()),
        ("main", "s3://bucket/secret".to_owned()),
        ("main", "gs://bucket/secret".to_owned()),
        ("cache", "file:///etc/secret".to_owned()),
        ("cache", "http://169.254.169.254/secret".to_owned()),
        ("cache", "http://10.0.0.1/secret".to_owned()),
        ("cache", "https://user:pass@example.com/secret".to_owned()),
        ("callback", "http://[::1]/secret".to_owned()),
        ("callback", "s3://bucket/secret".to_owned()),
        ("main", String::new()),
        ("main", format!("file://{media}/a\u{1}secret")),
    ];
    for (kind, uri) in uris {
        let body = wish(json!([{ "kind": kind, "uri": uri }]));
        let detail = post(&service, "8812", &body).problem(422, "invalid");
        assert!(detail.contains("`copies`: number 0"), "{uri}: {detail}");
        assert!(!detail.contains("secret") && !detail.contains(&media), "{uri}: {detail}");
    }
    for uri in [format!("file://{media}/"), "file:///".to_owned(), format!("file://{media}/a")] {
        let body = wish(json!([{ "kind": "main", "uri": uri, "prefix": true }]));
        post(&service, "8812", &body).problem(422, "invalid");
    }
    // Where a link leads is seen when it is followed: then the deletion is stuck and says so.
    std::os::unix::fs::symlink(s.path(""), s.path("media/way-out")).unwrap();
    let uri = format!("file://{media}/way-out/secret.txt");
    let id = delete(&service, "8812", &wish(json!([{ "kind": "backup", "uri": uri }])));
    let stuck = wait_for(&service, &id, "stuck");
    assert!(!text(&stuck["stuck"]).contains("secret"), "{stuck}");
    assert!(secret.exists());
    let (_, log) = service.stop();
    assert!(!log.contains("/secret") && !log.contains("secret.txt"), "{log}");
}

#[test]
fn ids_with_slashes_and_signs_are_ids_and_control_characters_and_huge_ones_are_not() {
    let s = sandbox();
    let service = Service::start(&s);
    let body = wish(json!([]));
    for odd in ["a%2Fb", "..%2F..%2Fetc%2Fpasswd", "%C3%A9%20%2B", "..", "a%3Fb%23c"] {
        // A client may fold `..` before it sends it.
        if odd == ".." {
            continue;
        }
        let id = delete(&service, odd, &body);
        wait_for(&service, &id, "complete");
        assert_eq!(visibility(&service, odd)["visibility"], "deleted", "{odd}");
    }
    assert_eq!(visibility(&service, "a")["visibility"], "live");
    for wrong in ["a%00b", "a%0Ab", "%7F", "a%C2%85"] {
        let detail = post(&service, wrong, &body).problem(422, "invalid");
        assert!(detail.contains("control character"), "{detail}");
        service.get(&format!("/v1/videos/{wrong}/visibility")).problem(422, "invalid");
    }
    let huge = "x".repeat(513);
    assert!(post(&service, &huge, &body).problem(422, "invalid").contains("512"));
    service.get(&format!("/v1/videos/{huge}/visibility")).problem(422, "invalid");
    // Not UTF-8: there is nothing of that name.
    service.get("/v1/videos/%ff/visibility").problem(404, "not-found");
    service.get("/v1/videos/a/b/visibility").problem(404, "not-found");
    for id in ["x", "del_", "del_zz", "upl_00000000000000000000000000000000", "..%2fx"] {
        service.get(&format!("/v1/deletions/{id}")).problem(404, "not-found");
        service.get(&format!("/v1/deletions/{id}/receipt")).problem(404, "not-found");
        service.get(&format!("/v1/deletions/{id}/events")).problem(404, "not-found");
    }
    // A head that is larger than any.
    let mut socket = TcpStream::connect(&service.address).unwrap();
    let line = format!("GET /v/{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(1 << 20));
    let _ = socket.write_all(line.as_bytes());
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn of_deletions_that_race_one_wins_and_the_others_know_it() {
    let s = sandbox();
    let service = Service::start(&s);
    for round in 0..8 {
        let main = put_picture(&s, &format!("{round}.bmp"), round);
        let video = format!("v{round}");
        let bodies: Vec<Value> = (0..6)
            .map(|n| {
                let mut body = wish(json!([main_copy(&main)]));
                // Two of each: the same, and others.
                body["owner"] = json!(format!("owner-{}", n / 2));
                body
            })
            .collect();
        let start = Barrier::new(bodies.len());
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = bodies
                .iter()
                .map(|body| {
                    let (start, service, video) = (&start, &service, &video);
                    scope.spawn(move || {
                        start.wait();
                        post(service, video, body)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let won: Vec<&_> = answers.iter().filter(|answer| answer.status == 202).collect();
        // The winner's twin may also come after completion: then it is the same still.
        assert_eq!(won.len(), 2, "{answers:?}");
        let id = won[0].json()["id"].clone();
        assert_eq!(won[1].json()["id"], id);
        answers.iter().filter(|a| a.status != 202).for_each(|answer| {
            assert!(answer.problem(409, "conflict").contains(text(&id)));
        });
        wait_for(&service, text(&id), "complete");
    }
}
