//! The one HTTP client: guarded, without redirects, proxies or cookies, with limits on time and size.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, redirect};
use url::Url;

use crate::remote::egress::{Forbidden, Guard};
use crate::remote::{Error, Limits, Result};

/// A client for requests to addresses that somebody gave us.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    guard: Guard,
    answer_bytes_max: u64,
}

/// A request.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    /// Whom we ask, for messages: "the cache".
    pub what: &'static str,
    pub method: Method,
    pub url: &'a Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What came back, whatever its status. Nobody here has a use for bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after_s: Option<u32>,
}

impl Client {
    /// # Errors
    /// `Unreachable` when the TLS library cannot be set up.
    pub fn new(guard: Guard, limits: &Limits) -> Result<Client> {
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

    /// What the guard can tell of an address before it is asked.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub fn check(&self, url: &Url) -> Result<()> {
        self.guard.check(url)
    }

    /// Sends a request and takes the answer's status.
    ///
    /// # Errors
    /// `NotAllowed`, `Unreachable`. An unwelcome status is no error here.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Answer> {
        self.guard.check(ask.url)?;
        let request =
            self.http.request(ask.method, ask.url.clone()).headers(ask.headers).body(ask.body);
        let mut response = request.send().await.map_err(|e| explain(ask.what, e))?;
        let answer = Answer {
            status: response.status().as_u16(),
            retry_after_s: retry_after_s(response.headers()),
        };
        // A short body is read so that the connection can be used again; of a long one (a whole video, say) the rest
        // is dropped with the connection. That it breaks off changes nothing.
        let mut read = 0;
        while let Ok(Some(piece)) = response.chunk().await {
            read += piece.len() as u64;
            if read > self.answer_bytes_max {
                break;
            }
        }
        Ok(answer)
    }
}

impl Answer {
    /// An unwelcome status as an error.
    pub fn refusal(&self, what: &'static str) -> Error {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        Error::Answered { what, status, code: None, retry_after_s }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The form in seconds; servers that send a date are asked again when we think it right.
fn retry_after_s(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The library's message may name the address, so only its kind is told.
fn explain(what: &'static str, error: reqwest::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if one.is::<Forbidden>() {
            return Error::not_allowed(Forbidden.to_string());
        }
        cause = one.source();
    }
    let why = match () {
        () if error.is_timeout() => "it did not answer in time",
        () if error.is_connect() => "no connection could be made",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the request broke off",
    };
    Error::Unreachable { what, why, source: Some(Box::new(error.without_url())) }
}
