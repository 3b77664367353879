//! Callbacks: signed requests that ask a part of the platform to forget a video.
//!
//! | status | meaning |
//! |---|---|
//! | 200, 204 | done: the video has been forgotten |
//! | 404, 410 | gone: the video is unknown there |
//! | 202 | not yet: retry (`Retry-After` is honoured) |
//! | any other | error: retry |
//!
//! After *done* the same message is sent once more, as verification: the platform must acknowledge it again.

use reqwest::Method;
use url::Url;

use crate::remote::client::{Client, WebRequest};
use crate::remote::error::{Error, Result};
use crate::remote::removal::Removal;
use crate::remote::signature::Secret;
use crate::remote::webhook::{Message, signed_headers};

const WHAT: &str = "the platform";
const HOW_DONE: &str = "acknowledged twice";
const HOW_GONE: &str = "the platform holds nothing of it";

/// What the platform acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acknowledged {
    Done,
    Gone,
}

/// Sends callbacks.
#[derive(Debug, Clone)]
pub(super) struct CallbackSender {
    pub client: Client,
    pub secrets: Vec<Secret>,
}

impl CallbackSender {
    pub async fn call(&self, url: &Url, message: Message<'_>) -> Result<Removal> {
        if self.secrets.is_empty() {
            return Err(Error::not_allowed("the settings name no secret to sign callbacks with"));
        }
        match self.send(url, message).await? {
            Acknowledged::Gone => Ok(Removal::verified(0, HOW_GONE)),
            Acknowledged::Done => {
                self.send(url, message).await?;
                Ok(Removal::verified(1, HOW_DONE))
            }
        }
    }

    async fn send(&self, url: &Url, message: Message<'_>) -> Result<Acknowledged> {
        let headers = signed_headers(&self.secrets, message)?;
        let body = message.body.to_vec();
        let request = WebRequest { what: WHAT, method: Method::POST, url, headers, body };
        let answer = self.client.send(request).await?;
        match answer.status {
            200 | 204 => Ok(Acknowledged::Done),
            404 | 410 => Ok(Acknowledged::Gone),
            202 => Err(Error::NotYet { what: WHAT, retry_after_s: answer.retry_after_s }),
            _ => Err(answer.error(WHAT)),
        }
    }
}
