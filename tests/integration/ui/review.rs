//! A moderator's day: the queue by keyboard, colliding, groups, appeals, and everything that can go wrong meanwhile.

use std::time::Instant;

use serde_json::json;

use crate::support::axe;
use crate::support::browser::{Driver, ENTER, ESCAPE, Tab};
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;
use crate::ui::floor;
use crate::ui::people::PASSWORD;

/// While the span lasts there is an outline of four corners; the keys that step and that hide it work.
fn the_outline_is_where_the_span_says(tab: &Tab) {
    let points = tab.until("document.querySelector('.outline polygon').getAttribute('points')");
    assert_eq!(points.as_str().unwrap().split(' ').count(), 4, "{points}");
    tab.keys("]");
    tab.keys(".,");
    tab.keys("o");
    tab.until("document.querySelector('.no-outline')");
}

#[test]
fn ten_cases_are_decided_by_keyboard_alone_and_the_last_is_undone() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let files = floor::edits(&s);
    let service = floor::open(&s, &[]);
    for (n, file) in files.iter().enumerate() {
        let name = file.file_name().unwrap().to_str().unwrap();
        floor::upload(&service, file, name, &format!("user-{}", 30 + n % 3), None);
    }
    let waiting = service.wait_for("ten cases", || {
        Some(floor::waiting(&service)).filter(|waiting| waiting.len() >= 10)
    });
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Bob", PASSWORD);
    tab.until("document.querySelectorAll('tr[data-case]').length >= 10");
    tab.screenshots("queue");
    axe::check(&tab, "queue");
    tab.keys("?");
    tab.until("document.querySelector('#keys').open");
    tab.screenshot("keys");
    tab.keys(ESCAPE);
    // Down twice, up once, claimed, and let go again.
    tab.keys("jjk");
    tab.keys("c");
    tab.until("document.querySelector('tr.here .with').textContent === 'you'");
    tab.until("document.querySelector('[data-count=mine]').textContent === '1'");
    tab.keys("c");
    tab.until("document.querySelector('tr.here .with').textContent === ''");
    tab.keys("o");
    tab.until("document.querySelector('main')?.dataset.case && document.readyState === 'complete'");
    tab.until("document.querySelector('video').readyState >= 3 && !document.querySelector('video').seeking");
    assert_eq!(tab.text(".claimed"), "Unclaimed", "opening a case does not claim it");
    tab.keys("c");
    tab.until("document.querySelector('.claimed').textContent.startsWith('Claimed by you')");
    tab.keys("c");
    tab.until("document.querySelector('.claimed').textContent === 'Unclaimed'");
    // The first key of a decision claims the case, too.
    tab.keys("1");
    tab.until("document.querySelector('.claimed').textContent.startsWith('Claimed by you')");
    tab.screenshots("case");
    axe::check(&tab, "case");
    the_outline_is_where_the_span_says(&tab);
    let mut slowest = 0.0_f64;
    for n in 0..10 {
        let begun = Instant::now();
        floor::decide(&tab, if n % 3 == 2 { "2" } else { "1" });
        slowest = slowest.max(begun.elapsed().as_secs_f64());
        let load = tab.run(
            "const t = performance.getEntriesByType('navigation')[0]; return t.domInteractive",
        );
        println!(
            "decision {n}: {:.0} ms, page interactive after {load} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
    println!("slowest decision to the next case: {:.0} ms", slowest * 1e3);
    tab.until("document.querySelector('[data-undo]')");
    tab.screenshot("undo");
    tab.keys("u");
    tab.until("!document.querySelector('[data-undo]') && document.querySelector('[data-decide]')");
    let decided = waiting.len() - floor::waiting(&service).len();
    assert_eq!(decided, 9, "ten were decided, one was undone");
    assert_eq!(tab.complaints(), Vec::<String>::new());
    // Signing out is two keys and Enter away from anywhere, too.
    tab.click(".who summary");
    tab.click("[action='/review/sign-out'] button");
    tab.until("location.pathname === '/review/sign-in'");
    assert_eq!(tab.run("return sessionStorage.length"), 0, "drafts go with the session");
}

#[test]
fn two_who_collide_are_told_and_a_session_that_ends_loses_nothing() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[]);
    for clip in ["harbour", "city"] {
        floor::upload(&service, &sample(clip), clip, "user-40", None);
    }
    let base = service.url("");
    let (bob, cleo) = (driver.tab(&base), driver.tab(&base));
    bob.sign_in("Bob", PASSWORD);
    cleo.sign_in("Cleo", PASSWORD);
    let case = floor::waiting(&service)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/review/cases/{case}");
    bob.goto(&path);
    floor::ready_to_decide(&bob);
    bob.click("[data-claim]");
    bob.until("document.querySelector('.claimed').textContent.startsWith('Claimed by you')");
    cleo.goto(&path);
    assert!(
        cleo.text(".decided").contains("Bob has claimed this case"),
        "{}",
        cleo.text(".decided")
    );
    assert!(!cleo.has("[data-decide]"));
    cleo.screenshots("case-taken");
    // Bob walks away, and a second page of his lets the case go.
    service.wait_for("the case let go", || {
        let own = bob.run("return document.querySelector('main').dataset.token");
        let script = format!(
            "const done = arguments[arguments.length - 1]; fetch('{path}/release', {{ method: 'POST', \
             body: new URLSearchParams({{ form_token: {own} }}) }}).then((r) => done(r.ok))"
        );
        bob.run_later(&script).as_bool().filter(|ok| *ok)
    });
    cleo.goto(&path);
    floor::decide(&cleo, "2");
    bob.keys("1n");
    bob.keys("I saw the lighthouse");
    bob.control(ENTER);
    let said = bob.text(".notice.bad");
    assert!(said.contains("not applied") && said.contains("Cleo decided"), "{said}");
    bob.screenshots("case-collided");
    // The next case had opened for Cleo by itself; she lets it go.
    cleo.goto("/review");
    cleo.until("document.querySelector('tr.here .with')?.textContent === 'you'");
    cleo.keys("c");
    cleo.until("document.querySelector('tr.here .with').textContent === ''");
    a_session_ends_in_the_middle(&bob, &service);
}

