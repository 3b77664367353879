//! Uploads at the limits: too large, too many, cut off, on a full disk, in a service that is killed or told to end.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::api::videos::*;
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;
use crate::support::skip::impossible;

/// Begins an upload of which only a part is sent.
fn begun(service: &Service<'_>, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        service.key
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![7; sent]).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

#[test]
fn an_upload_that_is_too_large_is_refused_however_it_comes() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__BYTES_MAX", "1000000")]);
    let large = vec![0; 1_000_001];
    let announced = service.call("POST", "/v1/uploads").body(large.clone()).send();
    assert!(announced.problem(413, "too-large").contains("1000000"));
    // In pieces, so that nobody knows how many will come.
    let pieces = large.chunks(100_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
    let pieces = futures::stream::iter(pieces.collect::<Vec<_>>());
    let call = service.call("POST", "/v1/uploads").body(reqwest::Body::wrap_stream(pieces));
    call.send().problem(413, "too-large");
    let form = [
        &b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"[..],
        &large,
        b"\r\n--b--\r\n",
    ];
    let call = service.call("POST", "/v1/uploads");
    let call = call.header("content-type", "multipart/form-data; boundary=b").body(form.concat());
    call.send().problem(413, "too-large");
    service.wait_for("empty spool", || (spooled(&service) == 0).then_some(()));
    let just = service.call("POST", "/v1/uploads?wait=60").body(vec![0; 1_000_000]).send();
    assert_eq!(just.expect(200)["reason"], "undecodable");
}

#[test]
fn who_finds_no_place_is_told_when_to_come_back_and_a_place_comes_free() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__PENDING_MAX", "2")]);
    let arriving = [begun(&service, 1000, 10), begun(&service, 1000, 10)];
    service.wait_for("two files", || (spooled(&service) == 2).then_some(()));
    let full = service.call("POST", "/v1/uploads").body("bytes").send();
    full.problem(503, "busy");
    assert!(full.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(metric(&service, "cenotaph_uploads_undecided"), 2.0);
    // The senders go away in the middle: nothing of them stays.
    drop(arriving);
    service.wait_for("empty spool", || (spooled(&service) == 0).then_some(()));
    let line = service.call("POST", "/v1/uploads?wait=60").body("bytes").send().expect(200);
    assert_eq!(line["reason"], "undecodable");
    assert_eq!(service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().len(), 1);
}

#[test]
fn an_upload_cut_off_in_the_middle_leaves_nothing_behind() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &[("CENOTAPH_SERVER__UPLOAD_IDLE_TIMEOUT_S", "1")]);
    // Half closed: no more will come, and the sender still listens.
    let mut half = begun(&service, 600_000, 300_000);
    half.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = half.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    // Gone without a word.
    drop(begun(&service, 600_000, 300_000));
    // Still there, but silent.
    let mut silent = begun(&service, 600_000, 300_000);
    let mut answer = String::new();
    silent.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("/problems/timed-out"),
        "{answer}"
    );
    service.wait_for("empty spool", || (spooled(&service) == 0).then_some(()));
    assert_eq!(service.get("/v1/uploads").expect(200)["items"], json!([]));
    assert_eq!(metric(&service, "cenotaph_uploads_undecided"), 0.0);
}

#[test]
fn a_killed_service_loses_no_upload_that_it_accepted() {
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_POOLS__DECODES_MAX", "1")]);
    let copy = copy_of(&s, CHESS);
    let mut ids = Vec::new();
    for n in 0..6 {
        // Behind the second, none has its verdict yet.
        let file = match n {
            1 => slow(&s),
            n if n % 2 == 0 => copy.clone(),
            n => innocent(&s, n),
        };
        let answer = upload(&service, &file, &format!("?reference=r{n}"));
        assert!(answer.status == 202 || (n == 0 && answer.status == 200), "{answer:?}");
        let line = answer.json();
        ids.push(line["id"].as_str().unwrap().to_owned());
    }
    // One more is on its way; of the others some may be decided, and what was allowed is gone.
    let cut = begun(&service, 100_000, 50_000);
    service.wait_for("the seventh file", || (spooled(&service) >= 1).then_some(()));
    service.kill();
    drop(cut);
    let service = Service::start(&s);
    for (n, id) in ids.iter().enumerate() {
        let line = decided(&service, id);
        let expected = if n % 2 == 0 { "block" } else { "allow" };
        assert_eq!(line["verdict"], expected, "{line}");
        assert_eq!(line["reference"], format!("r{n}"));
    }
    assert_eq!(service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().len(), 6);
    // Only what was blocked is kept; what was half there is not.
    service.wait_for("three files", || (spooled(&service) == 3).then_some(()));
}

