//! Lines of bounded length, and the fields of one line.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// Longest line in bytes. Rows hold codes and numbers; a longer one is an error of the export.
pub(crate) const MAX_LINE: usize = 8 * 1024;

/// Reads line by line and never keeps more than one.
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    buffer: Vec<u8>,
}

pub(crate) enum Line<'l> {
    Text(&'l str),
    TooLong,
    NotText,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn of(reader: R) -> Self {
        Self { reader, number: 0, buffer: Vec::with_capacity(MAX_LINE) }
    }

    /// The next line that is not empty, with its number from 1.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        let is_short = loop {
            let Some(is_short) = self.fill()? else { return Ok(None) };
            self.number += 1;
            if self.buffer.ends_with(b"\r") {
                self.buffer.pop();
            }
            if !self.buffer.is_empty() {
                break is_short;
            }
        };
        let line = match core::str::from_utf8(&self.buffer) {
            _ if !is_short => Line::TooLong,
            Ok(text) => Line::Text(text),
            Err(_) => Line::NotText,
        };
        Ok(Some((self.number, line)))
    }

    /// One line without its line feed; whether it was short enough, `None` at the end.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let (mut any, mut is_short) = (false, true);
        loop {
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if available.is_empty() {
                return Ok(any.then_some(is_short));
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            is_short = is_short && self.buffer.len() + part.len() <= MAX_LINE;
            if is_short {
                self.buffer.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(is_short));
            }
        }
    }
}

/// The fields of one line, separated by commas, quoted as in RFC 4180.
pub(crate) fn split<'l>(line: &'l str, fields: &mut Vec<Cow<'l, str>>) -> Result<(), &'static str> {
    fields.clear();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at_checked(end).ok_or("cannot be split")?;
                if field.contains('"') {
                    return Err("has a quotation mark inside a value that does not begin with one");
                }
                (Cow::Borrowed(field), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(()),
            None => return Err("has something behind a closing quotation mark"),
        }
    }
}

/// A field behind its opening quotation mark, and what follows the closing one.
fn quoted_field(quoted: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let mut field = Cow::Borrowed("");
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"').ok_or("has a quotation mark that is not closed on the line")?;
        if field.is_empty() {
            field = Cow::Borrowed(part);
        } else {
            field.to_mut().push_str(part);
        }
        match after.strip_prefix('"') {
            Some(next) => {
                field.to_mut().push('"');
                rest = next;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn fields(line: &str) -> Result<Vec<String>, &'static str> {
        let mut fields = Vec::new();
        split(line, &mut fields).map(|()| fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn fields_are_those_of_the_rfc() {
        assert_eq!(fields("a,b,").unwrap(), ["a", "b", ""]);
        assert_eq!(fields(r#""a,b","","x""y""#).unwrap(), ["a,b", "", "x\"y"]);
        assert_eq!(fields(r#""""a"#), Err("has a quotation mark that is not closed on the line"));
        assert_eq!(fields(r#""""""#).unwrap(), ["\""]);
        for bad in ["a\"b", "\"a", "\"a\"b", "x,\"a\" ,y"] {
            assert!(fields(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_are_numbered_and_bounded() {
        let long = "x".repeat(MAX_LINE + 1);
        let source = format!("a\r\n\n{long}\n\u{e9}\nlast");
        let mut bytes = source.into_bytes();
        bytes.extend_from_slice(b"\n\xff\n");
        // A small buffer, so that lines cross its end.
        let mut lines = Lines::of(BufReader::with_capacity(7, bytes.as_slice()));
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            seen.push((
                number,
                match line {
                    Line::Text(text) => text.to_owned(),
                    Line::TooLong => "too long".into(),
                    Line::NotText => "not text".into(),
                },
            ));
        }
        let expected = [(1, "a"), (3, "too long"), (4, "é"), (5, "last"), (6, "not text")];
        assert_eq!(seen, expected.map(|(number, text)| (number, text.to_owned())));
    }
}
