//! Finds the video id in an address of the platform.

use url::Url;

/// The placeholder of the id in a pattern.
const ID: &str = "{id}";

/// The id in an address, by the first pattern that matches: `/v/{id}`, `/watch?v={id}`. The host is ignored, because
/// the proxy decides what is routed here. Only patterns with a query look at the address's query; other parameters are
/// ignored.
pub fn video_of(patterns: &[String], address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    patterns.iter().find_map(|pattern| match pattern.split_once('?') {
        Some((path, query)) if path == url.path() => in_query(&url, query),
        Some(_) => None,
        None => in_path(url.path(), pattern),
    })
}

fn in_path(path: &str, pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once(ID)?;
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    if id.is_empty() || id.contains('/') {
        return None;
    }
    decoded(id)
}

fn in_query(url: &Url, pattern: &str) -> Option<String> {
    let name = pattern.strip_suffix(ID)?.strip_suffix('=')?;
    let found = url.query_pairs().find(|(named, id)| named == name && !id.is_empty());
    found.map(|(_, id)| id.into_owned())
}

/// Decodes a path segment as the router does. Form decoding would turn `+` into a space, so `+` is escaped first.
fn decoded(id: &str) -> Option<String> {
    let form = format!("id={}", id.replace('+', "%2B").replace('&', "%26"));
    let (_, id) = url::form_urlencoded::parse(form.as_bytes()).next()?;
    Some(id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_video_that_its_pattern_says() {
        let patterns = ["/v/{id}", "/embed/{id}.html", "/watch?v={id}"].map(str::to_owned);
        let found = |address: &str| video_of(&patterns, address);
        assert_eq!(found("https://video.example.com/v/8812").as_deref(), Some("8812"));
        assert_eq!(found("https://video.example.com/v/8812?t=3#x").as_deref(), Some("8812"));
        assert_eq!(found("https://h/v/a%2Fb%20c+d%26").as_deref(), Some("a/b c+d&"));
        assert_eq!(found("http://h/embed/8812.html").as_deref(), Some("8812"));
        assert_eq!(found("http://h/watch?list=2&v=88%2012").as_deref(), Some("88 12"));
        for none in
            ["", "8812", "https://h/v/", "https://h/v/a/b", "https://h/watch?w=1", "https://h/x/1"]
        {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
