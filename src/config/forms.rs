//! The forms in which settings are written: numbers in a range, lengths of time, choices, lists, and so on.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

use toml::{Table, Value};

use crate::config::setting::{Form, Section};
use crate::model::{DAY_S, HOUR_S, MINUTE_S};
use crate::remote::signature::Secret;

/// Longest time that a setting may name, seconds: a hundred years, which fits 32 bits.
const TIME_S_MAX: i64 = 36_525 * DAY_S;

/// The refusal of a value that is not of the form.
fn refused<V>(accepts: &str, typed: &Value) -> Result<V, String> {
    let found = match typed {
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        other => other.to_string(),
    };
    Err(format!("expected {accepts}, found {found}"))
}

/// `true` or `false`.
pub(super) struct Flag;

impl Form<bool> for Flag {
    fn read(&self, typed: &Value) -> Result<bool, String> {
        typed.as_bool().map_or_else(|| refused(&Form::accepts(self), typed), Ok)
    }

    fn write(&self, value: &bool) -> Option<Value> {
        Some(Value::Boolean(*value))
    }

    fn accepts(&self) -> String {
        "true or false".to_owned()
    }
}

/// An integer in a range, of any integer type.
pub(super) struct Integer {
    min: i64,
    max: Option<i64>,
}

impl Integer {
    pub fn at_least(min: i64) -> Integer {
        Integer { min, max: None }
    }

    pub fn between(min: i64, max: i64) -> Integer {
        Integer { min, max: Some(max) }
    }

    fn range(&self) -> String {
        match self.max {
            Some(max) => format!("an integer from {} to {max}", self.min),
            None => format!("an integer of at least {}", self.min),
        }
    }
}

impl<V: TryFrom<i64> + TryInto<i64> + Copy> Form<V> for Integer {
    fn read(&self, typed: &Value) -> Result<V, String> {
        let range = self.min..=self.max.unwrap_or(i64::MAX);
        let value = typed.as_integer().filter(|value| range.contains(value));
        let Some(value) = value else { return refused(&self.range(), typed) };
        V::try_from(value).map_err(|_| format!("{value} is too large"))
    }

    fn write(&self, value: &V) -> Option<Value> {
        (*value).try_into().ok().map(Value::Integer)
    }

    fn accepts(&self) -> String {
        self.range()
    }
}

/// Reads a number with or without a fraction.
fn number(typed: &Value) -> Option<f64> {
    typed.as_float().or_else(|| typed.as_integer().map(|whole| whole as f64))
}

/// A number in a range.
pub(super) struct Number {
    min: f64,
    max: f64,
}

impl Number {
    pub fn between(min: f64, max: f64) -> Number {
        Number { min, max }
    }
}

impl Form<f64> for Number {
    fn read(&self, typed: &Value) -> Result<f64, String> {
        let value = number(typed).filter(|value| (self.min..=self.max).contains(value));
        value.map_or_else(|| refused(&self.accepts(), typed), Ok)
    }

    fn write(&self, value: &f64) -> Option<Value> {
        Some(Value::Float(*value))
    }

    fn accepts(&self) -> String {
        format!("a number from {} to {}", self.min, self.max)
    }
}

/// A length of time, written in a unit of its own and kept in whole seconds.
pub(super) struct Time {
    unit: &'static str,
    unit_s: i64,
    min: f64,
}

impl Time {
    pub fn minutes(min: f64) -> Time {
        Time { unit: "minutes", unit_s: MINUTE_S, min }
    }

    pub fn hours(min: f64) -> Time {
        Time { unit: "hours", unit_s: HOUR_S, min }
    }

    pub fn days(min: f64) -> Time {
        Time { unit: "days", unit_s: DAY_S, min }
    }

    fn range(&self) -> String {
        format!("a number of {} from {} to {}", self.unit, self.min, TIME_S_MAX / self.unit_s)
    }
}

impl<V: TryFrom<i64> + TryInto<i64> + Copy> Form<V> for Time {
    fn read(&self, typed: &Value) -> Result<V, String> {
        let seconds = number(typed)
            .filter(|value| *value >= self.min)
            .map(|value| value * self.unit_s as f64)
            .filter(|seconds| *seconds <= TIME_S_MAX as f64)
            .and_then(|seconds| V::try_from(seconds as i64).ok());
        seconds.map_or_else(|| refused(&self.range(), typed), Ok)
    }

