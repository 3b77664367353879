//! Submitted forms: size-limited, and accepted only from our own pages.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;

use crate::http::error::{Kind, Problem};
use crate::http::ui::page::visitor::Visitor;

/// Field with the session's form token, in every form.
const TOKEN_FIELD: &str = "form_token";

/// The fields of a form whose token was valid.
#[derive(Debug, Clone)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The fields of a body.
    pub fn parse(body: &[u8]) -> Form {
        let pairs = url::form_urlencoded::parse(body);
        Form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// A field's text, trimmed; empty if the field is absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// A field's trimmed text; `None` if it is absent or empty.
    pub fn maybe(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A field's text exactly as it was typed.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All values of a field, such as ticked checkboxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Form, Problem> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let visitor =
            visitor.expect("a handler that extracts a form is in a group of pages with a role");
        same_site(request.headers())?;
        let body = Bytes::from_request(request, state).await;
        let body = body
            .map_err(|_| Problem::new(Kind::TooLarge, "The form is too large or ended early."))?;
        let form = Form::parse(&body);
        // Both are hashes of secrets, so the timing of the comparison reveals nothing.
        if form.text(TOKEN_FIELD) != visitor.secret.form_token() {
            let detail = "The page is from an earlier session. Reload it and try again.";
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        Ok(form)
    }
}

/// Refuses requests from pages of other sites.
///
/// # Errors
/// [`Kind::Forbidden`] if the browser reports another site.
pub fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Problem::new(Kind::Forbidden, "Cross-site form submission refused.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name() {
        let form = Form::parse(b"note=+a%3Cb%3E+&case=1&case=2&empty=+");
        assert_eq!(form.text("note"), "a<b>");
        assert_eq!(form.exact("note"), " a<b> ");
        assert_eq!(form.all("case").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.maybe("empty"), form.maybe("absent")), (None, None));
    }
}
