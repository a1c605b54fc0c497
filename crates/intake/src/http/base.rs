//! The signature base of RFC 9421, section 2.5: one line per covered component, and the parameters.

use super::fields::{Bare, Member};

/// The signature base for the value of one member of `Signature-Input`, `text` being its exact text. `component` gives the value of a
/// component by its name; components with parameters are not served.
///
/// # Errors
/// A text naming the component that is missing or cannot be signed.
pub fn signature_base(
    member: &Member,
    text: &str,
    component: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let Member::List(items, _) = member else { return Err("the member is no list of components".into()) };
    let mut base = String::new();
    let mut seen: Vec<&str> = Vec::new();
    for (item, parameters) in items {
        let Bare::Text(name) = item else { return Err("a component is no string".into()) };
        if !parameters.is_empty() {
            return Err(format!("the component `{name}` has parameters, which are not served"));
        }
        if seen.contains(&name.as_str()) {
            return Err(format!("the component `{name}` stands twice"));
        }
        seen.push(name);
        let value = component(name).ok_or_else(|| format!("the message has no `{name}`"))?;
        if value.contains(['\n', '\r']) {
            return Err(format!("the component `{name}` has a line break"));
        }
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(text);
    Ok(base)
}
