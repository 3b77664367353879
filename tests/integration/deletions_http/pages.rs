//! What viewers meet where a deleted video was.

use serde_json::json;

use crate::deletions_http::platform::*;
use crate::support::service::{Answer, Service};

#[test]
fn links_embeds_and_oembed_are_dead_ends_from_the_first_moment_on() {
    let s = sandbox();
    let service = Service::start_with(&s, &[("CENOTAPH_DELETIONS__GRACE_S", "3600")]);
    let open = |method: &str, path: &str| service.call_as(None, method, path).send();
    let get = |path: &str| open("GET", path);
    assert_eq!(get("/v/8812").status, 404, "nobody has deleted it");
    let main = put_picture(&s, "8812.bmp", 1);
    let id = delete(&service, "8812", &wish(json!([main_copy(&main)])));
    let page = get("/v/8812");
    is_dead_end(&page, 410);
    assert!(page.text().contains("The owner deleted this video"), "{}", page.text());
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    let embed = get("/embed/8812");
    is_dead_end(&embed, 410);
    assert!(embed.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    let asked = "https%3A%2F%2Fvideo.example.com%2Fv%2F8812";
    is_dead_end(&get(&format!("/oembed?url={asked}&format=json&maxwidth=600")), 410);
    is_dead_end(&get("/oembed?url=https://video.example.com/v/8813"), 404);
    is_dead_end(&get("/oembed?url=8812"), 404);
    is_dead_end(&get("/v/8813"), 404);
    is_dead_end(&get("/v/%3Cscript%3E"), 404);
    get("/oembed").problem(422, "invalid");
    let head = open("HEAD", "/v/8812");
    assert_eq!((head.status, head.body.len()), (410, 0));
    assert_eq!(open("POST", "/v/8812").status, 405);
    // No page repeats what was asked for.
    assert!(!page.text().contains("8812") && !get("/v/%3Cscript%3E").text().contains("script"));
    service.post(&format!("/v1/deletions/{id}/cancel"), &json!({})).expect(200);
    assert_eq!(get("/v/8812").status, 404, "the platform shows it again");
}

#[test]
fn pages_say_who_deleted_it_and_still_do_after_a_start() {
    let s = sandbox();
    let service = Service::start(&s);
    let words = [
        ("owner_request", "The owner deleted"),
        ("legal", "legal reasons"),
        ("moderation", "by a moderator"),
    ];
    for (reason, _) in words {
        let mut body = wish(json!([]));
        body["reason"] = json!(reason);
        let id = delete(&service, reason, &body);
        wait_for(&service, &id, "complete");
    }
    service.kill();
    let variables = [("CENOTAPH_PAGES__LINK_PATTERNS", "[\"/watch?v={id}\"]")];
    let service = Service::start_with(&s, &variables);
    for (reason, words) in words {
        let page = service.call_as(None, "GET", &format!("/v/{reason}")).send();
        is_dead_end(&page, 410);
        assert!(page.text().contains(words), "{}", page.text());
        let link = format!("/oembed?url=https://h/watch?v={reason}");
        is_dead_end(&service.call_as(None, "GET", &link).send(), 410);
    }
}

#[track_caller]
fn is_dead_end(page: &Answer, status: u16) {
    assert_eq!(page.status, status, "{page:?}");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("x-robots-tag").unwrap().starts_with("noindex"));
    let html = page.text();
    assert!(
        html.starts_with("<!doctype html>")
            && html.contains("<meta name=\"robots\" content=\"noindex")
    );
}
