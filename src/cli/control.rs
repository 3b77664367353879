//! Requests to a running service over its control socket, so that a command works while the service runs.
//!
//! One request per connection and a response of known length need no HTTP client.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use crate::http::CONTROL_SOCKET;

/// Without a response for this long, the service hangs.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest response that is read, bytes.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// A running service.
pub(super) struct Service(UnixStream);

impl Service {
    /// Connects to the service that runs on a data folder; `None` if there is none.
    pub fn find(data: &Path) -> Option<Service> {
        let stream = UnixStream::connect(data.join(CONTROL_SOCKET)).ok()?;
        stream.set_read_timeout(Some(TIMEOUT)).ok()?;
        stream.set_write_timeout(Some(TIMEOUT)).ok()?;
        Some(Service(stream))
    }

    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// The service does not respond, or it refuses the request; the error then has its detail.
    pub fn ask<T: DeserializeOwned>(
        mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<T> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: control\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut exchange = || -> io::Result<Vec<u8>> {
            self.0.write_all(head.as_bytes())?;
            self.0.write_all(body.as_bytes())?;
            let mut answer = Vec::new();
            Read::by_ref(&mut self.0).take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().context("the running service does not respond")?;
        let (status, body) =
            parse(&answer).context("the response of the running service is not HTTP")?;
        if !(200..300).contains(&status) {
            let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            bail!(
                "the running service refused the request: {}",
                problem["detail"].as_str().unwrap_or("it gave no reason")
            );
        }
        serde_json::from_slice(body).context("the running service has another version")
    }
}

/// Status and body of a response.
fn parse(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, &answer[end + 4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_parsed() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}"), Some((200, &b"{}"[..])));
        assert_eq!(parse(b"HTTP/1.1 204 No Content\r\n\r\n"), Some((204, &b""[..])));
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
