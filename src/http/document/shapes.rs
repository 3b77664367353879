//! Schemas that several endpoints share.

use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::model::{Scope, Topic};

/// The schema of a list of scopes.
pub fn scopes() -> Array {
    list_of(Scope::ALL.iter().map(|scope| scope.as_str()))
}

/// The schema of a list of event types.
pub fn topics() -> Array {
    list_of(Topic::ALL.iter().map(|topic| topic.as_str()))
}

fn list_of<'a>(words: impl Iterator<Item = &'a str>) -> Array {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    ArrayBuilder::new().items(word).min_items(Some(1)).build()
}
