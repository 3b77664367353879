//! Enumerations in the API document.

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Object, RefOr};

use crate::model::{
    CaseEventKind, CaseState, CopyKind, CopyState, DecisionKind, DecisionTurn, DeletionReason,
    DeletionState, Grain, Grounds, MatchKind, Reason, Stage, UploadState, VerdictKind, Visibility,
};

fn words<'a>(words: impl Iterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

fn or_null<'a>(of: impl Iterator<Item = &'a str>) -> RefOr<Schema> {
    let values = of.map(serde_json::Value::from).chain([serde_json::Value::Null]);
    let kind = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(kind).enum_values(Some(values)).into()
}

pub(super) fn verdict() -> Object {
    words(VerdictKind::ALL.into_iter().map(VerdictKind::as_str)).build()
}

pub(super) fn maybe_verdict() -> RefOr<Schema> {
    or_null(VerdictKind::ALL.into_iter().map(VerdictKind::as_str))
}

pub(super) fn reason() -> Object {
    words(Reason::ALL.into_iter().map(Reason::as_str)).build()
}

pub(super) fn maybe_reason() -> RefOr<Schema> {
    or_null(Reason::ALL.into_iter().map(Reason::as_str))
}

pub(super) fn upload_state() -> Object {
    words(UploadState::ALL.iter().map(|state| state.as_str())).build()
}

pub(super) fn bytes_state() -> Object {
    words(["awaited", "kept", "gone"].into_iter()).build()
}

pub(super) fn case_state() -> Object {
    words(CaseState::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn case_event() -> Object {
    words(CaseEventKind::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn match_kind() -> Object {
    words(MatchKind::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn decision_kind() -> Object {
    words(DecisionKind::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn decision_turn() -> Object {
    words(DecisionTurn::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn grounds() -> Object {
    words(Grounds::ALL.iter().map(|word| word.as_str())).build()
}

pub(super) fn maybe_decision_kind() -> RefOr<Schema> {
    or_null(DecisionKind::ALL.iter().map(|word| word.as_str()))
}

/// State of a deletion.
pub fn deletion_state() -> Object {
    words(DeletionState::ALL.iter().map(|word| word.as_str())).build()
}

/// Stage of a deletion: its states without `stuck`.
pub fn stage() -> Object {
    words(Stage::ALL.iter().map(|word| word.as_str())).build()
}

/// Why a video is deleted.
pub fn deletion_reason() -> Object {
    words(DeletionReason::ALL.iter().map(|word| word.as_str())).build()
}

/// Kind of a copy.
pub fn copy_kind() -> Object {
    words(CopyKind::ALL.iter().map(|word| word.as_str())).build()
}

/// State of a copy.
pub fn copy_state() -> Object {
    words(CopyState::ALL.iter().map(|word| word.as_str())).build()
}

/// Visibility of a video.
pub fn visibility() -> Object {
    words(Visibility::ALL.iter().map(|word| word.as_str())).build()
}

/// Length of a period.
pub fn grain() -> Object {
    words(Grain::ALL.into_iter().map(Grain::as_str)).build()
}
