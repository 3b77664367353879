//! Parts of the platform that must forget a video: told by a signed request, which they acknowledge.
//!
//! | answer | meaning |
//! |---|---|
//! | 200, 204 | done: it has been forgotten now |
//! | 404, 410 | gone: nothing is known of it |
//! | 202 | not yet: ask again (`Retry-After` is heeded) |
//! | any other | a fault: ask again |
//!
//! After "done" it is asked once more, with the same message: it must say done or gone again, from what it then knows.

use reqwest::Method;
use url::Url;

use crate::remote::client::{Ask, Client};
use crate::remote::signature::Secret;
use crate::remote::webhook::signed_headers;
use crate::remote::{Error, Gone, Message, Result};

const WHAT: &str = "the platform";
const HOW_DONE: &str = "acknowledged, and again when asked a second time";
const HOW_GONE: &str = "the platform says that it has nothing";

/// What a part of the platform says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Done,
    Gone,
}

/// Calls the platform back.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub client: Client,
    pub secrets: Vec<Secret>,
}

impl Caller {
    pub async fn call(&self, url: &Url, message: Message<'_>) -> Result<Gone> {
        if self.secrets.is_empty() {
            return Err(Error::not_allowed("the settings have no secret to sign callbacks with"));
        }
        match self.ask(url, message).await? {
            Said::Gone => Ok(Gone::verified(0, HOW_GONE)),
            Said::Done => {
                self.ask(url, message).await?;
                Ok(Gone::verified(1, HOW_DONE))
            }
        }
    }

    async fn ask(&self, url: &Url, message: Message<'_>) -> Result<Said> {
        let headers = signed_headers(&self.secrets, message)?;
        let ask =
            Ask { what: WHAT, method: Method::POST, url, headers, body: message.body.to_vec() };
        let answer = self.client.ask(ask).await?;
        match answer.status {
            200 | 204 => Ok(Said::Done),
            404 | 410 => Ok(Said::Gone),
            202 => Err(Error::NotYet { what: WHAT, retry_after_s: answer.retry_after_s }),
            _ => Err(answer.refusal(WHAT)),
        }
    }
}
