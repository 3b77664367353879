//! What all endpoints have in common: keys and scopes, problems, documents, health, ending.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::sandbox::Sandbox;
use crate::support::service::Service;

#[test]
fn the_first_start_shows_an_admin_key_and_later_ones_do_not() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let keys = service.get("/v1/keys").expect(200);
    assert_eq!(
        keys["items"][0]["scopes"],
        json!(["upload", "delete", "review", "scores", "admin"])
    );
    let secret = service.key.clone();
    assert_eq!(secret.len(), "cnt_".len() + 43);
    assert_eq!(service.stop().0, Some(0));
    let service = Service::start(&s);
    assert_eq!(service.get("/v1/keys").expect(200)["items"].as_array().unwrap().len(), 1);
    assert!(!service.log().contains("first API key"), "{}", service.log());
    // Only a hash of it is kept, in any file.
    drop(service);
    for entry in fs::read_dir(s.path("data")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{entry:?}");
        }
    }
}

#[test]
fn a_key_opens_what_its_scopes_say_until_it_is_revoked() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let body = json!({ "name": "ingest", "scopes": ["upload"] });
    let made = service.post("/v1/keys", &body).expect(201);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let as_key = |key: &str| service.call_as(Some(key), "GET", "/v1/keys").send();
    assert!(as_key(secret).problem(403, "forbidden").contains("admin"));
    let revoked = service.delete(&format!("/v1/keys/{id}")).expect(200);
    assert!(revoked["revoked_at"].is_string(), "{revoked}");
    as_key(secret).problem(401, "unauthenticated");
    // Again is the same.
    assert_eq!(service.delete(&format!("/v1/keys/{id}")).expect(200), revoked);
    service.delete("/v1/keys/key_00000000000000000000000000000000").problem(404, "not-found");
    service.delete("/v1/keys/..%2f..%2fetc").problem(404, "not-found");
    let flipped = secret.replace(&secret[20..21], if &secret[20..21] == "a" { "b" } else { "a" });
    let long = "a".repeat(8000);
    for wrong in ["", "cnt_", flipped.as_str(), "Basic", long.as_str()] {
        as_key(wrong).problem(401, "unauthenticated");
    }
    let none = service.call_as(None, "GET", "/v1/keys").send();
    none.problem(401, "unauthenticated");
    assert!(none.header("www-authenticate").unwrap().starts_with("Bearer"), "{none:?}");
}

#[test]
fn a_body_of_another_shape_is_told_what_is_wrong_with_it() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let send = |content_type: &str, body: &str| {
        let call = service.call("POST", "/v1/keys").header("content-type", content_type);
        call.body(body.to_owned()).send()
    };
    let json = |body: &str| send("application/json", body);
    assert!(json("{\"name\":").problem(400, "malformed").contains("line 1"));
    json("").problem(400, "malformed");
    assert!(json("{\"name\":1,\"scopes\":[]}").problem(422, "invalid").contains("string"));
    let unknown = json("{\"name\":\"a\",\"scopes\":[\"upload\"],\"colour\":\"red\"}");
    assert!(unknown.problem(422, "invalid").contains("colour"));
    json("{\"name\":\"a\",\"scopes\":[\"everything\"]}").problem(422, "invalid");
    json("{\"name\":\"a\",\"scopes\":[]}").problem(422, "invalid");
    json("{\"name\":\"a\\u0007\",\"scopes\":[\"upload\"]}").problem(422, "invalid");
    json(&format!("{{\"name\":\"{}\",\"scopes\":[\"upload\"]}}", "a".repeat(300)))
        .problem(422, "invalid");
    send("text/plain", "{}").problem(415, "unsupported-media-type");
    json(&" ".repeat(3 << 20)).problem(413, "too-large");
    for query in ["limit=0", "limit=501", "limit=x", "cursor=abc", "colour=red", "limit=1&limit=2"]
    {
        service.get(&format!("/v1/keys?{query}")).problem(422, "invalid");
    }
}

#[test]
fn what_the_framework_refuses_is_a_problem_too() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    service.get("/no/such/path").problem(404, "not-found");
    let wrong = service.call("PATCH", "/v1/keys").send();
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").unwrap().contains("POST"));
    let kind = service.get("/problems/method-not-allowed");
    assert!(kind.text().contains("Allow"), "{kind:?}");
    service.get("/problems/none").problem(404, "not-found");
}

