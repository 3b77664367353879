//! A stretch of a deleted video that a moderator ruled to be common.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::words::words;
use crate::model::{Actor, DeletedSpan, NoSuchWord, StretchId, UnixSeconds};

words! {
    /// Why a stretch of a deleted video is common.
    StretchGround {
        /// Many videos have it: an ident, an opening, an end card.
        Template = "template",
        /// It belongs to another person than the owner of the deleted video.
        NotOwners = "not_owners",
    }
}

/// A stretch of a deleted video that a moderator ruled to be common, for all uploads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TemplateStretch {
    pub id: StretchId,
    /// Ascending.
    pub span: DeletedSpan,
    pub ground: StretchGround,
    pub by: Actor,
    pub at: UnixSeconds,
    /// Who undid the ruling, and when.
    pub undone: Option<(Actor, UnixSeconds)>,
}
