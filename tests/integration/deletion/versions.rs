//! S3 buckets with versions and Object Lock, on moto's server.

use std::process::Command;

use cenotaph::model::{Actor, CopyKind, CopyState, DeletionState, Stage, VerdictKind, Visibility};
use cenotaph::remote::{S3Credentials, S3Options};
use cenotaph::store::RetryOutcome;
use reqwest::Response;

use crate::support::http;
use crate::support::servers::{Process, free_port, tool};
use crate::support::skip::missing;
use crate::support::world::*;

/// moto's server, with a bucket `versions` and a bucket `locked`. It checks no signatures.
struct Moto {
    _server: Process,
    client: reqwest::Client,
    endpoint: String,
    world: World,
}

impl Moto {
    /// `None` when it is not installed.
    fn start() -> Option<Moto> {
        let Some(program) = tool("venv/bin/moto_server") else {
            missing("moto");
            return None;
        };
        let port = free_port();
        let mut command = Command::new(program);
        let server =
            Process::start(command.args(["-H", "127.0.0.1", "-p"]).arg(port.to_string()), port);
        let mut world = World::new();
        let endpoint = format!("http://127.0.0.1:{port}");
        world.remote.s3 = Some(S3Options {
            endpoint: Some(endpoint.clone()),
            path_style: true,
            credentials: Some(S3Credentials {
                key_id: "key".to_owned(),
                secret: "secret".to_owned(),
                session_token: None,
            }),
            ..S3Options::default()
        });
        let client = http::client().build().unwrap();
        let moto = Moto { _server: server, client, endpoint, world };
        moto.send("PUT", "versions", "", &[]);
        let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        moto.send("PUT", "versions?versioning=", enabled, &[]);
        moto.send("PUT", "locked", "", &[("x-amz-bucket-object-lock-enabled", "true")]);
        Some(moto)
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut call =
            self.client.request(method.parse().unwrap(), format!("{}/{path}", self.endpoint));
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        // moto checks no signature, but wants to see whose request it is.
        let scope = "key/20260101/us-east-1/s3/aws4_request";
        let signed =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        call = call.header("authorization", signed);
        self.world.runtime.block_on(call.body(body).send()).unwrap()
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Response {
        let response = self.try_send(method, path, body, headers);
        assert!(response.status().is_success(), "{method} {path}: {response:?}");
        response
    }

    /// Puts a version; returns its id.
    fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> String {
        let put = self.send("PUT", &format!("{bucket}/{key}"), bytes, &[]);
        put.headers()["x-amz-version-id"].to_str().unwrap().to_owned()
    }

    fn mark_deleted(&self, bucket: &str, key: &str) {
        self.send("DELETE", &format!("{bucket}/{key}"), "", &[]);
    }

    /// Keys of all versions and markers.
    fn versions(&self, bucket: &str) -> Vec<String> {
        let listed = self.send("GET", &format!("{bucket}?versions="), "", &[]);
        let xml = self.world.runtime.block_on(listed.text()).unwrap();
        let keys =
            xml.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        let mut keys: Vec<String> = keys.collect();
        keys.sort();
        keys
    }

    fn is_readable(&self, bucket: &str, key: &str) -> bool {
        self.try_send("HEAD", &format!("{bucket}/{key}"), "", &[]).status().is_success()
    }

    fn lock_until(&self, key: &str, version: &str, until: i64) {
        let date = jiff::Timestamp::from_second(until).unwrap();
        let lock = format!(
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{date}</RetainUntilDate></Retention>"
        );
        let bypass = [("x-amz-bypass-governance-retention", "true")];
        self.send("PUT", &format!("locked/{key}?retention=&versionId={version}"), lock, &bypass);
    }

    fn hold(&self, key: &str, version: &str, status: &str) {
        let hold = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        self.send("PUT", &format!("locked/{key}?legal-hold=&versionId={version}"), hold, &[]);
    }
}

#[test]
fn every_version_and_delete_marker_goes_and_those_of_neighbours_stay() {
    let Some(moto) = Moto::start() else { return };
    for number in 0..3 {
        moto.put("versions", "v/8812.bmp", picture(number));
    }
    moto.mark_deleted("versions", "v/8812.bmp");
    moto.put("versions", "v/8812.bmp", picture(1));
    moto.put("versions", "v/8812.bmp.jpg", vec![1]);
    for part in 0..5 {
        moto.put("versions", &format!("hls/8812/{part}.ts"), vec![1]);
        moto.put("versions", &format!("hls/8812/{part}.ts"), vec![2]);
        moto.mark_deleted("versions", &format!("hls/8812/{part}.ts"));
    }
    moto.put("versions", "hls/88120/1.ts", vec![1]);
    let running = moto.world.start();
    let copies = vec![
        main_copy("s3://versions/v/8812.bmp"),
        prefix(CopyKind::Backup, "s3://versions/hls/8812/"),
    ];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    assert_eq!(moto.versions("versions"), ["hls/88120/1.ts", "v/8812.bmp.jpg"]);
    let objects: Vec<_> = view.copies.iter().map(|(copy, _)| copy.objects).collect();
    assert_eq!(objects, [Some(5), Some(15)]);
    let how = view.copies[0].0.how.as_deref();
    assert_eq!(how, Some("listed again with all versions: none found"));
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Block);
}