#[test]
fn lists_come_in_pages() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    (0..4).for_each(|_| drop(service.key_for(&["upload"])));
    let mut ids = Vec::new();
    let mut next = String::new();
    loop {
        let page = service.get(&format!("/v1/keys?limit=2{next}")).expect(200);
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["meta"]["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted() && ids.windows(2).all(|w| w[0] != w[1]), "{ids:?}");
}

#[test]
fn a_key_that_asks_too_often_waits() {
    let s = Sandbox::new();
    let variables =
        [("CENOTAPH_RATE_LIMIT__REQUESTS_PER_S", "1"), ("CENOTAPH_RATE_LIMIT__BURST", "3")];
    let service = Service::start_with(&s, &variables);
    let answers: Vec<_> = (0..6).map(|_| service.get("/v1/keys")).collect();
    assert!(answers[..3].iter().all(|a| a.status == 200));
    let refused = answers.iter().find(|a| a.status != 200).unwrap();
    refused.problem(429, "rate-limited");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    // Others are not its business, and health needs no key.
    assert_eq!(service.call_as(None, "GET", "/healthz").send().status, 200);
}

#[test]
fn health_documents_and_metrics_need_no_key() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let open = |path: &str| service.call_as(None, "GET", path).send();
    assert_eq!(open("/healthz").expect(200)["status"], "ok");
    assert_eq!(open("/readyz").expect(200)["status"], "ok");
    let document = open("/openapi.json").expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let create = &document["paths"]["/v1/keys"]["post"];
    assert_eq!(create["security"], json!([{ "key": ["admin"] }]), "{create}");
    let docs = open("/docs");
    assert!(docs.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(docs.text().contains("POST</b> <code>/v1/keys"), "{}", docs.text());
    assert_eq!(open("/docs/style.css").header("content-type"), Some("text/css"));
    let metrics = open("/metrics").text();
    let line = "cenotaph_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    // A proxy on this machine passes on requests of others.
    let passed_on = service.call_as(None, "GET", "/metrics").header("x-forwarded-for", "192.0.2.1");
    passed_on.send().problem(403, "forbidden");
}

#[test]
fn metrics_can_be_for_keys_only() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_SERVER__METRICS_ACCESS", "key")]);
    service.call_as(None, "GET", "/metrics").send().problem(401, "unauthenticated");
    let other = service.key_for(&["upload"]);
    service.call_as(Some(&other), "GET", "/metrics").send().problem(403, "forbidden");
    assert_eq!(service.get("/metrics").status, 200);
}

#[test]
fn a_request_id_of_a_proxy_is_kept_when_it_is_plain() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let with = |id: &str| {
        let answer = service.call("GET", "/healthz").header("x-request-id", id).send();
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with("0af7651916cd43dd-8448"), "0af7651916cd43dd-8448");
    for odd in ["short", "has spaces in it", &"a".repeat(65), "user@example.com"] {
        assert_ne!(with(odd), odd);
    }
}

#[test]
fn neither_paths_nor_queries_reach_the_log() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    service.get("/v1/keys/very-private-name?uploader=anna");
    service.get("/very-private-path?uploader=anna");
    service.post("/v1/keys", &json!({ "name": "private name", "scopes": ["very-private-scope"] }));
    let (_, log) = service.stop();
    assert!(log.contains("\"/v1/keys/{id}\""), "{log}");
    assert!(!log.contains("private") && !log.contains("anna"), "{log}");
}

