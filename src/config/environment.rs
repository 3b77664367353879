//! The environment variables that we know, read here and nowhere else.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{Error, Result};

/// What the environment says, before anything was made of it.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentVariables {
    /// `CENOTAPH_CONFIG`: the file of the settings.
    pub config: Option<OsString>,
    /// `CENOTAPH_DATA`: the data folder.
    pub data: Option<OsString>,
    /// `CENOTAPH_KEYS`: the folder of the keys.
    pub keys: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
}

impl EnvironmentVariables {
    /// Reads the variables; an empty one counts as absent.
    pub fn read() -> EnvironmentVariables {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        EnvironmentVariables {
            config: variable("CENOTAPH_CONFIG"),
            data: variable("CENOTAPH_DATA"),
            keys: variable("CENOTAPH_KEYS"),
            config_home: variable("XDG_CONFIG_HOME"),
            home: variable("HOME"),
        }
    }

    /// Where the keys lie: `--keys`, else `CENOTAPH_KEYS`, else what the settings' file says, else
    /// `$XDG_CONFIG_HOME/cenotaph`, else `~/.config/cenotaph`. A relative `XDG_CONFIG_HOME` is ignored, as its specification demands.
    ///
    /// # Errors
    /// When none of them is there.
    pub fn keys_folder(&self, flag: Option<&Path>, typed: Option<&Path>) -> Result<PathBuf> {
        if let Some(flag) = flag {
            return Ok(flag.to_path_buf());
        }
        if let Some(keys) = &self.keys {
            return Ok(PathBuf::from(keys));
        }
        if let Some(typed) = typed {
            return Ok(typed.to_path_buf());
        }
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
    fn the_flag_wins_then_our_variable_then_the_file_then_xdg_then_home() {
        let mut all = EnvironmentVariables {
            keys: Some("/keys".into()),
            config_home: Some("/xdg".into()),
            home: Some("/home/a".into()),
            ..EnvironmentVariables::default()
        };
        let typed = Some(Path::new("/typed"));
        let folder = |e: &EnvironmentVariables, flag, typed| e.keys_folder(flag, typed).unwrap();
        assert_eq!(folder(&all, Some(Path::new("flag")), typed), Path::new("flag"));
        assert_eq!(folder(&all, None, typed), Path::new("/keys"));
        all.keys = None;
        assert_eq!(folder(&all, None, typed), Path::new("/typed"));
        assert_eq!(folder(&all, None, None), Path::new("/xdg/cenotaph"));
        all.config_home = Some("relative".into());
        assert_eq!(folder(&all, None, None), Path::new("/home/a/.config/cenotaph"));
        let nothing = EnvironmentVariables::default();
        assert!(matches!(nothing.keys_folder(None, None), Err(Error::NoPlaceForKeys)));
    }
}