/// The session ends while Bob writes about the other one.
fn a_session_ends_in_the_middle(bob: &Tab<'_>, service: &Service<'_>) {
    bob.goto("/review");
    bob.keys("o");
    floor::ready_to_decide(bob);
    bob.keys("1n");
    bob.keys("The mast and the bridge are the same");
    let users = service.get("/v1/users").expect(200);
    let id = users["items"].as_array().unwrap().iter().find(|u| u["name"] == "Bob").unwrap();
    let id = id["id"].as_str().unwrap();
    service.delete(&format!("/v1/users/{id}/sessions")).expect(200);
    bob.control(ENTER);
    bob.until("location.pathname === '/review/sign-in'");
    assert!(bob.text(".notice").contains("draft is still there"));
    bob.fill("[name=name]", "Bob");
    bob.fill("[name=password]", PASSWORD);
    bob.keys(ENTER);
    floor::ready_to_decide(bob);
    assert_eq!(
        bob.run("return document.querySelector('[name=note]').value"),
        "The mast and the bridge are the same"
    );
    assert_eq!(
        bob.run("return document.querySelector('[name=decision]:checked').value"),
        "reupload"
    );
    assert!(bob.text("[data-draft]").contains("draft was restored"));
    bob.control(ENTER);
    bob.until("location.pathname === '/review'");
    assert!(floor::waiting(service).is_empty());
    bob.goto("/review");
    bob.screenshots("queue-empty");
}

