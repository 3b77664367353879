//! Nothing on the pages moves by itself: layout shift, as the browser measures it.

use serde_json::json;

use crate::support::browser::{Driver, LIGHT, TABLET, Tab};
use crate::support::sandbox::{Sandbox, sample};
use crate::ui::floor;
use crate::ui::people::PASSWORD;

/// What the browser calls good is 0.1.
pub const SHIFT_MAX: f64 = 0.02;

/// The sum of all shifts since the page was begun, with what moved most.
pub fn shift(tab: &Tab<'_>) -> (f64, String) {
    let found = tab.run_later(
        "const done = arguments[arguments.length - 1]; let sum = 0; const moved = []; \
         new PerformanceObserver((list) => { for (const one of list.getEntries()) { \
           sum += one.value; \
           moved.push(one.value.toFixed(4) + ' ' + one.sources.map((s) => [s.previousRect, s.currentRect].map((r) => [r.x, r.y, r.width, r.height].map(Math.round)).join(' to ') + ' ' + (s.node?.outerHTML ?? s.node?.textContent ?? '').slice(0, 120)).join(' | ')); \
         } }).observe({ type: 'layout-shift', buffered: true }); \
         setTimeout(() => done({ sum, moved: moved.join('\\n') }), 300)",
    );
    (found["sum"].as_f64().unwrap(), found["moved"].as_str().unwrap().to_owned())
}

#[track_caller]
fn is_steady(tab: &Tab<'_>, what: &str) {
    let (sum, moved) = shift(tab);
    println!("layout shift of {what}: {sum:.4}\n{moved}");
    assert!(sum <= SHIFT_MAX, "{what}: {sum}\n{moved}");
}

#[test]
fn nothing_moves_while_pages_are_loaded_and_counts_plots_and_pictures_arrive() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[]);
    let harbour = sample("harbour").display().to_string();
    let file = s.ffmpeg("smaller.mp4", &format!("-i {harbour} -vf scale=400:-2 -an -c:v libx264"));
    floor::upload(&service, &file, "smaller.mp4", "user-70", None);
    let city = sample("city").display().to_string();
    let avi = s.ffmpeg("old.avi", &format!("-i {city} -an -c:v mpeg4 -q:v 4"));
    floor::upload(&service, &avi, "old.avi", "user-71", None);
    let flagged = json!({ "sensitive": true }).to_string();
    floor::upload(&service, &sample("chess"), "chess.mp4", "user-72", Some(&flagged));
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Dora", PASSWORD);
    let case = |reference: &str| {
        let waiting = floor::waiting(&service);
        let found = waiting.iter().find(|case| case["reference"] == reference).unwrap();
        format!("/review/cases/{}", found["id"].as_str().unwrap())
    };
    for view in [LIGHT, TABLET] {
        tab.view(view);
        tab.goto("/review");
        tab.until("document.readyState === 'complete'");
        // Others come while the page is open: counts change, and a button shows itself.
        let bin = s.write(format!("{}.bin", view.name), format!("noise {}", view.name).as_bytes());
        floor::upload(&service, &bin, view.name, "user-73", None);
        tab.until("!document.querySelector('[data-fresh]').hidden");
        is_steady(&tab, &format!("the queue, {}", view.name));
        tab.goto(&case("smaller.mp4"));
        tab.until("document.querySelector('video').readyState >= 3");
        tab.until("document.querySelector('.plot path')");
        tab.run("document.querySelector('video').play()");
        tab.until("document.querySelector('video').currentTime > 0.3");
        is_steady(&tab, &format!("a case, {}", view.name));
        tab.goto(&case("old.avi"));
        tab.until("document.querySelectorAll('.pictures img').length >= 6");
        is_steady(&tab, &format!("a case with key pictures, {}", view.name));
        tab.goto(&case("chess.mp4"));
        tab.until("document.querySelector('.veiled video')?.readyState >= 1");
        is_steady(&tab, &format!("a sensitive case, {}", view.name));
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
