//! The service over HTTP as programs meet it. Claims about the base are here, those of each part in `api/`.

#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/service.rs"]
mod service;

#[path = "api/base.rs"]
mod base;
