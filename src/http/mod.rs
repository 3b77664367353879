//! The HTTP service, a thin layer: each request becomes one call of the engine, and the result becomes a response.
//!
//! A request's way:
//!
//! ```text
//! server      accept the connection; drain refused bodies
//! middleware  assign an id, log, authenticate, limit the rate
//! routes      find the handler; apply the limits of its group
//! request     read path, query and body as typed values
//! api, hooks, public, ui
//!             a handler calls one method of the engine through state, off the async threads
//! response    files in ranges, event streams; error maps every failure to problem details
//! ```
//!
//! `api` has a file for each endpoint, by resource and verb; `hooks` takes the messages of upload pipelines; `public`
//! has the pages in place of deleted videos; `ui` has the pages for moderators. `document` is the OpenAPI document.
//!
//! Invariants: a room uses those before it in this order: error, request::{sender, extract, paging, times},
//! middleware::rate, server::linger, state, the rest of request and response, middleware, document, api, hooks, public,
//! ui, routes, server::serve. Only `ui` uses `api`, and only its views.
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

/// File name of the control socket in the data folder.
pub const CONTROL_SOCKET: &str = "control.sock";

/// Options of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Address to listen on. Default 127.0.0.1:8080, for a reverse proxy that terminates TLS.
    pub listen: SocketAddr,
    /// Also listen on `control.sock` in the data folder, where this user's command line needs no key. Default true.
    pub control_socket: bool,
    /// Largest number of open connections; more wait in the system's queue. Default 4096.
    pub connections_max: usize,
    /// Header read timeout and idle timeout of a connection, seconds. Default 30.
    pub head_timeout_s: u64,
    /// Timeout of a request, seconds. Uploads and waits for verdicts have their own limits. Default 30.
    pub request_timeout_s: u64,
    /// Longest pause in an upload's body, seconds. Default 30.
    pub upload_pause_s: u64,
    /// Largest JSON body, bytes. Default 1 MiB.
    pub json_bytes_max: usize,
    /// Grace period at shutdown for requests and checks in progress, seconds. Unfinished checks start over at the next
    /// start. Default 30.
    pub shutdown_grace_s: u64,
    /// The pages are behind an HTTPS proxy: cookies are `Secure`, and the client's address is the last one in
    /// `X-Forwarded-For`. Default false.
    pub behind_proxy: bool,
    /// Time of viewing sensitive uploads after which the pages suggest a break, minutes. Default 30.
    pub break_minutes: u32,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// Rate limit of a key, requests per second. Default 10 000.
    pub rate_per_s: u32,
    /// Burst of a key, requests. Default 20 000.
    pub rate_burst: u32,
    /// Options of the hooks.
    pub hooks: hooks::Options,
    /// Whether visibility and gate are public, without a key. Default false.
    pub visibility_open: bool,
    /// Largest number of open event streams; further requests get 503. Default 256.
    pub event_streams_max: usize,
    /// Largest JSON body of a request that deletes all videos of an account, bytes. Default 16 MiB.
    pub bulk_bytes_max: usize,
    /// Patterns of the platform's addresses of videos, path and query, with `{id}` for the id. Default `/v/{id}` and
    /// `/embed/{id}`.
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
    /// Direct requests from this machine, not through a proxy. The default.
    Loopback,
    /// Everybody.
    Open,
    /// Keys with the scope `admin`.
    Key,
}
