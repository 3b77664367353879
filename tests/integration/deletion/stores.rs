//! Copies in object stores: an S3 server without versions over HTTP, and the emulators of Google's and Azure's.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cenotaph::model::{CopyKind, DeletionEventSeq, DeletionState, Stage, Strength, VerdictKind};
use cenotaph::remote::{AzOptions, GsOptions};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::support::http;
use crate::support::servers::{Process, S3, free_port, node, tool};
use crate::support::skip::missing;
use crate::support::world::*;

fn world_with_s3() -> (World, S3) {
    let mut world = World::new();
    let s3 = S3::start(&world.runtime, &world.path("s3"), "videos");
    world.remote.s3 = Some(s3.options());
    (world, s3)
}

#[test]
fn objects_and_prefixes_go_from_s3_and_their_neighbours_stay() {
    let (world, s3) = world_with_s3();
    let running = world.start();
    let main = s3.put("videos", "in/8812 ä+%20.bmp", &picture(1));
    for key in ["hls/8812/1.ts", "hls/8812/deep/2.ts", "hls/88121/1.ts", "in/8812 ä+%20.bmp2"] {
        s3.put("videos", key, b"part");
    }
    let copies = vec![main_copy(&main), prefix(CopyKind::Backup, "s3://videos/hls/8812/")];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    assert!(!s3.has("videos", "in/8812 ä+%20.bmp"));
    assert!(!s3.has("videos", "hls/8812/1.ts") && !s3.has("videos", "hls/8812/deep/2.ts"));
    assert!(s3.has("videos", "hls/88121/1.ts") && s3.has("videos", "in/8812 ä+%20.bmp2"));
    let objects: Vec<_> = view.copies.iter().map(|(copy, _)| copy.objects).collect();
    assert_eq!(objects, [Some(1), Some(2)]);
    assert_eq!(view.copies[0].0.how.as_deref(), Some("looked up again: not found"));
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Block);
    assert_eq!(
        std::fs::read_dir(world.data().join("spool")).unwrap().count(),
        0,
        "the spool is empty"
    );
}

#[test]
fn the_largest_object_of_a_prefix_is_fingerprinted() {
    let (world, s3) = world_with_s3();
    let running = world.start();
    s3.put("videos", "v/8812/thumbnail.jpg", b"small");
    s3.put("videos", "v/8812/video.bmp", &picture(1));
    let id = running.request(&request("8812", vec![prefix(CopyKind::Main, "s3://videos/v/8812/")]));
    running.wait_for(id, DeletionState::Complete);
    assert!(!s3.has("videos", "v/8812/video.bmp") && !s3.has("videos", "v/8812/thumbnail.jpg"));
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Block);
}

#[test]
fn an_s3_that_answers_500_and_recovers_delays_but_loses_nothing() {
    let (world, s3) = world_with_s3();
    s3.put("videos", "a.bmp", &picture(1));
    // While the main copy is fetched…
    s3.fail(2);
    let mut running = world.open();
    let id = running.request(&request("8812", vec![main_copy("s3://videos/a.bmp")]));
    running.run();
    let view = running.wait_for(id, DeletionState::Complete);
    let events = running.kinds(id);
    assert!(events.iter().filter(|kind| **kind == "failed").count() >= 2, "{events:?}");
    let tombstone = running.engine.tombstone(&view.deletion.tombstone.unwrap()).unwrap().unwrap();
    assert_ne!(tombstone.strength, Strength::Unmatchable);
    // …and while it is erased, for so long that somebody should look.
    s3.put("videos", "b.bmp", &picture(2));
    s3.put("videos", "b.bak", &picture(2));
    let file = world.put_picture("b.bmp", 2);
    let copies = vec![main_copy(&file), copy(CopyKind::Backup, "s3://videos/b.bak")];
    s3.fail(1000);
    let id = running.request(&request("8813", copies));
    let view = running.wait_for_stuck(id);
    let why = view.deletion.stuck_why.unwrap();
    assert_eq!(why, "copy 1 (backup): the S3 server answered 500");
    assert_eq!(view.deletion.stage, Stage::Purging);
    assert!(s3.has("videos", "b.bak") && !file_path(&file).exists());
    s3.fail(0);
    running.wait_for(id, DeletionState::Complete);
    assert!(!s3.has("videos", "b.bak"));
}

#[test]
fn a_store_that_is_not_there_is_said_so_without_naming_the_object() {
    let (world, s3) = world_with_s3();
    s3.put("videos", "a.bmp", &picture(1));
    let running = world.start();
    let missing = copy(CopyKind::Backup, "s3://no-such-bucket/secret-name.bmp");
    let id = running.request(&request("8812", vec![main_copy("s3://videos/a.bmp"), missing]));
    // No bucket, no object: what is not there is gone, or the server says that it cannot tell.
    let view = running.wait(id, "decided", |v| {
        matches!(v.deletion.state(), DeletionState::Stuck | DeletionState::Complete)
    });
    let (events, _) =
        running.deletions.events(id, DeletionEventSeq::default(), 1000).unwrap().unwrap();
    let notes: Vec<_> = events.iter().filter_map(|event| event.note.clone()).collect();
    assert!(!format!("{notes:?}{:?}", view.deletion).contains("secret-name"), "{notes:?}");
}

