//! What tests share: the program in a sandbox, the running service, real servers and a real browser, made inputs.

pub mod axe;
pub mod browser;
pub mod bytes;
pub mod http;
pub mod many;
pub mod pictures;
pub mod review;
pub mod sandbox;
pub mod servers;
pub mod service;
pub mod skip;
pub mod varnish;
pub mod world;
