//! Lists in XML: a root, sections, records. Records are given one by one as small trees; whatever could make a parser grow without bound
//! (depth, size of a record, document types, entities of their own) is refused.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::read::{MAX_ENTITIES, ReadError, check_size, quoted};

/// Deepest nesting of elements; the lists have at most eleven.
const MAX_DEPTH: usize = 16;
/// Longest text of one record with its attributes, in bytes.
const MAX_RECORD_BYTES: usize = 4 << 20;
/// Most elements of one record.
const MAX_RECORD_ELEMENTS: usize = 1 << 17;

/// One element with its own text.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The text of the first child of a name, empty without one.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Every element below of a name, in the order of the document.
    pub(crate) fn below<'a>(&'a self, name: &'a str) -> Vec<&'a Element> {
        let mut found = Vec::new();
        let mut open: Vec<&Element> = self.children.iter().rev().collect();
        while let Some(element) = open.pop() {
            if element.name == name {
                found.push(element);
            }
            open.extend(element.children.iter().rev());
        }
        found
    }

    /// An attribute, empty without one.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }
}

/// One record: the section it stands in, and where it starts.
pub(crate) struct Record {
    pub(crate) section: String,
    pub(crate) line: u64,
    pub(crate) element: Element,
}

struct Walk {
    open: Vec<Element>,
    bytes: usize,
    elements: usize,
    starts: u64,
    closed: bool,
}

/// Gives every record of a document to `take`.
///
/// # Errors
/// [`ReadError`] when it is another document, not well formed, unbounded, or ends before its root does.
pub(crate) fn records(
    file: &str,
    bytes: &[u8],
    root: &str,
    expected: &'static str,
    mut take: impl FnMut(Record),
) -> Result<(), ReadError> {
    check_size(file, bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Broken {
        file: file.to_owned(),
        line: 1 + line_breaks(bytes.get(..error.valid_up_to()).unwrap_or_default()),
        reason: "the bytes are not UTF-8".to_owned(),
    })?;
    let mut reader = Reader::from_str(text);
    let mut walk = Walk { open: Vec::new(), bytes: 0, elements: 0, starts: 1, closed: false };
    let (mut line, mut counted, mut given) = (1, 0, 0);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
        line += line_breaks(bytes.get(counted..at).unwrap_or_default());
        counted = at;
        let broken = |reason: String| ReadError::Broken { file: file.to_owned(), line, reason };
        match reader.read_event().map_err(|error| broken(error.to_string()))? {
            Event::Start(start) => {
                let element = walk.element(&start).map_err(broken)?;
                if walk.open.is_empty() && (element.name != root || walk.closed) {
                    return Err(ReadError::NotThis {
                        file: file.to_owned(),
                        expected,
                        found: format!("its outermost element is {}", quoted(&element.name)),
                    });
                }
                if walk.open.len() >= MAX_DEPTH {
                    return Err(broken(format!("elements are nested deeper than {MAX_DEPTH}")));
                }
                if walk.open.len() == 2 {
                    walk.starts = line;
                }
                walk.open.push(element);
            }
            Event::Empty(start) => {
                let element = walk.element(&start).map_err(broken)?;
                match walk.open.len() {
                    0 => return Err(broken(format!("{} stands outside of the list", quoted(&element.name)))),
                    2 => {
                        walk.starts = line;
                        given += 1;
                        take(walk.record(element));
                    }
                    1 => {}
                    _ => walk.adopt(element),
                }
            }
            Event::End(_) => {
                let Some(element) = walk.open.pop() else {
                    return Err(broken("an element ends that did not start".to_owned()));
                };
                match walk.open.len() {
                    0 => walk.closed = true,
                    1 => {}
                    2 => {
                        given += 1;
                        take(walk.record(element));
                    }
                    _ => walk.adopt(element),
                }
            }
            Event::Text(text) => {
                walk.text(&text.decode().map_err(|error| broken(error.to_string()))?).map_err(broken)?;
            }
            Event::CData(text) => {
                walk.text(&text.decode().map_err(|error| broken(error.to_string()))?).map_err(broken)?;
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| broken(error.to_string()))?;
                let char = reference.resolve_char_ref().map_err(|error| broken(error.to_string()))?.map(String::from);
                let text = char.or_else(|| quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned));
                let text = text.ok_or_else(|| broken(format!("`&{name};` is no entity of XML itself")))?;
                walk.text(&text).map_err(broken)?;
            }
            Event::Eof if walk.closed && walk.open.is_empty() => return Ok(()),
            Event::Eof => {
                let inside = walk.open.last().map_or(root, |element| element.name.as_str());
                return Err(broken(format!("it ends inside `{inside}`")));
            }
            Event::DocType(_) => return Err(broken("it has a document type; the list has none".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if given > MAX_ENTITIES {
            return Err(broken(format!("more than {MAX_ENTITIES} records")));
        }
    }
}

