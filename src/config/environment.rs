//! The environment variables that Cenotaph knows, read here and nowhere else.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{Error, Result};

/// How our variables begin.
pub(super) const PREFIX: &str = "CENOTAPH_";
const CONFIG: &str = "CENOTAPH_CONFIG";
const DATA: &str = "CENOTAPH_DATA";
const KEYS: &str = "CENOTAPH_KEYS";

/// The environment as it was found.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentVariables {
    /// `CENOTAPH_CONFIG`: the settings file.
    pub config: Option<OsString>,
    /// `CENOTAPH_DATA`: the data folder.
    pub data: Option<OsString>,
    /// `CENOTAPH_KEYS`: the key folder.
    pub keys: Option<OsString>,
    /// Every other variable that begins with `CENOTAPH_`, with its name.
    pub settings: Vec<(String, OsString)>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
}

impl EnvironmentVariables {
    /// Reads the variables; an empty one counts as absent.
    pub fn read() -> EnvironmentVariables {
        let mut found = EnvironmentVariables::default();
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let variables = std::env::vars_os();
        for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
            // The names that matter are ASCII.
            let Ok(name) = name.into_string() else { continue };
            match name.as_str() {
                CONFIG => found.config = Some(value),
                DATA => found.data = Some(value),
                KEYS => found.keys = Some(value),
                "XDG_CONFIG_HOME" => found.config_home = Some(value),
                "HOME" => found.home = Some(value),
                _ if name.starts_with(PREFIX) => found.settings.push((name, value)),
                _ => {}
            }
        }
        found
    }

    /// The key folder when neither a flag, a variable nor the file names one: `$XDG_CONFIG_HOME/cenotaph`, else
    /// `~/.config/cenotaph`. A relative `XDG_CONFIG_HOME` is ignored, as its specification demands.
    ///
    /// # Errors
    /// [`Error::NoPlaceForKeys`] when there is no home folder.
    pub fn default_keys(&self) -> Result<PathBuf> {
        let config_home = self.config_home.as_ref().map(PathBuf::from).filter(|p| p.is_absolute());
        let home = self.home.as_ref().map(|home| Path::new(home).join(".config"));
        let config = config_home.or(home).ok_or(Error::NoPlaceForKeys)?;
        Ok(config.join("cenotaph"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_below_xdg_else_below_home() {
        let mut all = EnvironmentVariables {
            config_home: Some("/xdg".into()),
            home: Some("/home/a".into()),
            ..EnvironmentVariables::default()
        };
        assert_eq!(all.default_keys().unwrap(), Path::new("/xdg/cenotaph"));
        all.config_home = Some("relative".into());
        assert_eq!(all.default_keys().unwrap(), Path::new("/home/a/.config/cenotaph"));
        let nothing = EnvironmentVariables::default();
        assert!(matches!(nothing.default_keys(), Err(Error::NoPlaceForKeys)));
    }
}
