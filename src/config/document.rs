//! The settings as documents: a file to start from, and the reference. Both are written from the declarations.

use std::fmt::Write;

use crate::config::draft::Draft;
use crate::config::sections;
use crate::config::setting::{Section, Setting};

/// Width of a comment in the example file, characters.
const WIDTH: usize = 100;
/// A number of bytes from which the reference also shows a binary unit.
const BYTES_SHOWN_MIN: u64 = 1 << 10;

const EXAMPLE_HEAD: &str = "\
# Settings of Cenotaph. A setting that is commented out shows its default, or an example if it has none.
#
# Environment variables override this file: CENOTAPH_SERVER__LISTEN sets server.listen. Flags override both.
# `cenotaph config check` reports everything that is wrong; `cenotaph config show` shows what is in force.
";

const REFERENCE_HEAD: &str = "\
# Settings

Cenotaph reads settings from a TOML file, from environment variables and from flags. A flag overrides a variable, a
variable overrides the file, the file overrides the default.

- The file is the one that `--config` or `CENOTAPH_CONFIG` names, otherwise `cenotaph.toml` in the working directory if it
  exists. `cenotaph config example` prints a file that explains every setting.
- Every setting has an environment variable: `CENOTAPH_`, then the name in capitals with `__` for each dot.
  `CENOTAPH_SERVER__LISTEN=127.0.0.1:9000` sets `server.listen`. Lists and tables are written in TOML:
  `CENOTAPH_REMOTE__FILE_ROOTS='[\"/srv/videos\"]'`. Set secrets this way.
- `cenotaph config check` reports everything that is wrong and exits with 2, or with 0 if nothing is.
  `cenotaph config show` lists every setting with its value and where the value comes from.

This page is generated from the program. After a change of the settings, `CENOTAPH_BLESS=1 cargo test --test settings`
writes it anew.
";

/// A settings file in which every setting is explained and commented out.
pub fn example() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    let mut draft = Draft::default();
    for section in sections::all() {
        text.push('\n');
        if section.name.is_empty() {
            example_settings(&section, &mut draft, &mut text);
        } else {
            text.push_str(&comment(&section.about));
            let _ = write!(text, "[{}]\n\n", section.name);
            example_settings(&section, &mut draft, &mut text);
        }
    }
    let rule = sections::repeated();
    let _ = write!(text, "\n{}# [[{}]]\n\n", comment(&rule.about), rule.name);
    example_settings(&rule, &mut Default::default(), &mut text);
    text
}

fn example_settings<T>(section: &Section<T>, target: &mut T, text: &mut String) {
    let mut first = true;
    for setting in section.settings.iter().filter(|setting| !is_repeated(&setting.name)) {
        if !first {
            text.push('\n');
        }
        first = false;
        let about = match setting.unset {
            Some(unset) => format!("{} Default: {}.", setting.about, unset.replace('`', "")),
            None => setting.about.clone(),
        };
        let value = setting.example.map(str::to_owned);
        let value = value.unwrap_or_else(|| setting.default_text(target));
        let _ = writeln!(text, "{}# {} = {value}", comment(&about), setting.key());
    }
}

/// Whether a setting stands for tables that are described on their own.
fn is_repeated(name: &str) -> bool {
    name == sections::repeated().name
}

/// Text as lines of comment.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// The reference of all settings, Markdown.
pub fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    let mut draft = Draft::default();
    for section in sections::all() {
        let title = match section.name {
            "" => "Folders".to_owned(),
            name => format!("`[{name}]`"),
        };
        reference_section(&title, &section, &mut draft, &mut text);
    }
    let rule = sections::repeated();
    let title = format!("`[[{}]]`", rule.name);
    reference_section(&title, &rule, &mut Default::default(), &mut text);
    renamed(&mut text);
    text
}

fn reference_section<T>(title: &str, section: &Section<T>, target: &mut T, text: &mut String) {
    let _ = write!(text, "\n## {title}\n\n{}\n\n", section.about);
    text.push_str("| Setting | Default | Value | |\n|---|---|---|---|\n");
    for setting in &section.settings {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            setting.name,
            default_cell(setting, target),
            setting.slot.accepts().replace('|', "\\|"),
            setting.about.replace('|', "\\|"),
        );
    }
}

fn default_cell<T>(setting: &Setting<T>, target: &mut T) -> String {
    match (setting.unset, setting.slot.get(target)) {
        (Some(unset), _) => unset.to_owned(),
        (None, None) => "none".to_owned(),
        (None, Some(value)) => {
            let bytes = value.as_integer().and_then(|n| u64::try_from(n).ok());
            let bytes = bytes.filter(|_| setting.name.contains("bytes")).and_then(binary);
            let unit = bytes.map(|bytes| format!(" ({bytes})")).unwrap_or_default();
            format!("`{value}`{unit}")
        }
    }
}

/// `64 MiB`; `None` when no binary unit divides the number.
fn binary(bytes: u64) -> Option<String> {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let (unit, shift) = units.into_iter().find(|(_, shift)| bytes.trailing_zeros() >= *shift)?;
    (bytes >= BYTES_SHOWN_MIN).then(|| format!("{} {unit}", bytes >> shift))
}

/// The former names.
fn renamed(text: &mut String) {
    text.push_str(
        "\n## Former names\n\nThese settings were renamed after version 0.1.0. A former name is refused, with an error \
         that gives the new one.\n\n\
         | Former | Now |\n|---|---|\n",
    );
    let rule = sections::repeated();
    let rule = rule.settings.iter().map(|one| (one.former, one.name.clone()));
    let all = sections::all();
    let settings = all.iter().flat_map(|section| &section.settings);
    for (former, name) in settings.map(|one| (one.former, one.name.clone())).chain(rule) {
        for old in former {
            let _ = writeln!(text, "| `{old}` | `{name}` |");
        }
    }
}
