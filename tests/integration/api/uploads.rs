//! Handing uploads in: each form, what is echoed, what is refused, and what the verdict is made of.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::{Answer, Service};

/// Lets files of the sandbox's folder `in` be handed in by their address.
fn with_incoming(s: &Sandbox) -> (Service<'_>, String) {
    fs::create_dir_all(s.path("in")).unwrap();
    let folder = s.path("in").canonicalize().unwrap();
    let prefix = format!("file://{}/", folder.display());
    let variables = [
        ("CENOTAPH_UPLOADS__URI_PREFIXES", format!("[{prefix:?}]")),
        ("CENOTAPH_REMOTE__FILE_ROOTS", format!("[{:?}]", folder.display().to_string())),
        ("CENOTAPH_UPLOADS__ATTEMPTS_MAX", "1".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    (Service::start_with(s, &variables), prefix)
}

#[test]
fn raw_bytes_a_form_and_an_address_give_the_same_verdict_with_what_was_said() {
    let s = with_tombstones();
    let (service, prefix) = with_incoming(&s);
    let copy = copy_of(&s, CHESS);
    let said = |line: &Value, form: &str| {
        assert_eq!(verdict(line), ("block", "match"), "{form}: {line}");
        assert_eq!(line["uploader"], "bert", "{form}");
        assert_eq!(line["reference"], "post 17", "{form}");
        assert_eq!(line["metadata"], json!({ "title": "mine ä", "n": 1 }), "{form}");
        let found = &line["matches"][0];
        assert_eq!(
            (found["tombstone"].as_str(), found["verdict"].as_str()),
            (Some(CHESS), Some("block"))
        );
        assert!(found["score"].as_f64().unwrap() > 8.0, "{line}");
        assert_eq!(found["spans"][0]["placement"]["quad"].as_array().unwrap().len(), 4);
        line["id"].as_str().unwrap().to_owned()
    };
    let metadata = json!({ "title": "mine ä", "n": 1 });
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("uploader", "bert")
        .append_pair("reference", "post 17")
        .append_pair("metadata", &metadata.to_string())
        .finish();
    let raw = said(&upload(&service, &copy, &format!("?wait=60&{query}")).expect(200), "raw");
    // A form, as curl makes it; the file comes first.
    let output = Command::new("curl")
        .args(["-sS", "-H", &format!("Authorization: Bearer {}", service.key)])
        .args(["-F", &format!("file=@{}", copy.display()), "-F", "uploader=bert"])
        .args(["-F", "reference=post 17", "-F", &format!("metadata={metadata}")])
        .arg(service.url("/v1/uploads?wait=60"))
        .output()
        .unwrap();
    let form = said(&serde_json::from_slice(&output.stdout).unwrap(), "form");
    fs::copy(&copy, s.path("in/a b.mp4")).unwrap();
    let body = json!({ "uri": format!("{prefix}a%20b.mp4"), "uploader": "bert",
        "reference": "post 17", "metadata": metadata });
    let fetched = said(&service.post("/v1/uploads?wait=60", &body).expect(200), "address");
    assert!(raw != form && form != fetched);
    assert!(s.path("in/a b.mp4").exists(), "it was read, not taken");
    // All of them are found again by what the platform calls them.
    let listed = service.get("/v1/uploads?reference=post%2017&verdict=block").expect(200);
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|l| l["id"].clone()).collect();
    assert_eq!(ids, [fetched, form, raw]);
    assert_eq!(service.get("/v1/uploads?reference=post%2018").expect(200)["items"], json!([]));
    // Neither names nor addresses are told to the log, or lie open in a file.
    let log = service.log();
    assert!(!log.contains("bert") && !log.contains("post 17") && !log.contains("a%20b"), "{log}");
}

#[test]
fn without_waiting_the_verdict_is_where_the_answer_says() {
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_POOLS__DECODES_MAX", "1")]);
    upload(&service, &slow(&s), "").expect(202);
    let accepted = upload(&service, &innocent(&s, 1), "");
    let line = accepted.expect(202);
    assert_eq!(line["verdict"], Value::Null);
    let id = line["id"].as_str().unwrap();
    assert_eq!(accepted.header("location"), Some(format!("/v1/uploads/{id}").as_str()));
    let line = decided(&service, id);
    assert_eq!(verdict(&line), ("allow", "no_match"));
    assert!((line["duration_s"].as_f64().unwrap() - 2.0).abs() < 0.2, "{line}");
    // Its bytes are of no use any more, and go.
    service.wait_for("end of the bytes", || {
        let line = service.get(&format!("/v1/uploads/{id}")).expect(200);
        (line["bytes"]["state"] == "gone" && spooled(&service) == 0).then_some(())
    });
    service.get("/v1/uploads/upl_00000000000000000000000000000000").problem(404, "not-found");
    service.get("/v1/uploads/..%2f..%2fkeys").problem(404, "not-found");
}

#[test]
fn requests_with_one_key_at_once_are_one_upload() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let file = fs::read(innocent(&s, 1)).unwrap();
    let at_once = |key: &str, bodies: &[Vec<u8>]| {
        let barrier = std::sync::Barrier::new(bodies.len());
        std::thread::scope(|scope| {
            let sent: Vec<_> = bodies
                .iter()
                .map(|body| {
                    let call = service.call("POST", "/v1/uploads?wait=60&uploader=bert");
                    let call = call.header("idempotency-key", key).body(body.clone());
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        call.send()
                    })
                })
                .collect();
            sent.into_iter().map(|answer| answer.join().unwrap()).collect::<Vec<_>>()
        })
    };
    let answers = at_once("same", &vec![file.clone(); 8]);
    let first = |answer: &&Answer| answer.header("idempotency-replayed").is_none();
    assert_eq!(answers.iter().filter(first).count(), 1);
    let ids: BTreeSet<String> =
        answers.into_iter().map(|answer| answer.expect(200)["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    // With different bodies, one is accepted and the key is taken for all others.
    let bodies: Vec<_> = (0..8).map(|n: u8| [&file[..], &[n]].concat()).collect();
    let answers = at_once("different", &bodies);
    let (accepted, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((accepted.len(), refused.len()), (1, 7));
    for answer in refused {
        answer.problem(422, "idempotency-key-reused");
    }
    let all = service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().len();
    assert_eq!(all, 2);
    service.wait_for("end of the bytes", || (spooled(&service) == 0).then_some(()));
}

#[test]
fn a_request_that_is_sent_again_with_its_key_is_the_same_upload() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let other = service.key_for(&["upload"]);
    let file = fs::read(innocent(&s, 1)).unwrap();
    let send = |api_key: &str, key: &str, query: &str, bytes: &[u8]| {
        let call = service.call_as(Some(api_key), "POST", &format!("/v1/uploads{query}"));
        call.header("idempotency-key", key).body(bytes.to_vec()).send()
    };
    let first = send(&service.key, "k 1", "?uploader=bert", &file);
    assert_eq!(first.header("idempotency-replayed"), None);
    // A quick check may have its verdict before the answer.
    assert!([200, 202].contains(&first.status), "{first:?}");
    let id = first.json()["id"].clone();
    let again = send(&service.key, "k 1", "?wait=60&uploader=bert", &file);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(200)["id"], id);
    for (query, bytes) in [("?uploader=carl", &file[..]), ("?uploader=bert", b"other")] {
        let taken = send(&service.key, "k 1", query, bytes);
        taken.problem(422, "idempotency-key-reused");
    }
    // Another caller's keys are another's, and an odd one is none.
    assert_ne!(send(&other, "k 1", "?uploader=bert", &file).json()["id"], id);
    send(&service.key, "", "", &file).problem(422, "invalid");
    send(&service.key, &"k".repeat(256), "", &file).problem(422, "invalid");
    let all = service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().len();
    assert_eq!(all, 2);
}

