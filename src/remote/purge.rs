//! Caches: told to drop an address, then asked for it as a viewer would.
//!
//! A cache is asked at the address itself, or, where a rule says so, at other doors (each node of a cluster that has no
//! common one) with the address's host in the `Host` header. Gone means that every door answers a plain request with
//! 403, 404, 410 or 451. A cache that goes to its origin on a miss can say so only once the main copy is gone, so the
//! caller purges last.

use reqwest::Method;
use reqwest::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::remote::client::{Answer, Ask, Client};
use crate::remote::{Error, Gone, PurgeRule, Result};

const WHAT: &str = "the cache";
const HOW: &str = "asked for again as a viewer would: refused";

/// Tells caches to forget.
#[derive(Debug, Clone)]
pub(super) struct Purger {
    /// For doors that the settings name, which may be in networks that are closed to others.
    pub doors: Client,
    pub client: Client,
    pub rules: Vec<PurgeRule>,
}

/// Where a cache is asked.
struct Door<'a> {
    client: &'a Client,
    url: Url,
    host: Option<HeaderValue>,
}

impl Purger {
    /// Purges an address from every door of its cache, and asks again.
    pub async fn purge(&self, url: &Url) -> Result<Gone> {
        let standard = PurgeRule::default();
        let rule = self.rules.iter().find(|rule| rule.is_for(url)).unwrap_or(&standard);
        let method = Method::from_bytes(rule.method.as_bytes())
            .map_err(|_| Error::not_allowed("the method of a purge rule is not one"))?;
        let headers = headers(rule)?;
        let doors = self.doors(rule, url)?;
        for door in &doors {
            let answer = door.ask(method.clone(), headers.clone()).await?;
            // Not there in the first place: 404, and 412 from a well-known module for nginx.
            if !answer.is_success() && !matches!(answer.status, 404 | 410 | 412) {
                return Err(answer.refusal(WHAT));
            }
        }
        for door in &doors {
            let answer = door.ask(Method::GET, HeaderMap::new()).await?;
            match answer.status {
                403 | 404 | 410 | 451 => {}
                200..=399 => return Err(Error::StillThere { what: WHAT }),
                _ => return Err(answer.refusal(WHAT)),
            }
        }
        Ok(Gone::verified(doors.len() as u64, HOW))
    }

    fn doors<'a>(&'a self, rule: &PurgeRule, url: &Url) -> Result<Vec<Door<'a>>> {
        if rule.doors.is_empty() {
            return Ok(vec![Door { client: &self.client, url: url.clone(), host: None }]);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let host = HeaderValue::from_str(&host)
            .map_err(|_| Error::not_allowed("the host cannot stand in a header"))?;
        let door = |base: &Url| {
            let mut at = base.clone();
            at.set_path(url.path());
            at.set_query(url.query());
            Door { client: &self.doors, url: at, host: Some(host.clone()) }
        };
        Ok(rule.doors.iter().map(door).collect())
    }
}

impl Door<'_> {
    async fn ask(&self, method: Method, mut headers: HeaderMap) -> Result<Answer> {
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        let ask = Ask { what: WHAT, method, url: &self.url, headers, body: Vec::new() };
        self.client.ask(ask).await
    }
}

fn headers(rule: &PurgeRule) -> Result<HeaderMap> {
    let wrong = || Error::not_allowed("a header of a purge rule cannot be sent");
    let mut headers = HeaderMap::new();
    for (name, value) in &rule.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        // Often a password.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}
