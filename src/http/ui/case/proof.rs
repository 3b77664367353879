//! What matches, as the case's page shows it: in words, as bands on two time lines, and as the picture of which moments
//! agree.

use std::fmt::Write as _;

use serde_json::json;

use crate::engine::wire::{BytesState, CaseDetail, LineSpan, UploadLineMatch};
use crate::http::ui::page::proof::{self, Say};
use crate::http::ui::page::words;
use crate::http::ui::tombstones;
use crate::model::TombstoneId;

/// Width of the time lines' drawing, and where their tracks begin and end.
const WIDE: f64 = 1000.0;
const UPLOAD_BOTTOM: f64 = 22.0;
const DELETED_TOP: f64 = 62.0;
/// A span is at least so wide that it can be seen.
const BAND_MIN: f64 = 3.0;
/// Matches that are drawn, as the engine has it.
const PLOTS_MAX: usize = 3;
/// Sides of the picture of moments.
const PLOT: (f64, f64) = (320.0, 180.0);

/// The match that the page is about.
pub struct Best {
    pub headline: String,
    pub sure: String,
    pub score: String,
    pub says: Vec<Say>,
    pub tombstone: String,
    pub tombstone_href: String,
    pub spans: Vec<SpanLine>,
    /// For the player's script.
    pub spans_json: String,
    pub upload_s: f64,
    pub upload_length: String,
    pub deleted_length: String,
    pub bands: Vec<Band>,
}

/// A span in words, with where it begins.
pub struct SpanLine {
    pub from: f64,
    pub when: String,
    pub how: String,
}

/// A span on the two time lines.
pub struct Band {
    pub upload_x: String,
    pub upload_w: String,
    pub deleted_x: String,
    pub deleted_w: String,
    /// Corners of what joins the two.
    pub join: String,
}

impl Best {
    pub fn new(one: &UploadLineMatch, detail: &CaseDetail) -> Best {
        let (upload_s, deleted_s) = lengths(one, detail);
        let score = one.score.unwrap_or_default();
        let spans = one.spans.iter().map(|span| SpanLine {
            from: span.upload[0],
            when: proof::when(span),
            how: format!("{}, {}", proof::place(&span.placement), proof::how(span)),
        });
        let for_script = one.spans.iter().map(|span| {
            json!({ "upload": span.upload, "deleted": span.deleted, "quad": span.placement.quad, "deleted_s": deleted_s })
        });
        Best {
            headline: headline(one),
            sure: proof::sure(score, one.evidence.as_ref().is_some_and(|e| e.same_bytes)),
            score: format!("{score:.1}"),
            says: one.evidence.as_ref().map(proof::says).unwrap_or_default(),
            tombstone_href: tombstones::href(&TombstoneId(one.tombstone.clone())),
            tombstone: one.tombstone.clone(),
            spans: spans.collect(),
            spans_json: serde_json::Value::from_iter(for_script).to_string(),
            upload_s,
            upload_length: words::clock(upload_s),
            deleted_length: words::clock(deleted_s),
            bands: one.spans.iter().map(|span| Band::new(span, upload_s, deleted_s)).collect(),
        }
    }
}

/// Of upload and deleted video, or how far spans reach where that is forgotten.
fn lengths(one: &UploadLineMatch, detail: &CaseDetail) -> (f64, f64) {
    let reach = |of: fn(&LineSpan) -> [f64; 2]| one.spans.iter().flat_map(of).fold(0.1, f64::max);
    let known = detail.deleted.iter().find(|deleted| deleted.tombstone == one.tombstone);
    let upload_s = detail.case.duration_s.unwrap_or(0.0).max(reach(|span| span.upload));
    let deleted_s = known.map_or(0.0, |deleted| deleted.duration_s).max(reach(|span| span.deleted));
    (upload_s, deleted_s)
}

fn headline(one: &UploadLineMatch) -> String {
    if one.own {
        return "It shows the uploader's own deleted video".to_owned();
    }
    if one.granted {
        return "It shows a deleted video whose owner lets this uploader post it".to_owned();
    }
    let Some(span) = one.spans.first() else { return "It matches a deleted video".to_owned() };
    let seconds: f64 = one.spans.iter().map(|span| span.upload[1] - span.upload[0]).sum();
    format!("It seems to show {seconds:.0} s of a deleted video, {}", proof::place(&span.placement))
}

