//! An upload's bytes for the player, whole or in part (`Range`); and key pictures for what browsers cannot play.

use std::fs::File;
use std::io::SeekFrom;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::engine::UploadFile;
use crate::http::error::{Kind, Problem};
use crate::http::extract::Json;

/// Read and sent at once.
const PIECE_BYTES: usize = 1 << 17;

/// Sends a file, or the part of it that is asked for.
///
/// # Errors
/// The file cannot be read.
pub async fn send(found: UploadFile, headers: &HeaderMap) -> Result<Response, Problem> {
    let UploadFile { file, size, kind } = found;
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = match asked.map(|range| Part::of(range, size)) {
        Some(Asked::Part(part)) => Some(part),
        Some(Asked::Beyond) => {
            let all = format!("bytes */{size}");
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok((status, [(header::CONTENT_RANGE, all)]).into_response());
        }
        Some(Asked::Unclear) | None => None,
    };
    let (start, length) = part.map_or((0, size), |part| (part.start, part.end - part.start + 1));
    let body = stream(file, start, length).await.map_err(|error| Problem::internal(&error))?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type()));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let Some(Part { start, end }) = part {
        let range = format!("bytes {start}-{end}/{size}");
        let range = HeaderValue::from_str(&range).expect("digits are a header");
        headers.insert(header::CONTENT_RANGE, range);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

async fn stream(file: File, start: u64, length: u64) -> std::io::Result<Body> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(start)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file.take(length), PIECE_BYTES)))
}

/// First and last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    start: u64,
    end: u64,
}

/// What a `Range` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Part(Part),
    /// Nothing that the file has.
    Beyond,
    /// Something else than one range of bytes, which may be answered with everything (RFC 9110, 14.2).
    Unclear,
}

impl Part {
    fn of(range: &str, size: u64) -> Asked {
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|r| r.split_once('-'))
        else {
            return Asked::Unclear;
        };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (start, end) = match (number(first), number(last)) {
            (Some(start), Some(end)) => (start, end.min(size.saturating_sub(1))),
            (Some(start), None) if last.trim().is_empty() => (start, size.saturating_sub(1)),
            (None, Some(tail)) if first.trim().is_empty() && tail > 0 => {
                (size.saturating_sub(tail), size.saturating_sub(1))
            }
            _ => return Asked::Unclear,
        };
        if start >= size || start > end { Asked::Beyond } else { Asked::Part(Part { start, end }) }
    }
}

/// Key pictures.
#[derive(Debug, Serialize)]
pub struct Pictures {
    pictures: Vec<Picture>,
}

#[derive(Debug, Serialize)]
struct Picture {
    time_s: f64,
    /// In base64.
    jpeg: String,
}

/// Key pictures as scripts take them.
///
/// # Errors
/// 410 when there is no file to take them from.
pub fn pictures(found: Option<Vec<crate::engine::KeyPicture>>) -> Result<Json<Pictures>, Problem> {
    let found = found.ok_or_else(gone)?;
    let pictures = found.into_iter().map(|one| Picture {
        time_s: (one.time_s * 100.0).round() / 100.0,
        jpeg: STANDARD.encode(one.jpeg),
    });
    Ok(Json(Pictures { pictures: pictures.collect() }))
}

/// The upload's bytes are not here any more.
pub fn gone() -> Problem {
    Problem::new(Kind::Gone, "The upload's file is gone.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_part_of_the_file() {
        let part = |start, end| Asked::Part(Part { start, end });
        assert_eq!(Part::of("bytes=0-", 10), part(0, 9));
        assert_eq!(Part::of("bytes=2-5", 10), part(2, 5));
        assert_eq!(Part::of("bytes=2-500", 10), part(2, 9));
        assert_eq!(Part::of("bytes=-3", 10), part(7, 9));
        assert_eq!(Part::of("bytes=-30", 10), part(0, 9));
        for beyond in ["bytes=10-", "bytes=5-2", "bytes=99-100"] {
            assert_eq!(Part::of(beyond, 10), Asked::Beyond, "{beyond}");
        }
        assert_eq!(Part::of("bytes=0-", 0), Asked::Beyond);
        for unclear in ["bytes=0-1,3-4", "items=0-1", "bytes=-", "bytes=a-b", "bytes=-0"] {
            assert_eq!(Part::of(unclear, 10), Asked::Unclear, "{unclear}");
        }
    }
}
