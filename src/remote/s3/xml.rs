//! The XML of S3's answers as a small tree. Text is kept to the letter: an object's name may begin with a space.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

/// S3's answers are four deep.
const DEPTH_MAX: usize = 16;

/// An element: its name without a prefix, its own text, the elements within.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The outermost element; `None` for anything that is not well-formed.
    pub fn parse(bytes: &[u8]) -> Option<Element> {
        let mut reader = Reader::from_reader(bytes);
        // The elements that are open, below a root that holds the outermost one.
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    let name = str::from_utf8(start.local_name().into_inner()).ok()?.to_owned();
                    open.push(Element { name, ..Element::default() });
                    if open.len() > DEPTH_MAX {
                        return None;
                    }
                }
                Event::Empty(empty) => {
                    let name = str::from_utf8(empty.local_name().into_inner()).ok()?.to_owned();
                    open.last_mut()?.children.push(Element { name, ..Element::default() });
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
                Event::GeneralRef(reference) => {
                    open.last_mut()?.text.push_str(&resolve(&reference)?);
                }
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty())?;
        root.children.into_iter().next()
    }

    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The elements of a name that are directly within.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of a name that is directly within.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(&reference.decode().ok()?).map(str::to_owned)
}

/// Appends text so that a parser reads the same text.
pub(super) fn push_escaped(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' => xml.push_str("&#9;"),
            '\n' => xml.push_str("&#10;"),
            '\r' => xml.push_str("&#13;"),
            other => xml.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_are_kept_to_the_letter() {
        for name in [" a", "a\n", "a & <b>.mp4", "\u{e4}\r\t'\"", "a ]]> b"] {
            let mut xml = String::from("<?xml version=\"1.0\"?>\n<List xmlns=\"urn:x\">\n <Key>");
            push_escaped(&mut xml, name);
            xml.push_str("</Key>\n <Empty/><Key><![CDATA[b&]]></Key>\n</List>\n");
            let list = Element::parse(xml.as_bytes()).unwrap();
            assert!(list.is("List"));
            assert_eq!(list.text("Key"), Some(name));
            assert_eq!(list.all("Key").nth(1).unwrap().text, "b&");
            assert_eq!(list.text("Empty"), Some(""));
            assert_eq!(list.text("None"), None);
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let deep = "<a>".repeat(100);
        for wrong in ["", "text", "<a>", "<a></b>", "<a>&unknown;</a>", "</a>", &deep] {
            assert_eq!(Element::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
