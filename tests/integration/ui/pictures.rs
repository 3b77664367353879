//! The README's pictures of queue and case, made from `samples/`: `make review-pictures` puts them in their place.

use crate::support::browser::{Driver, LIGHT};
use crate::support::sandbox::Sandbox;
use crate::ui::floor;
use crate::ui::people::PASSWORD;

#[test]
#[ignore = "writes into docs/: make review-pictures"]
fn the_readmes_pictures_are_taken() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    floor::tombstones(&s);
    let service = floor::open(&s, &[]);
    floor::upload_edits(&service, &s);
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.sign_in("Bob", PASSWORD);
    tab.view(crate::support::browser::View { height: 800, ..LIGHT });
    tab.until("document.querySelectorAll('tr[data-case]').length >= 10");
    std::thread::sleep(std::time::Duration::from_secs(2));
    tab.screenshot("review-queue");
    tab.view(crate::support::browser::View { height: 1120, ..LIGHT });
    // One that was put into another picture: the outline says where.
    tab.run("[...document.querySelectorAll('.what a')].find((a) => a.textContent.startsWith('05-')).click()");
    tab.until("document.querySelector('video')?.readyState >= 4 && !document.querySelector('video').seeking");
    tab.run("document.querySelector('video').currentTime = 3");
    tab.until("!document.querySelector('video').seeking");
    tab.keys("1");
    // Until the player's own controls have faded.
    std::thread::sleep(std::time::Duration::from_secs(6));
    tab.screenshot("review-case");
    for name in ["review-queue.png", "review-case.png"] {
        let docs = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
        std::fs::copy(crate::support::browser::screenshots().join(name), docs.join(name)).unwrap();
    }
}
