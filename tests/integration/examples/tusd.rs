//! `examples/tusd`: uploads of a tus client, with tusd itself where it is installed and a stand-in elsewhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::api::videos::{CHESS, copy_of, innocent, with_tombstones};
use crate::examples::{example, search_path};
use crate::support::sandbox::Sandbox;
use crate::support::servers::{Process, free_port, program, tool};
use crate::support::service::{Answer, Service, answer};

/// The example's settings with another folder, and time enough for a busy machine.
fn settings(s: &Sandbox, folder: &Path) {
    let text = fs::read_to_string(example("tusd/cenotaph.toml")).unwrap();
    assert!(text.contains("/srv/tus") && text.contains("verdict_timeout_s = 10"), "{text}");
    let text = text.replace("/srv/tus", &folder.display().to_string());
    let text = text.replace("verdict_timeout_s = 10", "verdict_timeout_s = 50");
    s.write("cenotaph.toml", format!("{text}\n[server]\nrequest_timeout_s = 60\n").as_bytes());
}

/// tusd as the example starts it.
fn tusd(service: &Service<'_>, folder: &Path) -> (Process, u16) {
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/tusd.py");
    let python = program("python3").expect("python3");
    let real = tool("tusd/tusd").or_else(|| program("tusd"));
    let wrapper = service.sandbox.write(
        "tusd",
        format!("#!/bin/sh\nexec {} {} \"$@\"\n", python.display(), stand_in.display()).as_bytes(),
    );
    fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let port = free_port();
    let mut command = Command::new(example("tusd/run.sh"));
    command.args(["-host", "127.0.0.1", "-port", &port.to_string()]);
    command.env_clear().env("PATH", search_path()).env("TUSD", real.unwrap_or(wrapper));
    command.env("CENOTAPH", service.url("")).env("KEY", service.key_for(&["upload"]));
    command.env("UPLOADS", folder);
    (Process::start(&mut command, port), port)
}

/// What a tus client does: announces the file, then sends it. The last answer.
fn send(service: &Service<'_>, port: u16, file: &Path) -> Answer {
    let bytes = fs::read(file).unwrap();
    let request = |method: &str, url: &str| {
        let client = service.client();
        client.request(method.parse().unwrap(), url).header("tus-resumable", "1.0.0")
    };
    let create = request("POST", &format!("http://127.0.0.1:{port}/files/"));
    let create = create.header("upload-length", bytes.len().to_string());
    let created = service.block_on(answer(create)).unwrap();
    assert_eq!(created.status, 201, "{created:?}");
    let place = created.header("location").unwrap().to_owned();
    let patch = request("PATCH", &place).header("upload-offset", "0");
    let patch = patch.header("content-type", "application/offset+octet-stream").body(bytes);
    service.block_on(answer(patch)).unwrap()
}

#[test]
fn a_blocked_upload_is_refused_at_its_end_and_others_are_let_through() {
    let s = with_tombstones();
    fs::create_dir_all(s.path("tus")).unwrap();
    let folder = s.path("tus").canonicalize().unwrap();
    settings(&s, &folder);
    let service = Service::start(&s);
    let (_tusd, port) = tusd(&service, &folder);
    let blocked = send(&service, port, &copy_of(&s, CHESS));
    assert_eq!(blocked.status, 403, "{blocked:?}");
    let body: Value = blocked.json();
    assert_eq!(body["verdict"], "block");
    let fine = send(&service, port, &innocent(&s, 1));
    assert_eq!(fine.status, 204, "{fine:?}");
    let upload = fine.header("cenotaph-upload").unwrap();
    assert_eq!(service.get(&format!("/v1/uploads/{upload}")).expect(200)["verdict"], "allow");
    // `post-finish` speaks of the same uploads.
    let listed = service.get("/v1/uploads").expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
}
