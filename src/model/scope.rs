//! Scopes: the permissions of an API key.

use std::fmt;
use std::str::FromStr;

/// One right. The list is closed; each is explained in `docs/uploads.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send uploads and read their verdicts.
    Upload,
    /// Request deletions and read the visibility of videos.
    Delete,
    /// Moderate: list uploads, read tombstones, reverse blocks.
    Review,
    /// Read scores and weak matches, which would show an uploader how to evade detection.
    Scores,
    /// Manage keys, subscriptions and grants, and retire tombstones.
    Admin,
}

impl Scope {
    pub const ALL: [Scope; 5] =
        [Scope::Upload, Scope::Delete, Scope::Review, Scope::Scores, Scope::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Upload => "upload",
            Scope::Delete => "delete",
            Scope::Review => "review",
            Scope::Scores => "scores",
            Scope::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope; choose from upload, delete, review, scores and admin")]
pub struct NoSuchScope;

impl FromStr for Scope {
    type Err = NoSuchScope;

    fn from_str(text: &str) -> Result<Scope, NoSuchScope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(NoSuchScope)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    pub fn all() -> Scopes {
        Scope::ALL.into_iter().collect()
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Whether the two sets intersect.
    pub fn has_any(self, of: Scopes) -> bool {
        self.0 & of.0 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of their definition.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |set, scope| set | 1 << scope as u8))
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Scopes {
        Scopes::from_iter([scope])
    }
}

/// Stored form: names separated by commas.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Scopes {
    type Err = NoSuchScope;

    fn from_str(text: &str) -> Result<Scopes, NoSuchScope> {
        text.split(',').filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_survives_its_text() {
        let set: Scopes = "admin,upload".parse().unwrap();
        assert_eq!(set.to_string(), "upload,admin");
        assert!(set.has(Scope::Admin) && !set.has(Scope::Delete));
        assert!(set.has_any(Scope::Upload.into()) && !set.has_any(Scopes::default()));
        assert_eq!("".parse(), Ok(Scopes::default()));
        assert_eq!(Scopes::all().to_string(), "upload,delete,review,scores,admin");
        assert_eq!("upload,everything".parse::<Scopes>(), Err(NoSuchScope));
    }
}
