//! The result of a check: verdict, reason, and matches with spans, placement and evidence.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{DeletedSpan, NoSuchWord, UploadSpan};

/// The verdict of policy about an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    Allow,
    Review,
    Block,
}

impl VerdictKind {
    pub const ALL: [VerdictKind; 3] = [VerdictKind::Allow, VerdictKind::Review, VerdictKind::Block];

    pub fn as_str(self) -> &'static str {
        match self {
            VerdictKind::Allow => "allow",
            VerdictKind::Review => "review",
            VerdictKind::Block => "block",
        }
    }
}

impl FromStr for VerdictKind {
    type Err = NoSuchWord;

    fn from_str(word: &str) -> Result<VerdictKind, NoSuchWord> {
        word_of(word, &VerdictKind::ALL, VerdictKind::as_str)
    }
}

/// The value with this name.
fn word_of<T: Copy>(word: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, NoSuchWord> {
    let found = all.iter().copied().find(|value| name(*value) == word);
    found.ok_or_else(|| NoSuchWord {
        word: word.to_owned(),
        choices: all.iter().map(|value| name(*value)).collect::<Vec<_>>().join(", "),
    })
}

/// Why a verdict is what it is. The list is closed; each value is explained in `docs/uploads.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing reached the review threshold.
    NoMatch,
    /// At least one match reached a threshold.
    Match,
    /// The file is identical to the deleted one, byte for byte.
    SameBytes,
    /// The only matches are the uploader's own deleted videos.
    Owner,
    /// The only matches are deleted videos whose owners permit this uploader to re-upload them.
    Grant,
    /// What is shown is a part that other deleted videos have as well: a template, a watermark, an end card.
    Common,
    /// It was posted before the deleted video was, by the uploader or by another user.
    Earlier,
    /// Too little of the deleted video is shown.
    Partial,
    /// Only what stands still agrees: the same place in another take.
    SamePlace,
    /// One picture only, or a deleted video of which too little can be recognised.
    Strength,
    /// Nothing could be decoded, or only a part, and no match in that part counts.
    Undecodable,
    /// The file decodes, but no frame has features (black, one colour).
    Featureless,
    /// The check failed repeatedly through a fault of the service.
    Unchecked,
    /// The tombstone that the verdict relied on was retired.
    Reversed,
    /// A moderator has decided.
    Decided,
    /// The only matches are with deleted videos that a moderator ruled this content is not.
    RuledOut,
    /// Shadow mode: the verdict was recorded and not acted upon.
    Shadow,
}

impl Reason {
    pub const ALL: [Reason; 17] = [
        Reason::NoMatch,
        Reason::Match,
        Reason::SameBytes,
        Reason::Owner,
        Reason::Grant,
        Reason::Common,
        Reason::Earlier,
        Reason::Partial,
        Reason::SamePlace,
        Reason::Strength,
        Reason::Undecodable,
        Reason::Featureless,
        Reason::Unchecked,
        Reason::Reversed,
        Reason::Decided,
        Reason::RuledOut,
        Reason::Shadow,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoMatch => "no_match",
            Reason::Match => "match",
            Reason::SameBytes => "same_bytes",
            Reason::Owner => "owner",
            Reason::Grant => "grant",
            Reason::Common => "common",
            Reason::Earlier => "earlier",
            Reason::Partial => "partial",
            Reason::SamePlace => "same_place",
            Reason::Strength => "strength",
            Reason::Undecodable => "undecodable",
            Reason::Featureless => "featureless",
            Reason::Unchecked => "unchecked",
            Reason::Reversed => "reversed",
            Reason::Decided => "decided",
            Reason::RuledOut => "ruled_out",
            Reason::Shadow => "shadow",
        }
    }
}

impl FromStr for Reason {
    type Err = NoSuchWord;

    fn from_str(word: &str) -> Result<Reason, NoSuchWord> {
        word_of(word, &Reason::ALL, Reason::as_str)
    }
}

/// The verdict for one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub kind: VerdictKind,
    pub reason: Reason,
}

/// What a tombstone promises that a poor re-encode of its video gets, and the most that any match with it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Enough distinct evidence that it is blocked.
    Block,
    /// Too little for a block (one distinct picture, little detail): it is reviewed.
    Review,
    /// Too little for either. What matches nevertheless is reviewed; the very same bytes are blocked.
    Unmatchable,
}

/// A point of the upload's picture in fractions of its width and height; may lie outside 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Where the deleted picture sits in the upload's picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placement {
    pub mirrored: bool,
    /// Light and dark exchanged.
    pub inverted: bool,
    /// Clockwise, −180..180.
    pub rotation_deg: f64,
    /// Deleted picture's width in the upload over the upload's, both measured along the deleted picture's long side.
    pub scale: f64,
    /// Corners of the deleted picture, clockwise from its own top left, in fractions of the upload's picture.
    pub quad: [Point; 4],
}

/// One stretch of agreement. Where the upload plays the deleted video backwards, `speed < 0` and
/// `deleted.start_s > deleted.end_s`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanPair {
    pub upload: UploadSpan,
    pub deleted: DeletedSpan,
    /// Seconds of the deleted video shown in one second of the upload.
    pub speed: f64,
    /// Whether the pictures tell the time; in a still scene they do not, and `deleted` and `speed` are a guess.
    pub time_sure: bool,
    pub placement: Placement,
}

/// What speaks for a match, in numbers that a person can be told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// The same bytes as the deleted file.
    pub same_bytes: bool,
    /// Distinct keypoints of the deleted video that agree on one placement and time line.
    pub keypoints: u32,
    /// What they say: ln of how much likelier a copy is than chance.
    pub keypoints_nats: f64,
    /// Of the deleted video's keypoints that ought to be visible, the share found, 0..1.
    pub coverage: f64,
    /// Distinct keyframes of the deleted video that contribute.
    pub keyframes: u32,
    /// Frame evidence along the time line, nats; negative when the frames contradict the keypoints.
    pub frames_nats: f64,
    /// Distinct keypoints of the deleted video that are not its ground: how many ought to be visible…
    #[serde(default)]
    pub passing: u32,
    /// …how many of these were found…
    #[serde(default)]
    pub passing_found: u32,
    /// …and how many are missing together, in one part of the picture.
    #[serde(default)]
    pub passing_missing: u32,
    /// Of what is shown of the deleted video, the share that other deleted videos have as well, 0..1.
    pub common: f64,
}

/// An aligned candidate and what it amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<T> {
    pub tombstone: T,
    /// −log10 of the number of equally good chance matches expected for one upload against the whole index.
    pub score: f64,
    /// The verdict that it calls for by itself, and why.
    pub verdict: VerdictKind,
    pub reason: Reason,
    pub spans: Vec<SpanPair>,
    pub evidence: Evidence,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_and_are_those_of_json() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        for kind in VerdictKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        let error = "maybe".parse::<VerdictKind>().unwrap_err().to_string();
        assert!(error.contains("allow, review, block"), "{error}");
    }
}
