//! XML: UTF-8, version 1.0, no document type, no entity but the five of XML itself, no processing instruction, no CDATA section, no
//! attribute but `xsi:type` and namespace declarations.

use super::{Element, MAX_DEPTH, MAX_ELEMENTS, Name, Space};
use crate::message::MAX_MESSAGE;
use crate::refusal::{Problem, quoted};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Most namespace declarations in force at once: every element looks through them.
const MAX_BINDINGS: usize = 64;

/// What a prefix stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Ours(Space),
    Instance,
}

struct Reading {
    open: Vec<Element>,
    /// Prefix, meaning, and the depth of the element that declared it.
    bindings: Vec<(String, Bound, usize)>,
    root: Option<Element>,
    elements: usize,
    line: usize,
}

/// Reads one XML document.
///
/// # Errors
/// [`Problem`] with the line.
pub(crate) fn from_xml(bytes: &[u8]) -> Result<Element, Problem> {
    if bytes.len() > MAX_MESSAGE {
        return Err(Problem::new("message", format!("it has more than {MAX_MESSAGE} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + breaks(bytes.get(..error.valid_up_to()).unwrap_or_default());
        Problem::new(format!("line {line}"), "the bytes are not UTF-8")
    })?;
    if text.starts_with('\u{feff}') {
        return Err(Problem::new("line 1", "it begins with a byte order mark: send UTF-8 without one"));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading { open: Vec::new(), bindings: Vec::new(), root: None, elements: 0, line: 1 };
    let mut counted = 0;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
        reading.line += breaks(bytes.get(counted..at).unwrap_or_default());
        counted = counted.max(at);
        let event = reader.read_event().map_err(|error| reading.wrong(format!("it is no well-formed XML: {error}")))?;
        match event {
            Event::Decl(declaration) => {
                let version = declaration.version().ok();
                let encoding = declaration.encoding().transpose().ok().flatten();
                if at != 0 || version.as_deref() != Some(b"1.0") {
                    return Err(reading.wrong("only a declaration of XML 1.0 at the beginning is taken"));
                }
                if encoding.is_some_and(|name| !name.eq_ignore_ascii_case(b"utf-8")) {
                    return Err(reading.wrong("it declares another encoding than UTF-8"));
                }
            }
            Event::Start(start) => reading.start(&start)?,
            Event::End(_) => reading.end()?,
            Event::Text(text) => {
                let text = text.xml10_content().map_err(|error| reading.wrong(error.to_string()))?;
                reading.text(&text)?;
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| reading.wrong(error.to_string()))?;
                let known = quick_xml::escape::resolve_xml_entity(&name);
                let text = known.ok_or_else(|| {
                    reading.wrong(format!(
                        "the reference `&{};` is not one of the five of XML",
                        quoted(&name).trim_matches('`')
                    ))
                })?;
                reading.text(text)?;
            }
            Event::Comment(_) => {}
            Event::DocType(_) => return Err(reading.wrong("a document type (DTD) is not taken")),
            Event::CData(_) => return Err(reading.wrong("a CDATA section is not taken")),
            Event::PI(_) => return Err(reading.wrong("a processing instruction is not taken")),
            Event::Empty(_) => return Err(reading.wrong("an empty element was not expanded")),
            Event::Eof => break,
        }
    }
    match (reading.root, reading.open.last()) {
        (Some(root), None) => Ok(root),
        (_, Some(open)) => Err(open.wrong("the message ends inside of it")),
        (None, None) => Err(Problem::new("line 1", "there is no element")),
    }
}

impl Reading {
    fn wrong(&self, reason: impl Into<String>) -> Problem {
        Problem::new(format!("line {}", self.line), reason)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Problem> {
        if self.root.is_some() {
            return Err(self.wrong("something stands behind the outermost element"));
        }
        self.elements += 1;
        if self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return Err(
                self.wrong(format!("elements are nested deeper than {MAX_DEPTH}, or are more than {MAX_ELEMENTS}"))
            );
        }
        let depth = self.open.len();
        let mut others = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.wrong(format!("an attribute is broken: {error}")))?;
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).ok();
            let (Some(key), Some(value)) = (text(attribute.key.as_ref()), text(&attribute.value)) else {
                return Err(self.wrong("an attribute is not UTF-8"));
            };
            if value.contains(['&', '<']) {
                return Err(self.wrong(format!("the attribute {} has a reference in its value", quoted(&key))));
            }
            match key.strip_prefix("xmlns").map(|rest| rest.strip_prefix(':').unwrap_or(rest)) {
                Some(prefix) if key == "xmlns" || key.starts_with("xmlns:") => self.bind(prefix, &value, depth)?,
                _ => others.push((key, value)),
            }
        }
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        let name = self.name(&name)?;
        let mut kind = None;
        for (key, value) in others {
            match key.split_once(':') {
                Some((prefix, "type")) if self.meaning(prefix) == Some(Bound::Instance) => {
                    kind = Some(self.name(&value)?)
                }
                _ => return Err(self.wrong(format!("the attribute {} is not supported", quoted(&key)))),
            }
        }
        let place = format!("line {}", self.line);
        self.open.push(Element { name, kind, place, text: String::new(), children: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let element = self.open.pop().ok_or_else(|| self.wrong("an element ends that did not begin"))?;
        let depth = self.open.len();
        self.bindings.retain(|(_, _, declared)| *declared < depth);
        if depth == 0 {
            self.bindings.clear();
        }
        if !element.children.is_empty() && !element.text.trim().is_empty() {
            return Err(element.wrong("it mixes text and elements"));
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(self.wrong("text stands outside of the outermost element")),
        }
        Ok(())
    }

    fn bind(&mut self, prefix: &str, uri: &str, depth: usize) -> Result<(), Problem> {
        let bound = if uri == XSI { Some(Bound::Instance) } else { Space::of_uri(uri).map(Bound::Ours) };
        let bound = bound.ok_or_else(|| self.wrong(format!("the namespace {} is not supported", quoted(uri))))?;
        if self.bindings.len() >= MAX_BINDINGS {
            return Err(self.wrong(format!("more than {MAX_BINDINGS} namespaces are declared")));
        }
        self.bindings.push((prefix.to_owned(), bound, depth));
        Ok(())
    }

    fn meaning(&self, prefix: &str) -> Option<Bound> {
        self.bindings.iter().rev().find(|(known, _, _)| known == prefix).map(|(_, bound, _)| *bound)
    }

    fn name(&self, qualified: &str) -> Result<Name, Problem> {
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        match self.meaning(prefix) {
            Some(Bound::Ours(space)) => Ok(Name { space, local: local.to_owned() }),
            _ => Err(self.wrong(format!("{} is in no namespace of TS 103 120", quoted(qualified)))),
        }
    }
}

fn breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
