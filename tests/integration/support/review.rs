//! A review with work in it: tombstones, uploads that are put before moderators, people with keys, somebody who is told.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::{Answer, Service};

/// Every verdict but `allow` is put before a moderator, webhooks may go to this machine, and nothing is left to chance.
pub const SETTINGS: [(&str, &str); 4] = [
    ("CENOTAPH_REVIEW__INCLUDE_BLOCKED", "true"),
    ("CENOTAPH_REVIEW__DOUBLE_REVIEW_SHARE", "0.0"),
    ("CENOTAPH_REVIEW__UNDO_S", "2"),
    ("CENOTAPH_REMOTE__NETWORKS_ALLOWED", "[\"127.0.0.1\"]"),
];

/// The settings with others before them that win.
pub fn settings<'v>(own: &[(&'v str, &'v str)]) -> Vec<(&'v str, &'v str)> {
    let kept = SETTINGS.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
    kept.copied().chain(own.iter().copied()).collect()
}

/// A sandbox with a tombstone of the city, whose owner is known.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let city = sample("city");
    sandbox.add(["--id", "city", "--owner", "olga", city.to_str().unwrap()]);
    sandbox
}

/// Another encoding of the city: the same pictures, other bytes.
pub fn encoding(sandbox: &Sandbox, name: &str, quality: u32) -> PathBuf {
    let from = sample("city");
    let arguments = format!(
        "-i {} -an -c:v libx264 -preset ultrafast -crf {quality} -pix_fmt yuv420p",
        from.display()
    );
    sandbox.ffmpeg(name, &arguments)
}

/// The city mirrored: the same tombstone in another placement.
pub fn mirrored(sandbox: &Sandbox, name: &str) -> PathBuf {
    let from = sample("city");
    let arguments = format!("-i {} -an -vf hflip -c:v libx264 -preset ultrafast", from.display());
    sandbox.ffmpeg(name, &arguments)
}

/// Seconds of samples, one after the other.
pub fn spliced(sandbox: &Sandbox, name: &str, parts: &[(&str, f64, f64)], quality: u32) -> PathBuf {
    let (mut inputs, mut graph, mut names) = (String::new(), String::new(), String::new());
    for (at, (clip, from_s, to_s)) in parts.iter().enumerate() {
        inputs += &format!("-i {} ", sample(clip).display());
        graph += &format!(
            "[{at}]scale=480:270,setsar=1,fps=25,trim={from_s}:{to_s},setpts=PTS-STARTPTS[p{at}];"
        );
        names += &format!("[p{at}]");
    }
    let arguments = format!(
        "{inputs} -an -filter_complex {graph}{names}concat=n={} -c:v libx264 -preset veryfast \
         -crf {quality} -pix_fmt yuv420p",
        parts.len()
    );
    sandbox.ffmpeg(name, &arguments)
}

/// Somebody with a key.
pub struct Worker {
    #[expect(dead_code, reason = "for whoever reads a test")]
    pub name: &'static str,
    key: String,
    pub id: String,
}

impl Worker {
    pub fn new(service: &Service<'_>, name: &'static str, scopes: &[&str]) -> Worker {
        let body = json!({ "name": name, "scopes": scopes });
        let made = service.post("/v1/keys", &body).expect(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Worker { name, key: text("secret"), id: text("id") }
    }

    pub fn call(&self, service: &Service<'_>, method: &str, path: &str, body: &Value) -> Answer {
        service.call_as(Some(&self.key), method, path).json(body).send()
    }

    pub fn get(&self, service: &Service<'_>, path: &str) -> Answer {
        service.call_as(Some(&self.key), "GET", path).send()
    }

    pub fn claim(&self, service: &Service<'_>, case: &str) -> Answer {
        self.call(service, "POST", &format!("/v1/cases/{case}/claim"), &json!({}))
    }

    /// Decides a case as it is now.
    pub fn decide(
        &self,
        service: &Service<'_>,
        case: &str,
        decision: &str,
        grounds: &str,
    ) -> Answer {
        let seen = self.get(service, &format!("/v1/cases/{case}")).expect(200);
        let body = json!({
            "version": seen["version"], "members": seen["members"],
            "decision": decision, "grounds": grounds,
        });
        self.call(service, "POST", &format!("/v1/cases/{case}/decision"), &body)
    }

    pub fn undo(&self, service: &Service<'_>, case: &str) -> Answer {
        self.call(service, "DELETE", &format!("/v1/cases/{case}/decision"), &json!({}))
    }
}

/// Hands in a file and waits for the verdict.
pub fn hand_in(service: &Service<'_>, file: &Path, query: &str) -> Value {
    let bytes = std::fs::read(file).unwrap();
    let call = service.call("POST", &format!("/v1/uploads?wait=60{query}"));
    call.header("content-type", "application/octet-stream").body(bytes).send().expect(200)
}

/// Ids of the cases in a queue.
pub fn queue(service: &Service<'_>, query: &str) -> Vec<String> {
    let page = service.get(&format!("/v1/cases?{query}")).expect(200);
    let items = page["items"].as_array().unwrap();
    items.iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

/// The only case in the queue.
#[track_caller]
pub fn only_case(service: &Service<'_>) -> String {
    let cases = queue(service, "");
    assert_eq!(cases.len(), 1, "{cases:?}");
    cases.into_iter().next().unwrap()
}

/// Waits until the decision of a case has taken effect.
pub fn wait_closed(service: &Service<'_>, case: &str) -> Value {
    service.wait_for("closed case", || {
        let shown = service.get(&format!("/v1/cases/{case}")).expect(200);
        (shown["state"] == "closed").then_some(shown)
    })
}

/// Verdict and reason of an upload.
pub fn verdict(service: &Service<'_>, upload: &Value) -> (String, String) {
    let id = upload["id"].as_str().unwrap();
    let shown = service.get(&format!("/v1/uploads/{id}")).expect(200);
    let text = |field: &str| shown[field].as_str().unwrap().to_owned();
    (text("verdict"), text("reason"))
}

/// Whoever is told of events: a web server that keeps what it gets. It outlives the service.
pub struct Listener {
    pub url: String,
    got: Arc<Mutex<Vec<Value>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Listener {
    pub fn start() -> Listener {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let got: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = got.clone();
        let router = axum::Router::new().fallback(move |body: axum::body::Bytes| {
            kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            async { "" }
        });
        let socket = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/", socket.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(socket, router).await });
        Listener { url, got, _runtime: runtime }
    }

    /// From now on it is told of decisions.
    pub fn subscribe(&self, service: &Service<'_>) {
        let events = json!(["case.decided", "appeal.decided"]);
        let body = json!({ "url": self.url, "events": events });
        service.post("/v1/subscriptions", &body).expect(201);
    }

    pub fn got(&self) -> Vec<Value> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until it has so many messages.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        while self.got().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", self.got());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.got()
    }
}
