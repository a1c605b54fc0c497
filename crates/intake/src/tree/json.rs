//! JSON: members are elements, `prefix:name` in a namespace, lists are repetitions, `@xsi:type` is the type. A member that stands twice is
//! refused: two readers could take two different ones.

use super::{Element, MAX_DEPTH, MAX_ELEMENTS, Name, Space};
use crate::message::MAX_MESSAGE;
use crate::refusal::{Problem, quoted};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// JSON as it stands, with every member in its order.
pub(crate) enum Value {
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
    Null,
}

/// Reads one JSON document as an element of this name.
///
/// # Errors
/// [`Problem`] with line and column, or the path of members.
pub(crate) fn from_json(bytes: &[u8], root: &str) -> Result<Element, Problem> {
    if bytes.len() > MAX_MESSAGE {
        return Err(Problem::new("message", format!("it has more than {MAX_MESSAGE} bytes")));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let reason = if error.is_syntax() || error.is_eof() { "it is no JSON" } else { "it is no message" };
        Problem::new(format!("line {} column {}", error.line(), error.column()), format!("{reason}: {error}"))
    })?;
    let mut count = 0;
    element(Name { space: Space::Core, local: root.to_owned() }, value, root.to_owned(), 0, &mut count)
}

fn element(name: Name, value: Value, place: String, depth: usize, count: &mut usize) -> Result<Element, Problem> {
    *count += 1;
    if depth >= MAX_DEPTH || *count > MAX_ELEMENTS {
        let reason = format!("members are nested deeper than {MAX_DEPTH}, or are more than {MAX_ELEMENTS}");
        return Err(Problem::new(place, reason));
    }
    let mut element = Element { name, kind: None, place, text: String::new(), children: Vec::new() };
    match value {
        Value::Text(text) => element.text = text,
        Value::Null | Value::List(_) => return Err(element.wrong("null, or a list in a list, says nothing")),
        Value::Object(members) => {
            for (key, value) in members {
                member(&mut element, &key, value, depth, count)?;
            }
        }
    }
    Ok(element)
}

fn member(parent: &mut Element, key: &str, value: Value, depth: usize, count: &mut usize) -> Result<(), Problem> {
    if let Some(attribute) = key.strip_prefix('@') {
        let Value::Text(text) = value else { return Err(parent.wrong(format!("{} is no text", quoted(key)))) };
        return match attribute {
            "xsi:type" => {
                parent.kind = Some(
                    kind(&text).ok_or_else(|| parent.wrong(format!("the type {} is not supported", quoted(&text))))?,
                );
                Ok(())
            }
            _ if declares(attribute, &text) => Ok(()),
            _ => Err(parent.wrong(format!("{} is not supported", quoted(key)))),
        };
    }
    let name =
        qualified(key).ok_or_else(|| parent.wrong(format!("{} is in no namespace of TS 103 120", quoted(key))))?;
    let path = format!("{}/{key}", parent.place);
    let place: String = if path.chars().count() > 200 { parent.place.clone() } else { path };
    match value {
        Value::List(items) => {
            if items.is_empty() {
                return Err(parent.wrong(format!("{} is an empty list: leave it out", quoted(key))));
            }
            for (at, item) in items.into_iter().enumerate() {
                let place = format!("{place}[{at}]");
                parent.children.push(element(name.clone(), item, place, depth + 1, count)?);
            }
        }
        one => parent.children.push(element(name, one, place, depth + 1, count)?),
    }
    Ok(())
}

/// `@xmlns` and `@xmlns:prefix` may stand there when they say what the prefix means here anyway.
fn declares(attribute: &str, uri: &str) -> bool {
    let prefix = match attribute.strip_prefix("xmlns") {
        Some("") => "",
        Some(rest) => match rest.strip_prefix(':') {
            Some("xsi") => return uri == "http://www.w3.org/2001/XMLSchema-instance",
            Some(prefix) if !prefix.is_empty() => prefix,
            _ => return false,
        },
        None => return false,
    };
    Space::of_prefix(prefix).is_some_and(|space| Space::of_uri(uri) == Some(space))
}

/// `auth:AuthorisationObject` or `{http://…}AuthorisationObject`.
fn kind(text: &str) -> Option<Name> {
    let Some(rest) = text.strip_prefix('{') else { return qualified(text) };
    let (uri, local) = rest.split_once('}')?;
    Some(Name { space: Space::of_uri(uri)?, local: local.to_owned() })
}

fn qualified(text: &str) -> Option<Name> {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    let plain = !local.is_empty() && local.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Space::of_prefix(prefix).filter(|_| plain).map(|space| Name { space, local: local.to_owned() })
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a whole number, true, false, a list or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
                Ok(Value::Text(flag.to_string()))
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let (mut members, mut seen) = (Vec::new(), BTreeSet::new());
                while let Some(key) = access.next_key::<String>()? {
                    if !seen.insert(key.clone()) {
                        return Err(A::Error::custom(format!("the member {} stands twice", quoted(&key))));
                    }
                    members.push((key, access.next_value()?));
                }
                Ok(Value::Object(members))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
