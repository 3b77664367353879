//! When a video was posted, as far as that is known: an earliest and a latest time.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{DAY_S, MINUTE_S, UnixSeconds};

/// 2000-01-01T00:00:00Z. No platform has older videos; such a time is a mistake, often a zero.
const FIRST: UnixSeconds = 946_684_800;

/// An interval that contains the time at which a video was posted. A known time is both ends, a known day its two ends,
/// UTC.
///
/// *Earlier* means surely earlier: two intervals that overlap have no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Posted {
    pub from: UnixSeconds,
    pub to: UnixSeconds,
}

/// Why a text or a time is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotATimeOfPosting {
    #[error("must be an RFC 3339 time or a day, such as 2026-01-31T12:00:00Z or 2026-01-31")]
    Malformed,
    #[error("it is in the future")]
    Future,
    #[error("it is before the year 2000")]
    TooOld,
}

impl Posted {
    /// At a known time.
    pub fn at(time: UnixSeconds) -> Posted {
        Posted { from: time, to: time }
    }

    /// Of a deleted video: if nothing is known, some time before its deletion.
    pub fn of_deleted(
        known: Option<(UnixSeconds, UnixSeconds)>,
        deleted_at: UnixSeconds,
    ) -> Posted {
        let (from, to) = known.unwrap_or((UnixSeconds::MIN, deleted_at));
        Posted { from, to }
    }

    /// Whether it is surely earlier.
    pub fn is_before(&self, other: &Posted) -> bool {
        self.to < other.from
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// [`NotATimeOfPosting::Future`] beyond a day, because clocks and time zones differ; [`NotATimeOfPosting::TooOld`]
    /// before 2000.
    pub fn checked(self, now: UnixSeconds) -> Result<Posted, NotATimeOfPosting> {
        if self.from > now.saturating_add(DAY_S) {
            Err(NotATimeOfPosting::Future)
        } else if self.from < FIRST {
            Err(NotATimeOfPosting::TooOld)
        } else {
            Ok(self)
        }
    }

    /// What it says of a video that was deleted at a time. `None` if it is that time, within a minute, or later: then
    /// the sender had no time of posting and named the time at hand.
    pub fn before_deletion(self, deleted_at: UnixSeconds) -> Option<Posted> {
        let to = self.to.min(deleted_at);
        (self.from < deleted_at - MINUTE_S).then_some(Posted { to: to.max(self.from), ..self })
    }
}

impl FromStr for Posted {
    type Err = NotATimeOfPosting;

    /// An RFC 3339 time, or a day.
    fn from_str(text: &str) -> Result<Posted, NotATimeOfPosting> {
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Posted::at(time.as_second()));
        }
        let is_day = text.len() == "2026-01-31".len();
        let day = text.parse::<jiff::civil::Date>().ok().filter(|_| is_day);
        let start = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        let from = start.ok_or(NotATimeOfPosting::Malformed)?.timestamp().as_second();
        Ok(Posted { from, to: from + DAY_S - 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T12:00:00Z.
    const NOON: UnixSeconds = 1_769_860_800;

    fn of(text: &str) -> Posted {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_its_two_ends_and_a_time_is_itself() {
        assert_eq!(of("2026-01-31T12:00:00Z"), Posted::at(NOON));
        assert_eq!(of("2026-01-31T13:00:00+01:00"), Posted::at(NOON));
        assert_eq!(of("2026-01-31"), Posted { from: NOON - 43_200, to: NOON + 43_199 });
        for text in ["", "yesterday", "2026-01-31T12:00", "2026-02-31", "1769860800", "20260131"] {
            assert_eq!(text.parse::<Posted>(), Err(NotATimeOfPosting::Malformed), "{text}");
        }
    }

    #[test]
    fn a_day_that_overlaps_a_time_has_no_order_with_it() {
        assert!(of("2026-01-30").is_before(&of("2026-01-31")));
        assert!(of("2026-01-30").is_before(&Posted::at(NOON)));
        assert!(!of("2026-01-31").is_before(&Posted::at(NOON)));
        assert!(!Posted::at(NOON).is_before(&of("2026-01-31")));
        let unknown = Posted::of_deleted(None, NOON);
        assert!(unknown.is_before(&of("2026-02-01")), "posted before it was deleted");
        assert!(!of("2001-01-01").is_before(&unknown), "it may be older than anything");
    }

    #[test]
    fn the_future_and_the_last_century_are_refused() {
        assert_eq!(of("2026-02-01T11:59:00Z").checked(NOON), Ok(of("2026-02-01T11:59:00Z")));
        assert_eq!(of("2026-02-01T12:01:00Z").checked(NOON), Err(NotATimeOfPosting::Future));
        assert_eq!(of("2000-01-01").checked(NOON), Ok(of("2000-01-01")));
        assert_eq!(of("1999-12-31").checked(NOON), Err(NotATimeOfPosting::TooOld));
        assert_eq!(Posted::at(0).checked(NOON), Err(NotATimeOfPosting::TooOld));
    }

    #[test]
    fn the_time_of_the_deletion_is_no_time_of_posting() {
        assert_eq!(Posted::at(NOON - 30).before_deletion(NOON), None);
        assert_eq!(Posted::at(NOON + 3600).before_deletion(NOON), None);
        assert_eq!(Posted::at(NOON - 61).before_deletion(NOON), Some(Posted::at(NOON - 61)));
        let today = of("2026-01-31").before_deletion(NOON);
        assert_eq!(today, Some(Posted { from: NOON - 43_200, to: NOON }));
    }
}
