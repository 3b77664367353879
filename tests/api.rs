//! The service over HTTP as programs meet it. Claims about the base are here, those of each part in `api/`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says so when it is skipped"
)]

#[path = "support/many.rs"]
mod many;
#[path = "support/pictures.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod pictures;
#[path = "support/review.rs"]
mod review;
#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/servers.rs"]
#[expect(dead_code, reason = "other tests need other servers")]
mod servers;
#[path = "support/service.rs"]
mod service;
#[path = "api/videos.rs"]
mod videos;

#[path = "api/api_md.rs"]
mod api_md;
#[path = "api/base.rs"]
mod base;
#[path = "api/case_events.rs"]
mod case_events;
#[path = "api/case_outcomes.rs"]
mod case_outcomes;
#[path = "api/case_windows.rs"]
mod case_windows;
#[path = "api/cases.rs"]
mod cases;
#[path = "api/documents.rs"]
mod documents;
#[path = "api/hooks.rs"]
mod hooks;
#[path = "api/operating.rs"]
mod operating;
#[path = "api/schema.rs"]
mod schema;
#[path = "api/upload_after.rs"]
mod upload_after;
#[path = "api/upload_limits.rs"]
mod upload_limits;
#[path = "api/uploads.rs"]
mod uploads;
#[path = "api/webhooks.rs"]
mod webhooks;
