//! Times and waits in requests.

use std::time::Duration;

use crate::http::error::{Kind, Problem};
use crate::model::{NotATimeOfPosting, Posted, UnixSeconds};

/// Longest wait for a verdict within a request, seconds: the usual read timeout of proxies.
const WAIT_S_MAX: u64 = 60;

/// The time to wait for a verdict; zero when absent.
///
/// # Errors
/// [`Kind::Invalid`] for more than a minute.
pub fn wait_for(seconds: Option<u64>) -> Result<Duration, Problem> {
    let seconds = seconds.unwrap_or(0);
    if seconds > WAIT_S_MAX {
        let detail = format!("`wait`: must be between 0 and {WAIT_S_MAX} seconds.");
        return Err(Problem::new(Kind::Invalid, detail));
    }
    Ok(Duration::from_secs(seconds))
}

/// Parses an RFC 3339 time; `what` is the name of the field.
///
/// # Errors
/// [`Kind::Invalid`], naming the field.
pub fn parse_time(what: &str, text: &str) -> Result<UnixSeconds, Problem> {
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map(|at| at.as_second()).map_err(|_| {
        let detail = format!("`{what}`: must be an RFC 3339 time, such as 2026-01-31T12:00:00Z.");
        Problem::new(Kind::Invalid, detail)
    })
}

/// Parses a time of posting: an RFC 3339 time, or a day; `what` is the name of the field.
///
/// # Errors
/// [`Kind::Invalid`], naming the field.
pub fn parse_posted(what: &str, text: &str) -> Result<Posted, Problem> {
    text.parse().map_err(|error: NotATimeOfPosting| {
        Problem::new(Kind::Invalid, format!("`{what}`: {error}."))
    })
}
