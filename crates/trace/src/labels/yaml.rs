//! The part of YAML that tag packs need, read strictly: mappings, lists and texts. Anchors, aliases and tags are refused, so a short file
//! cannot become a large one, and two readers cannot see two files.

use super::LabelError;
use saphyr_parser::{Event, Parser, ScanError};

/// Largest accepted file.
const MAX_LEN: usize = 64 * 1024 * 1024;
/// Deepest nesting; a pack needs four.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(String, Node)>),
}

enum Open {
    List(usize, Vec<Node>),
    /// The name read last, with its line: what is wrong with a value is said of the line that names it.
    Map(usize, Vec<(String, Node)>, Option<(String, usize)>),
}

/// Reads the one document of a file.
pub(super) fn parse(text: &str) -> Result<Node, LabelError> {
    if text.len() > MAX_LEN {
        return Err(LabelError::new(1, format!("the file has {} bytes, the limit is {MAX_LEN}", text.len())));
    }
    let mut parser = Parser::new_from_str(text);
    let (mut open, mut root): (Vec<Open>, Option<Node>) = (Vec::new(), None);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| scan(&error))?;
        let line = span.start.line();
        let done = match event {
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => None,
            Event::StreamEnd => break,
            Event::DocumentStart(_) if root.is_some() => {
                return Err(LabelError::new(line, "a second document begins: one file, one pack"));
            }
            Event::DocumentStart(_) => None,
            Event::Alias(_) => return Err(LabelError::new(line, "aliases are not accepted: write the value out")),
            Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => return Err(decorated(line)),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) if anchor != 0 || tag.is_some() => {
                return Err(decorated(line));
            }
            Event::Scalar(text, ..) => Some(Node { line, value: Value::Text(text.into_owned()) }),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return Err(LabelError::new(line, "nested too deeply for a pack"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(line, Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(line, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(close),
        };
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, members, key)) => match (key.take(), node.value) {
                (None, Value::Text(name)) if members.iter().any(|(known, _)| *known == name) => {
                    return Err(LabelError::new(line, format!("`{}` stands here a second time", shown(&name))));
                }
                (None, Value::Text(name)) => *key = Some((name, node.line)),
                (None, _) => return Err(LabelError::new(line, "a name is not a text")),
                (Some((name, line)), value) => members.push((name, Node { line, value })),
            },
        }
    }
    root.ok_or_else(|| LabelError::new(1, "the file is empty"))
}

fn close(open: Open) -> Node {
    match open {
        Open::List(line, items) => Node { line, value: Value::List(items) },
        Open::Map(line, members, _) => Node { line, value: Value::Map(members) },
    }
}

fn decorated(line: usize) -> LabelError {
    LabelError::new(line, "anchors and tags of YAML are not accepted: write the value plainly")
}

fn scan(error: &ScanError) -> LabelError {
    LabelError::new(error.marker().line(), format!("not YAML: {}", error.info()))
}

/// Foreign text for an error, bounded.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
