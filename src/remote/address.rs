//! Addresses of copies, parsed once and into one canonical form.
//!
//! `file://` and `http(s)://` are URLs. Percent-encoding is decoded (`file`) or normalised (`http`), so that two
//! spellings of one address compare equal. `s3://`, `gs://` and `az://` are taken literally, as the vendors' own tools
//! do: everything after `bucket/` is the key, whatever characters it contains.

use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use url::Url;

use crate::remote::error::{Error, Result};

/// A vendor's protocol for object stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    S3,
    Gs,
    Az,
}

impl Cloud {
    fn scheme(self) -> &'static str {
        match self {
            Cloud::S3 => "s3",
            Cloud::Gs => "gs",
            Cloud::Az => "az",
        }
    }
}

/// The address of a copy. `Debug` is for tests only: addresses reveal videos and must not be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An absolute path without `.` and `..`; that of a folder ends with `/`.
    File(PathBuf),
    Object {
        cloud: Cloud,
        bucket: String,
        key: String,
    },
    Web(Url),
}

impl Address {
    /// Parses an address.
    ///
    /// # Errors
    /// [`Error::NotAllowed`], which says what is wrong with the address without repeating it.
    pub fn parse(uri: &str) -> Result<Address> {
        let scheme = uri.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let rest = |scheme: &str| &uri[scheme.len() + 3..];
        match scheme.as_deref() {
            Some("file") => file(uri),
            Some("s3") => object(Cloud::S3, rest("s3")),
            Some("gs") => object(Cloud::Gs, rest("gs")),
            Some("az") => object(Cloud::Az, rest("az")),
            Some("http" | "https") => web(uri),
            Some(_) => {
                Err(Error::not_allowed("the scheme is none of file, s3, gs, az, http and https"))
            }
            None => Err(Error::not_allowed("an address must begin with a scheme such as s3://")),
        }
    }

    /// The canonical form.
    pub fn canonical(&self) -> String {
        match self {
            Address::File(path) => format!("file://{}", path.display()),
            Address::Object { cloud, bucket, key } => {
                format!("{}://{bucket}/{key}", cloud.scheme())
            }
            Address::Web(url) => canonical_web(url, url.query()),
        }
    }

    /// The forms under which a visibility gate looks this address up: canonical, canonical without the query, and up to
    /// `prefixes_max` prefixes of the path, longest first.
    pub fn spellings(&self, prefixes_max: usize) -> Spellings {
        let whole = self.canonical();
        let bare = match self {
            Address::Web(url) => canonical_web(url, None),
            Address::File(_) | Address::Object { .. } => whole.clone(),
        };
        let root = bare.find("://").map_or(0, |at| at + 3);
        let slashes = bare.match_indices('/').map(|(at, _)| at + 1).filter(|at| *at > root);
        let mut prefixes: Vec<String> = slashes.map(|at| bare[..at].to_owned()).collect();
        prefixes.reverse();
        prefixes.truncate(prefixes_max);
        let exact = if whole == bare { vec![whole] } else { vec![whole, bare] };
        Spellings { exact, prefixes }
    }

    /// The URL of a web address.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] for every other kind of address.
    pub(super) fn web(&self) -> Result<&Url> {
        match self {
            Address::Web(url) => Ok(url),
            _ => Err(Error::not_allowed("caches and callbacks need http or https addresses")),
        }
    }

    /// The host of a web address.
    pub fn host(&self) -> Option<&str> {
        match self {
            Address::Web(url) => url.host_str(),
            Address::File(_) | Address::Object { .. } => None,
        }
    }

    /// Whether the address may stand for everything below it: it ends with `/`, and is not the root of a bucket or of
    /// the file system.
    pub fn can_be_prefix(&self) -> bool {
        match self {
            Address::File(path) => {
                path.as_os_str().as_encoded_bytes().ends_with(b"/") && path.parent().is_some()
            }
            Address::Object { key, .. } => key.ends_with('/') && key.len() > 1,
            Address::Web(_) => false,
        }
    }
}

