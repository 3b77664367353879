//! `examples/nginx`: media behind the gate.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::examples::{example, search_path};
use crate::support::pictures::{file_uri, picture};
use crate::support::sandbox::Sandbox;
use crate::support::servers::{Process, free_port, program};
use crate::support::service::{Answer, Service, answer};
use crate::support::skip::missing;

#[test]
fn nginx_serves_a_video_until_its_deletion_is_accepted_however_it_is_asked_for() {
    let Some(nginx) = program("nginx") else {
        return missing("nginx");
    };
    let s = Sandbox::new();
    fs::create_dir_all(s.path("media")).unwrap();
    // nginx's workers run as another user when it is started by root.
    fs::set_permissions(s.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let root = s.path("").canonicalize().unwrap();
    let (deleted, kept) = (root.join("media/8812 ä.bmp"), root.join("media/8813.bmp"));
    fs::write(&deleted, picture(1)).unwrap();
    fs::write(&kept, picture(2)).unwrap();
    let roots = format!("[{:?}]", root.join("media").display().to_string());
    let variables =
        [("CENOTAPH_REMOTE__FILE_ROOTS", &*roots), ("CENOTAPH_DELETIONS__GRACE_S", "3600")];
    let service = Service::start_with(&s, &variables);
    let port = free_port();
    let mut command = Command::new(example("nginx/run.sh"));
    command.env_clear().env("PATH", search_path()).env("NGINX", nginx);
    command.env("CENOTAPH", &service.address).env("KEY", service.key_for(&["upload"]));
    command.env("ROOT", &root).env("LISTEN", format!("127.0.0.1:{port}"));
    let _nginx = Process::start(&mut command, port);
    let get = |path: &str| -> Answer {
        let request = service.client().get(format!("http://127.0.0.1:{port}{path}"));
        service.block_on(answer(request)).unwrap()
    };
    let spellings = [
        "/media/8812%20%C3%A4.bmp",
        "/media//8812%20%C3%A4.bmp?x=1",
        "/media/y/../8812%20%C3%A4.bmp",
    ];
    assert_eq!(spellings.map(|path| get(path).status), [200, 200, 200]);
    let body = json!({
        "reason": "owner_request",
        "copies": [{ "kind": "main", "uri": file_uri(&deleted) }],
    });
    service.post("/v1/videos/8812/deletion", &body).expect(202);
    let gone = spellings.map(get);
    assert_eq!(gone.each_ref().map(|answer| answer.status), [410, 410, 410]);
    assert_eq!(gone[0].text(), "This video was deleted.\n");
    assert!(deleted.exists(), "its bytes are still there: the grace lasts an hour");
    assert_eq!(get("/media/8813.bmp").status, 200);
    assert_eq!((get("/v/8812").status, get("/embed/8812").status), (410, 410));
    assert_eq!(get("/v/8813").status, 404);
}
