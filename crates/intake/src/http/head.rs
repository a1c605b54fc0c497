//! One HTTP/1.1 request as bytes: request line, fields, content. Strict, because what is signed must be what is read.

use crate::message::MAX_MESSAGE;
use crate::refusal::{Problem, quoted};

/// Longest head (request line and fields) in bytes.
pub const MAX_HEAD: usize = 32 * 1024;
/// Most fields.
const MAX_FIELDS: usize = 64;
/// Fields that no message of an authority needs, and that make two readers see two messages.
pub const REFUSED: [&str; 4] = ["transfer-encoding", "content-encoding", "upgrade", "expect"];

/// A request, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest<'b> {
    /// The method.
    pub method: &'b str,
    /// Path and query, as sent.
    pub target: &'b str,
    /// Fields: names in lower case, values without white space around them.
    pub fields: Vec<(String, &'b str)>,
    /// The content.
    pub content: &'b [u8],
}

impl<'b> HttpRequest<'b> {
    /// Takes a request apart.
    ///
    /// # Errors
    /// [`Problem`] with the line.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Problem> {
        let request = Self::take_apart(bytes)?;
        request.framed()?;
        Ok(request)
    }

    /// Takes a head apart whose content has not come yet, or that has none.
    ///
    /// # Errors
    /// [`Problem`] with the line; for a length that is no number of bytes from 0 to [`MAX_MESSAGE`].
    pub fn parse_head(head: &'b [u8]) -> Result<Self, Problem> {
        let request = Self::take_apart(head)?;
        request.plain()?;
        if !request.content.is_empty() {
            return Err(Problem::new("head", "content follows the head"));
        }
        let length = request.length().filter(|length| *length <= MAX_MESSAGE);
        if request.field("content-length").is_some() && length.is_none() {
            return Err(Problem::new("content-length", format!("it is no number of bytes from 0 to {MAX_MESSAGE}")));
        }
        Ok(request)
    }

    /// How long the head says the content is.
    pub fn length(&self) -> Option<usize> {
        let text = self.field("content-length")?;
        text.parse().ok().filter(|length: &usize| length.to_string() == text)
    }

    fn take_apart(bytes: &'b [u8]) -> Result<Self, Problem> {
        let split = bytes.windows(4).take(MAX_HEAD).position(|four| four == b"\r\n\r\n");
        let at = split.ok_or_else(|| {
            Problem::new("head", format!("no empty line (CR LF) ends the head within {MAX_HEAD} bytes"))
        })?;
        let head = bytes.get(..at).unwrap_or_default();
        let content = bytes.get(at + 4..).unwrap_or_default();
        let visible = |byte: &u8| (0x20..0x7f).contains(byte) || matches!(byte, b'\t' | b'\r' | b'\n');
        let head = std::str::from_utf8(head).ok().filter(|head| head.bytes().all(|byte| visible(&byte)));
        let head = head.ok_or_else(|| Problem::new("head", "it has characters outside of visible ASCII"))?;
        let mut lines = head.split("\r\n").enumerate();
        let (method, target) = request_line(lines.next().map_or("", |(_, line)| line))?;
        let mut fields: Vec<(String, &str)> = Vec::new();
        for (number, line) in lines {
            let (name, value) = field(line).ok_or_else(|| {
                Problem::new(format!("line {}", number + 1), "no field `name: value` (folded lines are not taken)")
            })?;
            if fields.len() >= MAX_FIELDS || fields.iter().any(|(known, _)| *known == name) {
                let reason = format!("the field {} stands twice, or there are more than {MAX_FIELDS}", quoted(&name));
                return Err(Problem::new(format!("line {}", number + 1), reason));
            }
            fields.push((name, value));
        }
        Ok(Self { method, target, fields, content })
    }

    /// The value of a field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&'b str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The value of a component of RFC 9421, section 2: `@method`, `@target-uri`, `@authority`, `@scheme`, `@path`, `@query`, or a field.
    /// The scheme is https: the server in front ends TLS.
    pub fn component(&self, name: &str) -> Option<String> {
        let authority = || self.field("host").map(str::to_ascii_lowercase);
        let (path, query) = self.target.split_once('?').map_or((self.target, ""), |(path, query)| (path, query));
        match name {
            "@method" => Some(self.method.to_owned()),
            "@target-uri" => Some(format!("https://{}{}", authority()?, self.target)),
            "@authority" => authority(),
            "@scheme" => Some("https".to_owned()),
            "@path" => Some(path.to_owned()),
            "@query" => Some(format!("?{query}")),
            derived if derived.starts_with('@') => None,
            field if field.bytes().any(|byte| byte.is_ascii_uppercase()) => None,
            field => self.field(field).map(str::to_owned),
        }
    }

    /// Nothing stands in the head that makes two readers see two messages.
    fn plain(&self) -> Result<(), Problem> {
        let refused = REFUSED.iter().find(|name| self.field(name).is_some());
        refused.map_or(Ok(()), |name| Err(Problem::new(*name, "the field is not taken")))
    }

    /// The content is as long as the head says, and in no other coding.
    fn framed(&self) -> Result<(), Problem> {
        self.plain()?;
        if self.content.len() > MAX_MESSAGE {
            return Err(Problem::new("content", format!("it has more than {MAX_MESSAGE} bytes")));
        }
        let length = self.field("content-length").filter(|text| *text == self.content.len().to_string());
        length.map(|_| ()).ok_or_else(|| {
            let reason = format!("it must be {}, the number of bytes that follow the head", self.content.len());
            Problem::new("content-length", reason)
        })
    }
}

fn request_line(line: &str) -> Result<(&str, &str), Problem> {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        [method, target, "HTTP/1.1"]
            if !method.is_empty()
                && method.bytes().all(|byte| byte.is_ascii_uppercase())
                && target.starts_with('/')
                && !target.contains(['#', '\t', '\r', '\n']) =>
        {
            Ok((method, target))
        }
        _ => Err(Problem::new("line 1", "it is not `METHOD /path HTTP/1.1`")),
    }
}

/// A field line (RFC 9112, section 5): a token, a colon without white space before it, a value.
fn field(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(':')?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let value = value.trim_matches([' ', '\t']);
    let fits = !name.is_empty() && name.bytes().all(token) && !value.contains(['\r', '\n', '\t']);
    fits.then(|| (name.to_ascii_lowercase(), value))
}
