//! A file as a response with range support (RFC 9110, section 14), as players need it: `bytes=100-199`, `100-`, `-100`.
//! A request for several ranges gets the whole file.

use std::fs::File;
use std::io::SeekFrom;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::engine::Viewing;
use crate::http::error::{Kind, Problem};

/// Bytes read at a time.
const PIECE_BYTES: usize = 1 << 16;

/// The bytes of a file that a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// From the first to the last, both included.
    Part(u64, u64),
    Beyond,
}

/// Responds with the file or the requested range. The headers forbid caching, and running scripts in the file.
///
/// # Errors
/// [`Kind::Internal`] if the file cannot be read.
pub async fn ranged(viewing: Viewing, request: &HeaderMap) -> Result<Response, Problem> {
    let Viewing { file, length, media_type } = viewing;
    let range = request.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, first, last) = match wanted(range, length) {
        Wanted::All => (StatusCode::OK, 0, length.saturating_sub(1)),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last),
        Wanted::Beyond => return Ok(beyond(length)),
    };
    let count = if length == 0 { 0 } else { last - first + 1 };
    let body = part(file, first, count).await.map_err(|error| Problem::internal(&error))?;
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LENGTH, count.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let alone = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, alone);
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, content_range(first, last, length));
    }
    Ok(response)
}

async fn part(file: File, first: u64, count: u64) -> std::io::Result<Body> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(first)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file.take(count), PIECE_BYTES)))
}

fn content_range(first: u64, last: u64, length: u64) -> HeaderValue {
    let text = format!("bytes {first}-{last}/{length}");
    HeaderValue::try_from(text).expect("ASCII text is a valid header")
}

fn beyond(length: u64) -> Response {
    let detail = format!("The file has {length} bytes; the range starts beyond its end.");
    let mut response = Problem::new(Kind::RangeNotSatisfiable, detail).into_response();
    let whole = HeaderValue::try_from(format!("bytes */{length}"));
    response
        .headers_mut()
        .insert(header::CONTENT_RANGE, whole.expect("ASCII text is a valid header"));
    response
}

/// A malformed `Range` header is ignored, as the RFC requires.
fn wanted(range: Option<&str>, length: u64) -> Wanted {
    let Some(one) = range.and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    let Some((from, to)) = one.split_once('-').filter(|_| !one.contains(',')) else {
        return Wanted::All;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (from.trim().is_empty(), number(from), to.trim().is_empty(), number(to)) {
        (false, Some(first), _, _) if first >= length => Wanted::Beyond,
        (false, Some(first), true, _) => Wanted::Part(first, length - 1),
        (false, Some(first), false, Some(last)) if last >= first => {
            Wanted::Part(first, last.min(length - 1))
        }
        (true, _, false, Some(count)) if count == 0 || length == 0 => Wanted::Beyond,
        (true, _, false, Some(count)) => Wanted::Part(length.saturating_sub(count), length - 1),
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let of = |range: &str| wanted(Some(range), 1000);
        assert_eq!(wanted(None, 1000), Wanted::All);
        assert_eq!(of("bytes=0-"), Wanted::Part(0, 999));
        assert_eq!(of("bytes=100-199"), Wanted::Part(100, 199));
        assert_eq!(of("bytes=900-5000"), Wanted::Part(900, 999));
        assert_eq!(of("bytes=-100"), Wanted::Part(900, 999));
        assert_eq!(of("bytes=-5000"), Wanted::Part(0, 999));
        for beyond in ["bytes=1000-", "bytes=1000-1001", "bytes=-0"] {
            assert_eq!(of(beyond), Wanted::Beyond, "{beyond}");
        }
        for unknown in ["bytes=5-4", "bytes=a-b", "bytes=-", "bytes=1-2,5-6", "items=1-2", ""] {
            assert_eq!(of(unknown), Wanted::All, "{unknown}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Beyond);
    }
}
