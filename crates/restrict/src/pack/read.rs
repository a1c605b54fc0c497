//! From the tree to the pack: every key known, every value in its one spelling.

use countersign_core::country::Country;
use countersign_core::time::Date;

use super::yaml::{self, Node, Value, fault, short};
use super::{
    About, Certainty, Clause, Condition, Currency, Document, Effect, FORMAT, Holding, Kind, PackError, Rule, Threshold,
    Version,
};
use crate::amount::Amount;
use crate::client::{Activity, Issuer};
use crate::countries::Countries;

const MAX_TEXT: usize = 2_000;
const MAX_ID: usize = 64;
/// Most rules of a pack, versions of a rule, groups of a version: far above any law, and small enough for the lint to look at all of them.
const MAX_RULES: usize = 64;
const MAX_VERSIONS: usize = 64;
const MAX_CLAUSES: usize = 6;
const MAX_CONDITIONS: usize = 3;

/// Named sets of countries.
type Groups = Vec<(String, Countries)>;

pub(super) fn document(bytes: &[u8]) -> Result<Document, PackError> {
    let root = yaml::read(bytes)?;
    let mut map = Fields::of(&root, "")?;
    let format = map.required("format")?;
    if text(format)? != FORMAT {
        return Err(at(format, "format", format!("is not `{FORMAT}`")));
    }
    let groups = groups(map.optional("groups"))?;
    let sources = sources(map.required("sources")?)?;
    let rules = list(map.required("rules")?, "rules", MAX_RULES)?;
    let rules: Vec<Rule> = rules.iter().map(|node| rule(node, &groups, &sources)).collect::<Result<_, _>>()?;
    if let Some(twice) = repeated(rules.iter().map(|rule| rule.id.as_str())) {
        return Err(fault(root.line, format!("has two rules `{twice}`")));
    }
    let document = Document {
        name: identifier(map.required("name")?)?,
        title: text(map.required("title")?)?,
        kind: named(map.required("kind")?, Kind::parse)?,
        notice: text(map.required("notice")?)?,
        licence: text(map.required("licence")?)?,
        generator: text(map.required("generator")?)?,
        sources,
        rules,
        not_included: map.texts("not_included")?,
    };
    map.finish()?;
    Ok(document)
}

fn groups(node: Option<&Node>) -> Result<Groups, PackError> {
    let Some(node) = node else { return Ok(Groups::new()) };
    let Value::Map(entries) = &node.value else { return Err(at(node, "groups", "is no map of lists")) };
    entries
        .iter()
        .map(|(name, node)| {
            let is_name = name.len() > 2 || name.len() == 2 && !name.bytes().all(|byte| byte.is_ascii_uppercase());
            let characters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if !is_name || name.len() > MAX_ID || !name.bytes().all(characters) {
                return Err(at(
                    node,
                    "groups",
                    format!("`{}` is no name of a group: write `a-z`, `0-9`, `_`", short(name)),
                ));
            }
            Ok((name.clone(), countries(node, &Groups::new())?.0))
        })
        .collect()
}

fn sources(node: &Node) -> Result<Vec<(String, String)>, PackError> {
    let Value::Map(entries) = &node.value else { return Err(at(node, "sources", "is no map of texts")) };
    entries.iter().map(|(name, node)| Ok((name.clone(), text(node)?))).collect()
}

fn rule(node: &Node, groups: &Groups, sources: &[(String, String)]) -> Result<Rule, PackError> {
    let mut map = Fields::of(node, "rule")?;
    let id = identifier(map.required("id")?)?;
    map.path.clone_from(&id);
    let versions = list(map.required("versions")?, &id, MAX_VERSIONS)?;
    let versions: Vec<Version> =
        versions.iter().map(|node| version(node, &id, groups, sources)).collect::<Result<_, _>>()?;
    if let Some(twice) = repeated(versions.iter().map(|version| version.id.as_str())) {
        return Err(fault(node.line, format!("has two versions `{twice}`")));
    }
    let rule = Rule { act: text(map.required("act")?)?, obliged: text(map.required("obliged")?)?, id, versions };
    map.finish()?;
    Ok(rule)
}

