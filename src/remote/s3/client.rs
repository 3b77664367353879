//! Requests to one S3 server: address, signature, errors.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::HttpRequest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Response};
use url::{Host, Url};

use crate::remote::client::{explain, retry_after_s};
use crate::remote::error::{Error, Result};
use crate::remote::options::{Limits, S3Options};
use crate::remote::s3::xml::Element;

pub(super) const WHAT: &str = "the S3 server";
/// A page of a list has a thousand names at most, of a kilobyte each.
const ANSWER_BYTES_MAX: usize = 16 << 20;
const SESSION_TOKEN: &str = "x-amz-security-token";
/// Signature Version 4 encodes every byte but RFC 3986's unreserved characters…
const QUERY: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// …and, in a path, the slash.
const PATH: AsciiSet = QUERY.remove(b'/');

/// A client of one S3 server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    /// Without a bucket.
    endpoint: Url,
    path_style: bool,
    region: String,
    credentials: Option<Arc<AwsCredential>>,
}

/// A request about a bucket or, with a key, an object.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub method: Method,
    pub bucket: &'a str,
    pub key: Option<&'a str>,
    pub query: Vec<(&'static str, &'a str)>,
    pub body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub fn new(method: Method, bucket: &'a str) -> Request<'a> {
        Request { method, bucket, key: None, query: Vec::new(), body: Vec::new() }
    }

    pub fn key(self, key: &'a str) -> Request<'a> {
        Request { key: Some(key), ..self }
    }

    pub fn query(mut self, name: &'static str, value: impl Into<Option<&'a str>>) -> Request<'a> {
        self.query.extend(value.into().map(|value| (name, value)));
        self
    }

    pub fn body(self, body: Vec<u8>) -> Request<'a> {
        Request { body, ..self }
    }
}

