//! Cache purges: a purge request, then the request of a viewer as verification.
//!
//! The purge goes to the address itself or, where a rule names other endpoints (each node of a cluster, for example), to
//! each of these with the address's host in the `Host` header. The object is gone when every endpoint answers a plain
//! GET with 403, 404, 410 or 451. A cache that refills from its origin can do so only once the main copy is gone, so the
//! caller purges last.

use reqwest::Method;
use reqwest::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::remote::client::{Client, WebRequest, WebResponse};
use crate::remote::error::{Error, Result};
use crate::remote::options::PurgeRule;
use crate::remote::removal::Removal;

const WHAT: &str = "the cache";
const HOW: &str = "requested as a viewer would: refused";

/// Purges caches.
#[derive(Debug, Clone)]
pub(super) struct Purger {
    /// For endpoints that the settings name: these may be in any network.
    pub endpoints: Client,
    pub client: Client,
    pub rules: Vec<PurgeRule>,
}

/// Where a request to a cache is sent.
struct Endpoint<'a> {
    client: &'a Client,
    url: Url,
    host: Option<HeaderValue>,
}

impl Purger {
    /// Purges an address from every endpoint of its cache and verifies that none serves it.
    pub async fn purge(&self, url: &Url) -> Result<Removal> {
        let standard = PurgeRule::default();
        let rule = self.rules.iter().find(|rule| rule.applies_to(url)).unwrap_or(&standard);
        let method = Method::from_bytes(rule.method.as_bytes())
            .map_err(|_| Error::not_allowed("the method of a purge rule is invalid"))?;
        let headers = headers(rule)?;
        let endpoints = self.endpoints(rule, url)?;
        for endpoint in &endpoints {
            let answer = endpoint.send(method.clone(), headers.clone()).await?;
            // It was not cached: 404 or 410, and 412 from ngx_cache_purge.
            if !answer.is_success() && !matches!(answer.status, 404 | 410 | 412) {
                return Err(answer.error(WHAT));
            }
        }
        for endpoint in &endpoints {
            let answer = endpoint.send(Method::GET, HeaderMap::new()).await?;
            match answer.status {
                403 | 404 | 410 | 451 => {}
                200..=399 => return Err(Error::StillThere { what: WHAT }),
                _ => return Err(answer.error(WHAT)),
            }
        }
        Ok(Removal::verified(endpoints.len() as u64, HOW))
    }

    fn endpoints<'a>(&'a self, rule: &PurgeRule, url: &Url) -> Result<Vec<Endpoint<'a>>> {
        if rule.endpoints.is_empty() {
            return Ok(vec![Endpoint { client: &self.client, url: url.clone(), host: None }]);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let host = HeaderValue::from_str(&host)
            .map_err(|_| Error::not_allowed("the host cannot be sent in a header"))?;
        let endpoint = |base: &Url| {
            let mut at = base.clone();
            at.set_path(url.path());
            at.set_query(url.query());
            Endpoint { client: &self.endpoints, url: at, host: Some(host.clone()) }
        };
        Ok(rule.endpoints.iter().map(endpoint).collect())
    }
}

impl Endpoint<'_> {
    async fn send(&self, method: Method, mut headers: HeaderMap) -> Result<WebResponse> {
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        let request = WebRequest { what: WHAT, method, url: &self.url, headers, body: Vec::new() };
        self.client.send(request).await
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