/// Google's XML interface, which our client speaks, is S3's.
#[test]
fn objects_go_from_googles_store() {
    let mut world = World::new();
    let store = S3::start_open(&world.runtime, &world.path("gs"), "videos");
    let unsigned =
        r#"{"disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}"#;
    let key = Some(unsigned.to_owned());
    world.remote.gs =
        Some(GsOptions { endpoint: Some(store.web.url("")), service_account_key: key });
    store.put("videos", "a.bmp", &picture(1));
    for key in ["hls/8812/1.ts", "hls/8812/2.ts", "hls/88121/1.ts"] {
        store.put("videos", key, b"part");
    }
    let running = world.start();
    let copies =
        vec![main_copy("gs://videos/a.bmp"), prefix(CopyKind::Backup, "gs://videos/hls/8812/")];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    let objects: Vec<_> = view.copies.iter().map(|(copy, _)| copy.objects).collect();
    assert_eq!(objects, [Some(1), Some(2)]);
    assert!(!store.has("videos", "a.bmp") && !store.has("videos", "hls/8812/1.ts"));
    assert!(store.has("videos", "hls/88121/1.ts"));
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Block);
}

/// The account and key that Microsoft's stand-in knows, from its documentation.
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

#[test]
fn objects_go_from_azures_store() {
    let azurite = tool("azurite/node_modules/.bin/azurite-blob");
    let Some((node, azurite)) = node().zip(azurite) else {
        return missing("azurite");
    };
    let mut world = World::new();
    let port = free_port();
    let mut command = Command::new(node);
    command.arg(azurite).args([
        "--inMemoryPersistence",
        "--silent",
        "--skipApiVersionCheck",
        "--blobHost",
        "127.0.0.1",
    ]);
    let _server = Process::start(command.arg("--blobPort").arg(port.to_string()), port);
    let endpoint = format!("http://127.0.0.1:{port}/{AZURITE_ACCOUNT}");
    world.remote.az = Some(AzOptions {
        account: AZURITE_ACCOUNT.to_owned(),
        access_key: AZURITE_KEY.to_owned(),
        endpoint: Some(endpoint.clone()),
    });
    let store = azure(&endpoint);
    world.runtime.block_on(async {
        make_container(&endpoint).await;
        for (key, bytes) in
            [("a.bmp", picture(1)), ("hls/8812/1.ts", vec![1]), ("hls/8813/1.ts", vec![1])]
        {
            store.put(key, bytes).await;
        }
    });
    let running = world.start();
    let copies =
        vec![main_copy("az://videos/a.bmp"), prefix(CopyKind::Backup, "az://videos/hls/8812/")];
    let id = running.request(&request("8812", copies));
    let view = running.wait_for(id, DeletionState::Complete);
    let objects: Vec<_> = view.copies.iter().map(|(copy, _)| copy.objects).collect();
    assert_eq!(objects, [Some(1), Some(1)]);
    assert_eq!(running.check(&picture(1), None).verdict.kind, VerdictKind::Block);
    assert_eq!(world.runtime.block_on(store.keys()), ["hls/8813/1.ts"]);
}

/// A client of Azure's for what the test itself puts there.
struct Azure(Box<dyn object_store::ObjectStore>);

fn azure(endpoint: &str) -> Azure {
    let store = object_store::azure::MicrosoftAzureBuilder::new()
        .with_account(AZURITE_ACCOUNT)
        .with_access_key(AZURITE_KEY)
        .with_endpoint(endpoint.to_owned())
        .with_allow_http(true)
        .with_container_name("videos");
    Azure(Box::new(store.build().unwrap()))
}

/// Signed as Azure's documentation of `SharedKey` says.
async fn make_container(endpoint: &str) {
    let date = "Sat, 31 Jan 2026 12:00:00 GMT";
    let resource = format!("/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/videos\nrestype:container");
    let text =
        format!("PUT{}x-ms-date:{date}\nx-ms-version:2021-08-06\n{resource}", "\n".repeat(12));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(AZURITE_KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let made = http::client()
        .build()
        .unwrap()
        .put(format!("{endpoint}/videos?restype=container"))
        .header("x-ms-date", date)
        .header("x-ms-version", "2021-08-06")
        .header("authorization", format!("SharedKey {AZURITE_ACCOUNT}:{signature}"))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
}

impl Azure {
    async fn put(&self, key: &str, bytes: Vec<u8>) {
        use object_store::ObjectStoreExt;
        self.0.put(&key.into(), bytes.into()).await.unwrap();
    }

    async fn keys(&self) -> Vec<String> {
        use futures::TryStreamExt;
        self.0.list(None).map_ok(|o| o.location.to_string()).try_collect().await.unwrap()
    }
}