#[test]
fn one_decision_serves_a_group_and_an_appeal_is_heard_by_another() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[("CENOTAPH_REVIEW__UNDO_S", "1")]);
    let harbour = sample("harbour").display().to_string();
    let mut ids = Vec::new();
    for crf in [24, 27, 30] {
        let encode = format!("-i {harbour} -vf scale=420:-2 -an -c:v libx264 -crf {crf}");
        let file = s.ffmpeg(format!("wave-{crf}.mp4"), &encode);
        let line =
            floor::upload(&service, &file, &format!("wave-{crf}"), &format!("user-{crf}"), None);
        ids.push(line["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(floor::waiting(&service).len(), 1, "they are one case");
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Bob", PASSWORD);
    tab.keys("o");
    floor::ready_to_decide(&tab);
    assert!(tab.text(".decide").contains("all 3"), "{}", tab.text(".decide"));
    tab.screenshots("case-group");
    axe::check(&tab, "case-group");
    another_of_the_group_plays(&tab);
    floor::decide(&tab, "1");
    for id in &ids {
        let path = format!("/v1/uploads/{id}");
        service.wait_for("the decision's effect", || {
            Some(service.get(&path).json()).filter(|upload| upload["reason"] == "decided")
        });
        assert_eq!(service.get(&path).expect(200)["verdict"], "block");
    }
    let statement = json!({ "statement": "It is my own <b>holiday</b>." });
    service.post(&format!("/v1/uploads/{}/appeal", ids[1]), &statement).expect(202);
    // Whoever decided before does not hear the appeal.
    tab.goto("/review?queue=appeals");
    tab.until("document.querySelectorAll('tr[data-case]').length === 1");
    let cleo = driver.tab(&base);
    cleo.sign_in("Cleo", PASSWORD);
    cleo.goto("/review?queue=appeals");
    cleo.keys("o");
    floor::ready_to_decide(&cleo);
    assert!(cleo.text(".appeal").contains("my own <b>holiday</b>"), "{}", cleo.text(".appeal"));
    cleo.screenshots("case-appeal");
    cleo.keys("3");
    cleo.keys(ENTER);
    cleo.until("location.pathname === '/review'");
    let path = format!("/v1/uploads/{}", ids[1]);
    service.wait_for("the appeal's outcome", || {
        Some(service.get(&path).json()).filter(|upload| upload["verdict"] == "allow")
    });
    let dora = driver.tab(&base);
    dora.sign_in("Dora", PASSWORD);
    dora.goto("/review/dashboard");
    dora.screenshots("dashboard");
    axe::check(&dora, "dashboard");
    dora.goto("/review?queue=closed");
    dora.screenshots("queue-closed");
}

/// Another upload of the group opens in the same player, and a decision in the making is not lost by it.
fn another_of_the_group_plays(tab: &Tab<'_>) {
    let source = |tab: &Tab<'_>| tab.run("return document.querySelector('video').currentSrc");
    let first = source(tab);
    tab.keys("2n");
    tab.keys("three of a kind");
    tab.click("[data-member]");
    tab.until("document.querySelector('.notice.other') && document.readyState === 'complete'");
    tab.until("document.querySelector('video').readyState >= 3");
    assert_ne!(source(tab), first);
    assert!(tab.text(".notice.other").contains("wave-27"), "{}", tab.text(".notice.other"));
    assert!(tab.text("tr.plays").contains("in the player"));
    assert_eq!(tab.run("return document.querySelector('[name=note]').value"), "three of a kind");
    assert_eq!(tab.run("return document.querySelector('[data-draft]').hidden"), true);
    tab.screenshots("case-member");
    axe::check(tab, "case-member");
    tab.keys("m");
    tab.until("document.querySelector('.notice.other')?.textContent.includes('wave-30') && document.readyState === 'complete'");
    tab.keys("m");
    tab.until("!document.querySelector('.notice.other') && document.querySelector('[data-decide]') && document.readyState === 'complete'");
    assert_eq!(tab.run("return document.querySelectorAll('main a[target]').length"), 0);
}

#[test]
fn hostile_names_are_text_and_what_cannot_be_played_is_shown_otherwise() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[]);
    let nasty =
        "\"><img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
    let long = "a very long name of a file without any point in it ".repeat(12);
    let flagged = json!({ "sensitive": true, "title": nasty }).to_string();
    floor::upload(&service, &sample("harbour"), &format!("{nasty}{long}"), nasty, Some(&flagged));
    let city = sample("city").display().to_string();
    let avi = s.ffmpeg("old.avi", &format!("-i {city} -an -c:v mpeg4 -q:v 4"));
    let old = floor::upload(&service, &avi, "old.avi", "user-41", None);
    let gone = floor::upload(&service, &sample("chess"), "gone.mp4", "user-42", None);
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Dora", PASSWORD);
    tab.screenshots("queue-lead");
    axe::check(&tab, "queue-lead");
    let find = |upload: &str| {
        let waiting = floor::waiting(&service);
        let case = waiting.iter().find(|case| case["upload"] == upload).unwrap();
        format!("/review/cases/{}", case["id"].as_str().unwrap())
    };
    tab.goto(&find(old["id"].as_str().unwrap()));
    tab.until("document.querySelectorAll('.pictures img').length >= 6");
    tab.until(
        "[...document.querySelectorAll('.pictures img')].every((image) => image.naturalWidth > 0)",
    );
    tab.screenshots("case-pictures");
    std::fs::remove_file(s.path("data/spool").join(gone["id"].as_str().unwrap())).unwrap();
    tab.goto(&find(gone["id"].as_str().unwrap()));
    assert!(tab.text(".stage").contains("no longer exists"), "{}", tab.text(".stage"));
    tab.screenshots("case-gone");
    assert!(tab.has("[data-decide]"), "a decision is still possible");
    tab.goto("/review");
    tab.until("document.querySelectorAll('tr[data-case]').length === 3");
    tab.keys("jjjkkkkk");
    let sensitive =
        floor::waiting(&service).into_iter().find(|case| case["sensitive"] == true).unwrap();
    tab.goto(&format!("/review/cases/{}", sensitive["id"].as_str().unwrap()));
    assert!(tab.text("h1").starts_with("\"><img src=x"), "{}", tab.text("h1"));
    tab.until("document.querySelector('.veiled video')");
    assert_eq!(tab.run("return document.querySelector('video').muted"), true);
    assert!(
        tab.text("[data-no-plot]").contains("byte-for-byte"),
        "why there is no drawing is said"
    );
    tab.screenshots("case-sensitive");
    axe::check(&tab, "case-sensitive");
    sensitive_and_escalated(&tab);
    compare(&tab, &service);
}

