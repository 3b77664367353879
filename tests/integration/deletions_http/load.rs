//! How much it bears: many deletions, many questions. Takes minutes; `make test-heavy` runs it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::deletions_http::platform::*;
use crate::support::service::Service;

const DELETIONS: usize = 10_000;
const DELETIONS_TIME_MAX: Duration = Duration::from_secs(300);
/// Of one request for an account.
const AT_ONCE: usize = 1000;
const CONNECTIONS: usize = 24;
const ASKED_FOR: Duration = Duration::from_secs(10);
const RATE_MIN: f64 = 8000.0;
const P99_MAX: Duration = Duration::from_millis(10);

/// What is asked for, by the number of the question.
type Path<'a> = dyn Fn(usize) -> String + Sync + 'a;

/// One key asks here what many ask elsewhere.
const RATES: [(&str, &str); 2] =
    [("CENOTAPH_RATE_LIMIT__REQUESTS_PER_S", "1000000"), ("CENOTAPH_RATE_LIMIT__BURST", "1000000")];

#[test]
#[ignore = "heavy: ten thousand deletions"]
fn heavy_ten_thousand_deletions_go_through_all_states_in_five_minutes() {
    let s = sandbox();
    let service = Service::start(&s);
    let uris: Vec<String> =
        (0..DELETIONS).map(|n| put_picture(&s, &format!("{n}.bmp"), n as u64)).collect();
    let begun = Instant::now();
    delete_all(&service, |n| json!([main_copy(&uris[n])]), DELETIONS);
    println!("accepted in {:?}", begun.elapsed());
    wait_for_all(&service, DELETIONS, begun);
    let took = begun.elapsed();
    println!("{DELETIONS} deletions through all states in {took:?}");
    assert_eq!(std::fs::read_dir(s.path("media")).unwrap().count(), 0);
    assert!(took <= DELETIONS_TIME_MAX, "{took:?}");
}

#[test]
#[ignore = "heavy: twenty seconds of questions"]
fn heavy_visibility_and_gate_answer_eight_thousand_questions_a_second() {
    let s = sandbox();
    let service = Service::start_with(&s, &RATES);
    // Backups of long ago: nothing is decoded, everything is closed.
    let uris: Vec<String> = (0..DELETIONS).map(|n| put(&s, &format!("{n}.bak"), b"x")).collect();
    let begun = Instant::now();
    delete_all(&service, |n| json!([{ "kind": "backup", "uri": uris[n] }]), DELETIONS);
    wait_for_all(&service, DELETIONS, begun);
    let of_video: Box<Path<'_>> =
        Box::new(|n| format!("/v1/videos/v{}/visibility", n % (2 * DELETIONS)));
    let of_medium: Box<Path<'_>> = Box::new(|n| {
        // Every other one is of something that nobody has deleted.
        let uri = &uris[n % DELETIONS];
        let uri = if n.is_multiple_of(2) { uri.clone() } else { uri.replace(".bak", ".mp4") };
        format!("/v1/gate?uri={uri}")
    });
    let mut found = Vec::new();
    for (what, path) in [("visibility", &of_video), ("gate", &of_medium)] {
        let (rate, p50, p99) = ask(&service, path);
        println!("{what}: {rate:.0} requests/s, p50 {p50:?}, p99 {p99:?}");
        found.push((what, rate, p99));
    }
    for (what, rate, p99) in found {
        assert!(rate >= RATE_MIN && p99 <= P99_MAX, "{what}: {rate:.0}/s, p99 {p99:?}");
    }
}

/// Asks to delete so many videos with these copies, an account at a time.
fn delete_all(service: &Service<'_>, copies: impl Fn(usize) -> Value, count: usize) {
    let all: Vec<usize> = (0..count).collect();
    for numbers in all.chunks(AT_ONCE) {
        let video = |n: &usize| json!({ "id": format!("v{n}"), "copies": copies(*n) });
        let videos: Vec<Value> = numbers.iter().map(video).collect();
        let body = json!({ "owner": "anna", "reason": "owner_request", "videos": videos });
        service.post("/v1/deletions", &body).expect(202);
    }
}

fn wait_for_all(service: &Service<'_>, count: usize, begun: Instant) {
    let mut told = Instant::now();
    while complete(service) < count {
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("{} complete after {:?}", complete(service), begun.elapsed());
        }
        assert!(begun.elapsed() < DELETIONS_TIME_MAX * 4, "{}", service.log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How many deletions are complete, by the metrics.
fn complete(service: &Service<'_>) -> usize {
    let metrics = service.get("/metrics").text();
    let line = metrics.lines().find(|line| line.starts_with("cenotaph_deletions_complete_total "));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// Asks on some connections at once, each question after the answer to the one before; requests a second, and how long
/// half and 99 % of them took at most.
fn ask(service: &Service<'_>, path: &Path<'_>) -> (f64, Duration, Duration) {
    let begun = Instant::now();
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|thread| scope.spawn(move || ask_on_one(service, path, thread, begun)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    (rate, took[took.len() / 2], took[took.len() * 99 / 100])
}

fn ask_on_one(
    service: &Service<'_>,
    path: &Path<'_>,
    thread: usize,
    begun: Instant,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(&service.address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut took = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    for n in 0.. {
        if begun.elapsed() > ASKED_FOR {
            break;
        }
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
            path(n * CONNECTIONS + thread),
            service.key
        );
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        let mut filled = 0;
        while !is_whole(&buffer[..filled]) {
            let read = stream.read(&mut buffer[filled..]).unwrap();
            assert!(read > 0, "the service ended the connection");
            filled += read;
        }
        took.push(sent.elapsed());
        let status = &buffer[9..12];
        assert!([b"200", b"204", b"403"].iter().any(|s| *s == status), "{status:?}");
    }
    took
}

/// Whether a whole answer is there.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = std::str::from_utf8(&answer[..end]).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    answer.len() >= end + 4 + length
}

/// So that the numbers say what was measured.
#[test]
fn an_answer_is_whole_when_its_body_is_there() {
    assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"));
    assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    assert!(is_whole(b"HTTP/1.1 204 No Content\r\n\r\n"));
}
