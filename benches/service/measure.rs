//! The measurements.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::serve::Served;
use crate::{clip, tombstones};

/// Uploads whose overhead is measured, one after another.
const UPLOADS: u64 = 15;
/// Concurrent uploads.
const BURST: u64 = 200;
const MIB: f64 = (1 << 20) as f64;

fn runtime() -> (tokio::runtime::Runtime, reqwest::Client) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    cenotaph::remote::use_ring();
    let client =
        reqwest::Client::builder().no_proxy().pool_max_idle_per_host(BURST as usize).build();
    (runtime.unwrap(), client.unwrap())
}

pub fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|l| l.starts_with("model name"));
    let name = name.and_then(|l| l.split(": ").nth(1)).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    format!("{name}, {cores} cores; load {}", load())
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// The time that a client waits beyond decoding and searching.
pub fn overhead(dir: &Path) {
    tombstones::fill(dir, 10_000);
    let clip = clip::make(dir);
    let (runtime, client) = runtime();
    let (mut all, mut checks) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let served = Served::start(dir, &client, &[]).await;
        let work = async || {
            served.metric(&client, "cenotaph_decode_seconds_sum").await
                + served.metric(&client, "cenotaph_search_seconds_sum").await
        };
        for number in 0..UPLOADS {
            let body = clip::variant(&clip, number);
            let before = work().await;
            let begun = Instant::now();
            let answer = served.post(&client, "/v1/uploads?wait=60", body).send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            let seconds = begun.elapsed().as_secs_f64();
            assert_eq!(status, 200, "{text}");
            let check = work().await - before;
            // The first one opens files and prepares statements.
            if number > 0 {
                all.push((seconds - check) * 1e3);
                checks.push(check * 1e3);
            }
        }
    });
    all.sort_by(f64::total_cmp);
    checks.sort_by(f64::total_cmp);
    println!(
        "| upload hook beyond decode and search ({:.1} MB, 10 000 tombstones; these take {:.0} ms), median / least / most | {:.1} / {:.1} / {:.1} ms | 15 ms |",
        clip.len() as f64 / 1e6,
        checks[checks.len() / 2],
        all[all.len() / 2],
        all[0],
        all[all.len() - 1],
    );
}

/// Many concurrent uploads.
pub fn burst(dir: &Path) {
    tombstones::fill(dir, 1000);
    let clip = Arc::new(clip::make(dir));
    let (runtime, client) = runtime();
    runtime.block_on(async {
        let served = Arc::new(Served::start(dir, &client, &[]).await);
        let idle = served.resident().0;
        let done = Arc::new(AtomicBool::new(false));
        let watcher = std::thread::spawn({
            let (served, done) = (served.clone(), done.clone());
            move || {
                let mut most = (0, 0);
                while !done.load(Ordering::SeqCst) {
                    let (all, anonymous) = served.resident();
                    most = (most.0.max(all), most.1.max(anonymous));
                    std::thread::sleep(Duration::from_millis(10));
                }
                most
            }
        });
        let begun = Instant::now();
        let sent = (0..BURST).map(|number| send(served.clone(), client.clone(), clip.clone(), number));
        let outcomes = futures::future::join_all(sent.map(tokio::spawn)).await;
        let outcomes: Vec<(String, u32)> = outcomes.into_iter().map(Result::unwrap).collect();
        let accepted_s = begun.elapsed().as_secs_f64();
        let ids: HashSet<&String> = outcomes.iter().map(|(id, _)| id).collect();
        let refused: u32 = outcomes.iter().map(|(_, refused)| refused).sum();
        let (mut decided, mut broken) = (0, 0);
        for (id, _) in &outcomes {
            loop {
                let text = served.get(&client, &format!("/v1/uploads/{id}?wait=60")).await;
                let line: Value = serde_json::from_str(&text).unwrap();
                if line["verdict"].is_string() {
                    decided += 1;
                    broken += u32::from(line["reason"] != "no_match");
                    break;
                }
            }
        }
        let all_s = begun.elapsed().as_secs_f64();
        done.store(true, Ordering::SeqCst);
        let (most, anonymous) = watcher.join().unwrap();
        println!(
            "| {BURST} uploads of {:.1} MB at once: accepted / verdicts / other than `no_match` / refused with 503 and retried | {} / {decided} / {broken} / {refused} | {BURST} / {BURST} |",
            clip.len() as f64 / 1e6,
            ids.len(),
        );
        println!("| … all accepted after / all decided after | {accepted_s:.1} / {all_s:.1} s | |");
        println!(
            "| … peak resident memory, with workers (without file pages; idle) | {:.0} ({:.0}; {:.0}) MiB | 700 MB |",
            most as f64 / MIB,
            anonymous as f64 / MIB,
            idle as f64 / MIB,
        );
    });
}

/// Sends one upload until it is accepted. Returns its id, and how often it was refused with 503.
async fn send(
    served: Arc<Served>,
    client: reqwest::Client,
    clip: Arc<Vec<u8>>,
    number: u64,
) -> (String, u32) {
    let mut refused = 0;
    loop {
        let body = clip::variant(&clip, number);
        let answer = served.post(&client, "/v1/uploads", body).send().await.unwrap();
        let status = answer.status().as_u16();
        let after = answer.headers().get("retry-after").and_then(|s| s.to_str().ok()?.parse().ok());
        let text = answer.text().await.unwrap();
        if status == 503 {
            refused += 1;
            tokio::time::sleep(Duration::from_secs(after.expect("503 has Retry-After"))).await;
            continue;
        }
        assert!(status == 200 || status == 202, "{status}: {text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        return (line["id"].as_str().unwrap().to_owned(), refused);
    }
}

/// The time from start to ready.
pub fn restart(dir: &Path) {
    tombstones::fill(dir, 100_000);
    let (runtime, client) = runtime();
    runtime.block_on(async {
        let first = Served::start(dir, &client, &[]).await.ready;
        let mut all = Vec::new();
        for _ in 0..3 {
            // Dropping it kills the process.
            all.push(Served::start(dir, &client, &[]).await.ready.as_secs_f64());
        }
        all.sort_by(f64::total_cmp);
        println!(
            "| restart after a kill with 100 000 tombstones, least / most of three (the first start files them: {:.0} s) | {:.2} / {:.2} s | 3 s |",
            first.as_secs_f64(),
            all[0],
            all[2],
        );
    });
}
