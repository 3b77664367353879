//! The service over HTTP as programs meet it. Claims about the base are here, those of each part in `api/`.

mod api_md;
mod base;
mod case_events;
mod case_outcomes;
mod case_windows;
mod cases;
mod documents;
mod hooks;
mod operating;
mod precedence;
mod schema;
mod upload_after;
mod upload_limits;
mod uploads;
pub mod videos;
mod webhooks;
