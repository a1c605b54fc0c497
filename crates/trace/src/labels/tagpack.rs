//! TagPacks, the public format for labels (github.com/graphsense/graphsense-tagpack-tool, "TagPack structure").
//!
//! Header fields and one list `tags`; a field of a tag in the header holds for every tag without one of its own. Fields that the format does
//! not have are refused: a file that says more about people than labels do must not pass unnoticed.

use super::yaml::{Node, Value, parse, shown};
use super::{BadAddress, LabelError, Pack, Role, Tag, words};
use crate::network::Network;
use std::collections::BTreeMap;

/// Fields of a header.
const HEADER: &[&str] = &["title", "creator", "description", "is_public", "tags"];
/// Fields of a tag; in the header they hold for all.
const TAG: &[&str] = &[
    "address",
    "label",
    "source",
    "currency",
    "network",
    "category",
    "concepts",
    "abuse",
    "confidence",
    "actor",
    "context",
    "lastmod",
    "is_cluster_definer",
    "tag_type",
];
const MAX_TEXT: usize = 4_096;

/// Reads a TagPack for this network. The format knows no role; the caller says it.
///
/// # Errors
/// [`LabelError`] with the line: no YAML, unknown or repeated fields, missing ones, what looks like data about a person, addresses that are
/// none.
pub fn read_tagpack(text: &str, network: Network, role: Role, bad: BadAddress) -> Result<Pack, LabelError> {
    let root = parse(text)?;
    let header = fields(&root, &[HEADER, TAG], &["tags", "concepts"])?;
    let tags = list(&root, "tags")?.ok_or_else(|| LabelError::new(root.line, "there is no list `tags`"))?;
    let title = header.get("title").map(|(_, text)| *text).unwrap_or_default();
    let issuer = header.get("creator").map(|(_, text)| *text).filter(|text| !text.is_empty());
    let issuer = issuer
        .ok_or_else(|| LabelError::new(root.line, "there is no `creator`: a label without an issuer is nobody's"))?;
    let about = [title, header.get("description").map(|(_, text)| *text).unwrap_or_default()];
    let header_concepts = concepts(&root)?;
    let mut pack = Pack { title: title.to_owned(), ..Pack::default() };
    for node in tags {
        let own = fields(node, &[TAG], &["concepts"])?;
        let field = |name: &str| own.get(name).or_else(|| header.get(name)).map(|(_, text)| *text).unwrap_or_default();
        match field("currency") {
            "BTC" => {}
            "" => return Err(LabelError::new(node.line, "there is no `currency`")),
            _ => {
                pack.other_currencies += 1;
                continue;
            }
        }
        let (line, address) = own.get("address").ok_or_else(|| LabelError::new(node.line, "there is no `address`"))?;
        if field("label").is_empty() {
            return Err(LabelError::new(node.line, "there is no `label`"));
        }
        let own_concepts = concepts(node)?;
        let words = about.into_iter().chain([field("label"), field("category"), field("abuse"), field("actor")]);
        let tag = Tag {
            issuer: issuer.to_owned(),
            label: field("label").to_owned(),
            category: field("category").to_owned(),
            abuse: field("abuse").to_owned(),
            role,
            special: words::special(words.chain(own_concepts).chain(header_concepts.iter().copied())),
        };
        pack.push(*line, address, (network, bad), tag)?;
    }
    Ok(pack)
}

type Fields<'n> = BTreeMap<&'n str, (usize, &'n str)>;

/// The texts of a mapping by name, every name known.
fn fields<'n>(node: &'n Node, known: &[&[&str]], lists: &[&str]) -> Result<Fields<'n>, LabelError> {
    let Value::Map(members) = &node.value else {
        return Err(LabelError::new(node.line, "fields with names are expected here"));
    };
    let mut found = Fields::new();
    for (name, value) in members {
        if !known.iter().any(|names| names.contains(&name.as_str())) {
            let name = shown(name);
            return Err(LabelError::new(value.line, format!("`{name}` is no field of a tag pack: take it out")));
        }
        match &value.value {
            Value::Text(text) => {
                if text.len() > MAX_TEXT {
                    return Err(LabelError::new(value.line, format!("`{name}` has more than {MAX_TEXT} bytes")));
                }
                if let Some(what) = words::personal(text) {
                    return Err(LabelError::new(value.line, format!("`{name}` has {what}: labels do not name people")));
                }
                found.insert(name, (value.line, text.trim()));
            }
            Value::List(_) if lists.contains(&name.as_str()) => {}
            _ => return Err(LabelError::new(value.line, format!("`{name}` is not a text"))),
        }
    }
    Ok(found)
}

fn list<'n>(node: &'n Node, name: &str) -> Result<Option<&'n [Node]>, LabelError> {
    let Value::Map(members) = &node.value else { return Ok(None) };
    match members.iter().find(|(known, _)| known == name).map(|(_, node)| (node.line, &node.value)) {
        None => Ok(None),
        Some((_, Value::List(items))) => Ok(Some(items)),
        Some((line, _)) => Err(LabelError::new(line, format!("`{name}` is not a list"))),
    }
}

fn concepts(node: &Node) -> Result<Vec<&str>, LabelError> {
    let items = list(node, "concepts")?.unwrap_or_default();
    let text = |item: &'_ Node| match &item.value {
        Value::Text(_) => Ok(()),
        _ => Err(LabelError::new(item.line, "a concept is not a text")),
    };
    items.iter().try_for_each(text)?;
    Ok(items
        .iter()
        .filter_map(|item| if let Value::Text(text) = &item.value { Some(text.as_str()) } else { None })
        .collect())
}
