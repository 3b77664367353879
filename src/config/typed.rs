//! What the user wrote: values by the names of settings, from the file, from environment variables and from flags.
//!
//! Names that no setting has are faults, so that a typing error does not leave a default in force.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::config::environment::{EnvironmentVariables, PREFIX};
use crate::config::error::Fault;
use crate::config::setting::{Section, full_name};

/// Separates a section from a key in the name of a variable.
const LEVEL: &str = "__";
/// Most edits between a wrong name and the one that is suggested.
const EDITS_MAX: usize = 4;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    File(PathBuf),
    /// The variable's name.
    Variable(String),
    /// The flag, `--listen`.
    Flag(&'static str),
}

impl Origin {
    /// The name under which this origin set a setting, for messages.
    pub fn place(&self, name: &str) -> String {
        match self {
            Origin::File(path) => format!("`{name}` in {}", path.display()),
            Origin::Variable(variable) => variable.clone(),
            Origin::Flag(flag) => (*flag).to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// The names that settings have and had.
pub(super) struct Names {
    /// Names, with whether a variable holds the text itself.
    settings: BTreeMap<String, bool>,
    former: BTreeMap<&'static str, String>,
    sections: BTreeSet<&'static str>,
}

impl Names {
    pub fn new<T>(sections: &[Section<T>]) -> Names {
        let settings = || sections.iter().flat_map(|section| &section.settings);
        Names {
            settings: settings().map(|one| (one.name.clone(), one.slot.is_text())).collect(),
            former: settings()
                .flat_map(|one| one.former.iter().map(|old| (*old, one.name.clone())))
                .collect(),
            sections: sections.iter().map(|section| section.name).collect(),
        }
    }

    /// What to say of a name that is not a setting's; `written` puts a name as the user would write it.
    fn unknown(&self, name: &str, written: fn(&str) -> String) -> String {
        if let Some(now) = self.former.get(name) {
            return format!("is now called {}", written(now));
        }
        let near = self.settings.keys().map(|known| (edits(name, known), known));
        match near.min().filter(|(edits, _)| *edits <= EDITS_MAX) {
            Some((_, known)) => {
                format!("there is no such setting; did you mean {}?", written(known))
            }
            None => "there is no such setting".to_owned(),
        }
    }
}

/// Values by setting; a later source replaces an earlier one.
#[derive(Default)]
pub(super) struct Typed {
    pub values: BTreeMap<String, (Value, Origin)>,
    pub faults: Vec<Fault>,
}

impl Typed {
    /// Takes the values of a settings file.
    pub fn file(&mut self, path: &Path, text: &str, names: &Names) {
        match text.parse::<Table>() {
            Ok(table) => self.table("", table, path, names),
            Err(error) => {
                let line = error.span().map_or(0, |at| text[..at.start].matches('\n').count());
                let place = format!("{}, line {}", path.display(), line + 1);
                let why = error.message().replace('\n', " ");
                self.faults.push(Fault { place, why });
            }
        }
    }

    fn table(&mut self, section: &str, table: Table, path: &Path, names: &Names) {
        for (key, value) in table {
            let name = full_name(section, &key);
            let origin = Origin::File(path.to_path_buf());
            match value {
                value if names.settings.contains_key(&name) => {
                    self.values.insert(name, (value, origin));
                }
                Value::Table(inner) if !inner.is_empty() => self.table(&name, inner, path, names),
                Value::Table(_) if names.sections.contains(name.as_str()) => {}
                _ => {
                    let why = names.unknown(&name, |name| format!("`{name}`"));
                    self.faults.push(Fault { place: origin.place(&name), why });
                }
            }
        }
    }

    /// Takes the values of environment variables.
    pub fn variables(&mut self, environment: &EnvironmentVariables, names: &Names) {
        for (variable, text) in &environment.settings {
            let name = setting_name(variable);
            let origin = Origin::Variable(variable.clone());
            let Some(text) = text.to_str() else {
                let why = "the value is not UTF-8".to_owned();
                self.faults.push(Fault { place: variable.clone(), why });
                continue;
            };
            if let Some(is_text) = names.settings.get(&name) {
                let value = if *is_text { Value::String(text.to_owned()) } else { from_text(text) };
                self.values.insert(name, (value, origin));
            } else if variable.contains(LEVEL) {
                let why = names.unknown(&name, variable_name);
                self.faults.push(Fault { place: variable.clone(), why });
            } else if let Some(meant) =
                names.settings.keys().find(|one| one.replace('.', "_") == name)
            {
                let why =
                    format!("there is no such setting; did you mean {}?", variable_name(meant));
                self.faults.push(Fault { place: variable.clone(), why });
            }
            // Other variables with our prefix are none of ours: Kubernetes sets CENOTAPH_PORT for a service `cenotaph`.
        }
    }

    /// Takes one value that is text.
    pub fn text(&mut self, name: &str, origin: Origin, text: &str) {
        self.values.insert(name.to_owned(), (Value::String(text.to_owned()), origin));
    }

    /// The place at which the first of these settings was set that was set at all.
    pub fn place(&self, names: &[&str]) -> String {
        let set = names
            .iter()
            .find_map(|name| self.values.get(*name).map(|(_, origin)| origin.place(name)));
        set.unwrap_or_else(|| format!("`{}`", names.first().unwrap_or(&"")))
    }
}

/// `server.listen` of `CENOTAPH_SERVER__LISTEN`.
fn setting_name(variable: &str) -> String {
    variable.trim_start_matches(PREFIX).to_lowercase().replace(LEVEL, ".")
}

/// `CENOTAPH_SERVER__LISTEN` of `server.listen`.
pub(super) fn variable_name(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', LEVEL).to_uppercase())
}

/// A variable's text as a TOML value; text that is not one is a string.
fn from_text(text: &str) -> Value {
    let table = format!("value = {text}").parse::<Table>().ok();
    let value = table.and_then(|mut table| (table.len() == 1).then(|| table.remove("value"))?);
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The Levenshtein distance of two names.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_and_settings_are_translated() {
        assert_eq!(setting_name("CENOTAPH_REMOTE__S3__PATH_STYLE"), "remote.s3.path_style");
        assert_eq!(variable_name("remote.s3.path_style"), "CENOTAPH_REMOTE__S3__PATH_STYLE");
    }

    #[test]
    fn the_text_of_a_variable_is_a_toml_value_or_a_string() {
        assert_eq!(from_text("30"), Value::Integer(30));
        assert_eq!(from_text("[\"a\"]"), Value::Array(vec!["a".into()]));
        assert_eq!(from_text("127.0.0.1:1"), Value::String("127.0.0.1:1".into()));
        assert_eq!(from_text("1\nother = 2"), Value::String("1\nother = 2".into()));
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("server.listn", "server.listen"), 1);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
