//! Hooks in foreign dialects, and the API in the hands of programs that nobody here wrote.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::api::videos::*;
use crate::support::sandbox::Sandbox;
use crate::support::servers::{S3, node, tool};
use crate::support::service::Service;
use crate::support::skip::missing;

/// A message of tusd 2 as its documentation shows it.
fn tusd(kind: &str, id: &str, path: &std::path::Path) -> Value {
    json!({
        "Type": kind,
        "Event": {
            "Upload": {
                "ID": id,
                "Size": fs::metadata(path).map_or(46_205, |m| m.len()),
                "SizeIsDeferred": false,
                "Offset": 0,
                "MetaData": { "filename": "transloadit.mp4", "user": "mallory" },
                "IsPartial": false,
                "IsFinal": false,
                "PartialUploads": null,
                "Storage": { "Type": "filestore", "Path": path, "InfoPath": format!("{}.info", path.display()) },
            },
            "HTTPRequest": {
                "Method": "PATCH",
                "URI": "/files/14b1c4c77771671a8479bc0444bbc5ce",
                "RemoteAddr": "1.2.3.4:47689",
                "Header": {
                    "Host": ["localhost:8080"],
                    "Tus-Resumable": ["1.0.0"],
                    "X-User": ["anna"],
                },
            },
        },
    })
}

fn with_folder<'s>(s: &'s Sandbox, more: &[(&str, &str)]) -> (Service<'s>, std::path::PathBuf) {
    fs::create_dir_all(s.path("tus")).unwrap();
    let folder = s.path("tus").canonicalize().unwrap();
    let prefixes = format!("[\"file://{}/\"]", folder.display());
    let roots = format!("[{:?}]", folder.display().to_string());
    let mut variables = vec![
        ("CENOTAPH_UPLOADS__URI_PREFIXES", prefixes.as_str()),
        ("CENOTAPH_REMOTE__FILE_ROOTS", roots.as_str()),
    ];
    variables.extend(more);
    (Service::start_with(s, &variables), folder)
}

#[test]
fn tusd_is_told_what_to_do_with_an_upload() {
    let s = with_tombstones();
    let more = [
        ("CENOTAPH_HOOKS__VERDICT_TIMEOUT_S", "50"),
        ("CENOTAPH_SERVER__REQUEST_TIMEOUT_S", "60"),
        ("CENOTAPH_UPLOADS__BYTES_MAX", "5000000"),
    ];
    let (service, folder) = with_folder(&s, &more);
    // tusd can be given an address only: the key is its password.
    let key = service.key_for(&["upload"]);
    let hook = |body: &Value| {
        let request =
            service.client().post(service.url("/hooks/tusd")).basic_auth("tusd", Some(&key));
        let request = request.header("content-type", "application/json").body(body.to_string());
        service.block_on(crate::support::service::answer(request)).unwrap().expect(200)
    };
    let (copy, fine) = (folder.join("1"), folder.join("2 ä"));
    fs::copy(copy_of(&s, CHESS), &copy).unwrap();
    fs::copy(innocent(&s, 1), &fine).unwrap();
    assert_eq!(hook(&tusd("pre-create", "", &copy)), json!({}));
    let mut large = tusd("pre-create", "", &copy);
    large["Event"]["Upload"]["Size"] = json!(5_000_001);
    let refused = hook(&large);
    assert_eq!(
        (&refused["RejectUpload"], &refused["HTTPResponse"]["StatusCode"]),
        (&json!(true), &json!(413))
    );
    let mut part = tusd("pre-finish", "p", &copy);
    part["Event"]["Upload"]["IsPartial"] = json!(true);
    for nothing in [
        part,
        tusd("post-create", "1", &copy),
        tusd("post-receive", "1", &copy),
        tusd("later", "1", &copy),
    ] {
        assert_eq!(hook(&nothing), json!({}));
    }
    assert_eq!(service.get("/v1/uploads").expect(200)["items"], json!([]));
    let blocked = hook(&tusd("pre-finish", "1", &copy));
    assert_eq!(blocked["HTTPResponse"]["StatusCode"], 403, "{blocked}");
    let body: Value =
        serde_json::from_str(blocked["HTTPResponse"]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body["verdict"], "block");
    assert!(!blocked.to_string().contains(CHESS), "the client learns no more than that");
    let let_through = hook(&tusd("pre-finish", "2", &fine));
    assert_eq!(let_through["HTTPResponse"].get("StatusCode"), None, "{let_through}");
    assert!(let_through["HTTPResponse"]["Header"]["Cenotaph-Upload"].is_string(), "{let_through}");
    // Afterwards it tells of the same upload.
    assert_eq!(hook(&tusd("post-finish", "1", &copy)), json!({}));
    let listed = service.get("/v1/uploads?reference=1").expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), items[0]["metadata"]["filename"].as_str()),
        (1, Some("transloadit.mp4"))
    );
    // Whoever says so himself is not believed.
    assert_eq!(items[0]["uploader"], Value::Null);
    let wrong = |body: Value| service.post("/hooks/tusd", &body);
    wrong(json!({})).problem(422, "invalid");
    wrong(json!({ "Type": "pre-finish", "Event": { "Upload": {} } })).problem(422, "invalid");
    let relative = wrong(tusd("pre-finish", "3", std::path::Path::new("./data/3")));
    assert!(relative.problem(422, "invalid").contains("-upload-dir"));
    wrong(tusd("post-finish", "3", std::path::Path::new("/etc/passwd"))).problem(422, "invalid");
}

