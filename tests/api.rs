//! The service over HTTP as programs meet it. Claims about the base are here, those of each part in `api/`.

#[path = "support/review.rs"]
mod review;
#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/service.rs"]
mod service;

#[path = "api/base.rs"]
mod base;
#[path = "api/case_outcomes.rs"]
mod case_outcomes;
#[path = "api/cases.rs"]
mod cases;
