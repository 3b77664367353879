//! The service over HTTP, thin: what arrives becomes one call of the engine, what the engine says becomes an answer.
//!
//! Flow: `server` accepts connections and ends them in order, `linger` reads what is refused to its end; `observe` gives each request an id, logs and counts it
//! and writes problems out; `routes` lists every route with the scopes that it needs; `auth` knows the caller and
//! keeps its rate; `extract` reads bodies, paths and queries within limits, `receive` streams uploads into the spool, `follow` hands out events; an endpoint has a file of its own in `api` or `hooks`
//! and calls one method of the engine by way of `state`, off the async threads; `error` is the one kind of error.
//! `ui` has the pages for people who sign in, `public` what viewers of the platform meet. `openapi` makes the document from the endpoints, `docs` a page of it.
//!
//! Neither logs nor errors name uploaders, owners, videos, URIs or files.

mod api;
mod document;
mod error;
pub mod hooks;
mod middleware;
mod public;
mod request;
mod response;
mod routes;
mod server;
mod state;
mod ui;

use std::net::SocketAddr;

pub use routes::document as api_document;
pub use server::serve::{Bound, serve};
pub use state::{App, Parts};

/// The control socket's name in the data folder.
pub const CONTROL_SOCKET: &str = "control.sock";

/// Limits and habits of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where it listens. Default 127.0.0.1:8080: TLS and the outer world are the proxy's.
    pub listen: SocketAddr,
    /// Also listen on `control.sock` in the data folder, for this user's command line, without a key. Default true.
    pub control_socket: bool,
    /// Open connections; more wait in the system's queue. Default 4096.
    pub connections_max: usize,
    /// Until a request's head is complete, and between two requests of a connection, seconds. Default 30.
    pub head_timeout_s: u64,
    /// For a whole request, seconds; uploads and waiting for verdicts have limits of their own. Default 30.
    pub request_timeout_s: u64,
    /// Longest pause in the body of an upload, seconds. Default 30.
    pub upload_pause_s: u64,
    /// Largest JSON body, bytes. Default 1 MiB.
    pub json_bytes_max: usize,
    /// For requests and checks under way when the service ends, seconds; what is not finished then is begun anew at
    /// the next start. Default 30.
    pub shutdown_grace_s: u64,
    /// People reach the pages through a proxy that speaks https: cookies are for https only, and a sender's address is
    /// the last in `X-Forwarded-For`. Default false.
    pub behind_proxy: bool,
    /// Minutes of viewing sensitive uploads after which a break is suggested. Default 30.
    pub break_minutes: u32,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// Requests a second of one key, and how many may come at once. Default 10 000 and 20 000.
    pub rate_per_s: u32,
    pub rate_burst: u32,
    /// How hooks are understood.
    pub hooks: hooks::Options,
    /// Whether visibility and gate are told without a key. Default false.
    pub visibility_open: bool,
    /// Streams of a deletion's events that are open at once. Default 256; more are told to come back.
    pub event_streams_max: usize,
    /// Largest JSON body of a request that deletes a whole account's videos, bytes. Default 16 MiB.
    pub bulk_bytes_max: usize,
    /// How the platform's own addresses of a video look, path and query: `{id}` stands for its id. Default `/v/{id}`
    /// and `/embed/{id}`.
    pub links: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            control_socket: true,
            connections_max: 4096,
            head_timeout_s: 30,
            request_timeout_s: 30,
            upload_pause_s: 30,
            json_bytes_max: 1 << 20,
            shutdown_grace_s: 30,
            behind_proxy: false,
            break_minutes: 30,
            metrics: MetricsAccess::Loopback,
            rate_per_s: 10_000,
            rate_burst: 20_000,
            hooks: hooks::Options::default(),
            visibility_open: false,
            event_streams_max: 256,
            bulk_bytes_max: 16 << 20,
            links: ["/v/{id}", "/embed/{id}"].map(str::to_owned).to_vec(),
        }
    }
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Requests from this machine that no proxy has passed on. Default.
    Loopback,
    /// Everybody.
    Open,
    /// Keys with the scope `admin`.
    Key,
}
