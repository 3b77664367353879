//! Numbers, times and terms as people read them.

use crate::http::request::times::parse_time;
use crate::model::{DAY_S, HOUR_S, MINUTE_S, MatchKind, UnixSeconds, rfc3339};

/// The time since `at`, in one unit: `4 min ago`, `3 h ago`, `12 d ago`. A future time, after a clock was set back, is
/// `now`.
pub fn ago(at: UnixSeconds, now: UnixSeconds) -> String {
    span(now - at).map_or_else(|| "now".to_owned(), |span| format!("{span} ago"))
}

/// A duration in one unit; `None` below a minute.
pub fn span(seconds: i64) -> Option<String> {
    match seconds {
        ..MINUTE_S => None,
        MINUTE_S..HOUR_S => Some(format!("{} min", seconds / MINUTE_S)),
        HOUR_S..DAY_S => Some(format!("{} h", seconds / HOUR_S)),
        _ => Some(format!("{} d", seconds / DAY_S)),
    }
}

/// An age for a narrow column.
pub fn age(seconds: i64) -> String {
    span(seconds).unwrap_or_else(|| "< 1 min".to_owned())
}

/// `2026-01-31`
pub fn day(at: UnixSeconds) -> String {
    time(at, "%Y-%m-%d")
}

/// `2026-01-31 14:05`
pub fn minute(at: UnixSeconds) -> String {
    time(at, "%Y-%m-%d %H:%M")
}

/// `2026-01-31T14:05:06Z` as `2026-01-31 14:05`.
pub fn minute_of(time: &str) -> String {
    parse_time("at", time).map_or_else(|_| time.to_owned(), minute)
}

/// A time for the `datetime` attribute of `<time>`.
pub fn machine(at: UnixSeconds) -> String {
    rfc3339(at)
}

fn time(at: UnixSeconds, format: &str) -> String {
    jiff::Timestamp::from_second(at)
        .map_or_else(|_| "?".to_owned(), |at| at.strftime(format).to_string())
}

/// A position in a video: `0:07.3`, `1:02:33.0`.
pub fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}.{tenth}")
    } else {
        format!("{minutes}:{rest:02}.{tenth}")
    }
}

/// `1 upload`, `12 uploads`
pub fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(n)) }
}

/// `1 case waits`, `12 cases wait`
pub fn counted(n: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { more })
}

/// A number with thin spaces between thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Capitalises a message and removes the backticks that the API puts around field names.
pub fn sentence(text: &str) -> String {
    let plain = text.replace('`', "");
    let mut letters = plain.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// A message of the engine with its codes and times as people read them.
pub fn plain(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['`', '.', ',']);
        let end = if word.ends_with('.') { "." } else { "" };
        match bare {
            "reupload" => format!("“a re-upload”{end}"),
            "not_reupload" => format!("“not a re-upload”{end}"),
            "authorised" => format!("“authorised”{end}"),
            time => match time.parse::<jiff::Timestamp>() {
                Ok(at) => format!("{} UTC{end}", at.strftime("%Y-%m-%d %H:%M")),
                Err(_) => word.to_owned(),
            },
        }
    };
    sentence(&text.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

/// The label of a kind of match.
pub fn match_kind(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::SameBytes => "identical file",
        MatchKind::Whole => "full frame, unaltered",
        MatchKind::Inset => "in a part of the frame",
        MatchKind::Altered => "altered",
        MatchKind::Frames => "similar frames, few details",
        MatchKind::None => "no match: not checked or not decodable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_read_well() {
        assert_eq!(ago(0, 59), "now");
        assert_eq!(ago(1000, 0), "now");
        assert_eq!(ago(0, 7300), "2 h ago");
        assert_eq!(age(200_000), "2 d");
        assert_eq!(clock(7.26), "0:07.3");
        assert_eq!(clock(3753.0), "1:02:33.0");
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(1_234_567, "case"), "1\u{202f}234\u{202f}567 cases");
        assert_eq!(sentence("`name`: taken"), "Name: taken");
        assert_eq!(
            plain("Cleo decided `not_reupload` at 2026-11-24T19:48:47Z."),
            "Cleo decided “not a re-upload” at 2026-11-24 19:48 UTC."
        );
    }
}
