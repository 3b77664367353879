//! The pages as people meet them, in a real browser. Skipped with a message where there is no Chromium.

#[path = "support/axe.rs"]
mod axe;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/service.rs"]
mod service;

#[path = "ui/floor.rs"]
mod floor;
#[path = "ui/pages.rs"]
mod pages;
#[path = "ui/people.rs"]
mod people;
#[path = "ui/review.rs"]
mod review;
