//! The head of a request as it is kept: what the signature covers and what carries it, in one order, and nothing that servers on the way
//! added. The sender can write the same bytes again, and so the digest of what it sent.

use super::head::{MAX_HEAD, REFUSED};
use super::signed::Purpose;
use crate::refusal::{Problem, quoted};

/// Fields of a message that are kept, in this order.
pub const MESSAGE_FIELDS: [&str; 6] =
    ["host", "content-type", "content-digest", "content-length", "signature-input", "signature"];
/// Fields of a query that are read.
pub const QUERY_FIELDS: [&str; 3] = ["host", "signature-input", "signature"];

/// The head of a request as a server has taken it apart. Names may be in any case.
///
/// # Errors
/// [`Problem`] with the field: one that is not taken, is missing, stands twice, or is not of visible ASCII; a query with content.
pub fn head<'f>(
    purpose: Purpose,
    method: &str,
    target: &str,
    fields: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> Result<Vec<u8>, Problem> {
    let wanted: &[&str] = match purpose {
        Purpose::Message => &MESSAGE_FIELDS,
        Purpose::Query => &QUERY_FIELDS,
    };
    let mut found: Vec<Option<&str>> = vec![None; wanted.len()];
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        if REFUSED.contains(&name.as_str()) {
            return Err(Problem::new(name, "the field is not taken"));
        }
        if purpose == Purpose::Query && name == "content-length" && value != b"0" {
            return Err(Problem::new(name, "a query has no content"));
        }
        let Some(place) = wanted.iter().position(|wanted| *wanted == name) else { continue };
        let text = std::str::from_utf8(value).ok();
        let text = text.filter(|text| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        let Some(text) = text else {
            return Err(Problem::new(name, "it has characters outside of visible ASCII"));
        };
        match found.get_mut(place) {
            Some(slot) if slot.is_none() => *slot = Some(text.trim_matches(' ')),
            _ => return Err(Problem::new(name, "the field stands twice")),
        }
    }
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in wanted.iter().zip(found) {
        let value = value.ok_or_else(|| {
            Problem::new(
                *name,
                format!("the field {} is missing: sign the request as docs/formats/inbound.md says", quoted(name)),
            )
        })?;
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    if head.len() > MAX_HEAD {
        return Err(Problem::new("head", format!("it has more than {MAX_HEAD} bytes")));
    }
    Ok(head.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HttpRequest;

    const SOUND: [(&str, &[u8]); 7] = [
        ("X-Forwarded-For", b"\xff"),
        ("Signature", b" s=:AA==: "),
        ("Host", b"a.example"),
        ("content-type", b"application/json"),
        ("Content-Digest", b"d"),
        ("Content-Length", b"12"),
        ("Signature-Input", b"s=()"),
    ];

    fn place(fields: &[(&str, &[u8])], purpose: Purpose) -> Option<String> {
        head(purpose, "POST", "/a", fields.iter().copied()).err().map(|problem| problem.place)
    }

    #[test]
    fn what_servers_add_is_left_out_and_the_order_is_ours() {
        let kept = head(Purpose::Message, "POST", "/a", SOUND).unwrap();
        let text = "POST /a HTTP/1.1\r\nhost: a.example\r\ncontent-type: application/json\r\ncontent-digest: d\r\ncontent-length: 12\r\n\
                    signature-input: s=()\r\nsignature: s=:AA==:\r\n\r\n";
        assert_eq!(std::str::from_utf8(&kept).unwrap(), text);
        assert_eq!(HttpRequest::parse_head(&kept).unwrap().length(), Some(12));
        let query = head(Purpose::Query, "GET", "/a", [SOUND[1], SOUND[2], SOUND[6]]).unwrap();
        assert_eq!(HttpRequest::parse_head(&query).unwrap().fields.len(), 3);
    }

    #[test]
    fn what_is_ambiguous_is_refused_at_its_field() {
        for name in ["Transfer-Encoding", "content-encoding", "Upgrade", "EXPECT"] {
            let fields = [&SOUND[..], &[(name, b"x")]].concat();
            assert_eq!(place(&fields, Purpose::Message), Some(name.to_ascii_lowercase()));
        }
        for at in 1..SOUND.len() {
            let name = Some(SOUND[at].0.to_ascii_lowercase());
            let twice = [&SOUND[..], &[SOUND[at]]].concat();
            assert_eq!(place(&twice, Purpose::Message), name);
            let missing: Vec<_> = SOUND.iter().copied().filter(|field| field.0 != SOUND[at].0).collect();
            assert_eq!(place(&missing, Purpose::Message), name);
            let mut other = SOUND;
            other[at].1 = b"a\r\nb: c";
            assert_eq!(place(&other, Purpose::Message), name);
        }
        assert_eq!(place(&SOUND, Purpose::Query), Some("content-length".to_owned()));
        let long = vec![b'x'; MAX_HEAD];
        let mut other = SOUND;
        other[6].1 = &long;
        assert_eq!(place(&other, Purpose::Message), Some("head".to_owned()));
    }
}
