//! Values of ours that columns hold as text.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;

/// A column's text as the value that it was written from.
pub(super) fn parsed<T: FromStr>(row: &Row<'_>, at: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    parse(row.get_ref(at)?.as_str()?, at)
}

fn parse<T: FromStr>(text: &str, at: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let wrong = |e| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(e));
    text.parse().map_err(wrong)
}

/// A column's JSON as the value that it was written from.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let wrong = |e| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(e));
    serde_json::from_str(row.get_ref(at)?.as_str()?).map_err(wrong)
}
