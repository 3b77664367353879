//! Conversions between our values and SQLite's: words and JSON as text, row numbers, limits.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use serde::de::DeserializeOwned;

use crate::model::{
    CaseDecisionSeq, CaseEventSeq, CaseSeq, DeletionEventSeq, DeletionSeq, DeliverySeq, UploadSeq,
};

/// Row numbers are SQLite's own integers.
macro_rules! row_numbers {
    ($($name:ident),* $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map($name)
            }
        }
    )*};
}

row_numbers!(
    CaseDecisionSeq,
    CaseEventSeq,
    CaseSeq,
    DeletionEventSeq,
    DeletionSeq,
    DeliverySeq,
    UploadSeq,
);

/// Parses a text column.
pub(in crate::store) fn parsed<T: FromStr>(row: &Row<'_>, at: usize) -> rusqlite::Result<T>
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

/// Parses a column of JSON.
pub(in crate::store) fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let wrong = |e| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(e));
    serde_json::from_str(row.get_ref(at)?.as_str()?).map_err(wrong)
}

/// A value for `LIMIT`; SQLite counts in `i64`.
pub(in crate::store) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
