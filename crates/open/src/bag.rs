//! The bag that an authority keeps: data as CSV and JSON, the case in CASE/UCO, the evidence, digests over all of it.

use crate::files;
use crate::package::Opened;
use anyhow::{Context, Result};
use countersign_core::class::Class;
use countersign_core::id::Handle;
use countersign_verify::evidence::{Files, Opening, SUMS, sums};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes the opened package as a bag (RFC 8493) into a folder that must not exist: all of it or nothing. Returns the number of people.
///
/// # Errors
/// A text for people when the folder exists or cannot be written, or a class is not an object of fields.
pub fn write_bag(opened: &Opened, out: &Path) -> Result<usize> {
    let opening = &opened.opening;
    let people = people(opening)?;
    let mut bag = Files::new();
    bag.insert("data/clients.json".into(), serde_json::to_vec_pretty(&people)?);
    bag.insert("data/clients.csv".into(), csv(&people).into_bytes());
    let payload: Files = bag.clone();
    bag.insert("manifest-sha512.txt".into(), sums(&payload).into_bytes());
    bag.insert("bagit.txt".into(), b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec());
    let order = opening.evidence.order.value();
    let octets: usize = payload.values().map(Vec::len).sum();
    let info = format!(
        "Source-Organization: custodian {}\nExternal-Identifier: order {}\nPayload-Oxum: {octets}.{}\n",
        order.custodian,
        order.id,
        payload.len()
    );
    bag.insert("bag-info.txt".into(), info.into_bytes());
    bag.insert("case.jsonld".into(), serde_json::to_vec_pretty(&case_jsonld(opening))?);
    bag.extend(opened.evidence.clone());
    let tags: Files =
        bag.iter().filter(|(path, _)| !path.starts_with("data/")).map(|(p, b)| (p.clone(), b.clone())).collect();
    bag.insert("tagmanifest-sha512.txt".into(), tag_sums(&tags).into_bytes());
    files::write_folder(out, &bag)?;
    Ok(people.len())
}

/// The list of digests over the tag files; unlike a payload manifest it also lists `manifest-sha512.txt`.
fn tag_sums(tags: &Files) -> String {
    let mut renamed = tags.clone();
    let payload_list = renamed.remove(SUMS).unwrap_or_default();
    let mut lines: Vec<String> = sums(&renamed).lines().map(str::to_owned).collect();
    let mut one = Files::new();
    one.insert("list".into(), payload_list);
    lines.extend(sums(&one).lines().map(|line| line.replace("  list", &format!("  {SUMS}"))));
    lines.sort_by(|left, right| left.split("  ").nth(1).cmp(&right.split("  ").nth(1)));
    lines.into_iter().map(|line| line + "\n").collect()
}

type People = BTreeMap<Handle, Map<String, Value>>;

/// One object per client: the fields of every opened class together.
fn people(opening: &Opening) -> Result<People> {
    let mut people = People::new();
    for cell in &opening.cells {
        let fields: Map<String, Value> = serde_json::from_slice(&cell.content)
            .with_context(|| format!("class `{}` of record {} is not an object of fields", cell.class, cell.record))?;
        people.entry(cell.handle).or_default().extend(fields);
    }
    Ok(people)
}

fn csv(people: &People) -> String {
    let mut columns: Vec<&String> = people.values().flat_map(Map::keys).collect();
    columns.sort_unstable();
    columns.dedup();
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut out = String::from("handle");
    columns.iter().for_each(|column| out.push_str(&format!(",{}", quote(column))));
    out.push_str("\r\n");
    for (handle, fields) in people {
        out.push_str(&handle.to_hex());
        for column in &columns {
            let value =
                fields.get(*column).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            out.push_str(&format!(",{}", quote(&value.unwrap_or_default())));
        }
        out.push_str("\r\n");
    }
    out
}

/// The investigation in the CASE/UCO ontology: what was released, under which order, by whose action.
fn case_jsonld(opening: &Opening) -> Value {
    let order = opening.evidence.order.value();
    let classes: Vec<&str> = order.scope.classes.iter().map(Class::as_str).collect();
    json!({
        "@context": {
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
            "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
            "kb": "urn:uuid:"
        },
        "@graph": [{
            "@id": format!("kb:{}", order.id),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": "release of client data under a countersigned order",
            "uco-core:description": format!("order digest {}, classes {}", opening.evidence.order.digest(), classes.join(", ")),
            "uco-action:startTime": order.not_before.to_string(),
            "uco-action:performer": order.custodian.to_string(),
            "uco-action:object": opening.cells.iter().map(|cell| cell.record.to_string()).collect::<std::collections::BTreeSet<_>>()
        }]
    })
}
