//! Lengths of time in seconds, and moments as text.

use jiff::Timestamp;

use crate::model::UnixSeconds;

/// A minute, seconds.
pub const MINUTE_S: i64 = 60;
/// An hour, seconds.
pub const HOUR_S: i64 = 60 * MINUTE_S;
/// A day, seconds; Unix time has no leap seconds.
pub const DAY_S: i64 = 24 * HOUR_S;

/// A moment as RFC 3339 writes it, in UTC: `2026-01-31T12:00:00Z`.
///
/// Moments outside the years −9999 to 9999 become the nearest one inside.
pub fn rfc3339(at: UnixSeconds) -> String {
    let nearest = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(at).unwrap_or(nearest).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_769_860_800), "2026-01-31T12:00:00Z");
        assert!(rfc3339(i64::MAX).starts_with("9999-12-3"));
        assert!(rfc3339(i64::MIN).starts_with("-009999-01-0"));
    }
}
