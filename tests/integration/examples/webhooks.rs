//! `examples/webhooks`: both receivers take what the service sends, once, and nothing that somebody else made up.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::api::videos::{CHESS, copy_of, upload, with_tombstones};
use crate::examples::{example, search_path};
use crate::support::servers::{free_port, node, program};
use crate::support::service::{Service, answer};
use crate::support::skip::missing;

/// A receiver that ends with the test.
struct Receiver(Child);

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(interpreter: &Path, script: &str, secret: &str, port: u16, output: &Path) -> Receiver {
    let mut command = Command::new(interpreter);
    command.arg(example(script)).env_clear().env("PATH", search_path());
    command.env("SECRET", secret).env("PORT", port.to_string());
    command.stdin(Stdio::null()).stdout(File::create(output).unwrap());
    Receiver(command.spawn().unwrap())
}

/// Events that the receiver has printed.
fn printed(output: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn receives(interpreter: &Path, script: &str) {
    let s = with_tombstones();
    let service =
        Service::start_with(&s, &[("CENOTAPH_REMOTE__NETWORKS_ALLOWED", "[\"127.0.0.1\"]")]);
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/");
    let wish = json!({ "url": url, "events": ["upload.verdict"] });
    let subscription = service.post("/v1/subscriptions", &wish).expect(201);
    let secret = subscription["secret"].as_str().unwrap();
    let output = s.path("printed");
    let _receiver = start(interpreter, script, secret, port, &output);
    service.wait_for("receiver", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    let sent = upload(&service, &copy_of(&s, CHESS), "?wait=60").expect(200);
    let event = service.wait_for("event", || printed(&output).pop());
    assert_eq!((&event["type"], &event["data"]["id"]), (&json!("upload.verdict"), &sent["id"]));
    assert_eq!(event["data"]["verdict"], "block");
    let delivery = service.wait_for("delivery", || {
        let sent = service.get("/v1/deliveries?state=sent").expect(200);
        sent["items"].get(0).cloned()
    });
    // Sent again it is acknowledged, and printed no second time.
    let again = format!("/v1/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    assert_eq!(service.post(&again, &json!({})).expect(200)["state"], "due");
    service.wait_for("second delivery", || {
        let due = service.get("/v1/deliveries?state=due").expect(200);
        let sent = service.get("/v1/deliveries?state=sent").expect(200);
        let is_sent = due["items"] == json!([]) && sent["items"][0]["id"] == delivery["id"];
        is_sent.then_some(())
    });
    forged(&service, &url);
    assert_eq!(printed(&output).len(), 1);
}

/// Whoever does not have the secret is refused, and so is an old message.
#[track_caller]
fn forged(service: &Service<'_>, url: &str) {
    let body = "{\"type\":\"upload.verdict\",\"timestamp\":\"2026-01-31T12:00:00Z\",\"data\":{}}";
    let soon = jiff::Timestamp::now().as_second();
    for (timestamp, signature) in [
        (Some(soon), Some("v1,AAAA")),
        (Some(soon), Some("v1a,x v1,")),
        (Some(soon), None),
        (Some(0), Some("v1,AAAA")),
        (None, Some("v1,AAAA")),
    ] {
        let mut request = service.client().post(url).header("webhook-id", "evt_1").body(body);
        if let Some(timestamp) = timestamp {
            request = request.header("webhook-timestamp", timestamp);
        }
        if let Some(signature) = signature {
            request = request.header("webhook-signature", signature);
        }
        let refused = service.block_on(answer(request)).unwrap();
        assert_eq!(refused.status, 401, "{timestamp:?} {signature:?}");
    }
}

#[test]
fn the_receiver_in_python_takes_what_is_genuine_once() {
    receives(&program("python3").expect("python3"), "webhooks/receiver.py");
}

#[test]
fn the_receiver_in_node_takes_what_is_genuine_once() {
    let Some(node) = node() else { return missing("Node") };
    receives(&node, "webhooks/receiver.mjs");
}
