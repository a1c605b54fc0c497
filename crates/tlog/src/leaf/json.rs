use std::collections::BTreeMap;

use serde_json::Value;

/// Largest integer in canonical JSON, either sign: 2^53 - 1, so that every JSON reader keeps it exact.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Deepest nesting of arrays and objects in a disclosed value.
pub const MAX_JSON_DEPTH: usize = 16;

/// Appends `text` as a JSON string in its one spelling: `"` and `\` escaped by a backslash; U+0008, U+0009, U+000A,
/// U+000C and U+000D as `\b \t \n \f \r`; other characters below U+0020 as `\u00xx` in lower case; nothing else.
pub(super) fn string(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a value in its one spelling: no spaces, members sorted by their key's bytes, integers within
/// [`MAX_SAFE_INTEGER`], no fractions. `None` for a value that has none.
pub(super) fn value(out: &mut String, value: &Value) -> Option<()> {
    nested(out, value, MAX_JSON_DEPTH)
}

fn nested(out: &mut String, value: &Value, depth: usize) -> Option<()> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let exact = match (number.as_u64(), number.as_i64()) {
                (Some(number), _) if number <= MAX_SAFE_INTEGER => number.to_string(),
                (None, Some(number)) if number.unsigned_abs() <= MAX_SAFE_INTEGER => number.to_string(),
                _ => return None,
            };
            out.push_str(&exact);
        }
        Value::String(text) => string(out, text),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                nested(out, item, depth)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let depth = depth.checked_sub(1)?;
            // Sorted here, because the order in which serde_json keeps members depends on features elsewhere.
            let members: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (position, (name, item)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                string(out, name);
                out.push(':');
                nested(out, item, depth)?;
            }
            out.push('}');
        }
    }
    Some(())
}
