//! What XML and JSON of TS 103 120 have in common: elements with a namespace, a name, perhaps a type, and text or children.

mod json;
mod xml;

use crate::refusal::{Problem, quoted};
use std::cell::Cell;
use std::fmt;

pub(crate) use json::from_json;
pub(crate) use xml::from_xml;

/// Deepest nesting of elements.
pub(crate) const MAX_DEPTH: usize = 24;
/// Most elements of a message.
pub(crate) const MAX_ELEMENTS: usize = 50_000;

/// Namespaces that a message may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Core,
    Common,
    Authorisation,
    Task,
    Document,
}

impl Space {
    const ALL: [(Space, &'static str, &'static str); 5] = [
        (Space::Core, "", "Core"),
        (Space::Common, "common", "Common"),
        (Space::Authorisation, "auth", "Authorisation"),
        (Space::Task, "task", "Task"),
        (Space::Document, "doc", "Document"),
    ];

    /// The namespace of a URI like `http://uri.etsi.org/03120/common/2020/09/Task`; year and month of the version may be any.
    pub(crate) fn of_uri(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("http://uri.etsi.org/03120/common/")?;
        let (version, name) = (rest.get(..8)?, rest.get(8..)?);
        let shape = version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'/',
            _ => byte.is_ascii_digit(),
        });
        Self::ALL.into_iter().find(|(_, _, known)| shape && *known == name).map(|(space, _, _)| space)
    }

    /// The namespace of a prefix as JSON uses it: none for the core.
    pub(crate) fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| *known == prefix).map(|(space, _, _)| space)
    }

    fn prefix(self) -> &'static str {
        Self::ALL.into_iter().find(|(space, _, _)| *space == self).map_or("", |(_, prefix, _)| prefix)
    }
}

/// A name in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) space: Space,
    pub(crate) local: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.space.prefix() {
            "" => f.write_str(&self.local),
            prefix => write!(f, "{prefix}:{}", self.local),
        }
    }
}

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: Name,
    /// `xsi:type`.
    pub(crate) kind: Option<Name>,
    /// Where it begins: a line of XML, a path of JSON.
    pub(crate) place: String,
    /// Text between its tags, without children.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Its text.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        if self.children.is_empty() && self.kind.is_none() {
            return Ok(self.text.trim());
        }
        Err(self.wrong("it holds elements where text belongs"))
    }

    /// Its children, to be taken one by one until none is left.
    pub(crate) fn fields(&self) -> Result<Fields<'_>, Problem> {
        if !self.text.trim().is_empty() {
            return Err(self.wrong(format!("it holds the text {} where elements belong", quoted(self.text.trim()))));
        }
        Ok(Fields { element: self, left: Cell::new(self.children.iter().collect()) })
    }

    /// A problem at this element.
    pub(crate) fn wrong(&self, reason: impl Into<String>) -> Problem {
        Problem::new(format!("{}, {}", self.place, quoted(&self.name.to_string())), reason)
    }
}

/// Children that nobody has read yet. What is left at the end is not supported, and named.
pub(crate) struct Fields<'e> {
    element: &'e Element,
    left: Cell<Vec<&'e Element>>,
}

impl<'e> Fields<'e> {
    /// Every child of this name.
    pub(crate) fn many(&self, space: Space, local: &str) -> Vec<&'e Element> {
        let is = |element: &&Element| {
            element.name.space == space && element.name.local == local && !element.name.local.is_empty()
        };
        let (found, left) = self.left.take().into_iter().partition(is);
        self.left.set(left);
        found
    }

    /// The child of this name, if there is one; two are a fault.
    pub(crate) fn optional(&self, space: Space, local: &str) -> Result<Option<&'e Element>, Problem> {
        let found = self.many(space, local);
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [_, second, ..] => Err(second.wrong("it stands twice")),
        }
    }

    /// The child of this name.
    pub(crate) fn one(&self, space: Space, local: &str) -> Result<&'e Element, Problem> {
        let name = Name { space, local: local.to_owned() };
        self.optional(space, local)?.ok_or_else(|| self.element.wrong(format!("`{name}` is missing")))
    }

    /// Nothing is left.
    pub(crate) fn end(self) -> Result<(), Problem> {
        let left = self.left.take();
        let Some(first) = left.first() else { return Ok(()) };
        let names: Vec<String> = left.iter().take(10).map(|element| quoted(&element.name.to_string())).collect();
        let more = if left.len() > 10 { " and others" } else { "" };
        Err(first.wrong(format!("not supported here, and refused: {}{more}", names.join(", "))))
    }
}
