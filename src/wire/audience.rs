//! Redaction enforced by types. Scores, evidence and weak matches would show an uploader how to evade detection.
//!
//! Views that hold them are built as [`Unredacted`], which does not serialise. Only [`Unredacted::for_audience`] turns
//! it into a view that does.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Who reads a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Moderators, and programs whose key or subscription has the scope `scores`.
    WithScores,
    /// Everyone else.
    WithoutScores,
}

impl Audience {
    /// The audience of a caller with or without the scope `scores`.
    pub fn with_scope(scores: bool) -> Audience {
        if scores { Audience::WithScores } else { Audience::WithoutScores }
    }
}

/// A view with parts that only some audiences may see.
pub trait Redact {
    /// Removes the parts reserved for [`Audience::WithScores`].
    fn redact(&mut self);
}

/// A complete view. It does not serialise; [`Unredacted::for_audience`] returns one that does.
#[derive(Debug, Clone, PartialEq)]
pub struct Unredacted<T>(T);

impl<T: Redact> Unredacted<T> {
    /// Wraps a complete view.
    pub fn new(view: T) -> Unredacted<T> {
        Unredacted(view)
    }

    /// The view for an audience, redacted if necessary.
    pub fn for_audience(mut self, audience: Audience) -> T {
        if audience == Audience::WithoutScores {
            self.0.redact();
        }
        self.0
    }

    /// The complete view, for decisions. Never send parts of it.
    pub fn whole(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Unredacted<T> {
    /// Serialises the complete view, to be sealed and stored.
    ///
    /// # Errors
    /// [`serde_json::Error`] when the view does not serialise.
    pub(crate) fn to_record(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&self.0)
    }
}

impl<T: DeserializeOwned> Unredacted<T> {
    /// Reads a view written by [`Unredacted::to_record`].
    ///
    /// # Errors
    /// [`serde_json::Error`] when the bytes are not such a record.
    pub(crate) fn from_record(bytes: &[u8]) -> serde_json::Result<Unredacted<T>> {
        serde_json::from_slice(bytes).map(Unredacted)
    }
}