/// Which objects an address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressExtent {
    /// The one object at the address.
    One,
    /// Every object whose address begins with this one.
    Prefix,
}

impl AddressExtent {
    /// From the flag `prefix` of a request or a row.
    pub fn from_prefix_flag(prefix: bool) -> AddressExtent {
        if prefix { AddressExtent::Prefix } else { AddressExtent::One }
    }
}

/// Selected objects of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub cloud: Cloud,
    pub bucket: &'a str,
    /// The key of the object, or the prefix of the keys.
    pub key: &'a str,
    pub extent: AddressExtent,
}

impl Target<'_> {
    /// # Errors
    /// [`Error::NotAllowed`] when the address is not that of an object store.
    pub fn new(address: &Address, extent: AddressExtent) -> Result<Target<'_>> {
        match address {
            Address::Object { cloud, bucket, key } => {
                Ok(Target { cloud: *cloud, bucket, key, extent })
            }
            Address::File(_) | Address::Web(_) => {
                Err(Error::not_allowed("this is not the address of an object store"))
            }
        }
    }

    /// Whether the object with this key is selected.
    pub fn contains(&self, key: &str) -> bool {
        match self.extent {
            AddressExtent::One => key == self.key,
            AddressExtent::Prefix => key.starts_with(self.key),
        }
    }
}

/// The forms under which a visibility gate may know an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spellings {
    pub exact: Vec<String>,
    /// Each ends with `/`.
    pub prefixes: Vec<String>,
}

fn file(uri: &str) -> Result<Address> {
    let wrong = |why: &str| Err(Error::not_allowed(why));
    let Ok(url) = Url::parse(uri) else { return wrong("this is not a valid file:// address") };
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("write ? and # in a file:// address as %3F and %23");
    }
    // The parser resolves dots silently; a path traversal must be refused instead.
    if uri.split(['/', '\\']).any(|part| matches!(part, "." | ".."))
        || uri.to_ascii_lowercase().contains("%2e")
    {
        return wrong("a file:// address must not have . or .. in its path");
    }
    let Ok(path) = url.to_file_path() else {
        return wrong("a file:// address must name no host: file:///…");
    };
    let plain =
        path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !plain || path.as_os_str().as_encoded_bytes().contains(&0) {
        return wrong("a file:// address must be a plain absolute path");
    }
    let mut clean: PathBuf = path.components().collect();
    if uri.ends_with('/') && clean != Path::new("/") {
        clean.push("");
    }
    Ok(Address::File(clean))
}

fn object(cloud: Cloud, rest: &str) -> Result<Address> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bucket.is_empty() || !bucket.chars().all(bucket_char) || bucket.starts_with('.') {
        return Err(Error::not_allowed("the name of the bucket is invalid"));
    }
    if key.is_empty() {
        return Err(Error::not_allowed("the address lacks the object's key after the bucket"));
    }
    Ok(Address::Object { cloud, bucket: bucket.to_owned(), key: key.to_owned() })
}

fn web(uri: &str) -> Result<Address> {
    match Url::parse(uri) {
        Ok(mut url) => {
            url.set_fragment(None);
            Ok(Address::Web(url))
        }
        Err(error) => Err(Error::not_allowed(format!("this is not a valid web address: {error}"))),
    }
}

/// Scheme, host and port as the parser normalises them (lower case, no default port, dots resolved). Path and query
/// with as little percent-encoding as possible, in upper case (RFC 3986, section 6.2.2).
fn canonical_web(url: &Url, query: Option<&str>) -> String {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        let _ = write!(text, ":{port}");
    }
    normalise(url.path().as_bytes(), &mut text);
    if let Some(query) = query {
        text.push('?');
        normalise(query.as_bytes(), &mut text);
    }
    text
}

