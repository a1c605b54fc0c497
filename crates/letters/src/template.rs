//! Templates: paragraphs with named places, taken apart before any value is put in.
//!
//! The first line is `# SUBJECT`. Paragraphs are separated by empty lines; a paragraph is dropped when it begins with `{?NAME}` and NAME has
//! no value; one that is `{*NAME}` is a list. `{NAME}` is a text.

use crate::letter::Language;
use std::collections::BTreeMap;

/// What a place of a template is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
    Nothing,
}

impl Value {
    pub(crate) fn of(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

pub(crate) type Values = BTreeMap<&'static str, Value>;

/// A letter that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    language: Language,
    subject: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Lines of one paragraph.
    Paragraph(Vec<String>),
    List(Vec<String>),
}

macro_rules! templates {
    ($($name:literal),*) => {
        /// Name, language, text.
        pub(crate) const TEMPLATES: &[(&str, Language, &str)] = &[$(
            ($name, Language::English, include_str!(concat!("../templates/en/", $name, ".txt"))),
            ($name, Language::Russian, include_str!(concat!("../templates/ru/", $name, ".txt"))),
            ($name, Language::German, include_str!(concat!("../templates/de/", $name, ".txt"))),
        )*];
    };
}

templates!("acknowledgement", "clarification", "refusal", "non-execution", "client-notice");

/// Fills a template. A place without value stays as it stands in the template; a test fills every template and looks for one.
pub(crate) fn render(name: &str, language: Language, values: &Values) -> Letter {
    let found = TEMPLATES.iter().find(|(known, spoken, _)| *known == name && *spoken == language);
    let text = found.map_or("", |(_, _, text)| text);
    let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
    let subject = filled(subject.strip_prefix("# ").unwrap_or(subject), values);
    let parts = body.split("\n\n").filter_map(|paragraph| part(paragraph.trim(), values)).collect();
    Letter { language, subject, parts }
}

fn part(paragraph: &str, values: &Values) -> Option<Part> {
    if paragraph.is_empty() {
        return None;
    }
    if let Some(name) = paragraph.strip_prefix("{*").and_then(|rest| rest.strip_suffix('}')) {
        let Some(Value::List(items)) = values.get(name) else {
            return Some(Part::Paragraph(vec![paragraph.to_owned()]));
        };
        return Some(Part::List(items.iter().map(|item| one_line(item)).collect()));
    }
    let paragraph = match paragraph.strip_prefix("{?").and_then(|rest| rest.split_once('}')) {
        Some((name, _)) if values.get(name) == Some(&Value::Nothing) => return None,
        Some((_, rest)) => rest,
        None => paragraph,
    };
    Some(Part::Paragraph(paragraph.lines().map(|line| filled(line, values)).collect()))
}

/// One line with its places filled. A value is put in once and never looked at again: what stands in it is not a place.
fn filled(line: &str, values: &Values) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let place = from.split_once('}').and_then(|(name, after)| match values.get(name) {
            Some(Value::Text(text)) => Some((text, after)),
            _ => None,
        });
        match place {
            Some((text, after)) => {
                out.push_str(&one_line(text));
                rest = after;
            }
            None => {
                out.push('{');
                rest = from;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A value on one line, without characters that are not seen or turn the line round: a name must not write a line of its own.
fn one_line(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let spaced: String = text.chars().map(|c| if unseen(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Letter {
    /// What it is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Plain text, UTF-8.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", self.subject);
        for part in &self.parts {
            out.push('\n');
            match part {
                Part::Paragraph(lines) => lines.iter().for_each(|line| {
                    out.push_str(line);
                    out.push('\n');
                }),
                Part::List(items) => items.iter().for_each(|item| {
                    out.push_str("- ");
                    out.push_str(item);
                    out.push('\n');
                }),
            }
        }
        out
    }

    /// One page of HTML: no script, no style from elsewhere, nothing to load.
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{subject}</title>\n</head>\n<body>\n<h1>{subject}</h1>\n",
            self.language.as_str(),
            subject = escaped(&self.subject)
        );
        for part in &self.parts {
            match part {
                Part::Paragraph(lines) => {
                    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
                    out.push_str(&format!("<p>{}</p>\n", lines.join("<br>\n")));
                }
                Part::List(items) => {
                    out.push_str("<ul>\n");
                    items.iter().for_each(|item| out.push_str(&format!("<li>{}</li>\n", escaped(item))));
                    out.push_str("</ul>\n");
                }
            }
        }
        out.push_str("</body>\n</html>\n");
        out
    }
}

/// The five characters that mean something in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
