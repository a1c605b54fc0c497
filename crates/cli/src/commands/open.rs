//! `countersign open`: the authority's tool. Offline; verifies first, then combines.

use crate::commands::case::decrypt;
use crate::edge;
use crate::files;
use crate::place::{AGE_KEY, RECIPIENT_KEY};
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::class::Class;
use countersign_core::encoding::unhex;
use countersign_core::id::{Digest, Handle};
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Files, Opening, SUMS, open_package, sums};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(crate) const EXAMPLE: &str = "Example:
  countersign open package.age --keys authority/xa-district-court --out opened --genesis DIGEST

  writes a BagIt folder: data/ (CSV and JSON), case.jsonld, evidence/, manifest-sha512.txt";

/// Largest package in bytes.
pub(crate) const MAX_PACKAGE: usize = 1024 * 1024 * 1024;

#[derive(Args)]
pub(crate) struct Open {
    /// The package as it was received.
    package: PathBuf,
    /// Folder with the authority's `package.agekey` and `recipient.key`.
    #[arg(long)]
    keys: PathBuf,
    /// Folder to write; must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Digest of genesis known from elsewhere; without it the report says on which genesis everything rests.
    #[arg(long)]
    genesis: Option<Digest>,
}

impl Open {
    pub(crate) fn run(self) -> Result<()> {
        let opened = open(&self.package, &self.keys, self.genesis.as_ref())?;
        let opening = &opened.opening;
        let order = opening.evidence.order.value();
        let people = write_bag(&opened, &self.out)?;
        println!("order {} for {}: signed by {}", order.id, order.authority, opening.evidence.signers.join(", "));
        println!(
            "leaf {} of the journal, {} trustees answered",
            opening.evidence.included.index,
            opening.evidence.receipts.len()
        );
        match self.genesis {
            Some(_) => println!("genesis {} as pinned", opening.evidence.genesis),
            None => println!("genesis {}: compare it with the one you know from elsewhere", opening.evidence.genesis),
        }
        for liar in &opening.liars {
            println!("warning: the reply of trustee {liar} was wrong; the others sufficed");
        }
        println!("{people} people, {} cells opened into {}", opening.cells.len(), self.out.display());
        Ok(())
    }
}

/// A package that was opened, with its evidence folder.
pub(crate) struct Opened {
    pub(crate) opening: Opening,
    /// Paths begin with `evidence/`.
    pub(crate) evidence: Files,
}

/// Decrypts, verifies and combines a package.
pub(crate) fn open(package: &Path, keys: &Path, genesis: Option<&Digest>) -> Result<Opened> {
    let files = unpack(package, keys)?;
    let secret = recipient_key(keys)?;
    open_files(files, &secret, genesis).with_context(|| format!("{}", package.display()))
}

/// Decrypts a package into its files, which are not verified yet.
pub(crate) fn unpack(package: &Path, keys: &Path) -> Result<Files> {
    let sealed = files::read(package, MAX_PACKAGE)?;
    let tar = Zeroizing::new(decrypt(&keys.join(AGE_KEY), &sealed).with_context(|| format!("{}", package.display()))?);
    files::untar(&tar, MAX_PACKAGE).with_context(|| format!("{}", package.display()))
}

/// The authority's X-Wing key.
pub(crate) fn recipient_key(keys: &Path) -> Result<TransportSecret> {
    let secret = Zeroizing::new(files::read_text(&keys.join(RECIPIENT_KEY), 1024)?);
    let seed = unhex(secret.trim_end()).with_context(|| format!("{}/{RECIPIENT_KEY} is not a key", keys.display()))?;
    Ok(TransportSecret::from_seed(seed))
}

/// Verifies and combines the files of a package.
pub(crate) fn open_files(mut files: Files, secret: &TransportSecret, genesis: Option<&Digest>) -> Result<Opened> {
    let opening = open_package(&files, secret, genesis, &edge::seed()?)?;
    files.retain(|path, _| path.starts_with("evidence/"));
    Ok(Opened { opening, evidence: files })
}

/// Writes the opened package as a bag (RFC 8493). Returns the number of people.
pub(crate) fn write_bag(opened: &Opened, out: &Path) -> Result<usize> {
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