impl Walk {
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, String> {
        if self.open.len() <= 2 {
            (self.bytes, self.elements) = (0, 0);
        }
        self.elements += 1;
        if self.elements > MAX_RECORD_ELEMENTS {
            return Err(format!("one record has more than {MAX_RECORD_ELEMENTS} elements"));
        }
        let mut element =
            Element { name: String::from_utf8_lossy(start.local_name().as_ref()).into_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let raw = std::str::from_utf8(&attribute.value).map_err(|_| "an attribute is not UTF-8".to_owned())?;
            let value = quick_xml::escape::unescape(raw).map_err(|error| error.to_string())?.into_owned();
            self.grow(key.len() + value.len())?;
            element.attributes.push((key, value));
        }
        Ok(element)
    }

    fn grow(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes;
        if self.bytes > MAX_RECORD_BYTES {
            return Err(format!("one record has more than {MAX_RECORD_BYTES} bytes"));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.open.len() <= 2 {
            // Between records nothing is kept.
            return Ok(());
        }
        self.grow(text.len())?;
        if let Some(element) =
            self.open.last_mut().filter(|element| !text.trim().is_empty() || !element.text.is_empty())
        {
            element.text.push_str(text);
        }
        Ok(())
    }

    fn adopt(&mut self, element: Element) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(element);
        }
    }

    fn record(&self, element: Element) -> Record {
        let section = self.open.last().map_or_else(String::new, |section| section.name.clone());
        Record { section, line: self.starts, element }
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, u64, String)>, ReadError> {
        let mut found = Vec::new();
        records("x.xml", text.as_bytes(), "L", "list", |record| {
            found.push((record.section, record.line, record.element.attribute("ID").to_owned()));
        })?;
        Ok(found)
    }

    #[test]
    fn records_come_with_their_section_line_and_attributes() {
        let text = "<L xmlns=\"urn:x\">\n<A><R ID=\"1 &amp; 2\"/>\n<R ID=\"3\"><B/></R></A><D>9</D>\n<C><R ID=\"4\"></R></C></L>";
        let found = read(text).unwrap();
        let shown: Vec<String> = found.iter().map(|(section, line, id)| format!("{section} {line} {id}")).collect();
        assert_eq!(shown, ["A 2 1 & 2", "A 3 3", "C 4 4"]);
    }

    #[test]
    fn what_could_grow_without_bound_is_refused() {
        let deep = format!("<L>{}{}</L>", "<a>".repeat(40), "</a>".repeat(40));
        let long = format!("<L><S><R>{}</R></S></L>", "x".repeat(MAX_RECORD_BYTES + 1));
        let attribute = format!("<L><S><R a=\"{}\"/></S></L>", "x".repeat(MAX_RECORD_BYTES + 1));
        let many = format!("<L><S><R>{}</R></S></L>", "<a/>".repeat(MAX_RECORD_ELEMENTS + 1));
        let bomb = "<!DOCTYPE L [<!ENTITY a \"aaaa\">]><L><S><R>&a;</R></S></L>";
        for text in [deep.as_str(), &long, &attribute, &many, bomb, "<L><S><R>&a;</R></S></L>", "<L a=1></L>"] {
            assert!(matches!(read(text), Err(ReadError::Broken { .. })), "{}", text.get(..60).unwrap_or(text));
        }
        assert!(matches!(read("<M></M>"), Err(ReadError::NotThis { .. })));
        assert!(read("<L></L><L></L>").is_err() && read("<L/>").is_err() && read("").is_err());
    }
}
