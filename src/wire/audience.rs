//! Redaction that cannot be forgotten: scores, evidence and weak matches would show an uploader how to slip through.
//!
//! Views that hold any are built as `Unredacted` values, which do not serialise. `Unredacted::for_audience` is the only
//! way to a value that does.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Who reads a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Moderators, and programs whose key or subscription has the scope `scores`.
    WithScores,
    /// Everybody else.
    WithoutScores,
}

impl Audience {
    /// The audience of a caller who has the scope `scores`, or has not.
    pub fn with_scope(scores: bool) -> Audience {
        if scores { Audience::WithScores } else { Audience::WithoutScores }
    }
}

/// A view that knows which parts of it are not for everybody.
pub trait Redact {
    /// Removes the parts that an audience without scores may not see.
    fn redact(&mut self);
}

/// A view with all that is known. It does not serialise; `for_audience` makes a view that does.
#[derive(Debug, Clone, PartialEq)]
pub struct Unredacted<T>(T);

impl<T: Redact> Unredacted<T> {
    /// Guards a view.
    pub fn new(view: T) -> Unredacted<T> {
        Unredacted(view)
    }

    /// The view as this audience may see it.
    pub fn for_audience(mut self, audience: Audience) -> T {
        if audience == Audience::WithoutScores {
            self.0.redact();
        }
        self.0
    }

    /// The whole view, to decide by. Do not send parts of it to anybody.
    pub fn whole(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Unredacted<T> {
    /// The whole view as bytes, to be sealed and stored.
    ///
    /// # Errors
    /// The view does not serialise.
    pub(crate) fn to_record(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&self.0)
    }
}

impl<T: DeserializeOwned> Unredacted<T> {
    /// Reads what `to_record` wrote.
    ///
    /// # Errors
    /// The bytes are not such a record.
    pub(crate) fn from_record(bytes: &[u8]) -> serde_json::Result<Unredacted<T>> {
        serde_json::from_slice(bytes).map(Unredacted)
    }
}