impl Client {
    /// # Errors
    /// [`Error::NotAllowed`] when the endpoint is no web address, or when the region or the credentials have
    /// characters that no header can carry. [`Error::Unreachable`] when TLS cannot be set up.
    pub fn new(options: &S3Options, limits: &Limits) -> Result<Client> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("cenotaph/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
            .read_timeout(Duration::from_millis(limits.request_timeout_ms))
            .build()
            .map_err(|source| explain(WHAT, source))?;
        let endpoint = options.endpoint.clone().unwrap_or_else(|| amazons(&options.region));
        let endpoint = Url::parse(&endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
            .ok_or_else(|| Error::not_allowed("the S3 endpoint is not a web address"))?;
        Ok(Client {
            http,
            endpoint,
            path_style: options.path_style,
            region: options.region.clone(),
            credentials: credentials(options)?.map(Arc::new),
        })
    }

    /// Sends a request. The answer's body is still to be read.
    ///
    /// # Errors
    /// [`Error::Answered`] for every status but success, [`Error::Unreachable`], and [`Error::NotAllowed`] for names
    /// that no URL can carry.
    pub async fn send(&self, request: Request<'_>) -> Result<Response> {
        let sent = self.http.execute(self.signed(request)?).await;
        let response = sent.map_err(|error| explain(WHAT, error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let retry_after_s = retry_after_s(response.headers());
        let code = read(response).await.ok().and_then(|bytes| code(&bytes));
        Err(Error::Answered { what: WHAT, status, code, retry_after_s })
    }

    /// Sends a request and reads the answer's XML, whose outermost element must be `root`: of anything else (a proxy's
    /// page, say) a list would look empty.
    ///
    /// # Errors
    /// Those of [`Client::send`], and [`Error::Unreachable`] for any other answer.
    pub async fn ask(&self, request: Request<'_>, root: &str) -> Result<Element> {
        let bytes = read(self.send(request).await?).await?;
        let answer = Element::parse(&bytes).filter(|answer| answer.is(root));
        answer.ok_or_else(|| unreadable("its response cannot be parsed"))
    }

    /// The request as it is sent, with its signature when there are credentials.
    fn signed(&self, request: Request<'_>) -> Result<reqwest::Request> {
        let url = self.url(&request)?;
        let body = Bytes::from(request.body);
        let mut signed = HttpRequest::new(body.clone().into());
        *signed.method_mut() = request.method;
        *signed.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| Error::not_allowed("the object's name is too long for a URL"))?;
        let headers = signed.headers_mut();
        if !body.is_empty() {
            let checksum = STANDARD.encode(crc32fast::hash(&body).to_be_bytes());
            let checksum = HeaderValue::from_str(&checksum).expect("base64 is ASCII");
            headers.insert("x-amz-checksum-crc32", checksum);
            headers.insert("x-amz-sdk-checksum-algorithm", HeaderValue::from_static("CRC32"));
            headers.insert("content-type", HeaderValue::from_static("application/xml"));
        }
        if let Some(credentials) = &self.credentials {
            // It takes the system's time: the server compares it with its own.
            AwsAuthorizer::new(credentials, "s3", &self.region)
                .try_authorize(&mut signed, None)
                .map_err(|_| unreadable("its request cannot be signed"))?;
            for name in [AUTHORIZATION.as_str(), SESSION_TOKEN] {
                if let Some(value) = signed.headers_mut().get_mut(name) {
                    value.set_sensitive(true);
                }
            }
        }
        reqwest::Request::try_from(signed.map(|_| body)).map_err(|error| explain(WHAT, error))
    }

    fn url(&self, request: &Request<'_>) -> Result<Url> {
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let key = utf8_percent_encode(request.key.unwrap_or_default(), &PATH);
        let path = if self.is_in_path(request.bucket) {
            format!("{base}/{}/{key}", request.bucket)
        } else {
            let host = url.host_str().map(|host| format!("{}.{host}", request.bucket));
            url.set_host(host.as_deref()).map_err(|_| Error::not_allowed("no such bucket"))?;
            format!("{base}/{key}")
        };
        // A bucket alone has no slash behind its name.
        let path = if request.key.is_none() && path.len() > 1 {
            path.trim_end_matches('/')
        } else {
            path.as_str()
        };
        url.set_path(path);
        // Dots as parts of a path are resolved in every URL: another object would be meant.
        if url.path() != path {
            return Err(Error::not_allowed("the object's name has a . or .. as a part"));
        }
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, &QUERY)))
            .collect();
        url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        Ok(url)
    }

    /// Whether a bucket stands in the path: also where its name cannot be part of a host's that a certificate is for.
    fn is_in_path(&self, bucket: &str) -> bool {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_label = bucket.chars().all(fits) && !bucket.starts_with('-');
        self.path_style || !is_label || !matches!(self.endpoint.host(), Some(Host::Domain(_)))
    }
}

/// The credentials, if the signer can put them into headers: it panics where it cannot.
fn credentials(options: &S3Options) -> Result<Option<AwsCredential>> {
    let Some(own) = &options.credentials else { return Ok(None) };
    let mut in_headers = [&options.region, &own.key_id].into_iter().chain(&own.session_token);
    if in_headers.any(|text| HeaderValue::from_str(text).is_err()) {
        let why = "the S3 region or credentials have characters that no header can carry";
        return Err(Error::not_allowed(why));
    }
    Ok(Some(AwsCredential {
        key_id: own.key_id.clone(),
        secret_key: own.secret.clone(),
        token: own.session_token.clone(),
    }))
}

/// Amazon's server for a region.
fn amazons(region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{china}")
}

pub(super) fn unreadable(why: &'static str) -> Error {
    Error::Unreachable { what: WHAT, why, source: None }
}

/// The whole body.
async fn read(mut response: Response) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| explain(WHAT, error))? {
        if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(unreadable("its response is too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The short name of a fault. The message beside it may have bucket and key in it.
fn code(bytes: &[u8]) -> Option<String> {
    let error = Element::parse(bytes)?;
    let code = error.text("Code")?;
    let is_name = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| code.to_owned())
}

#[cfg(test)]
mod tests;