#[test]
fn a_video_that_only_lies_behind_a_delete_marker_is_erased_too() {
    let Some(moto) = Moto::start() else { return };
    moto.put("versions", "v/8812.bmp", picture(1));
    moto.mark_deleted("versions", "v/8812.bmp");
    let mut world_request = request("8812", vec![main_copy("s3://versions/v/8812.bmp")]);
    world_request.reason = cenotaph::model::DeletionReason::Legal;
    let running = moto.world.start();
    let id = running.request(&world_request);
    // Nobody can read it any more, so it goes without a fingerprint when the time for that has passed.
    running.wait(id, "tried", |v| v.deletion.failures > 0);
    running.skip(3601);
    running.wait_for(id, DeletionState::Complete);
    assert!(moto.versions("versions").is_empty());
}

#[test]
fn what_object_lock_holds_is_hidden_at_once_and_goes_at_its_date() {
    let Some(moto) = Moto::start() else { return };
    let (one, two) =
        (moto.put("locked", "a.bmp", picture(1)), moto.put("locked", "a.bmp", picture(2)));
    // moto's clock is the system's; ours is the test's. Both locks are long.
    let running = moto.world.open();
    let far = now_of_the_system() + 86_400 * 30;
    moto.lock_until("a.bmp", &one, far);
    drop(running);
    let running = moto.world.start();
    let file = moto.world.put_picture("main.bmp", 1);
    let copies = vec![main_copy(&file), copy(CopyKind::Backup, "s3://locked/a.bmp")];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Erased);
    let backup = &view.copies[1].0;
    assert_eq!(backup.state, CopyState::Held, "{backup:?}");
    assert_eq!(backup.last_error.as_deref(), Some("it is under a retention lock until a date"));
    assert_eq!(backup.due_at, Some(far + 1));
    assert!(!moto.is_readable("locked", "a.bmp"), "a marker hides it");
    assert_eq!(running.visibility("8812"), Visibility::Deleted);
    // The version that nothing holds went at once; the held one and its marker are left.
    assert_eq!(moto.versions("locked").len(), 2);
    let _ = two;
    // The lock ends early by the operator's hand, and the date comes.
    let soon = now_of_the_system() + 2;
    moto.lock_until("a.bmp", &one, soon);
    while now_of_the_system() <= soon {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    running.skip(far + 2 - START);
    running.wait_for(id, DeletionState::Complete);
    assert!(moto.versions("locked").is_empty(), "{:?}", moto.versions("locked"));
}

#[test]
fn a_legal_hold_makes_it_stuck_until_somebody_lifts_it() {
    let Some(moto) = Moto::start() else { return };
    let version = moto.put("locked", "a.bmp", picture(1));
    moto.hold("a.bmp", &version, "ON");
    let running = moto.world.start();
    let id = running.request(&request("8812", vec![main_copy("s3://locked/a.bmp")]));
    let view = running.wait_for_stuck(id);
    assert_eq!(view.deletion.stage, Stage::Purging);
    let why = view.deletion.stuck_why.unwrap();
    assert_eq!(why, "copy 0 (main): it is under a legal hold, which somebody has to lift");
    moto.hold("a.bmp", &version, "OFF");
    assert_eq!(running.deletions.retry(id, Actor::Local).unwrap(), RetryOutcome::Scheduled);
    running.wait_for(id, DeletionState::Complete);
    assert!(moto.versions("locked").is_empty());
}

fn now_of_the_system() -> i64 {
    use cenotaph::model::Clock;
    cenotaph::cli::SystemClock.now()
}
