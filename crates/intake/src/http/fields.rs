//! Structured fields (RFC 8941) as far as signatures and digests need them: dictionaries whose members are inner lists of strings or byte
//! sequences. Only the canonical spelling of section 4.1 is taken, so that what is signed is what was read.

use crate::refusal::quoted;
use base64ct::{Base64, Encoding};

/// Longest field value in bytes.
pub const MAX_FIELD: usize = 8 * 1024;
/// Most members of a dictionary, items of a list, and parameters of one of them.
const MOST: usize = 32;

/// A value without structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bare {
    /// Integer, at most 15 digits.
    Integer(i64),
    /// String.
    Text(String),
    /// Token.
    Token(String),
    /// Byte sequence.
    Bytes(Vec<u8>),
    /// Boolean.
    Flag(bool),
}

/// Parameters in their order.
pub type Parameters = Vec<(String, Bare)>;

/// A member of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// `(…)` with parameters.
    List(Vec<(Bare, Parameters)>, Parameters),
    /// A bare value with parameters.
    Item(Bare, Parameters),
}

/// One member with its key and its exact text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value.
    pub member: Member,
    /// The value as it stands in the field.
    pub text: String,
}

/// Reads a dictionary.
///
/// # Errors
/// A text with the place (byte) of the first character that does not belong.
pub fn dictionary(field: &str) -> Result<Vec<Entry>, String> {
    if field.len() > MAX_FIELD || !field.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(format!("it is longer than {MAX_FIELD} bytes or has characters outside of ASCII"));
    }
    let mut reader = Reader { text: field, at: 0 };
    let entries = reader.dictionary().ok_or_else(|| {
        let rest: String = field.get(reader.at..).unwrap_or_default().chars().take(20).collect();
        format!("it is no dictionary of RFC 8941 in canonical form from byte {} on: {}", reader.at, quoted(&rest))
    })?;
    let repeated =
        entries.iter().enumerate().find(|(at, entry)| entries.iter().take(*at).any(|one| one.key == entry.key));
    match repeated {
        Some((_, entry)) => Err(format!("the member {} stands twice", quoted(&entry.key))),
        None => Ok(entries),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn eat(&mut self, expected: &str) -> Option<()> {
        self.rest().starts_with(expected).then(|| self.at += expected.len())
    }

    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| fits(*byte)).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn dictionary(&mut self) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        loop {
            let key = self.key()?;
            self.eat("=")?;
            let begin = self.at;
            let member = self.member()?;
            let text = self.text.get(begin..self.at)?.to_owned();
            entries.push(Entry { key, member, text });
            if self.rest().is_empty() {
                return (entries.len() <= MOST).then_some(entries);
            }
            self.eat(", ")?;
        }
    }

    fn member(&mut self) -> Option<Member> {
        if self.eat("(").is_none() {
            return Some(Member::Item(self.bare()?, self.parameters()?));
        }
        let mut items = Vec::new();
        while self.eat(")").is_none() {
            if !items.is_empty() {
                self.eat(" ")?;
            }
            items.push((self.bare()?, self.parameters()?));
            if items.len() > MOST {
                return None;
            }
        }
        Some(Member::List(items, self.parameters()?))
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut found: Parameters = Vec::new();
        while self.eat(";").is_some() {
            let key = self.key()?;
            let value = if self.eat("=").is_some() { self.bare()? } else { Bare::Flag(true) };
            if found.len() >= MOST || found.iter().any(|(known, _)| *known == key) {
                return None;
            }
            found.push((key, value));
        }
        Some(found)
    }

    fn key(&mut self) -> Option<String> {
        self.peek().filter(|byte| byte.is_ascii_lowercase() || *byte == b'*')?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
        Some(self.take_while(fits).to_owned())
    }

    fn bare(&mut self) -> Option<Bare> {
        match self.peek()? {
            b'"' => self.string(),
            b':' => {
                self.eat(":")?;
                let text = self.take_while(|byte| byte != b':');
                let bytes = Base64::decode_vec(text).ok().filter(|bytes| Base64::encode_string(bytes) == text)?;
                self.eat(":")?;
                Some(Bare::Bytes(bytes))
            }
            b'?' => {
                let flag = self.eat("?1").is_some();
                // True is written without a value: `?1` is canonical only where no parameter could be meant, which is nowhere here.
                (!flag && self.eat("?0").is_some()).then_some(Bare::Flag(false))
            }
            b'-' | b'0'..=b'9' => {
                let begin = self.at;
                let _sign = self.eat("-");
                let digits = self.take_while(|byte| byte.is_ascii_digit());
                let text = self.text.get(begin..self.at)?;
                let number: i64 = (digits.len() <= 15).then(|| text.parse().ok()).flatten()?;
                // INVARIANT: one spelling per number, so no leading zeros and no `-0`.
                (number.to_string() == text).then_some(Bare::Integer(number))
            }
            byte if byte.is_ascii_alphabetic() || byte == b'*' => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte);
                Some(Bare::Token(self.take_while(fits).to_owned()))
            }
            _ => None,
        }
    }

    fn string(&mut self) -> Option<Bare> {
        self.eat("\"")?;
        let mut out = String::new();
        loop {
            out.push_str(self.take_while(|byte| byte != b'"' && byte != b'\\'));
            if self.eat("\\").is_some() {
                let escaped = self.peek().filter(|byte| matches!(byte, b'"' | b'\\'))?;
                out.push(char::from(escaped));
                self.at += 1;
            } else {
                self.eat("\"")?;
                return Some(Bare::Text(out));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_dictionaries() {
        let read = dictionary(r#"sig=("@method" "a";sf);created=1;keyid="k\"", b=:AAE=:, c=-5;x=?0;t=tok/en"#).unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].text, r#"("@method" "a";sf);created=1;keyid="k\"""#);
        assert_eq!(read[1].member, Member::Item(Bare::Bytes(vec![0, 1]), vec![]));
        for bad in [
            "",
            "a",
            "a=",
            "A=1",
            "a=1,b=2",
            "a=1 , b=2",
            "a=1, ",
            "a=1, a=2",
            "a=01",
            "a=-0",
            "a=1;x=1;x=2",
            "a=( \"x\")",
            "a=(\"x\"  \"y\")",
            "a=(\"x\" )",
            "a=\"x",
            "a=\"\\x\"",
            "a=:AB==:",
            "a=:AA=",
            "a=?1",
            "a=?2",
            "a=1.5",
            "a=1234567890123456",
            "a=\u{e4}",
            "a=1\t",
            "a=(\"x\"",
            "a=;b",
            " a=1",
            "a=1 ",
        ] {
            assert!(dictionary(bad).is_err(), "{bad:?}");
        }
        assert!(dictionary(&format!("a=\"{}\"", "x".repeat(MAX_FIELD))).is_err());
        let error = dictionary("a=(\"x\" !)").unwrap_err();
        assert!(error.contains("byte 7"), "{error}");
    }
}