/// Decodes percent-encoded characters that need no encoding, and keeps the rest.
fn normalise(bytes: &[u8], text: &mut String) {
    let digit = |b: u8| char::from(b).to_digit(16);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'%', Some(&high), Some(&low)) => {
                digit(high).zip(digit(low)).map(|(h, l)| (h * 16 + l) as u8)
            }
            _ => None,
        };
        let plain =
            code.filter(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~'));
        match (plain, code) {
            (Some(plain), _) => text.push(char::from(plain)),
            (None, Some(code)) => {
                let _ = write!(text, "%{code:02X}");
            }
            (None, None) => text.push(char::from(byte)),
        }
        at += if code.is_some() { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(uri: &str) -> Address {
        Address::parse(uri).unwrap()
    }

    #[test]
    fn addresses_are_parsed_by_scheme() {
        assert_eq!(parsed("file:///media/a%20b.mp4"), Address::File("/media/a b.mp4".into()));
        let key = |uri: &str| match parsed(uri) {
            Address::Object { bucket, key, .. } => (bucket, key),
            other => panic!("{other:?}"),
        };
        assert_eq!(key("s3://b/x%20y?z#/../é"), ("b".into(), "x%20y?z#/../é".into()));
        assert_eq!(key("az://videos/a//b"), ("videos".into(), "a//b".into()));
        assert_eq!(
            parsed("HTTPS://CDN.example.com:443/a#t=1").canonical(),
            "https://cdn.example.com/a"
        );
    }

    #[test]
    fn invalid_addresses_are_refused_without_being_repeated() {
        let wrong = [
            "",
            "secret",
            "ftp://secret/a",
            "file://secret/etc/passwd",
            "file:///a/../secret",
            "file:///a/%2e%2e/secret",
            "file:///a/%2E./secret",
            "file:///a?secret",
            "file:///a/%00secret",
            "s3://secret",
            "s3://secret/",
            "s3:///secret",
            "s3://se cret/a",
            "http://",
            "https://[secret]/",
            "gs://../secret",
        ];
        for uri in wrong {
            let error = Address::parse(uri).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{uri}: {error}");
        }
    }

    #[test]
    fn spellings_of_one_web_address_have_one_canonical_form() {
        let one = parsed("https://cdn.example.com/v/%6Dovie%2f1.mp4?a=%41").canonical();
        assert_eq!(one, "https://cdn.example.com/v/movie%2F1.mp4?a=A");
        assert_eq!(parsed("https://CDN.example.com/v/x/../movie%2F1.mp4?a=A").canonical(), one);
        assert_ne!(parsed("https://cdn.example.com/v/movie/1.mp4?a=A").canonical(), one);
        assert_eq!(parsed("https://h/a%zz%4").canonical(), "https://h/a%zz%4");
    }

    #[test]
    fn a_gate_looks_up_the_address_and_everything_above_it() {
        let spellings = parsed("https://h/hls/8812/1.ts?token=x").spellings(9);
        assert_eq!(spellings.exact, ["https://h/hls/8812/1.ts?token=x", "https://h/hls/8812/1.ts"]);
        assert_eq!(spellings.prefixes, ["https://h/hls/8812/", "https://h/hls/", "https://h/"]);
        let object = parsed("s3://b/hls/1.ts").spellings(1);
        assert_eq!((object.exact.len(), object.prefixes), (1, vec!["s3://b/hls/".to_owned()]));
    }

    #[test]
    fn a_prefix_ends_with_a_slash_and_is_no_root() {
        for good in ["file:///media/v/", "s3://b/hls/", "gs://b/a/b/"] {
            assert!(parsed(good).can_be_prefix(), "{good}");
        }
        for bad in ["file:///", "file:///media/v", "s3://b/hls", "s3://b//", "https://h/a/"] {
            assert!(!parsed(bad).can_be_prefix(), "{bad}");
        }
    }
}
