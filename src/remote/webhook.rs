//! Webhooks: one signed POST per event and subscriber. The caller decides when to retry.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use crate::model::UnixSeconds;
use crate::remote::client::{Client, WebRequest};
use crate::remote::error::{Error, Result};
use crate::remote::signature::{self, Secret};

const WHAT: &str = "the receiver";

/// One message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same in every try, so that the receiver can drop duplicates.
    pub id: &'a str,
    /// The time of this try.
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
    /// Parses the address of a subscriber and checks that the guard allows it. Sends nothing.
    ///
    /// # Errors
    /// [`Error::NotAllowed`], which says why.
    pub fn check(&self, url: &str) -> Result<Url> {
        let url = Url::parse(url)
            .map_err(|e| Error::not_allowed(format!("this is not a valid address: {e}")))?;
        self.client.check(&url)?;
        Ok(url)
    }

    /// Sends one message, signed with each of `secrets`, and returns the status (2xx) that acknowledged it.
    ///
    /// # Errors
    /// - [`Error::Answered`] with any other status (410: the subscriber wants no more messages);
    /// - [`Error::Unreachable`] when no response arrives in time;
    /// - [`Error::NotAllowed`] when the guard refuses the address.
    pub async fn send(&self, url: &Url, secrets: &[Secret], message: Message<'_>) -> Result<u16> {
        let headers = signed_headers(secrets, message)?;
        let body = message.body.to_vec();
        let request = WebRequest { what: WHAT, method: Method::POST, url, headers, body };
        let answer = self.client.send(request).await?;
        if answer.is_success() { Ok(answer.status) } else { Err(answer.error(WHAT)) }
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
            .map_err(|_| Error::not_allowed("the id of a message must be visible ASCII"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}