#[test]
fn the_same_bytes_are_decoded_once_and_judged_each_time() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let copy = copy_of(&s, CHESS);
    let post = |uploader: &str| {
        upload(&service, &copy, &format!("?wait=60&uploader={uploader}")).expect(200)
    };
    assert_eq!(verdict(&post("bert")), ("block", "match"));
    assert_eq!(metric(&service, "cenotaph_decode_seconds_count"), 1.0);
    // The owner may, and it is said why.
    let own = post(OWNER);
    assert_eq!(verdict(&own), ("allow", "owner"));
    assert_eq!(own["matches"][0]["own"], true);
    // So may whom the owner allows, as long as that stands.
    let grants = format!("/v1/tombstones/{CHESS}/grants");
    service.post(&grants, &json!({ "uploader": "bert" })).expect(201);
    let granted = post("bert");
    assert_eq!(verdict(&granted), ("allow", "grant"));
    assert_eq!(granted["matches"][0]["granted"], true);
    assert_eq!(verdict(&post("carl")), ("block", "match"));
    let revoke = service.call("DELETE", &grants).json(&json!({ "uploader": "bert" })).send();
    assert_eq!(revoke.status, 204);
    let revoked = post("bert");
    assert_eq!(metric(&service, "cenotaph_decode_seconds_count"), 1.0);
    assert!(metric(&service, "cenotaph_prints_reused_total") >= 4.0);
    assert_eq!(verdict(&revoked), ("block", "match"));
}

