//! What is hard to look at: hidden and silent until asked for, counted, and a break suggested.

use serde_json::json;

use crate::support::browser::{Driver, Tab};
use crate::support::sandbox::{Sandbox, sample};
use crate::ui::floor;
use crate::ui::people::PASSWORD;

/// Reports so many seconds of looking, as the page does; what the service says to it.
fn report(tab: &Tab<'_>, seconds: u32) -> serde_json::Value {
    let script = format!(
        "const done = arguments[arguments.length - 1]; const token = document.querySelector('main').dataset.token; \
         fetch('/review/viewing', {{ method: 'POST', headers: {{ accept: 'application/json' }}, \
         body: new URLSearchParams({{ form_token: token, seconds: {seconds} }}) }}).then((r) => r.json()).then(done)"
    );
    tab.run_later(&script)
}

#[test]
fn a_sensitive_upload_is_hidden_and_silent_until_asked_for_and_a_break_is_suggested_in_time() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[("CENOTAPH_REVIEW__BREAK_AFTER_MINUTES", "1")]);
    let flagged = json!({ "sensitive": true }).to_string();
    floor::upload(&service, &sample("harbour"), "hard.mp4", "user-60", Some(&flagged));
    let case = floor::waiting(&service)[0]["id"].as_str().unwrap().to_owned();
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Bob", PASSWORD);
    tab.goto(&format!("/review/cases/{case}"));
    tab.until("document.querySelector('.veiled video')?.readyState >= 1");
    let style = "return getComputedStyle(document.querySelector('.stage video')).filter";
    assert!(tab.run(style).as_str().unwrap().contains("blur"), "{}", tab.run(style));
    assert_eq!(tab.run("return document.querySelector('video').muted"), true);
    assert_eq!(tab.run("return document.querySelector('video').paused"), true);
    assert!(!tab.has("[data-break]:not([hidden])"));
    // Nearly a minute was looked at before; one report counts for a minute at most.
    assert_eq!(report(&tab, 5000), json!({ "seconds": 60, "break_due": true }));
    assert_eq!(report(&tab, 56), json!({ "seconds": 116, "break_due": false }));
    tab.goto(&format!("/review/cases/{case}"));
    assert_eq!(tab.text("[data-viewed]"), "1 min today");
    tab.keys("v");
    tab.until("!document.querySelector('.veiled')");
    assert_eq!(tab.run(style), "none");
    // The page reports ten seconds; that makes two minutes, and a break is due.
    tab.until("document.querySelector('[data-break]:not([hidden])')");
    let (moved, what) = crate::ui::steady::shift(&tab);
    assert!(
        moved <= crate::ui::steady::SHIFT_MAX,
        "the suggestion moves the page: {moved}\n{what}"
    );
    assert!(tab.has(".veiled"), "it is hidden again meanwhile");
    assert_eq!(tab.run("return document.querySelector('video').paused"), true);
    tab.screenshots("case-break");
    tab.click("[data-break-seen]");
    tab.until("document.querySelector('[data-break]').hidden");
    // A case without a sensitive upload counts nothing.
    floor::upload(&service, &sample("city"), "mild.mp4", "user-60", None);
    let mild = floor::waiting(&service).into_iter().find(|case| case["reference"] == "mild.mp4");
    tab.goto(&format!("/review/cases/{}", mild.unwrap()["id"].as_str().unwrap()));
    tab.until("document.querySelector('video')");
    assert!(!tab.has(".veiled") && !tab.has("[data-viewed]"));
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
