//! The one HTTP client: guarded, without redirects, proxies and cookies, with limits on time and size.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, redirect};
use url::Url;

use crate::remote::egress::{Forbidden, Guard};
use crate::remote::error::{Error, Result};
use crate::remote::options::Limits;

/// Makes *ring* the cryptography of all TLS in this process, unless another library is set already. Every HTTP client
/// needs it before it is built; `Remote::new` calls it.
pub fn use_ring() {
    // An error means that one is set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for requests to addresses that come from outside.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    guard: Guard,
    answer_bytes_max: u64,
}

/// A request.
#[derive(Debug)]
pub(super) struct WebRequest<'a> {
    /// The receiver as error messages call it, for example "the cache".
    pub what: &'static str,
    pub method: Method,
    pub url: &'a Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A response, whatever its status. No caller needs the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WebResponse {
    pub status: u16,
    pub retry_after_s: Option<u32>,
}

impl Client {
    /// # Errors
    /// [`Error::Unreachable`] when the TLS library cannot be set up.
    pub fn new(guard: Guard, limits: &Limits) -> Result<Client> {
        use_ring();
        let http = reqwest::Client::builder()
            .dns_resolver(std::sync::Arc::new(guard.clone()))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("cenotaph/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
            .timeout(Duration::from_millis(limits.request_timeout_ms))
            .build()
            .map_err(|source| explain("the network", source))?;
        Ok(Client { http, guard, answer_bytes_max: limits.answer_bytes_max })
    }

    /// What the guard can decide about an address without resolving it.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the guard refuses the address.
    pub fn check(&self, url: &Url) -> Result<()> {
        self.guard.check(url)
    }

    /// Sends a request and returns the status of the response. An error status is no error here.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the guard refuses the address, [`Error::Unreachable`] when no response arrives in
    /// time.
    pub async fn send(&self, request: WebRequest<'_>) -> Result<WebResponse> {
        let WebRequest { what, method, url, headers, body } = request;
        self.guard.check(url)?;
        let sending = self.http.request(method, url.clone()).headers(headers).body(body).send();
        let mut response = sending.await.map_err(|e| explain(what, e))?;
        let received = WebResponse {
            status: response.status().as_u16(),
            retry_after_s: retry_after_s(response.headers()),
        };
        // A short body is read so that the connection can be reused. A long one (a whole video, say) is dropped with
        // the connection. A body that breaks off changes nothing.
        let mut read = 0;
        while let Ok(Some(piece)) = response.chunk().await {
            read += piece.len() as u64;
            if read > self.answer_bytes_max {
                break;
            }
        }
        Ok(received)
    }
}

impl WebResponse {
    /// The status as an error.
    pub fn error(&self, what: &'static str) -> Error {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        Error::Answered { what, status, code: None, retry_after_s }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// `Retry-After` in seconds. Its other form, a date, is ignored: the caller's own back-off decides.
pub(super) fn retry_after_s(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The library's message may contain the address, so only its kind is reported.
pub(super) fn explain(what: &'static str, error: reqwest::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if one.is::<Forbidden>() {
            return Error::not_allowed(Forbidden.to_string());
        }
        cause = one.source();
    }
    let why = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection could be made"
    } else if error.is_body() || error.is_decode() {
        "the response broke off"
    } else {
        "the request broke off"
    };
    Error::Unreachable { what, why, source: Some(Box::new(error.without_url())) }
}