impl Band {
    fn new(span: &LineSpan, upload_s: f64, deleted_s: f64) -> Band {
        let on = |[from, to]: [f64; 2], whole: f64| {
            let ends = [from, to].map(|s| (s / whole).clamp(0.0, 1.0) * WIDE);
            let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            (low.min(WIDE - BAND_MIN), (high - low).max(BAND_MIN), ends)
        };
        let (upload_x, upload_w, upload) = on(span.upload, upload_s);
        // Backwards, the joining lines cross.
        let (deleted_x, deleted_w, deleted) = on(span.deleted, deleted_s);
        let join = format!(
            "{:.1},{UPLOAD_BOTTOM} {:.1},{UPLOAD_BOTTOM} {:.1},{DELETED_TOP} {:.1},{DELETED_TOP}",
            upload[0], upload[1], deleted[1], deleted[0]
        );
        let text = |value: f64| format!("{value:.1}");
        Band {
            upload_x: text(upload_x),
            upload_w: text(upload_w),
            deleted_x: text(deleted_x),
            deleted_w: text(deleted_w),
            join,
        }
    }
}

/// Which moments agree with which, or why there is no drawing of it.
pub enum Drawing {
    Plot(Plot),
    Words(&'static str),
    /// There is nothing that could be drawn.
    Nothing,
}

impl Drawing {
    /// Of the match of this rank.
    pub fn of(one: Option<&UploadLineMatch>, rank: usize, detail: &CaseDetail) -> Drawing {
        let Some(one) = one else { return Drawing::Nothing };
        if let Some(plot) = Plot::of(one, detail) {
            return Drawing::Plot(plot);
        }
        let same = one.evidence.as_ref().is_some_and(|evidence| evidence.same_bytes);
        let kept =
            detail.first.as_ref().is_some_and(|upload| upload.bytes.state == BytesState::Kept);
        Drawing::Words(match () {
            () if detail.is_being_drawn => {
                "It is being drawn: nobody was to look at this upload before its uploader appealed. Load the page again \
                 in a moment."
            }
            () if same => {
                "The file is byte for byte the deleted one: every moment is the same moment there. Nothing was compared \
                 that could be drawn."
            }
            () if !kept => {
                "The upload's file is gone, and with it what a drawing could be made of."
            }
            () if rank >= PLOTS_MAX => "Only the best three matches are drawn.",
            () => "Another look at the file gave no moments that could be drawn.",
        })
    }
}

/// Which moments agree with which.
pub struct Plot {
    pub wide: f64,
    pub high: f64,
    /// Paths of dots with how strongly they are drawn, 1 to 3; frames first.
    pub frames: Vec<(u8, String)>,
    pub keypoints: Vec<(u8, String)>,
    pub upload_length: String,
    pub deleted_length: String,
}

impl Plot {
    fn of(one: &UploadLineMatch, detail: &CaseDetail) -> Option<Plot> {
        let found = detail.plots.iter().find(|plot| plot.tombstone == one.tombstone)?;
        let (upload_s, deleted_s) = lengths(one, detail);
        let dots = |moments: &[[f64; 3]]| {
            let mut paths = [String::new(), String::new(), String::new()];
            for [upload, deleted, weight] in moments {
                let strength = ((weight * 3.0) as usize).min(2);
                let (x, y) = (upload / upload_s * PLOT.0, deleted / deleted_s * PLOT.1);
                // A line without length and with round ends is a dot.
                let _ = write!(paths[strength], "M{x:.1} {y:.1}h0");
            }
            let drawn = (1..).zip(paths).filter(|(_, path)| !path.is_empty());
            drawn.collect::<Vec<(u8, String)>>()
        };
        Some(Plot {
            wide: PLOT.0,
            high: PLOT.1,
            frames: dots(&found.frames),
            keypoints: dots(&found.keypoints),
            upload_length: words::clock(upload_s),
            deleted_length: words::clock(deleted_s),
        })
    }
}

/// Another match of the upload.
pub struct Other {
    pub rank: usize,
    pub tombstone: String,
    pub verdict: &'static str,
    pub score: String,
    pub says: String,
}

impl Other {
    /// All but the one that the page is about.
    pub fn all(matches: &[UploadLineMatch], but: usize) -> Vec<Other> {
        let others = matches.iter().enumerate().filter(|(rank, _)| *rank != but);
        let other = |(rank, one): (usize, &UploadLineMatch)| Other {
            rank,
            tombstone: one.tombstone.clone(),
            verdict: one.verdict.as_str(),
            score: one.score.map(|score| format!("{score:.1}")).unwrap_or_default(),
            says: one
                .spans
                .first()
                .map(|span| format!("{}, {}", proof::when(span), proof::place(&span.placement)))
                .unwrap_or_default(),
        };
        others.map(other).collect()
    }
}
