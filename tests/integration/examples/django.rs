//! `examples/django`: the function asks for a deletion, as often as needed, and says why one is refused.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::examples::{example, search_path};
use crate::support::pictures::{file_uri, picture};
use crate::support::sandbox::Sandbox;
use crate::support::servers::program;
use crate::support::service::Service;

fn run(service: &str, key: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("python3").expect("python3"));
    command.arg(example("django/cenotaph_deletion.py")).args(arguments);
    command.env_clear().env("PATH", search_path());
    command.env("CENOTAPH", service).env("KEY", key).output().unwrap()
}

#[test]
fn the_function_deletes_a_video_and_may_be_called_again() {
    let s = Sandbox::new();
    std::fs::create_dir_all(s.path("media")).unwrap();
    let roots = format!("[{:?}]", s.path("media").display().to_string());
    let service = Service::start_with(&s, &[("CENOTAPH_REMOTE__FILE_ROOTS", &roots)]);
    let key = service.key_for(&["delete"]);
    let path = s.write("media/8812.bmp", &picture(1));
    let uri = file_uri(&path);
    let ask = |video: &str, uri: &str| run(&service.url(""), &key, &[video, "anna", uri]);
    // An id may have any characters.
    let first = ask("a/b 8812", &uri);
    assert!(first.status.success(), "{first:?}");
    let deletion: Value = serde_json::from_slice(&first.stdout).unwrap();
    let id = deletion["id"].as_str().unwrap();
    service.wait_for("completion", || {
        let now = service.get(&format!("/v1/deletions/{id}")).expect(200);
        assert_eq!((&now["video"], &now["owner"]), (&json!("a/b 8812"), &json!("anna")), "{now}");
        (now["state"] == "complete").then_some(())
    });
    assert!(!path.exists());
    let again = ask("a/b 8812", &uri);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["id"], id);
    let refused = ask("8813", "file:///etc/passwd");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("DeletionRefused: "), "{words}");
    assert!(words.contains("copies"), "it names the field: {words}");
}
