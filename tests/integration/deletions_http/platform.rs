//! A platform in a sandbox: a folder of media, settings that allow it, and what it asks for.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::pictures::{file_uri, picture};
use crate::support::sandbox::Sandbox;
use crate::support::service::{Answer, Service};

/// The settings of these tests: failures are tried again after a second, and three make a deletion stuck.
const SETTINGS: &str = r#"
[remote]
file_roots = ["MEDIA"]
networks_allowed = ["127.0.0.1"]

[deletions]
retry_delay_s_min = 1
retry_delay_s_max = 1
stuck_after_failures = 3
"#;

/// A sandbox with settings and an empty media folder; `more` is put behind the settings.
pub fn sandbox_with(more: &str) -> Sandbox {
    let s = Sandbox::new();
    fs::create_dir_all(s.path("media")).unwrap();
    let media = s.path("media").display().to_string();
    s.write("cenotaph.toml", (SETTINGS.replace("MEDIA", &media) + more).as_bytes());
    s
}

pub fn sandbox() -> Sandbox {
    sandbox_with("")
}

pub fn media(s: &Sandbox, name: &str) -> PathBuf {
    s.path("media").join(name)
}

/// Puts a picture of this number into the media folder; returns its address.
pub fn put_picture(s: &Sandbox, name: &str, number: u64) -> String {
    put(s, name, &picture(number))
}

pub fn put(s: &Sandbox, name: &str, bytes: &[u8]) -> String {
    let path = media(s, name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    file_uri(&path)
}

/// The body of a wish to delete a video.
pub fn wish(copies: Value) -> Value {
    json!({
        "owner": "owner-anna",
        "uploaded_at": "2025-12-20T10:00:00Z",
        "reason": "owner_request",
        "engagement": { "views": 1000, "likes": 10, "comments": 3, "shares": 1 },
        "copies": copies,
    })
}

pub fn main_copy(uri: &str) -> Value {
    json!({ "kind": "main", "uri": uri })
}

/// Asks to delete a video; the deletion's id.
#[track_caller]
pub fn delete(service: &Service<'_>, video: &str, body: &Value) -> String {
    let answer = post(service, video, body);
    let deletion = answer.expect(202);
    let id = deletion["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), Some(&*format!("/v1/deletions/{id}")));
    id
}

pub fn post(service: &Service<'_>, video: &str, body: &Value) -> Answer {
    service.post(&format!("/v1/videos/{video}/deletion"), body)
}

pub fn show(service: &Service<'_>, id: &str) -> Value {
    service.get(&format!("/v1/deletions/{id}")).expect(200)
}

/// Waits until a deletion is in a state.
#[track_caller]
pub fn wait_for(service: &Service<'_>, id: &str, state: &str) -> Value {
    let mut last = Value::Null;
    service.wait_for(&format!("{state} of {id}"), || {
        let now = show(service, id);
        let there = now["state"] == state;
        last = now.clone();
        there.then_some(now)
    })
}

pub fn visibility(service: &Service<'_>, video: &str) -> Value {
    service.get(&format!("/v1/videos/{video}/visibility")).expect(200)
}

/// What the gate answers of an address: 204 or 403.
pub fn gate(service: &Service<'_>, uri: &str) -> u16 {
    service.call("GET", "/v1/gate").header("x-original-uri", uri).send().status
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