#[test]
fn tusd_says_who_uploads_where_the_settings_name_a_header_and_a_full_queue_is_told() {
    let s = with_tombstones();
    let more = [
        ("CENOTAPH_HOOKS__TUSD_UPLOADER_HEADER", "x-user"),
        ("CENOTAPH_UPLOADS__PENDING_MAX", "1"),
        ("CENOTAPH_HOOKS__VERDICT_TIMEOUT_S", "50"),
        ("CENOTAPH_SERVER__REQUEST_TIMEOUT_S", "60"),
    ];
    let (service, folder) = with_folder(&s, &more);
    let copy = folder.join("1");
    fs::copy(copy_of(&s, CHESS), &copy).unwrap();
    let answer = service.post("/hooks/tusd", &tusd("pre-finish", "1", &copy)).expect(200);
    assert_eq!(answer["HTTPResponse"].get("StatusCode"), None, "{answer}");
    let line = service.get("/v1/uploads?reference=1").expect(200)["items"][0].clone();
    assert_eq!((line["uploader"].as_str(), verdict(&line)), (Some("anna"), ("allow", "owner")));
    // One that does not end takes the only place.
    let body = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = service.client().post(service.url("/v1/uploads")).bearer_auth(&service.key);
    let request = request.body(reqwest::Body::wrap_stream(body));
    let sending = service.spawn(async { request.send().await });
    service.wait_for("a full house", || {
        (metric(&service, "cenotaph_uploads_undecided") == 1.0).then_some(())
    });
    let full = service.post("/hooks/tusd", &tusd("pre-create", "", &copy)).expect(200);
    assert_eq!(
        (&full["RejectUpload"], &full["HTTPResponse"]["StatusCode"]),
        (&json!(true), &json!(503))
    );
    assert!(full["HTTPResponse"]["Header"]["Retry-After"].is_string(), "{full}");
    service.post("/hooks/tusd", &tusd("post-finish", "2", &copy)).problem(503, "busy");
    sending.abort();
}

#[test]
fn the_official_tus_server_and_client_get_their_verdicts() {
    let (Some(node), Some(modules)) = (node(), tool("tus/node_modules/@tus/server")) else {
        return missing("Node with @tus/server");
    };
    let s = with_tombstones();
    let (service, folder) = with_folder(&s, &[]);
    // Node looks for modules beside the script.
    let place = modules.ancestors().nth(3).unwrap().join(format!("tus-{}.mjs", service.pid()));
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/tus.mjs"), &place).unwrap();
    let key = service.key_for(&["upload", "scores"]);
    let (copy, fine) = (copy_of(&s, CHESS), innocent(&s, 1));
    let mut command = Command::new(node);
    command.arg(&place).args([&service.url(""), &key]).arg(&folder).args([&copy, &fine]);
    let output = command.output().unwrap();
    fs::remove_file(&place).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines[0]["status"].as_u64(), lines[0]["body"].as_str()),
        (Some(403), Some("blocked: chess")),
        "{text}{said}"
    );
    assert_eq!(lines[1]["status"], 204, "{text}{said}");
    let items = service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1]["metadata"]["filename"], "copy-of-chess.mp4");
}