#[test]
fn a_service_that_is_told_to_end_answers_who_waits_and_takes_the_rest_up_later() {
    let s = with_tombstones();
    let service = Service::start_with(&s, &[("CENOTAPH_POOLS__DECODES_MAX", "1")]);
    let files = [slow(&s), innocent(&s, 1), innocent(&s, 2), innocent(&s, 3)];
    let ids: Vec<String> = files
        .iter()
        .map(|file| upload(&service, file, "").expect(202)["id"].as_str().unwrap().to_owned())
        .collect();
    let last = ids.last().unwrap().clone();
    let request = service.client().get(service.url(&format!("/v1/uploads/{last}?wait=60")));
    let request = request.header("authorization", format!("Bearer {}", service.key));
    let waiting = service.spawn(crate::support::service::answer(request));
    std::thread::sleep(Duration::from_millis(300));
    service.terminate();
    let answer = service.block_on(waiting).unwrap().unwrap();
    assert_eq!(answer.status, 200);
    let (code, log) = service.stop();
    assert_eq!(code, Some(0), "{log}");
    let service = Service::start(&s);
    for id in &ids {
        assert_eq!(verdict(&decided(&service, id)), ("allow", "no_match"));
    }
}

#[test]
fn bytes_are_kept_for_the_appeal_and_then_gone_for_good() {
    let s = with_tombstones();
    // Four seconds.
    let service = Service::start_with(&s, &[("CENOTAPH_UPLOADS__APPEAL_DAYS", "0.00005")]);
    let line = upload(&service, &sample("chess"), "?wait=60").expect(200);
    assert_eq!(verdict(&line), ("block", "same_bytes"));
    assert_eq!(line["bytes"]["state"], "kept");
    assert!(line["bytes"]["until"].is_string() && spooled(&service) == 1, "{line}");
    let path = format!("/v1/uploads/{}", line["id"].as_str().unwrap());
    let gone = service.wait_for("end of the bytes", || {
        let line = service.get(&path).expect(200);
        (line["bytes"]["state"] == "gone").then_some(line)
    });
    assert_eq!(gone["bytes"]["until"], json!(null));
    assert_eq!(spooled(&service), 0);
    assert_eq!(metric(&service, "cenotaph_upload_bytes_gone_total"), 1.0);
}

#[test]
fn a_disk_that_fills_is_told_and_nothing_accepted_is_lost() {
    let s = Sandbox::new();
    fs::create_dir(s.path("data")).unwrap();
    let Some(service) = Service::start_on_small_disk(&s, "12m") else {
        return impossible("this user cannot mount a small file system");
    };
    let good = innocent(&s, 1);
    let first = upload(&service, &good, "");
    assert!([200, 202].contains(&first.status), "{first:?}");
    let first = first.json();
    let large = service.call("POST", "/v1/uploads").body(vec![1; 30 << 20]).send();
    assert!(large.problem(507, "no-space").contains("disk is full"), "{large:?}");
    // What there was is still known, and room is found again as soon as the large one is gone.
    let line = decided(&service, first["id"].as_str().unwrap());
    assert_eq!(verdict(&line), ("allow", "no_match"));
    let after = upload(&service, &good, "?wait=60").expect(200);
    assert_eq!(verdict(&after), ("allow", "no_match"));
    assert_eq!(service.get("/readyz").status, 200);
}