    fn write(&self, value: &V) -> Option<Value> {
        let seconds: i64 = (*value).try_into().ok()?;
        Some(Value::Float(seconds as f64 / self.unit_s as f64))
    }

    fn accepts(&self) -> String {
        self.range()
    }
}

/// One of a few words.
pub(super) struct Choice<V: 'static>(pub &'static [(&'static str, V)]);

impl<V: Copy + PartialEq> Form<V> for Choice<V> {
    fn read(&self, typed: &Value) -> Result<V, String> {
        let chosen = self.0.iter().find(|(word, _)| typed.as_str() == Some(word));
        chosen.map_or_else(|| refused(&self.accepts(), typed), |(_, value)| Ok(*value))
    }

    fn write(&self, value: &V) -> Option<Value> {
        let chosen = self.0.iter().find(|(_, one)| one == value);
        chosen.map(|(word, _)| Value::String((*word).to_owned()))
    }

    fn accepts(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| format!("{word:?}")).collect();
        words.join(" or ")
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// Text of any kind.
pub(super) struct Text;

impl Form<String> for Text {
    fn read(&self, typed: &Value) -> Result<String, String> {
        typed.as_str().map_or_else(|| refused(&self.accepts(), typed), |text| Ok(text.to_owned()))
    }

    fn write(&self, value: &String) -> Option<Value> {
        Some(Value::String(value.clone()))
    }

    fn accepts(&self) -> String {
        "a string".to_owned()
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// Text that passes a check.
pub(super) struct Matching {
    pub accepts: &'static str,
    pub check: fn(&str) -> bool,
}

impl Form<String> for Matching {
    fn read(&self, typed: &Value) -> Result<String, String> {
        let text = typed.as_str().filter(|text| (self.check)(text));
        text.map_or_else(|| refused(self.accepts, typed), |text| Ok(text.to_owned()))
    }

    fn write(&self, value: &String) -> Option<Value> {
        Some(Value::String(value.clone()))
    }

    fn accepts(&self) -> String {
        self.accepts.to_owned()
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// Text that a type of its own parses.
pub(super) struct Parsed<V> {
    accepts: &'static str,
    value: PhantomData<V>,
}

impl<V> Parsed<V> {
    pub fn new(accepts: &'static str) -> Parsed<V> {
        Parsed { accepts, value: PhantomData }
    }
}

impl<V: FromStr + ToString> Form<V> for Parsed<V> {
    fn read(&self, typed: &Value) -> Result<V, String> {
        let value = typed.as_str().and_then(|text| text.parse().ok());
        value.map_or_else(|| refused(self.accepts, typed), Ok)
    }

    fn write(&self, value: &V) -> Option<Value> {
        Some(Value::String(value.to_string()))
    }

    fn accepts(&self) -> String {
        self.accepts.to_owned()
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// A secret that signs callbacks.
pub(super) struct SigningSecret;

impl Form<Secret> for SigningSecret {
    fn read(&self, typed: &Value) -> Result<Secret, String> {
        let secret = typed.as_str().and_then(|text| text.parse().ok());
        secret.ok_or_else(|| format!("expected {}", self.accepts()))
    }

    fn write(&self, _: &Secret) -> Option<Value> {
        None
    }

    fn accepts(&self) -> String {
        "whsec_ followed by the base64 of 24 to 64 bytes".to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// A path; an absolute one where `absolute` demands it.
pub(super) struct Folder {
    pub absolute: bool,
}

impl Form<PathBuf> for Folder {
    fn read(&self, typed: &Value) -> Result<PathBuf, String> {
        let path = typed.as_str().filter(|text| !text.is_empty()).map(PathBuf::from);
        let path = path.filter(|path| path.is_absolute() || !self.absolute);
        path.map_or_else(|| refused(&self.accepts(), typed), Ok)
    }

    fn write(&self, value: &PathBuf) -> Option<Value> {
        value.to_str().map(|path| Value::String(path.to_owned()))
    }

    fn accepts(&self) -> String {
        if self.absolute { "an absolute path" } else { "a path" }.to_owned()
    }

    fn is_text(&self) -> bool {
        true
    }
}

/// A value that may be absent and then has no default.
pub(super) struct Optional<F>(pub F);

impl<V, F: Form<V>> Form<Option<V>> for Optional<F> {
    fn read(&self, typed: &Value) -> Result<Option<V>, String> {
        self.0.read(typed).map(Some)
    }

    fn write(&self, value: &Option<V>) -> Option<Value> {
        value.as_ref().and_then(|value| self.0.write(value))
    }

    fn accepts(&self) -> String {
        self.0.accepts()
    }

    fn is_text(&self) -> bool {
        self.0.is_text()
    }

    fn is_secret(&self) -> bool {
        self.0.is_secret()
    }
}

/// A value that is never shown.
pub(super) struct Hidden<F>(pub F);

impl<V, F: Form<V>> Form<V> for Hidden<F> {
    fn read(&self, typed: &Value) -> Result<V, String> {
        self.0.read(typed).map_err(|_| format!("expected {}", self.0.accepts()))
    }

    fn write(&self, value: &V) -> Option<Value> {
        self.0.write(value)
    }

    fn accepts(&self) -> String {
        self.0.accepts()
    }

    fn is_text(&self) -> bool {
        self.0.is_text()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// A list of values of one form.
pub(super) struct List<F>(pub F);

impl<V, F: Form<V>> Form<Vec<V>> for List<F> {
    fn read(&self, typed: &Value) -> Result<Vec<V>, String> {
        match typed {
            Value::Array(entries) => (1..)
                .zip(entries)
                .map(|(at, entry)| self.0.read(entry).map_err(|why| format!("entry {at}: {why}")))
                .collect(),
            // A secret that was written without brackets must not be shown either.
            _ if self.0.is_secret() => Err(format!("expected {}", self.accepts())),
            other => refused(&self.accepts(), other),
        }
    }

    fn write(&self, value: &Vec<V>) -> Option<Value> {
        Some(Value::Array(value.iter().filter_map(|one| self.0.write(one)).collect()))
    }

    fn accepts(&self) -> String {
        format!("a list, each entry {}", self.0.accepts())
    }

    fn is_secret(&self) -> bool {
        self.0.is_secret()
    }
}

/// A table of texts under names that are not fixed.
pub(super) struct TextTable;

impl Form<Vec<(String, String)>> for TextTable {
    fn read(&self, typed: &Value) -> Result<Vec<(String, String)>, String> {
        let pair = |(name, value): (&String, &Value)| {
            value.as_str().map(|value| (name.clone(), value.to_owned()))
        };
        let pairs = typed.as_table().and_then(|table| table.iter().map(pair).collect());
        pairs.ok_or_else(|| format!("expected {}", self.accepts()))
    }

    fn write(&self, value: &Vec<(String, String)>) -> Option<Value> {
        let pairs = value.iter().cloned().map(|(name, value)| (name, Value::String(value)));
        Some(Value::Table(pairs.collect()))
    }

    fn accepts(&self) -> String {
        "a table of strings".to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// Tables of one section each, written `[[name]]` in the file.
pub(super) struct Tables<T>(pub Section<T>);

impl<T: Default> Tables<T> {
    fn one(&self, table: &Table) -> Result<T, String> {
        let mut target = T::default();
        for (key, typed) in table {
            let setting = self.0.settings.iter().find(|setting| setting.key() == key);
            let former = || {
                let was = |old: &&str| old.rsplit('.').next() == Some(key);
                self.0.settings.iter().find(|setting| setting.former.iter().any(&was))
            };
            match (setting, former()) {
                (Some(setting), _) => {
                    setting.slot.set(&mut target, typed).map_err(|why| format!("`{key}`: {why}"))?
                }
                (None, Some(now)) => {
                    return Err(format!("`{key}` is now called `{}`", now.key()));
                }
                (None, None) => return Err(format!("there is no setting `{key}`")),
            }
        }
        Ok(target)
    }
}

impl<T: Default> Form<Vec<T>> for Tables<T> {
    fn read(&self, typed: &Value) -> Result<Vec<T>, String> {
        let tables = typed.as_array().and_then(|entries| {
            entries.iter().map(Value::as_table).collect::<Option<Vec<&Table>>>()
        });
        let Some(tables) = tables else { return Err(format!("expected {}", self.accepts())) };
        tables.into_iter().map(|table| self.one(table)).collect()
    }

    fn write(&self, _: &Vec<T>) -> Option<Value> {
        None
    }

    fn accepts(&self) -> String {
        "a list of tables".to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}
