//! Schemas that several endpoints share.

use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::model::{Scope, Topic};

/// A list of scopes, for the shapes of endpoints.
pub fn scopes() -> Array {
    list_of(Scope::ALL.iter().map(|scope| scope.as_str()))
}

/// A list of kinds of events.
pub fn topics() -> Array {
    list_of(Topic::ALL.iter().map(|topic| topic.as_str()))
}

fn list_of<'a>(words: impl Iterator<Item = &'a str>) -> Array {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    ArrayBuilder::new().items(word).min_items(Some(1)).build()
}
