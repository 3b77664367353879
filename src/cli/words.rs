//! Results in plain words.

use std::path::Path;

use crate::cli::table::printable;
use crate::model::{
    Permission, Placement, Reason, Report, ReportMatch, Span, SpanPair, Strength, UnixSeconds,
    VerdictKind,
};

/// A report as `check` shows it.
pub(super) fn report(path: &Path, report: &Report) -> String {
    let head = format!(
        "{}: {}, {}",
        printable(&path.to_string_lossy()),
        report.verdict.kind.as_str().to_uppercase(),
        reason(report)
    );
    let trouble = report.trouble.iter().map(|t| format!("  {t}"));
    let damage = report.damage.iter().map(|d| format!("  note: {d}"));
    let matches = report.matches.iter().flat_map(match_lines);
    [head].into_iter().chain(trouble).chain(damage).chain(matches).collect::<Vec<_>>().join("\n")
}

/// Why a verdict is what it is.
pub(super) fn reason(report: &Report) -> String {
    let best = report.matches.iter().find(|m| m.found.verdict == report.verdict.kind);
    let id = best.map(|m| format!("`{}`", printable(&m.found.tombstone.0)));
    let id = id.as_deref().unwrap_or("a tombstone");
    match (report.verdict.reason, report.verdict.kind) {
        (Reason::NoMatch, _) => "it matches no tombstone".into(),
        (Reason::Match, VerdictKind::Block) => format!("it shows the deleted video {id}"),
        (Reason::Match, _) => format!("it may show the deleted video {id}; somebody should look"),
        (Reason::SameBytes, _) => format!("it is byte for byte the deleted file of {id}"),
        (Reason::Owner, _) => "it shows only the uploader's own deleted videos".into(),
        (Reason::Grant, _) => {
            "it shows only deleted videos whose owners allow this uploader to post them".into()
        }
        (Reason::Common, _) => {
            "it shares with deleted videos only what many owners' videos have".into()
        }
        (Reason::Undecodable, _) => "it cannot be decoded to its end; somebody should look".into(),
        (Reason::Featureless, _) => "no frame of it shows anything that could be recognised".into(),
        (Reason::Unchecked, _) => "it could not be checked; somebody should look".into(),
        (Reason::Reversed, _) => "what stood against it was taken back".into(),
        (Reason::Decided, _) => "a moderator has decided".into(),
        (Reason::RuledOut, _) => {
            "a moderator ruled that it is not the deleted videos that it resembles".into()
        }
        (Reason::Shadow, _) => "the verdict was recorded and is not acted upon".into(),
    }
}

fn match_lines(one: &ReportMatch) -> Vec<String> {
    let found = &one.found;
    let evidence = &found.evidence;
    let own = match one.weighed.permission() {
        Some(Permission::Owner) => ", the uploader's own",
        Some(Permission::Grant) => ", with its owner's permission",
        None => "",
    };
    let mut lines = vec![format!(
        "  {}  {}{own}  score {:.1}: {}",
        found.verdict.as_str(),
        printable(&found.tombstone.0),
        found.score,
        score(found.score)
    )];
    if evidence.same_bytes {
        lines.push("         the same bytes".into());
        return lines;
    }
    lines.extend(found.spans.iter().map(|s| format!("         {}", span_pair(s))));
    lines.push(format!(
        "         evidence: {} keypoints in {} keyframes, {:.0} % of those that ought to be visible; frames {}{}",
        evidence.keypoints,
        evidence.keyframes,
        evidence.coverage * 100.0,
        frames(evidence.frames_nats),
        if one.common() { "; mostly what many owners' videos share" } else { "" },
    ));
    if one.strength == Strength::Review && found.verdict == VerdictKind::Review {
        lines.push("         the tombstone is good for review only".into());
    }
    lines
}

/// What a score means.
pub(super) fn score(score: f64) -> String {
    let power = score.floor();
    if score < 1.0 {
        "as good as chance".into()
    } else if power >= 20.0 {
        "not by chance".into()
    } else {
        format!("by chance in one of 10^{power} uploads")
    }
}

fn frames(nats: f64) -> String {
    match nats {
        n if n >= 10.0 => format!("agree ({n:.0} nats)"),
        n if n <= -5.0 => format!("disagree ({n:.0} nats)"),
        n => format!("tell little ({n:.0} nats)"),
    }
}

/// `seconds 2.0–7.0 show 0.0–5.0 of it, mirrored, at 48 % size in the lower right`.
pub(super) fn span_pair(pair: &SpanPair) -> String {
    let manner = [speed(pair.speed), placement(&pair.placement)].into_iter().flatten();
    let manner: Vec<String> = manner.collect();
    format!(
        "{} s shows {} s of it: {}",
        span(&pair.upload),
        span(&pair.deleted),
        if manner.is_empty() { "as it was".to_owned() } else { manner.join(", ") }
    )
}

