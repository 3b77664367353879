//! Errors with their causes.

use std::error::Error;

/// An error and its causes on one line: `cannot read a.mp4: permission denied`.
///
/// Messages of errors in this crate do not contain their source, so that the chain says everything once. Errors of
/// `remote` are the exception: they end the chain, because the causes below them name addresses.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read a.mp4")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_follow_their_effect() {
        let inner = std::io::Error::other("the disk is on fire");
        assert_eq!(chain(&inner), "the disk is on fire");
        assert_eq!(chain(&Outer(inner)), "cannot read a.mp4: the disk is on fire");
    }
}
