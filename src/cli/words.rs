//! Results as text.

use std::path::Path;

use crate::cli::table::printable;
use crate::model::{
    FrameAgreement, Permission, Reason, Report, ReportMatch, Span, SpanPair, Strength, VerdictKind,
    alteration, position,
};

/// A report as `check` prints it.
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

/// The reason of a verdict.
pub(super) fn reason(report: &Report) -> String {
    let best = report.matches.iter().find(|m| m.found.verdict == report.verdict.kind);
    let id = best.map(|m| format!("`{}`", printable(&m.found.tombstone.0)));
    let id = id.as_deref().unwrap_or("a tombstone");
    match (report.verdict.reason, report.verdict.kind) {
        (Reason::NoMatch, _) => "no match".into(),
        (Reason::Match, VerdictKind::Block) => format!("shows the deleted video {id}"),
        (Reason::Match, _) => format!("may show the deleted video {id}; needs a moderator"),
        (Reason::SameBytes, _) => format!("identical to the deleted file of {id}"),
        (Reason::Owner, _) => "shows only the uploader's own deleted videos".into(),
        (Reason::Grant, _) => {
            "shows only deleted videos that this uploader has permission to re-upload".into()
        }
        (Reason::Common, VerdictKind::Allow) => {
            "shares with deleted videos only a part that many of them have in common".into()
        }
        (Reason::Common, _) => {
            format!(
                "shows of {id} mostly what other deleted videos have as well; needs a moderator"
            )
        }
        (Reason::Earlier, _) => {
            format!("shows {id}, but was posted before it; needs a moderator")
        }
        (Reason::Partial, _) => format!("shows a small part of {id}; needs a moderator"),
        (Reason::SamePlace, _) => {
            format!("shows the same place as {id}, perhaps another recording; needs a moderator")
        }
        (Reason::Strength, _) => {
            format!("shows {id}, which has too little to recognise it by; needs a moderator")
        }
        (Reason::Undecodable, _) => "cannot be decoded completely; needs a moderator".into(),
        (Reason::Featureless, _) => "no frame shows anything that can be recognised".into(),
        (Reason::Unchecked, _) => "could not be checked; needs a moderator".into(),
        (Reason::Reversed, _) => "the verdict against it was reversed".into(),
        (Reason::Decided, _) => "decided by a moderator".into(),
        (Reason::RuledOut, _) => {
            "a moderator ruled that it does not show the deleted videos that it resembles".into()
        }
        (Reason::Shadow, _) => "shadow mode: the verdict was recorded but not applied".into(),
    }
}

fn match_lines(one: &ReportMatch) -> Vec<String> {
    let found = &one.found;
    let evidence = &found.evidence;
    let own = match one.weighed.permission() {
        Some(Permission::Owner) => ", the uploader's own",
        Some(Permission::Grant) => ", permitted by its owner",
        None => "",
    };
    let mut lines = vec![format!(
        "  {}  {}{own}  score {}: {}",
        found.verdict.as_str(),
        printable(&found.tombstone.0),
        crate::wire::score_text(found.score),
        score(found.score)
    )];
    if let Some(group) = one.weighed.group.filter(|group| group.tombstones > 1) {
        lines
            .push(format!("         one of {} deleted videos with this content", group.tombstones));
    }
    if evidence.same_bytes {
        lines.push("         identical bytes".into());
        return lines;
    }
    lines.extend(found.spans.iter().map(|s| format!("         {}", span_pair(s))));
    lines.push(format!(
        "         evidence: {} keypoints in {} keyframes, {:.0} % of those that should be visible; frames: {} ({:.0} nats){}",
        evidence.keypoints,
        evidence.keyframes,
        evidence.coverage * 100.0,
        FrameAgreement::of(evidence.frames_nats).as_str(),
        evidence.frames_nats,
        if one.common() { "; mostly what other deleted videos have as well" } else { "" },
    ));
    if one.strength == Strength::Review && found.verdict == VerdictKind::Review {
        lines.push("         the deleted video has too little to block by".into());
    }
    lines
}

/// The meaning of a score.
pub(super) fn score(score: f64) -> String {
    let power = score.floor();
    if score < 1.0 {
        "no better than chance".into()
    } else if power >= 20.0 {
        "never by chance".into()
    } else {
        format!("by chance in one of 10^{power} uploads")
    }
}

/// `2.0–7.0 s shows 0.0–5.0 s of it: 48 × 48 % of the picture, in the lower right, mirrored`.
pub(super) fn span_pair(pair: &SpanPair) -> String {
    format!("{} s shows {} s of it: {}", span(&pair.upload), span(&pair.deleted), manner(pair))
}

pub(super) fn span<V>(span: &Span<V>) -> String {
    format!("{:.1}–{:.1}", span.start_s, span.end_s)
}

/// Where the deleted picture is and how it was altered.
pub(super) fn manner(pair: &SpanPair) -> String {
    format!("{}, {}", position(&pair.placement), alteration(&pair.placement, pair.speed))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes() {
        assert_eq!(duration(12.34), "12.3 s");
        assert_eq!(duration(245.0), "4:05 min");
        assert_eq!(duration(7260.0), "2:01 h");
        assert_eq!(bytes(11_540), "11.5 KB");
    }
}