#[test]
fn what_a_court_had_deleted_not_even_its_owner_may_post() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let query = format!("?wait=60&uploader={OWNER}");
    let line = upload(&service, &sample("window"), &query).expect(200);
    assert_eq!(verdict(&line), ("block", "same_bytes"));
    let grants = format!("/v1/tombstones/{WINDOW}/grants");
    let refused = service.post(&grants, &json!({ "uploader": "bert" })).problem(422, "invalid");
    assert!(refused.contains("legal"), "{refused}");
}

#[test]
fn who_may_not_see_scores_sees_none() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let key = service.key_for(&["upload"]);
    let body = fs::read(sample("chess")).unwrap();
    let answer = service.call_as(Some(&key), "POST", "/v1/uploads?wait=60").body(body).send();
    let line = answer.expect(200);
    assert_eq!(verdict(&line), ("block", "same_bytes"));
    assert_eq!(line["matches"][0]["tombstone"], CHESS);
    assert!(!answer.text().contains("score") && !answer.text().contains("evidence"), "{line}");
    let reader = service.key_for(&["delete"]);
    let path = format!("/v1/uploads/{}", line["id"].as_str().unwrap());
    service.call_as(Some(&reader), "GET", &path).send().problem(403, "forbidden");
}

#[test]
fn what_cannot_be_decoded_goes_to_review() {
    let s = with_tombstones();
    let service = Service::start(&s);
    let noise: Vec<u8> =
        (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let line = service.call("POST", "/v1/uploads?wait=60").body(noise).send().expect(200);
    assert_eq!(verdict(&line), ("review", "undecodable"));
    assert!(line["trouble"].is_string(), "{line}");
    assert_eq!(line["bytes"]["state"], "kept");
}

#[test]
fn an_address_outside_the_settings_is_not_fetched() {
    let s = with_tombstones();
    let (service, prefix) = with_incoming(&s);
    s.write("secret.mp4", b"secret");
    std::os::unix::fs::symlink(s.path("secret.mp4"), s.path("in/link.mp4")).unwrap();
    let wrong = [
        "",
        "a",
        "file:///etc/passwd",
        "http://127.0.0.1/a.mp4",
        "https://example.com/a.mp4",
        "s3://in/a.mp4",
        "ftp://a/b",
        "file://host/a",
        "data:,a",
    ];
    let within = ["../secret.mp4", "%2e%2e/secret.mp4", "x/../../secret.mp4", "a%00b", "", "x/"];
    let within = within.map(|rest| format!("{prefix}{rest}"));
    let long = format!("{prefix}{}", "a".repeat(5000));
    for uri in wrong.into_iter().chain(within.iter().map(String::as_str)).chain([long.as_str()]) {
        let detail = service.post("/v1/uploads", &json!({ "uri": uri })).problem(422, "invalid");
        assert!(detail.contains("uri") && !detail.contains("secret"), "{uri}: {detail}");
    }
    // What is not there, or leads out, cannot be checked: a moderator has to look.
    for name in ["none.mp4", "link.mp4"] {
        let body = json!({ "uri": format!("{prefix}{name}") });
        let line = service.post("/v1/uploads?wait=60", &body).expect(200);
        assert_eq!(verdict(&line), ("review", "unchecked"), "{name}: {line}");
        assert!(!line["trouble"].as_str().unwrap().contains(name), "{line}");
    }
}

#[test]
fn what_is_wrong_with_a_request_is_told_and_nothing_is_kept() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let queries = [
        "wait=61",
        "wait=-1",
        "wait=x",
        "colour=red",
        "uploader=",
        "uploader=a%00b",
        "reference=%0a",
        "metadata=[]",
        "metadata={",
        "metadata=1",
    ];
    for query in queries {
        let call = service.call("POST", &format!("/v1/uploads?{query}"));
        call.body("bytes").send().problem(422, "invalid");
    }
    let long = "a".repeat(1025);
    let long = service.call("POST", &format!("/v1/uploads?uploader={long}")).body("bytes").send();
    assert!(long.problem(422, "invalid").contains("uploader"));
    let empty = service.call("POST", "/v1/uploads").send();
    assert!(empty.problem(422, "invalid").contains("empty"));
    let form = |body: &str| {
        let call = service.call("POST", "/v1/uploads");
        call.header("content-type", "multipart/form-data; boundary=b").body(body.to_owned()).send()
    };
    let part = |name: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let whole = |parts: &[String]| form(&format!("{}--b--\r\n", parts.concat()));
    assert!(whole(&[part("uploader", "a")]).problem(422, "invalid").contains("file"));
    let twice = [part("file", "x"), part("file", "x")];
    assert!(whole(&twice).problem(422, "invalid").contains("twice"));
    whole(&[part("colour", "red"), part("file", "x")]).problem(422, "invalid");
    whole(&[part("file", "x"), part("metadata", "[1]")]).problem(422, "invalid");
    whole(&[part("metadata", &"x".repeat(20_000)), part("file", "x")]).problem(413, "too-large");
    form("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx").problem(400, "malformed");
    form("no form").problem(400, "malformed");
    // A head of a part that never ends is not kept in memory for ever.
    let endless = format!("--b\r\nContent-Disposition: {}", "x".repeat(3 << 20));
    assert_eq!(form(&endless).status, 413);
    let json = |body: String| {
        service
            .call("POST", "/v1/uploads")
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    json("{}".into()).problem(422, "invalid");
    json("{\"uri\":1}".into()).problem(422, "invalid");
    json("{\"uri\":\"s3://a/b\",\"colour\":1}".into()).problem(422, "invalid");
    json("{".into()).problem(400, "malformed");
    json(" ".repeat(3 << 20)).problem(413, "too-large");
    let said_twice = service.post("/v1/uploads?uploader=a", &json!({ "uri": "s3://a/b" }));
    said_twice.problem(422, "invalid");
    assert_eq!(service.get("/v1/uploads").expect(200)["items"], json!([]));
    service.wait_for("empty spool", || (spooled(&service) == 0).then_some(()));
    service.call_as(None, "POST", "/v1/uploads").body("x").send().problem(401, "unauthenticated");
}
