//! Events to whoever subscribed: one signed POST. When to try again, and how often, is its caller's business.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use crate::model::UnixSeconds;
use crate::remote::client::{Ask, Client};
use crate::remote::signature::{self, Secret};
use crate::remote::{Error, Result};

const WHAT: &str = "the receiver";

/// One message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same in every try, so that the receiver knows it again.
    pub id: &'a str,
    /// When this try is made.
    pub timestamp: UnixSeconds,
    /// JSON.
    pub body: &'a [u8],
}

/// Sends signed messages.
#[derive(Debug, Clone)]
pub struct Webhooks {
    pub(super) client: Client,
}

impl Webhooks {
    /// Whether messages could ever go to this address, as far as can be told without asking anybody.
    ///
    /// # Errors
    /// `NotAllowed` says why not.
    pub fn check(&self, url: &str) -> Result<Url> {
        let url =
            Url::parse(url).map_err(|e| Error::not_allowed(format!("not an address: {e}")))?;
        self.client.check(&url)?;
        Ok(url)
    }

    /// Sends one message, signed with every one of `secrets`, and returns the status of the welcome (2xx).
    ///
    /// # Errors
    /// `Answered` with any other status (410 asks to be sent nothing more), `Unreachable`, `NotAllowed`.
    pub async fn send(&self, url: &Url, secrets: &[Secret], message: Message<'_>) -> Result<u16> {
        let headers = signed_headers(secrets, message)?;
        let ask =
            Ask { what: WHAT, method: Method::POST, url, headers, body: message.body.to_vec() };
        let answer = self.client.ask(ask).await?;
        if answer.is_success() { Ok(answer.status) } else { Err(answer.refusal(WHAT)) }
    }
}

/// The headers of a signed JSON message.
pub(super) fn signed_headers(secrets: &[Secret], message: Message<'_>) -> Result<HeaderMap> {
    let Message { id, timestamp, body } = message;
    let signed = [
        (signature::ID, id.to_owned()),
        (signature::TIMESTAMP, timestamp.to_string()),
        (signature::SIGNATURE, signature::sign(secrets, id, timestamp, body)),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in signed {
        let value = HeaderValue::from_str(&value)
            .map_err(|_| Error::not_allowed("a message's id must be plain text"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}
