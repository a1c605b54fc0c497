//! The part of YAML 1.2 that a pack may use: maps, lists and texts.
//!
//! Every scalar is its text: `NO` is Norway and never "false", `1.10` keeps its zero. Anchors, aliases, tags, repeated keys, keys that are no
//! texts, several documents, tabs and invisible characters are refused: what a lawyer reads is what the program reads.

use saphyr_parser::{Event, Parser, ScanError, Span};

use super::{MAX_LEN, PackError};

const MAX_DEPTH: usize = 8;
const MAX_NODES: usize = 20_000;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A list or map that is not closed yet.
enum Open {
    List(usize, Vec<Node>),
    Map { line: usize, entries: Vec<(String, Node)>, key: Option<String> },
}

pub(super) fn read(bytes: &[u8]) -> Result<Node, PackError> {
    if bytes.len() > MAX_LEN {
        return Err(fault(1, format!("has {} bytes, the limit is {MAX_LEN}", bytes.len())));
    }
    let text = core::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        fault(1 + before.iter().filter(|byte| **byte == b'\n').count(), "is not UTF-8")
    })?;
    for (line, content) in (1..).zip(text.split('\n')) {
        if let Some(bad) = content.chars().find(|character| is_hidden(*character)) {
            let reason = format!("has the character U+{:04X}; write plain text, spaces and line feeds", u32::from(bad));
            return Err(fault(line, reason));
        }
        if content.starts_with('%') {
            return Err(fault(line, "has a directive; a pack needs none"));
        }
    }
    let mut tree = Tree { open: Vec::new(), root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error: ScanError| fault(error.marker().line(), format!("no YAML: {}", error.info())))?;
        tree.take(event, span)?;
    }
    tree.root.ok_or_else(|| fault(1, "is empty"))
}

pub(super) fn fault(line: usize, reason: impl Into<String>) -> PackError {
    PackError::Malformed { line: line.max(1), path: String::new(), reason: reason.into() }
}

/// Control characters, and those that change the direction or hide: the page would show something else than is evaluated.
fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

struct Tree {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), PackError> {
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(fault(line, "begins a second document; a pack is one"));
                }
            }
            Event::Alias(_) => return Err(fault(line, "has an alias (`*`); write it out")),
            Event::Scalar(text, _, anchor, tag) => {
                plain(line, anchor, tag.is_some())?;
                self.place(Node { line, value: Value::Text(text.into_owned()) })?;
            }
            Event::SequenceStart(anchor, tag) => {
                plain(line, anchor, tag.is_some())?;
                self.descend(Open::List(line, Vec::new()), line)?;
            }
            Event::MappingStart(anchor, tag) => {
                plain(line, anchor, tag.is_some())?;
                self.descend(Open::Map { line, entries: Vec::new(), key: None }, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(line, nodes)) => self.place(Node { line, value: Value::List(nodes) })?,
                Some(Open::Map { line, entries, .. }) => self.place(Node { line, value: Value::Map(entries) })?,
                None => return Err(fault(line, "closes what was not opened")),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn descend(&mut self, open: Open, line: usize) -> Result<(), PackError> {
        if self.open.len() == MAX_DEPTH {
            return Err(fault(line, format!("is nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(open);
        Ok(())
    }

    fn place(&mut self, node: Node) -> Result<(), PackError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(fault(node.line, format!("has more than {MAX_NODES} values")));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, nodes)) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(name) => entries.push((name, node)),
                None => {
                    let Value::Text(name) = node.value else {
                        return Err(fault(node.line, "has a key that is no text"));
                    };
                    if entries.iter().any(|(known, _)| *known == name) {
                        return Err(fault(node.line, format!("has `{}` twice", short(&name))));
                    }
                    *key = Some(name);
                }
            },
        }
        Ok(())
    }
}

fn plain(line: usize, anchor: usize, is_tagged: bool) -> Result<(), PackError> {
    if anchor != 0 {
        return Err(fault(line, "has an anchor (`&`); write it out"));
    }
    if is_tagged { Err(fault(line, "has a tag (`!`); every value is text, a list or a map")) } else { Ok(()) }
}

/// Foreign text in an error, bounded.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(node: &Node) -> String {
        match &node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::List(nodes) => format!("[{}]", nodes.iter().map(text_of).collect::<Vec<_>>().join(",")),
            Value::Map(entries) => {
                let entries: Vec<String> = entries.iter().map(|(key, node)| format!("{key}:{}", text(node))).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    fn text_of(node: &Node) -> String {
        text(node)
    }

    #[test]
    fn every_scalar_is_its_text() {
        let read = |source: &str| text(&read(source.as_bytes()).unwrap());
        assert_eq!(
            read("a: [NO, no, 1.10, 0x1F, ~, null, true]"),
            r#"{a:["NO","no","1.10","0x1F","~","null","true"]}"#
        );
        assert_eq!(read("# words\na: >-\n  two\n  lines\nb: \"x\\n\"\n"), r#"{a:"two lines",b:"x\n"}"#);
        assert_eq!(
            read("---\n- {a: 1, b: [2]}\n-\n"),
            r#"[{a:"1",b:["2"]},"~"]"#.replace("\"~\"", &read("a:\n")[3..5])
        );
        assert_eq!(read(r#"{"a":"NO","b":["x"]}"#), r#"{a:"NO",b:["x"]}"#);
    }

    #[test]
    fn what_a_reader_could_misread_is_refused() {
        for (source, line, why) in [
            ("", 1, "is empty"),
            ("# nothing\n", 1, "is empty"),
            ("a: 1\na: 2\n", 2, "twice"),
            ("a: &x 1\n", 1, "anchor"),
            ("a: &x [1]\n", 1, "anchor"),
            ("a: *x\n", 1, "YAML"),
            ("a: !!str 1\n", 1, "tag"),
            ("a: !x {b: 1}\n", 1, "tag"),
            ("a: 1\n---\nb: 2\n", 2, "second document"),
            ("? [1]\n: 2\n", 1, "no text"),
            ("a:\t1\n", 1, "U+0009"),
            ("a: 1\r\nb: 2\r\n", 1, "U+000D"),
            ("\u{feff}a: 1\n", 1, "U+FEFF"),
            ("a: 1\nb: x\u{202e}y\n", 2, "U+202E"),
            ("%YAML 1.1\n---\na: 1\n", 1, "directive"),
            ("a: [1\n", 2, "YAML"),
            ("a: b: c\n", 1, "YAML"),
            ("[[[[[[[[[1]]]]]]]]]", 1, "nested"),
        ] {
            let error = read(source.as_bytes()).expect_err(source).to_string();
            assert!(error.contains(why) && error.starts_with(&format!("line {line}: ")), "{source:?}: {error}");
        }
        assert!(read(b"a: 1\nb: \xff\n").unwrap_err().to_string().starts_with("line 2: is not UTF-8"));
        assert!(read(&vec![b'#'; MAX_LEN + 1]).unwrap_err().to_string().contains("limit"));
        let many = format!("a: [{}]", "1,".repeat(MAX_NODES + 1));
        assert!(read(many.as_bytes()).unwrap_err().to_string().contains("more than 20000 values"));
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes()).is_err());
    }
}
