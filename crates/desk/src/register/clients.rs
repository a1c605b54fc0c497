//! One client's row as the contents that are sealed.

use super::references::ReferenceKey;
use super::rows::Row;
use countersign_core::class::Class;
use countersign_core::consent::client_key_digest;
use countersign_core::id::Digest;
use countersign_store::Tag;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A client ready to be sealed.
pub(super) struct Client {
    /// Digest of the client's own key, when the row has one.
    pub(super) client_key: Option<Digest>,
    /// Reference by account number.
    pub(super) reference: Tag,
    /// Class and plaintext of its entry, by ascending class.
    pub(super) contents: Vec<(Class, Zeroizing<Vec<u8>>)>,
}

impl Client {
    pub(super) fn new(row: &Row, key: &ReferenceKey) -> Self {
        let mut fields: BTreeMap<Class, Vec<(&'static str, &str)>> = BTreeMap::new();
        for (column, value) in row.values().filter(|(_, value)| !value.is_empty()) {
            if let Some(class) = column.class {
                fields.entry(class).or_default().push((column.name, value));
            }
        }
        Self {
            client_key: own_key(row),
            reference: key.account(row.value("account")),
            contents: fields.into_iter().map(|(class, fields)| (class, object(&fields))).collect(),
        }
    }
}

/// Digest of the client's own key, as labels hold it.
pub(super) fn own_key(row: &Row) -> Option<Digest> {
    Some(row.value("clientKey")).filter(|key| !key.is_empty()).map(client_key_digest)
}

/// A compact JSON object whose values are text, its members in the given order.
fn object(fields: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Room for the worst case, so that growing leaves no copies behind.
    let room = 2 + fields.iter().map(|(name, value)| name.len() + 2 * value.len() + 6).sum::<usize>();
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    out.push(b'{');
    for (place, (name, value)) in fields.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        text(&mut out, name);
        out.push(b':');
        text(&mut out, value);
    }
    out.push(b'}');
    out
}

fn text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    for byte in value.bytes() {
        // Other control characters are refused before.
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(other),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_what_a_strict_reader_writes() {
        let fields = [("streetName", "a \"b\" \\ / ř\u{2028}"), ("notes", "one\ntwo\r\t")];
        let bytes = object(&fields);
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            "{\"streetName\":\"a \\\"b\\\" \\\\ / ř\u{2028}\",\"notes\":\"one\\ntwo\\r\\t\"}"
        );
        for (name, value) in fields {
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()[name], value);
        }
        assert_eq!(bytes.as_slice(), {
            let written = fields.map(|(n, v)| format!("{}:{}", serde_json::json!(n), serde_json::json!(v)));
            format!("{{{}}}", written.join(",")).into_bytes()
        });
        assert_eq!(object(&[]).as_slice(), b"{}");
    }
}