pub(super) fn span<V>(span: &Span<V>) -> String {
    format!("{:.1}–{:.1}", span.start_s, span.end_s)
}

fn speed(speed: f64) -> Option<String> {
    let reversed = if speed < 0.0 { "backwards, " } else { "" };
    let pace = speed.abs();
    if (pace - 1.0).abs() < 0.03 {
        return (speed < 0.0).then(|| "backwards".to_owned());
    }
    Some(format!("{reversed}{pace:.2} times as fast"))
}

/// `None` for the whole picture as it was.
pub(super) fn placement(placement: &Placement) -> Option<String> {
    let mut parts = Vec::new();
    if placement.mirrored {
        parts.push("mirrored".to_owned());
    }
    if placement.inverted {
        parts.push("in negative".to_owned());
    }
    if placement.rotation_deg.abs() >= 2.0 {
        let way = if placement.rotation_deg > 0.0 { "clockwise" } else { "counterclockwise" };
        parts.push(format!("turned {:.0}° {way}", placement.rotation_deg.abs()));
    }
    parts.extend(place(placement));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Where the picture sits and how much of it shows.
fn place(placement: &Placement) -> Option<String> {
    let bounds = |of: fn(&crate::model::Point) -> f64| {
        let values = placement.quad.iter().map(of);
        values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)))
    };
    let ((x0, x1), (y0, y1)) = (bounds(|p| p.x), bounds(|p| p.y));
    let (width, height) = (x1 - x0, y1 - y0);
    let environment = [-x0, -y0, x1 - 1.0, y1 - 1.0].into_iter().fold(0.0, f64::max);
    let percent = |v: f64| (v * 100.0).round();
    if environment > 0.04 {
        let seen = (x1.min(1.0) - x0.max(0.0)).max(0.0) * (y1.min(1.0) - y0.max(0.0)).max(0.0);
        let share = seen / (width * height).max(1e-9);
        return Some(format!("cropped to {} % of its area", percent(share)));
    }
    if width > 0.94 && height > 0.94 {
        return None;
    }
    let third = |v: f64, names: [&'static str; 3]| match v {
        v if v < 0.4 => names[0],
        v if v > 0.6 => names[2],
        _ => names[1],
    };
    let vertical = third((y0 + y1) / 2.0, ["top", "", "bottom"]);
    let horizontal = third((x0 + x1) / 2.0, ["left", "", "right"]);
    let at = match (vertical, horizontal) {
        ("", "") => "in the middle".to_owned(),
        ("", side) | (side, "") => format!("at the {side}"),
        (vertical, horizontal) => format!("at the {vertical} {horizontal}"),
    };
    Some(format!("{} × {} % of the picture, {at}", percent(width), percent(height)))
}

pub(super) fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Block => "block",
        Strength::Review => "review only",
        Strength::Unmatchable => "unmatchable",
    }
}

/// Seconds as `12.3 s` or `4:05 min`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 100.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole / 3600 {
        0 => format!("{}:{:02} min", whole / 60, whole % 60),
        hours => format!("{hours}:{:02} h", whole / 60 % 60),
    }
}

pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// RFC 3339, UTC.
pub(super) fn time(seconds: UnixSeconds) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Point;

    fn at(x0: f64, y0: f64, x1: f64, y1: f64) -> Placement {
        let quad = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| Point { x, y });
        Placement { mirrored: false, inverted: false, rotation_deg: 0.0, scale: x1 - x0, quad }
    }

    #[test]
    fn placements_read_as_people_would_say_it() {
        assert_eq!(placement(&at(0.0, 0.0, 1.0, 1.0)), None);
        let corner = Placement { mirrored: true, rotation_deg: -10.2, ..at(0.6, 0.7, 0.9, 0.95) };
        let expected =
            "mirrored, turned 10° counterclockwise, 30 × 25 % of the picture, at the bottom right";
        assert_eq!(placement(&corner).as_deref(), Some(expected));
        let cropped = placement(&at(-0.5, 0.0, 1.5, 1.0));
        assert_eq!(cropped.as_deref(), Some("cropped to 50 % of its area"));
        let letterbox = placement(&at(0.0, 0.22, 1.0, 0.78));
        assert_eq!(letterbox.as_deref(), Some("100 × 56 % of the picture, in the middle"));
    }

    #[test]
    fn speeds_lengths_and_sizes() {
        assert_eq!(speed(1.01), None);
        assert_eq!(speed(-1.0).as_deref(), Some("backwards"));
        assert_eq!(speed(1.25).as_deref(), Some("1.25 times as fast"));
        assert_eq!(duration(12.34), "12.3 s");
        assert_eq!(duration(245.0), "4:05 min");
        assert_eq!(duration(7260.0), "2:01 h");
        assert_eq!(bytes(11_540), "11.5 KB");
    }
}
