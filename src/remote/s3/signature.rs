//! Signature Version 4: how a request proves that its sender knows the secret key.
//!
//! ```text
//! canonical request = method, path, query, headers, their names, hash of the body
//! string to sign    = algorithm, time, scope, hash of the canonical request
//! key               = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), "s3"), "aws4_request")
//! signature         = HMAC(key, string to sign)
//! ```
//!
//! Path and query are signed as they stand in the URL, so they must be percent-encoded there as the protocol wants it
//! ([`encode`]) and the query sorted.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use url::{Position, Url};

use crate::remote::error::{Error, Result};
use crate::remote::options::S3Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed beside the headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub method: &'a Method,
    pub url: &'a Url,
    pub body: &'a [u8],
}

/// Adds time, hash of the body, session token and signature to the headers. All headers that are there are signed.
///
/// # Errors
/// [`Error::NotAllowed`] when the credentials have characters that no header can carry.
pub(super) fn sign(
    headers: &mut HeaderMap,
    request: Unsigned<'_>,
    credentials: &S3Credentials,
    region: &str,
    now: Timestamp,
) -> Result<()> {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let body_hash = hex(&Sha256::digest(request.body));
    headers.insert("x-amz-date", value(&time)?);
    headers.insert("x-amz-content-sha256", value(&body_hash)?);
    if let Some(token) = &credentials.session_token {
        let mut token = value(token)?;
        token.set_sensitive(true);
        headers.insert("x-amz-security-token", token);
    }

    let host = &request.url[Position::BeforeHost..Position::AfterPort];
    let mut signed = vec![("host", host)];
    for (name, value) in headers.iter() {
        signed.push((name.as_str(), value.to_str().map_err(|_| unsendable())?));
    }
    signed.sort_unstable();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");

    let path = request.url.path();
    let query = request.url.query().unwrap_or_default();
    let mut canonical = format!("{}\n{path}\n{query}\n", request.method);
    for (name, value) in signed {
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let _ = write!(canonical, "\n{names}\n{body_hash}");

    let scope = format!("{day}/{region}/s3/aws4_request");
    let text =
        format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = hmac(format!("AWS4{}", credentials.secret).as_bytes(), day);
    for part in [region, "s3", "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = hex(&hmac(&key, &text));
    let mut authorization = value(&format!(
        "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        credentials.key_id
    ))?;
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);
    Ok(())
}

/// Percent-encodes all but the characters that the protocol leaves alone; `/` stays in paths.
pub(super) fn encode(text: &str, is_path: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~')
            || (is_path && byte == b'/')
        {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| unsendable())
}

fn unsendable() -> Error {
    Error::not_allowed("the S3 settings are invalid")
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys of any length are allowed");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Amazon's documentation, "Signature Calculations for the Authorization Header".
    #[test]
    fn amazons_examples_are_signed_as_amazon_says() {
        let credentials = S3Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let now: Timestamp = "2013-05-24T00:00:00Z".parse().unwrap();
        let signature = |path_and_query: &str, range: Option<&'static str>| {
            let url = format!("https://examplebucket.s3.amazonaws.com/{path_and_query}");
            let url = Url::parse(&url).unwrap();
            let mut headers = HeaderMap::new();
            if let Some(range) = range {
                headers.insert("range", HeaderValue::from_static(range));
            }
            let request = Unsigned { method: &Method::GET, url: &url, body: b"" };
            sign(&mut headers, request, &credentials, "us-east-1", now).unwrap();
            let authorization = headers[AUTHORIZATION].to_str().unwrap().to_owned();
            authorization.rsplit_once('=').unwrap().1.to_owned()
        };
        assert_eq!(
            signature("test.txt", Some("bytes=0-9")),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        assert_eq!(
            signature("?lifecycle=", None),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("?max-keys=2&prefix=J", None),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn only_what_the_protocol_leaves_alone_stays() {
        assert_eq!(encode("a/ä+% ~.x", true), "a/%C3%A4%2B%25%20~.x");
        assert_eq!(encode("a/b=&", false), "a%2Fb%3D%26");
    }
}