#[test]
fn keys_are_made_beside_the_running_service_and_without_it() {
    let s = Sandbox::new();
    let made = s.run(["key", "create", "--name", "before", "--scope", "upload,admin"]);
    assert_eq!(made.code, 0, "{made:?}");
    let before = made.stdout.trim().to_owned();
    fs::write(s.path("first-key"), &before).unwrap();
    let service = Service::start(&s);
    assert_eq!(service.get("/v1/keys").status, 200, "made before the first start");
    let made = s.run(["key", "create", "--name", "beside", "--scope", "admin", "--json"]).json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let as_key = || service.call_as(Some(secret), "GET", "/v1/keys").send().status;
    assert_eq!(as_key(), 200, "known at once");
    assert_eq!(s.run(["key", "list", "--json"]).lines().len(), 2);
    assert_eq!(s.run(["key", "revoke", id]).code, 0);
    assert_eq!(as_key(), 401, "revoked at once");
    let refused = s.run(["key", "create", "--name", "x", "--scope", "nothing"]);
    assert!(refused.one_line_error().contains("unknown scope"), "{refused:?}");
    let socket = s.path("data/control.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // What needs the folder for itself says who has it.
    let sample = crate::support::sandbox::sample("city");
    let add = s.run(["tombstone", "add", sample.to_str().unwrap()]);
    assert!(add.one_line_error().contains("`cenotaph serve`"), "{add:?}");
    service.stop();
    assert!(!socket.exists());
    assert_eq!(s.run(["key", "revoke", id]).code, 0, "without a service too");
}

#[test]
fn a_socket_that_a_killed_service_left_is_not_in_the_way() {
    let s = Sandbox::new();
    Service::start(&s).kill();
    assert!(s.path("data/control.sock").exists());
    assert_eq!(s.run(["key", "create", "--name", "x", "--scope", "upload"]).code, 0);
    let service = Service::start(&s);
    assert_eq!(service.get("/v1/keys").expect(200)["items"].as_array().unwrap().len(), 2);
}

#[test]
fn wrong_settings_and_a_taken_port_are_told_in_one_line() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let other = Sandbox::new();
    let taken = other.run(["serve", "--listen", &service.address]);
    // The first start has made its key by then.
    let last = taken.stderr.trim().lines().last().unwrap_or_default().to_owned();
    assert!(taken.code == 2 && last.contains(&service.address), "{taken:?}");
    let held = s.run(["serve", "--listen", "127.0.0.1:0"]);
    assert!(held.one_line_error().contains("in use by `cenotaph serve`"), "{held:?}");
    s.write("cenotaph.toml", b"[server]\nlistn = \"127.0.0.1:1\"\n");
    for command in [&["serve"][..], &["config", "check"]] {
        let wrong = s.run(command.iter().copied());
        assert!(wrong.one_line_error().contains("listn"), "{wrong:?}");
    }
    s.write("cenotaph.toml", s.run(["config", "example"]).stdout.as_bytes());
    let sound = s.run(["config", "check"]);
    assert!(sound.code == 0 && sound.stdout.contains("127.0.0.1:8080"), "{sound:?}");
}

#[test]
fn ending_finishes_what_is_under_way() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    // A request of which the service has the head and half the body.
    let body = "{\"name\":\"late\",\"scopes\":[\"upload\"]}";
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let head = format!(
        "POST /v1/keys HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        service.key,
        body.len(),
        &body[..9]
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    let address = service.address.clone();
    service.terminate();
    service.wait_for("end of listening", || TcpStream::connect(&address).is_err().then_some(()));
    stream.write_all(&body.as_bytes()[9..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(service.stop().0, Some(0));
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_SERVER__HEADER_TIMEOUT_S", "1")]);
    let mut stream = TcpStream::connect(&service.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    let mut rest = Vec::new();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    assert!(stream.read_to_end(&mut rest).is_ok(), "the service ends the connection");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let s = Sandbox::new();
    let hasty =
        [("CENOTAPH_SERVER__REQUEST_TIMEOUT_S", "1"), ("CENOTAPH_HOOKS__VERDICT_TIMEOUT_S", "0")];
    let service = Service::start_with(&s, &hasty);
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let head = format!(
        "POST /v1/keys HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        service.key
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("408") && answer.contains("/problems/timed-out"), "{answer}");
}

#[test]
fn a_body_that_is_refused_is_read_to_its_end_so_that_the_sender_sees_the_answer() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    for round in 0..5 {
        let mut stream = TcpStream::connect(&service.address).unwrap();
        let length = 20 << 20;
        let head = format!("POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A sender that reads nothing before it has sent everything.
        stream.write_all(&vec![0; length]).unwrap_or_else(|e| panic!("round {round}: {e}"));
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("HTTP/1.1 200"), "the connection goes on: {answer}");
    }
}

#[test]
fn a_sender_that_asks_first_is_refused_before_it_sends() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let head = "POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401") && !answer.contains("HTTP/1.1 100"), "{answer}");
}
