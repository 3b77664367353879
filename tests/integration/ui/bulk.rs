//! A lead acts on all that a filter finds: by keyboard, told beforehand what will happen and afterwards what did.

use serde_json::json;

use crate::support::axe;
use crate::support::browser::{Driver, ENTER, Tab};
use crate::support::sandbox::Sandbox;
use crate::support::service::Service;
use crate::ui::floor;
use crate::ui::people::PASSWORD;

/// So many cases that no decoder makes anything of.
fn cases(s: &Sandbox, service: &Service<'_>, count: usize) -> Vec<String> {
    for n in 0..count {
        let file = s.write(format!("{n}.bin"), format!("no video, number {n}").as_bytes());
        floor::upload(service, &file, &format!("noise-{n}"), "user-50", None);
    }
    let waiting = floor::waiting(service);
    assert_eq!(waiting.len(), count);
    waiting.iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

fn ready(tab: &Tab<'_>, selector: &str) {
    tab.until(&format!(
        "document.readyState === 'complete' && document.querySelector('{selector}')"
    ));
}

#[test]
fn a_lead_decides_all_that_a_filter_finds_and_is_told_what_came_of_it() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[]);
    let ids = cases(&s, &service, 6);
    let decide = |case: &str| {
        let body = json!({ "version": 1, "decision": "reupload", "grounds": "other" });
        service.post(&format!("/v1/cases/{case}/decision"), &body).expect(200);
    };
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Dora", PASSWORD);
    tab.goto("/review?kind=none");
    ready(&tab, "[data-act]");
    assert_eq!(tab.run("return document.querySelector('[data-act]').disabled"), true);
    // All that the filter finds; then what is about to happen is said, with numbers.
    tab.keys("w");
    tab.screenshots("queue-bulk");
    tab.keys("a");
    ready(&tab, "[data-many] [data-decide]");
    assert_eq!(tab.text("h1"), "Act on 6 cases");
    tab.keys("2");
    let will = tab.text("[data-will]");
    assert!(
        will.starts_with("6 uploads in 6 cases will be allowed") && will.contains("30 seconds"),
        "{will}"
    );
    assert_eq!(tab.text("[data-decide-button]"), "Allow 6 uploads in 6 cases");
    tab.screenshots("bulk");
    axe::check(&tab, "bulk");
    // Meanwhile others decide one case, and work on another.
    decide(&ids[0]);
    service.post(&format!("/v1/cases/{}/claim", ids[1]), &json!({})).expect(200);
    tab.keys("n");
    tab.keys("Noise <b>all of it</b>");
    tab.control(ENTER);
    ready(&tab, "[data-done]");
    let done = tab.text("[data-done]");
    assert_eq!(done, "4 decided, 2 skipped: 1 already decided, 1 claimed by others");
    let left = tab.text("table");
    assert!(left.contains(&ids[0]) && left.contains("has claimed this case"), "{left}");
    tab.screenshots("bulk-done");
    axe::check(&tab, "bulk-done");
    assert_eq!(floor::waiting(&service).len(), 1);
    // Undone together, by one key.
    tab.keys("u");
    tab.until("location.pathname === '/review' && document.readyState === 'complete'");
    assert_eq!(tab.text(".notice"), "4 decisions were undone.");
    assert_eq!(floor::waiting(&service).len(), 5);
    let history = service.get(&format!("/v1/cases/{}", ids[2])).expect(200).to_string();
    assert!(history.contains("Noise <b>all of it</b>"), "{history}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
    some_are_ticked(&tab, &service);
    // Moderators have none of it.
    let bob = driver.tab(&base);
    bob.sign_in("Bob", PASSWORD);
    bob.goto("/review?kind=none");
    ready(&bob, "tr[data-case]");
    assert!(!bob.has("[data-bulk-bar]"));
    bob.keys("wa");
    assert_eq!(bob.location(), "/review?kind=none");
}

/// Two that are ticked are handed to the leads, one is assigned.
fn some_are_ticked(tab: &Tab<'_>, service: &Service<'_>) {
    // What Dora undid is hers for a while: others are told so.
    tab.goto("/review?kind=none&queue=mine");
    ready(tab, "[data-act]");
    tab.keys("xjx");
    tab.until("document.querySelector('[data-ticked]').textContent === '2 selected'");
    tab.keys("a");
    ready(tab, "[data-many] [data-decide]");
    assert_eq!(tab.text("h1"), "Act on 2 cases");
    tab.keys("4");
    assert_eq!(tab.text("[data-decide-button]"), "Escalate 2 cases");
    tab.keys(ENTER);
    ready(tab, "[data-done]");
    assert_eq!(tab.text("[data-done]"), "2 escalated");
    assert!(!tab.has("[data-undo]"), "an escalation is no decision");
    let escalated = service.get("/v1/cases?state=escalated").expect(200);
    assert_eq!(escalated["items"].as_array().unwrap().len(), 2);
    tab.keys("q");
    tab.until("location.pathname === '/review' && document.querySelector('[data-act]')");
    tab.keys("xa");
    ready(tab, "[data-many] [data-decide]");
    tab.keys("5");
    tab.run("const s = document.querySelector('[name=assign]'); s.value = [...s.options].find((o) => o.text === 'Cleo').value");
    tab.keys(ENTER);
    ready(tab, "[data-done]");
    assert_eq!(tab.text("[data-done]"), "1 assigned");
    let waiting = floor::waiting(service);
    assert_eq!(waiting.iter().filter(|case| case["assigned_to"]["name"] == "Cleo").count(), 1);
}