/// MinIO's shape: Amazon's with two names before it, and user metadata.
fn notification(event: &str, bucket: &str, key: &str, etag: &str) -> Value {
    json!({
        "EventName": event, "Key": format!("{bucket}/{key}"),
        "Records": [{
            "eventVersion": "2.0", "eventSource": "minio:s3", "eventName": event,
            "eventTime": "2026-01-31T12:00:00.000Z", "userIdentity": { "principalId": "x" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "Config",
                "bucket": { "name": bucket, "ownerIdentity": { "principalId": "x" }, "arn": "arn:aws:s3:::b" },
                "object": {
                    "key": key, "size": 1, "eTag": etag, "contentType": "video/mp4",
                    "userMetadata": { "X-Amz-Meta-Uploader": "anna", "content-type": "video/mp4" },
                    "versionId": "1", "sequencer": "159ACF",
                },
            },
            "source": { "host": "127.0.0.1", "port": "", "userAgent": "MinIO" },
        }],
    })
}

#[test]
fn an_object_that_a_foreign_client_puts_is_checked_when_its_store_tells_of_it() {
    let s = with_tombstones();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let s3 = S3::start(&runtime, &s.path("s3"), "incoming");
    let endpoint = s3.web.url("");
    let variables = [
        ("CENOTAPH_REMOTE__S3__ENDPOINT", endpoint.as_str()),
        ("CENOTAPH_REMOTE__S3__PATH_STYLE", "true"),
        ("CENOTAPH_REMOTE__S3__ACCESS_KEY_ID", S3::KEY),
        ("CENOTAPH_REMOTE__S3__SECRET_ACCESS_KEY", S3::SECRET),
        ("CENOTAPH_UPLOADS__URI_PREFIXES", "[\"s3://incoming/\"]"),
        ("CENOTAPH_HOOKS__S3_UPLOADER_FIELD", "uploader"),
        ("CENOTAPH_UPLOADS__ATTEMPTS_MAX", "2"),
    ];
    let service = Service::start_with(&s, &variables);
    let copy = copy_of(&s, CHESS);
    let key = "in/a b+ä.mp4";
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/put_object.py");
    let etag = match tool("venv/bin/python") {
        Some(python) => {
            let words = [script, &endpoint, S3::KEY, S3::SECRET, "incoming", key];
            let output = Command::new(python).args(words).arg(&copy).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }
        None => {
            missing("boto3");
            s3.put("incoming", key, &fs::read(&copy).unwrap());
            "0".to_owned()
        }
    };
    let event = |event: &str, bucket: &str, key: &str| notification(event, bucket, key, &etag);
    let coded = "in%2Fa+b%2B%C3%A4.mp4";
    let put = event("s3:ObjectCreated:Put", "incoming", coded);
    let accepted = service.post("/hooks/s3", &put).expect(200);
    assert_eq!((&accepted["uploads"][0]["key"], &accepted["refused"]), (&json!(key), &json!([])));
    let id = accepted["uploads"][0]["upload"].as_str().unwrap();
    let line = decided(&service, id);
    assert_eq!((line["uploader"].as_str(), verdict(&line)), (Some("anna"), ("allow", "owner")));
    assert_eq!(line["reference"], format!("incoming/{key}"));
    assert!(s3.has("incoming", key), "it was read, not taken");
    // The same is told twice; others do not concern us.
    assert_eq!(service.post("/hooks/s3", &put).expect(200)["uploads"][0]["upload"], id);
    let removed = event("s3:ObjectRemoved:Delete", "incoming", coded);
    assert_eq!(service.post("/hooks/s3", &removed).expect(200)["uploads"], json!([]));
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "incoming" });
    assert_eq!(
        service.post("/hooks/s3", &test).expect(200),
        json!({ "uploads": [], "refused": [] })
    );
    let elsewhere = event("ObjectCreated:CompleteMultipartUpload", "private", coded);
    let refused = service.post("/hooks/s3", &elsewhere).expect(200);
    assert!(
        refused["refused"][0]["detail"].as_str().unwrap().contains("uri_prefixes"),
        "{refused}"
    );
    assert_eq!(service.get("/v1/uploads").expect(200)["items"].as_array().unwrap().len(), 1);
    // An object that is gone when we come is told to a moderator.
    let gone = event("s3:ObjectCreated:Put", "incoming", "gone.mp4");
    let gone = service.post("/hooks/s3", &gone).expect(200);
    let line = decided(&service, gone["uploads"][0]["upload"].as_str().unwrap());
    assert_eq!(verdict(&line), ("review", "unchecked"));
    for wrong in [json!({ "Records": {} }), json!({ "Records": [{ "eventName": 1 }] }), json!([])] {
        service.post("/hooks/s3", &wrong).problem(422, "invalid");
    }
}
