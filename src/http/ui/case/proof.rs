//! The evidence on the page of a case: in words, as bands on two timelines, and as a plot of the moments that match.

use std::fmt::Write as _;

use serde_json::json;

use crate::http::ui::page::proof::{self, Say};
use crate::http::ui::page::words;
use crate::http::ui::tombstones;
use crate::model::TombstoneId;
use crate::wire::{BytesState, CaseDetail, SpanView, UploadMatchView};

/// Width of the timelines, SVG units.
const WIDE: f64 = 1000.0;
/// Bottom of the upload's track, and top of the deleted video's.
const UPLOAD_BOTTOM: f64 = 22.0;
const DELETED_TOP: f64 = 62.0;
/// Smallest width of a band, so that short spans stay visible.
const BAND_MIN: f64 = 3.0;
/// Number of matches that the engine plots.
const PLOTS_MAX: usize = 3;
/// Size of the plot of moments.
const PLOT: (f64, f64) = (320.0, 180.0);

/// The match that the page shows.
pub struct Best {
    pub headline: String,
    pub sure: String,
    pub score: String,
    pub says: Vec<Say>,
    pub tombstone: String,
    pub tombstone_href: String,
    pub spans: Vec<SpanText>,
    /// The spans as JSON, for the player's script.
    pub spans_json: String,
    pub upload_s: f64,
    pub upload_length: String,
    pub deleted_length: String,
    pub bands: Vec<Band>,
}

/// A span in words, and its start.
pub struct SpanText {
    pub from: f64,
    pub when: String,
    pub how: String,
}

/// A span on the two timelines.
pub struct Band {
    pub upload_x: String,
    pub upload_w: String,
    pub deleted_x: String,
    pub deleted_w: String,
    /// Corners of the polygon between the two tracks.
    pub join: String,
}

impl Best {
    pub fn new(one: &UploadMatchView, detail: &CaseDetail) -> Best {
        let (upload_s, deleted_s) = lengths(one, detail);
        let score = one.score.unwrap_or_default();
        let spans = one.spans.iter().map(|span| SpanText {
            from: span.upload[0],
            when: proof::when(span),
            how: format!("{}, {}", proof::place(&span.placement), proof::how(span)),
        });
        let for_script = one.spans.iter().map(|span| {
            let SpanView { upload, deleted, placement, .. } = span;
            json!({
                "upload": upload, "deleted": deleted, "quad": placement.quad, "deleted_s": deleted_s
            })
        });
        Best {
            headline: headline(one),
            sure: proof::sure(score, one.evidence.as_ref().is_some_and(|e| e.same_bytes)),
            score: crate::wire::score_text(score),
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

/// Durations of the upload and the deleted video; where one has been erased, the end of its last span.
fn lengths(one: &UploadMatchView, detail: &CaseDetail) -> (f64, f64) {
    let reach = |of: fn(&SpanView) -> [f64; 2]| one.spans.iter().flat_map(of).fold(0.1, f64::max);
    let known = detail.deleted.iter().find(|deleted| deleted.tombstone == one.tombstone);
    let upload_s = detail.case.duration_s.unwrap_or(0.0).max(reach(|span| span.upload));
    let deleted_s = known.map_or(0.0, |deleted| deleted.duration_s).max(reach(|span| span.deleted));
    (upload_s, deleted_s)
}

fn headline(one: &UploadMatchView) -> String {
    if one.own {
        return "Shows the uploader's own deleted video".to_owned();
    }
    if one.granted {
        return "Shows a deleted video that this uploader may re-upload".to_owned();
    }
    let Some(span) = one.spans.first() else { return "Matches a deleted video".to_owned() };
    let seconds: f64 = one.spans.iter().map(|span| span.upload[1] - span.upload[0]).sum();
    format!("Appears to show {seconds:.0} s of a deleted video, {}", proof::place(&span.placement))
}

impl Band {
    fn new(span: &SpanView, upload_s: f64, deleted_s: f64) -> Band {
        let on = |[from, to]: [f64; 2], whole: f64| {
            let ends = [from, to].map(|s| (s / whole).clamp(0.0, 1.0) * WIDE);
            let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            (low.min(WIDE - BAND_MIN), (high - low).max(BAND_MIN), ends)
        };
        let (upload_x, upload_w, upload) = on(span.upload, upload_s);
        // For a reversed span, the lines cross.
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

/// The plot of the moments that match, or why there is none.
pub enum Drawing {
    Plot(Plot),
    Words(&'static str),
    /// There is no match to plot.
    Nothing,
}

impl Drawing {
    /// The plot of the match with this rank.
    pub fn of(one: Option<&UploadMatchView>, rank: usize, detail: &CaseDetail) -> Drawing {
        let Some(one) = one else { return Drawing::Nothing };
        if let Some(plot) = Plot::of(one, detail) {
            return Drawing::Plot(plot);
        }
        let same = one.evidence.as_ref().is_some_and(|evidence| evidence.same_bytes);
        let kept =
            detail.first.as_ref().is_some_and(|upload| upload.bytes.state == BytesState::Kept);
        Drawing::Words(if detail.is_being_drawn {
            "The plot is being made, because this upload was not reviewed before its appeal. \
             Reload the page in a moment."
        } else if same {
            "The file is byte-for-byte identical to the deleted one; its frames were not compared."
        } else if !kept {
            "The upload's file no longer exists, so the plot cannot be made."
        } else if rank >= PLOTS_MAX {
            "Only the three best matches are plotted."
        } else {
            "No matching moments were found when the file was compared again."
        })
    }
}

/// The moments of the upload and the deleted video that match.
pub struct Plot {
    pub wide: f64,
    pub high: f64,
    /// Paths of dots, each with its strength, 1 to 3.
    pub frames: Vec<(u8, String)>,
    pub keypoints: Vec<(u8, String)>,
    pub upload_length: String,
    pub deleted_length: String,
}

impl Plot {
    fn of(one: &UploadMatchView, detail: &CaseDetail) -> Option<Plot> {
        let found = detail.plots.iter().find(|plot| plot.tombstone == one.tombstone)?;
        let (upload_s, deleted_s) = lengths(one, detail);
        let dots = |moments: &[[f64; 3]]| {
            let mut paths = [String::new(), String::new(), String::new()];
            for [upload, deleted, weight] in moments {
                let strength = ((weight * 3.0) as usize).min(2);
                let (x, y) = (upload / upload_s * PLOT.0, deleted / deleted_s * PLOT.1);
                // A line of zero length with round caps is a dot.
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
    /// All matches but the one that the page shows.
    pub fn all(matches: &[UploadMatchView], but: usize) -> Vec<Other> {
        let others = matches.iter().enumerate().filter(|(rank, _)| *rank != but);
        let other = |(rank, one): (usize, &UploadMatchView)| Other {
            rank,
            tombstone: one.tombstone.clone(),
            verdict: one.verdict.as_str(),
            score: one.score.map(crate::wire::score_text).unwrap_or_default(),
            says: one
                .spans
                .first()
                .map(|span| format!("{}, {}", proof::when(span), proof::place(&span.placement)))
                .unwrap_or_default(),
        };
        others.map(other).collect()
    }
}
