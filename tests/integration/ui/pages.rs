//! Every page: looked at in four views, checked by axe-core, without a complaint on the console.

use std::fs;

use serde_json::json;

use crate::support::axe;
use crate::support::browser::{Driver, Tab};
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;
use crate::ui::people::{PASSWORD, add};

#[track_caller]
fn look_at(tab: &Tab<'_>, name: &str) {
    tab.screenshots(name);
    axe::check(tab, name);
    assert_eq!(tab.complaints(), Vec::<String>::new(), "{name}");
}

#[test]
fn people_tombstones_deletions_and_the_audit_log() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    s.add([sample("harbour"), sample("city"), sample("chess")]);
    let root = s.path("store").display().to_string();
    let variable = format!("[{root:?}]");
    fs::create_dir_all(s.path("store")).unwrap();
    let variables = [
        ("CENOTAPH_REMOTE__FILE_ROOTS", variable.as_str()),
        ("CENOTAPH_REMOTE__NETWORKS_ALLOWED", "[\"127.0.0.1\"]"),
    ];
    let service = Service::start_with(&s, &variables);
    add(&service, "Ada Lovelace", "admin");
    for (name, role) in [("Bob", "moderator"), ("Cleo", "moderator"), ("Dora", "lead")] {
        add(&service, name, role);
    }
    fs::copy(sample("coast"), s.path("store/coast.mp4")).unwrap();
    let good = json!({ "owner": "user-17", "reason": "owner_request", "copies": [
        { "kind": "main", "uri": format!("file://{root}/coast.mp4") },
    ]});
    assert_eq!(service.post("/v1/videos/v-2041/deletion", &good).status, 202);
    let bad = json!({ "owner": "user-18", "reason": "legal", "copies": [
        { "kind": "main", "uri": format!("file://{root}/coast.mp4") },
        { "kind": "cache", "uri": "http://127.0.0.1:9/v-2042" },
    ]});
    let hostile = "/v1/videos/v-2042%20%3Cscript%3Ealert(1)%3C%2Fscript%3E/deletion";
    assert_eq!(service.post(hostile, &bad).status, 202);
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.goto("/review/sign-in");
    look_at(&tab, "sign-in");
    tab.sign_in("Ada Lovelace", PASSWORD);
    tab.goto("/review/people");
    look_at(&tab, "people");
    tab.goto("/review/audit");
    look_at(&tab, "audit");
    tab.goto("/review/tombstones?id=harbour");
    look_at(&tab, "tombstone");
    tab.goto("/review/tombstones?id=nothing");
    assert!(tab.text(".notice").contains("No tombstone"));
    tab.goto("/review/deletions");
    look_at(&tab, "deletions");
    tab.click(".list a");
    look_at(&tab, "deletion");
    assert!(!tab.has("main script"), "what the platform says is escaped");
    tab.goto("/review/nowhere");
    assert!(tab.text("main").contains("Page not found"), "{}", tab.text("main"));
    let log = service.call_as(None, "GET", "/review/audit.csv").send();
    assert!(log.text().contains("Sign in"), "the log is for people who signed in");
}
