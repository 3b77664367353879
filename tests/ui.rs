//! The pages as people meet them, in a real browser. Skipped with a message where there is no Chromium.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says so when it is skipped"
)]

#[path = "support/axe.rs"]
mod axe;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/many.rs"]
mod many;
#[path = "support/sandbox.rs"]
#[expect(dead_code, reason = "other tests need the rest of it")]
mod sandbox;
#[path = "support/service.rs"]
#[expect(dead_code, reason = "other tests need the rest of it")]
mod service;

#[path = "ui/bulk.rs"]
mod bulk;
#[path = "ui/care.rs"]
mod care;
#[path = "ui/floor.rs"]
mod floor;
#[path = "ui/pages.rs"]
mod pages;
#[path = "ui/people.rs"]
mod people;
#[path = "ui/pictures.rs"]
mod pictures;
#[path = "ui/proxied.rs"]
mod proxied;
#[path = "ui/review.rs"]
mod review;
#[path = "ui/speed.rs"]
mod speed;
#[path = "ui/steady.rs"]
mod steady;