/// A sensitive upload is shown when asked for; then the case is handed to the leads.
fn sensitive_and_escalated(tab: &Tab<'_>) {
    tab.keys("v");
    tab.until("!document.querySelector('.veiled')");
    tab.keys("b");
    tab.until("document.querySelector('.stage.grey')");
    tab.keys("v");
    let own = tab.run("return document.querySelector('main').dataset.case");
    let own = own.as_str().unwrap();
    tab.keys("4n");
    tab.keys("<b onclick=alert(1)>look</b>");
    tab.control(ENTER);
    // The next one is there, so this one was sent.
    tab.until(&format!(
        "document.readyState === 'complete' && document.querySelector('main')?.dataset.case !== '{own}'"
    ));
    tab.goto("/review?queue=escalated");
    tab.keys("o");
    tab.until("document.querySelector('.history') && document.readyState === 'complete'");
    assert!(
        tab.text(".history").contains("<b onclick=alert(1)>look</b>"),
        "{}",
        tab.text(".history")
    );
    assert_eq!(
        tab.run("return [document.querySelector('[data-draft]').hidden, document.querySelector('[name=note]').value]"),
        json!([true, ""]),
        "what was sent is no draft any more"
    );
    tab.screenshots("case-escalated");
    assert_eq!(
        tab.run(
            "return document.querySelectorAll('main img, main script, main b[onclick]').length"
        ),
        0
    );
    assert_ne!(tab.run("return document.title"), "run");
    let heard = ["Refused to", "violates the following Content Security Policy"];
    let complaints = tab.complaints();
    assert!(
        !complaints.iter().any(|line| heard.iter().any(|h| line.contains(h))),
        "{complaints:?}"
    );
}

/// A screenshot that somebody drops shows which tombstone it matches.
fn compare(tab: &Tab<'_>, service: &Service<'_>) {
    let clip = sample("mountains").display().to_string();
    let shot = service.sandbox.ffmpeg("shot.png", &format!("-ss 3 -i {clip} -frames:v 1"));
    tab.goto("/review/tombstones");
    tab.put_file("[type=file]", &shot);
    assert!(
        tab.text(".compared .says").contains("matches one tombstone"),
        "{}",
        tab.text(".compared")
    );
    assert!(tab.text(".compared").contains("mountains"));
    tab.screenshots("tombstones-compared");
    assert!(floor::waiting(service).iter().all(|case| case["reference"] != "shot.png"));
}