fn version(node: &Node, rule: &str, groups: &Groups, sources: &[(String, String)]) -> Result<Version, PackError> {
    let mut map = Fields::of(node, rule)?;
    let id = format!("{rule}/{}", identifier(map.required("id")?)?);
    map.path.clone_from(&id);
    let valid_from = date(map.required("valid_from")?)?;
    let valid_to = map.optional("valid_to").map(date).transpose()?;
    if valid_to.is_some_and(|last| last < valid_from) {
        return Err(at(node, &id, "ends before it begins"));
    }
    let cited = map.required("sources")?;
    let cited_names = texts(cited)?;
    if let Some(unknown) = cited_names.iter().find(|name| !sources.iter().any(|(known, _)| known == *name)) {
        return Err(at(cited, &id, format!("`{}` is none of the pack's sources", short(unknown))));
    }
    let version = Version {
        valid_from,
        valid_to,
        after_gap: map.text("after_gap")?,
        adopted: map.optional("adopted").map(date).transpose()?,
        amending_act: map.text("amending_act")?,
        prohibits: text(map.required("prohibits")?)?,
        sources: cited_names,
        certainty: named(map.required("certainty")?, Certainty::parse)?,
        uncertain: map.texts("uncertain")?,
        verified_against_official_journal: verified(&mut map)?,
        who: clauses(map.required("who")?, groups)?,
        exempt: map.optional("exempt").map(|node| clauses(node, groups)).transpose()?.unwrap_or_default(),
        activity: activities(map.optional("activity"))?,
        threshold: map.optional("threshold").map(threshold).transpose()?,
        effect: named(map.required("effect")?, Effect::parse)?,
        grandfathering: map.text("grandfathering")?,
        derogation: map.text("derogation")?,
        open_questions: map.texts("open_questions")?,
        id,
    };
    map.finish()?;
    Ok(version)
}

/// The flag must be written, and "true" only with the day on which somebody looked.
fn verified(map: &mut Fields<'_>) -> Result<Option<Date>, PackError> {
    let flag = map.required("verified_against_official_journal")?;
    let day = map.optional("verified_on");
    match (text(flag)?.as_str(), day) {
        ("true", Some(day)) => date(day).map(Some),
        ("false", None) => Ok(None),
        ("true", None) => Err(at(flag, &map.path, "`verified_against_official_journal: true` needs `verified_on`")),
        ("false", Some(day)) => {
            Err(at(day, &map.path, "`verified_on` stands beside `verified_against_official_journal: false`"))
        }
        _ => Err(at(flag, &map.path, "`verified_against_official_journal` is `true` or `false`")),
    }
}

fn clauses(node: &Node, groups: &Groups) -> Result<Vec<Clause>, PackError> {
    list(node, "groups of people", MAX_CLAUSES)?.iter().map(|node| clause(node, groups)).collect()
}

fn clause(node: &Node, groups: &Groups) -> Result<Clause, PackError> {
    let Value::Map(entries) = &node.value else { return Err(fault(node.line, "is no map of conditions")) };
    if entries.is_empty() {
        return Err(fault(node.line, "has no condition, and would be everybody"));
    }
    if entries.len() > MAX_CONDITIONS {
        return Err(fault(node.line, format!("has more than {MAX_CONDITIONS} conditions")));
    }
    let conditions: Vec<Condition> =
        entries.iter().map(|(key, node)| condition(key, node, groups)).collect::<Result<_, _>>()?;
    let facts = conditions.iter().map(|condition| match condition {
        Condition::Country { about, .. } => about.as_str(),
        Condition::Listed(_) => "listed",
    });
    match repeated(facts) {
        Some(twice) => Err(fault(node.line, format!("has two conditions on `{twice}`"))),
        None => Ok(Clause { conditions }),
    }
}

fn condition(key: &str, node: &Node, groups: &Groups) -> Result<Condition, PackError> {
    if key == "listed" {
        let issuers: Vec<Issuer> = names(node, Issuer::parse)?;
        return Ok(Condition::Listed(issuers.into_iter().collect()));
    }
    let (name, outside) = key.strip_suffix("_outside").map_or((key, false), |name| (name, true));
    let about = About::parse(name).ok().filter(|about| !outside || about.is_single());
    let about = about.ok_or_else(|| {
        let known = "nationality, residence, residence_outside, permit, establishment, establishment_outside, majority_owners, \
                     address_proof, address_proof_outside, listed";
        fault(node.line, format!("`{}` is no condition: write one of {known}", short(key)))
    })?;
    let (countries, written) = countries(node, groups)?;
    Ok(Condition::Country { about, outside, countries, written })
}

/// A list of codes and names of groups, none twice.
fn countries(node: &Node, groups: &Groups) -> Result<(Countries, String), PackError> {
    let written = texts(node)?;
    if written.is_empty() {
        return Err(fault(node.line, "is an empty list"));
    }
    let mut all = Countries::NONE;
    for name in &written {
        let group = groups.iter().find(|(known, _)| known == name).map(|(_, countries)| *countries);
        let named = match group {
            Some(countries) => countries,
            None => Country::parse(name)
                .map(|country| [country].into_iter().collect())
                .map_err(|error| fault(node.line, format!("{error}; nor is it a group of this pack")))?,
        };
        if all.meets(&named) {
            return Err(fault(node.line, format!("has `{}` twice", short(name))));
        }
        all = all.or(&named);
    }
    Ok((all, written.join(", ")))
}

fn activities(node: Option<&Node>) -> Result<crate::client::Activities, PackError> {
    node.map(|node| names(node, Activity::parse))
        .transpose()
        .map(|found| found.unwrap_or_default().into_iter().collect())
}

