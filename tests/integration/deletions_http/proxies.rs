//! The service behind and beside what real platforms have: nginx asks the gate, Varnish is purged.

use std::path::Path;
use std::process::Command;

use axum::response::IntoResponse;
use serde_json::json;

use crate::deletions_http::platform::*;
use crate::support::servers::{Process, Web, free_port, program, status};
use crate::support::service::Service;
use crate::support::skip::missing;
use crate::support::{http, varnish};

/// nginx as in `examples/nginx`: media behind the gate, pages of deleted videos passed on.
const NGINX: &str = r#"
daemon off;
pid FOLDER/nginx.pid;
error_log FOLDER/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    server {
        listen 127.0.0.1:PORT;
        root FOLDER;
        location /media/ {
            set $address file://FOLDER$uri;
            auth_request /gate;
            error_page 403 =410 /gone.html;
        }
        location = /gone.html { internal; return 410 "gone\n"; }
        location = /gate {
            internal;
            proxy_pass http://SERVICE/v1/gate;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Authorization "Bearer KEY";
            proxy_set_header X-Original-URI $address;
        }
        location ~ ^/(v|embed)/ { proxy_pass http://SERVICE; }
    }
}
"#;

/// `None` when it is not installed.
fn nginx(folder: &Path, service: &Service<'_>) -> Option<(Process, u16)> {
    let Some(nginx) = program("nginx") else {
        missing("nginx");
        return None;
    };
    let port = free_port();
    let key = service.key_for(&["upload"]);
    let settings = NGINX
        .replace("FOLDER", &folder.display().to_string())
        .replace("PORT", &port.to_string())
        .replace("SERVICE", &service.address)
        .replace("KEY", &key);
    let path = folder.join("nginx.conf");
    std::fs::write(&path, settings).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder).arg("-c").arg(path).arg("-e").arg(folder.join("nginx.log"));
    Some((Process::start(&mut command, port), port))
}

#[test]
fn nginx_serves_media_until_the_button_is_pressed_and_not_a_moment_longer() {
    let s = sandbox();
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "3600")]);
    // nginx' workers run as somebody else when this is root.
    open_to_all(&s.path(""));
    let Some((_nginx, port)) = nginx(&s.path(""), &service) else { return };
    let get = |path: &str| reqwest_status(&format!("http://127.0.0.1:{port}{path}"));
    let main = put_picture(&s, "8812 ä.bmp", 1);
    let folder = put(&s, "hls/8812/1.ts", b"1").replace("1.ts", "");
    put(&s, "hls/88121/1.ts", b"1");
    let paths = ["/media/8812%20%C3%A4.bmp", "/media/hls/8812/1.ts", "/media/hls/88121/1.ts"];
    assert_eq!(paths.map(get), [200, 200, 200]);
    assert_eq!(get("/v/8812"), 404);
    let encoded = main.replace(' ', "%20").replace('ä', "%C3%A4");
    let copies = json!([main_copy(&encoded), { "kind": "main", "uri": folder, "prefix": true }]);
    let id = delete(&service, "8812", &wish(copies));
    assert_eq!(paths.map(get), [410, 410, 200], "the files are still there");
    assert!(media(&s, "8812 ä.bmp").exists());
    assert_eq!((get("/v/8812"), get("/embed/8812")), (410, 410));
    service.post(&format!("/v1/deletions/{id}/cancel"), &json!({})).expect(200);
    assert_eq!(paths.map(get), [200, 200, 200]);
    // Without the service nothing is served: the gate fails closed.
    service.stop();
    assert_eq!(get(paths[2]), 500);
}

fn reqwest_status(url: &str) -> u16 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(http::client().build().unwrap().get(url).send()).unwrap().status().as_u16()
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn varnish_is_purged_with_the_method_and_the_headers_of_the_settings() {
    let s = sandbox();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = s.path("media");
    let origin = Web::start(&runtime, move |request| {
        let path = folder.join(request.uri().path().trim_start_matches('/'));
        std::fs::read(path).map_or_else(|_| status(404), IntoResponse::into_response)
    });
    let Some((_varnish, port)) = varnish::start(&s.path(""), origin.address.port()) else { return };
    let rule = format!(
        "\n[[remote.purge]]\nhosts = [\"127.0.0.1\"]\nmethod = \"PURGE\"\nheaders = {{ \"{}\" = \"{}\" }}\n",
        varnish::HEADER,
        varnish::PASSWORD
    );
    let settings = std::fs::read_to_string(s.path("cenotaph.toml")).unwrap() + &rule;
    s.write("cenotaph.toml", settings.as_bytes());
    let main = put_picture(&s, "8812.bmp", 1);
    put_picture(&s, "8813.bmp", 2);
    let url = |name: &str| format!("http://127.0.0.1:{port}/{name}");
    let get = |name: &str| reqwest_status(&url(name));
    assert_eq!([get("8812.bmp"), get("8813.bmp")], [200, 200]);
    std::fs::remove_file(media(&s, "8813.bmp")).unwrap();
    assert_eq!(get("8813.bmp"), 200, "it is cached");
    let service = Service::start(&s);
    let copies = json!([main_copy(&main), { "kind": "cache", "uri": url("8812.bmp") }]);
    let id = delete(&service, "8812", &wish(copies));
    let done = wait_for(&service, &id, "complete");
    assert_eq!([get("8812.bmp"), get("8813.bmp")], [404, 200], "its neighbour stays");
    assert!(text(&done["copies"][1]["verified"]).contains("as a viewer would"), "{done}");
}
