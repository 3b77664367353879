//! What a setting is, and the notation in which `sections` declares all of them.
//!
//! A setting is declared once:
//!
//! ```text
//! settings! {
//!     /// The HTTP server.
//!     fn server["server"] -> Draft;
//!
//!     /// Maximum number of open connections. Further ones wait in the kernel's queue.
//!     connections_max = Integer::at_least(1) => http.connections_max;
//! }
//! ```
//!
//! That line names the setting (`server.connections_max`), describes it, says which values it takes (a [`Form`]) and
//! which field it sets. Everything else follows: the name of its environment variable, reading, range checks, the
//! default (the field's value in the target's `Default`, so it stands in the room that owns it), `cenotaph config
//! show`, the example file and `docs/settings.md`.
//!
//! After the field may stand `was "old.name"` (an old name is refused with the new one), `unset "…"` (what applies when
//! a setting without a fixed default is absent) and `example "…"` (the TOML value that the example file shows then).

use toml::Value;

/// How a value of type `V` is written in TOML.
pub(super) trait Form<V> {
    /// Reads a value.
    ///
    /// # Errors
    /// Why the value is refused, without the setting's name.
    fn read(&self, typed: &Value) -> Result<V, String>;

    /// The value as TOML; `None` when it is unset.
    fn write(&self, value: &V) -> Option<Value>;

    /// The accepted values, to follow "expected": `an integer from 1 to 10`.
    fn accepts(&self) -> String;

    /// Whether an environment variable holds the text itself, and not a TOML value.
    fn is_text(&self) -> bool {
        false
    }

    /// Whether the value must not be shown.
    fn is_secret(&self) -> bool {
        false
    }
}

/// A field of `T` with its form; hides the field's type.
pub(super) trait Slot<T> {
    /// # Errors
    /// As [`Form::read`]; the field is unchanged then.
    fn set(&self, target: &mut T, typed: &Value) -> Result<(), String>;

    /// The field's value as TOML. Takes `&mut` because a [`Field`] has one accessor for reading and writing.
    fn get(&self, target: &mut T) -> Option<Value>;

    fn accepts(&self) -> String;

    fn is_text(&self) -> bool;

    fn is_secret(&self) -> bool;
}

/// A field of `T`, reached by `at`, and its form.
pub(super) struct Field<T, V, F> {
    pub at: fn(&mut T) -> &mut V,
    pub form: F,
}

impl<T, V, F: Form<V>> Slot<T> for Field<T, V, F> {
    fn set(&self, target: &mut T, typed: &Value) -> Result<(), String> {
        *(self.at)(target) = self.form.read(typed)?;
        Ok(())
    }

    fn get(&self, target: &mut T) -> Option<Value> {
        self.form.write((self.at)(target))
    }

    fn accepts(&self) -> String {
        self.form.accepts()
    }

    fn is_text(&self) -> bool {
        self.form.is_text()
    }

    fn is_secret(&self) -> bool {
        self.form.is_secret()
    }
}

/// One setting of `T`.
pub(super) struct Setting<T> {
    /// The whole name, `server.listen`.
    pub name: String,
    /// A noun phrase with the unit, then what to consider; a paragraph.
    pub about: String,
    /// Names of earlier versions.
    pub former: &'static [&'static str],
    /// What applies when it is absent, where no fixed value does.
    pub unset: Option<&'static str>,
    /// A TOML value to show where there is no default.
    pub example: Option<&'static str>,
    pub slot: Box<dyn Slot<T>>,
}

impl<T> Setting<T> {
    /// The name without its section.
    pub fn key(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The default as TOML, or what applies instead; `target` is one that nothing was set in.
    pub fn default_text(&self, target: &mut T) -> String {
        let default = || self.slot.get(target).map(|value| value.to_string());
        self.unset.map(str::to_owned).or_else(default).unwrap_or_else(|| "none".to_owned())
    }
}

/// A table of the settings' file.
pub(super) struct Section<T> {
    /// `server`; empty for what stands above all tables.
    pub name: &'static str,
    /// What the settings are about; a paragraph.
    pub about: String,
    pub settings: Vec<Setting<T>>,
}

/// Lines of doc comments as one paragraph.
pub(super) fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The whole name of a setting.
pub(super) fn full_name(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// Declares the settings of one section as a function that returns it; the module explains the notation.
macro_rules! settings {
    (
        $(#[doc = $intro:literal])*
        fn $make:ident[$section:literal] -> $target:ty;
        $(
            $(#[doc = $about:literal])*
            $name:ident = $form:expr => $($field:ident).+
            $(, was $former:literal)*
            $(, unset $unset:literal)?
            $(, example $example:literal)?
            ;
        )*
    ) => {
        pub(in crate::config) fn $make() -> $crate::config::setting::Section<$target> {
            use $crate::config::setting::{Field, Section, Setting, full_name, paragraph};
            let settings = vec![$(
                Setting {
                    name: full_name($section, stringify!($name)),
                    about: paragraph(&[$($about),*]),
                    former: &[$($former),*],
                    unset: None::<&'static str>$(.or(Some($unset)))?,
                    example: None::<&'static str>$(.or(Some($example)))?,
                    slot: Box::new(Field {
                        at: |target: &mut $target| &mut target.$($field).+,
                        form: $form,
                    }),
                },
            )*];
            Section { name: $section, about: paragraph(&[$($intro),*]), settings }
        }
    };
}
pub(super) use settings;