fn threshold(node: &Node) -> Result<Threshold, PackError> {
    let mut map = Fields::of(node, "threshold")?;
    let amount = map.required("more_than")?;
    let more_than = Amount::parse(&text(amount)?).map_err(|error| at(amount, "more_than", error.to_string()))?;
    let currency = map.required("currency")?;
    let code = text(currency)?;
    let threshold = Threshold {
        more_than,
        currency: Currency::parse(&code)
            .ok_or_else(|| at(currency, "currency", format!("`{}` is no code like `EUR`", short(&code))))?,
        of: named(map.required("of")?, Holding::parse)?,
    };
    map.finish()?;
    Ok(threshold)
}

/// The members of a map; whoever reads one takes it out, and what is left is unknown.
struct Fields<'n> {
    path: String,
    line: usize,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    fn of(node: &'n Node, path: &str) -> Result<Self, PackError> {
        let Value::Map(entries) = &node.value else { return Err(at(node, path, "is no map")) };
        let entries = entries.iter().map(|(key, node)| (key.as_str(), node)).collect();
        Ok(Self { path: path.into(), line: node.line, entries })
    }

    fn optional(&mut self, key: &str) -> Option<&'n Node> {
        let at = self.entries.iter().position(|(known, _)| *known == key)?;
        Some(self.entries.swap_remove(at).1)
    }

    fn required(&mut self, key: &str) -> Result<&'n Node, PackError> {
        self.optional(key).ok_or_else(|| PackError::Malformed {
            line: self.line,
            path: prefix(&self.path),
            reason: format!("`{key}` is missing"),
        })
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, PackError> {
        self.optional(key).map(text).transpose()
    }

    fn texts(&mut self, key: &str) -> Result<Vec<String>, PackError> {
        self.optional(key).map(texts).transpose().map(Option::unwrap_or_default)
    }

    fn finish(self) -> Result<(), PackError> {
        match self.entries.iter().min_by_key(|(_, node)| node.line) {
            Some((key, node)) => Err(at(node, &self.path, format!("`{}` is unknown", short(key)))),
            None => Ok(()),
        }
    }
}

fn text(node: &Node) -> Result<String, PackError> {
    let Value::Text(text) = &node.value else { return Err(fault(node.line, "is a list or map, and must be a text")) };
    if text.is_empty() || text == "~" {
        return Err(fault(node.line, "is empty; leave the line out or write a value"));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(fault(node.line, "has white space at an end or a line break; fold long texts with `>-`"));
    }
    if text.len() > MAX_TEXT {
        return Err(fault(node.line, format!("has {} bytes, the limit of a text is {MAX_TEXT}", text.len())));
    }
    Ok(text.clone())
}

fn texts(node: &Node) -> Result<Vec<String>, PackError> {
    let Value::List(nodes) = &node.value else { return Err(fault(node.line, "is no list of texts")) };
    nodes.iter().map(text).collect()
}

fn list<'n>(node: &'n Node, path: &str, most: usize) -> Result<&'n [Node], PackError> {
    match &node.value {
        Value::List(nodes) if !nodes.is_empty() && nodes.len() <= most => Ok(nodes),
        _ => Err(at(node, path, format!("must be a list of 1 to {most}"))),
    }
}

fn identifier(node: &Node) -> Result<String, PackError> {
    let id = text(node)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let begins = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && id.len() <= MAX_ID && id.bytes().all(allowed) {
        Ok(id)
    } else {
        Err(fault(
            node.line,
            format!("`{}` is no name: write `a-z`, `0-9`, `.`, `_`, `-`, at most {MAX_ID}", short(&id)),
        ))
    }
}

fn date(node: &Node) -> Result<Date, PackError> {
    Date::parse(&text(node)?).map_err(|error| fault(node.line, error.to_string()))
}

fn named<T, E: core::fmt::Display>(node: &Node, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, PackError> {
    parse(&text(node)?).map_err(|error| fault(node.line, error.to_string()))
}

/// A list of names, at least one, none twice.
fn names<T: PartialEq, E: core::fmt::Display>(
    node: &Node,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, PackError> {
    let written = texts(node)?;
    if let Some(twice) = repeated(written.iter().map(String::as_str)) {
        return Err(fault(node.line, format!("has `{}` twice", short(twice))));
    }
    if written.is_empty() {
        return Err(fault(node.line, "is an empty list"));
    }
    written.iter().map(|name| parse(name).map_err(|error| fault(node.line, error.to_string()))).collect()
}

fn repeated<'t>(texts: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let mut seen = std::collections::BTreeSet::new();
    texts.into_iter().find(|text| !seen.insert(*text))
}

fn at(node: &Node, path: &str, reason: impl Into<String>) -> PackError {
    PackError::Malformed { line: node.line, path: prefix(path), reason: reason.into() }
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}
