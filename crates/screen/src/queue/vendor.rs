//! Alerts of another screening program of the firm, brought into the same queue: a table with a header line, or JSON as a webhook sends it.
//!
//! Which column (or which place of the JSON, as a JSON Pointer of RFC 6901) holds what is said by the firm, once. What the other program
//! does not say is not invented: without a score an alert stands last, and its listing is nobody's we know, so people judge.

use serde_json::Value;

use countersign_core::digest;

use crate::queue::{Finding, Lane, Origin};
use crate::read::{Fault, Notes, quoted};
use crate::text::{clean, clean_name};

/// Largest table or webhook, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// Longest id or reference, in bytes.
const MAX_ID_BYTES: usize = 255;

/// Where the parts of an alert stand: names of columns, or JSON Pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The vendor's number of the alert.
    pub reference: String,
    /// Id of the client at the custodian.
    pub client: String,
    /// Id or name of the listed entity in the vendor's data.
    pub entity: String,
    /// Its name.
    pub caption: String,
    /// A score between 0 and 1, or 0 and 100, if there is one.
    pub score: Option<String>,
}

impl Places {
    /// Reads `reference=A,client=B,entity=C,caption=D,score=E`; the last may be left out.
    ///
    /// # Errors
    /// Which part is missing or unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut found = std::collections::BTreeMap::new();
        for part in text.split(',') {
            let (name, place) =
                part.split_once('=').ok_or_else(|| format!("`{part}` is not of the form reference=COLUMN"))?;
            if !["reference", "client", "entity", "caption", "score"].contains(&name) {
                return Err(format!("`{name}` is none of reference, client, entity, caption, score"));
            }
            if found.insert(name, place.to_owned()).is_some() {
                return Err(format!("`{name}` stands there twice"));
            }
        }
        let mut take = |name: &str| found.remove(name).ok_or_else(|| format!("`{name}` is missing"));
        Ok(Self {
            reference: take("reference")?,
            client: take("client")?,
            entity: take("entity")?,
            caption: take("caption")?,
            score: take("score").ok(),
        })
    }
}

/// What a file of a vendor gave.
#[derive(Debug, Default)]
pub struct Alerts {
    /// In the order of the file.
    pub findings: Vec<Finding>,
    /// What was not used.
    pub faults: Vec<Fault>,
}

/// Reads a table.
///
/// # Errors
/// What is wrong with the table as a whole: nothing of it is used.
pub fn read_table(vendor: &str, file: &str, bytes: &[u8], places: &Places) -> Result<Alerts, String> {
    check(file, bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| format!("{file}: {error}"))?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| format!("{file} has no column `{name}`"))
    };
    let columns =
        [column(&places.reference)?, column(&places.client)?, column(&places.entity)?, column(&places.caption)?];
    let score = places.score.as_deref().map(column).transpose()?;
    let mut notes = Notes::new(file);
    let mut alerts = Alerts::default();
    let mut seen = std::collections::HashSet::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| format!("{file}: {error}"))?;
        notes.line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            notes.row(format!("has {} cells instead of {}", record.len(), header.len()));
            continue;
        }
        let Ok(texts) = record.iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>() else {
            notes.row("a cell is not UTF-8: convert the file to UTF-8 first");
            continue;
        };
        let cell = |at: usize| texts.get(at).copied().unwrap_or_default();
        let whole = header.iter().zip(&texts).map(|(name, text)| (name.to_owned(), Value::from(*text))).collect();
        let given = Given {
            reference: cell(columns[0]),
            client: cell(columns[1]),
            entity: cell(columns[2]),
            caption: cell(columns[3]),
            score: score.map(cell),
        };
        let record = Value::Object(whole);
        let mut stated = record.clone();
        for name in std::iter::once(&places.reference).chain(&places.score) {
            if let Some(value) = stated.get_mut(name) {
                *value = Value::Null;
            }
        }
        match given.finding(vendor, record, &stated) {
            Ok(finding) if seen.insert((finding.client.clone(), finding.entity.clone())) => {
                alerts.findings.push(finding)
            }
            Ok(finding) => notes.row(format!(
                "client {} and entity {} stand here twice",
                quoted(&finding.client),
                quoted(&finding.entity)
            )),
            Err(fault) => notes.row(fault),
        }
    }
    alerts.faults = notes.into_faults();
    Ok(alerts)
}

/// Reads what a webhook sent: one alert, a list of them, or JSON lines.
///
/// # Errors
/// What is wrong with it as a whole: nothing of it is used.
pub fn read_json(vendor: &str, file: &str, bytes: &[u8], places: &Places) -> Result<Alerts, String> {
    check(file, bytes)?;
    let mut notes = Notes::new(file);
    let mut alerts = Alerts::default();
    let values: Vec<(u64, Result<Value, String>)> = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Array(values)) => values.into_iter().map(|value| (1, Ok(value))).collect(),
        Ok(value) => vec![(1, Ok(value))],
        Err(_) => (1..)
            .zip(bytes.split(|byte| *byte == b'\n'))
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(number, line)| {
                (number, serde_json::from_slice(line).map_err(|error| format!("is no JSON: {error}")))
            })
            .collect(),
    };
    for (number, value) in values {
        notes.line = number;
        let value = match value {
            Ok(value) => value,
            Err(fault) => {
                notes.row(fault);
                continue;
            }
        };
        let text = |pointer: &str| match value.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let [reference, client, entity, caption] =
            [&places.reference, &places.client, &places.entity, &places.caption].map(|pointer| text(pointer));
        let score = places.score.as_ref().map(|pointer| text(pointer));
        let given = Given {
            reference: &reference,
            client: &client,
            entity: &entity,
            caption: &caption,
            score: score.as_deref(),
        };
        let mut stated = value.clone();
        for pointer in std::iter::once(&places.reference).chain(&places.score) {
            if let Some(value) = stated.pointer_mut(pointer) {
                *value = Value::Null;
            }
        }
        match given.finding(vendor, value.clone(), &stated) {
            Ok(finding) => alerts.findings.push(finding),
            Err(fault) => notes.row(fault),
        }
    }
    alerts.faults = notes.into_faults();
    Ok(alerts)
}

fn check(file: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("{file} has {} bytes; at most {MAX_BYTES} are read", bytes.len()));
    }
    Ok(())
}

/// The parts of one alert.
struct Given<'a> {
    reference: &'a str,
    client: &'a str,
    entity: &'a str,
    caption: &'a str,
    score: Option<&'a str>,
}

impl Given<'_> {
    /// `stated` is the record without number and score, which differ from run to run.
    fn finding(&self, vendor: &str, record: Value, stated: &Value) -> Result<Finding, String> {
        let id = |what: &str, text: &str| {
            let text = clean(text).map_err(|fault| format!("{what} {fault}"))?;
            if text.is_empty() || text.len() > MAX_ID_BYTES {
                return Err(format!("{what} {}: is empty or longer than {MAX_ID_BYTES} bytes", quoted(&text)));
            }
            Ok(text)
        };
        let (reference, client, entity) =
            (id("reference", self.reference)?, id("client", self.client)?, id("entity", self.entity)?);
        let caption = clean_name(self.caption).map_err(|fault| format!("caption {fault}"))?;
        let log_odds = match self.score.map(str::trim).filter(|score| !score.is_empty()) {
            None => f32::MIN,
            Some(text) => {
                let score: f32 = text
                    .parse()
                    .ok()
                    .filter(|score| (0.0..=100.0).contains(score))
                    .ok_or_else(|| format!("score {}: is no number between 0 and 100", quoted(text)))?;
                let share = (if score > 1.0 { score / 100.0 } else { score }).clamp(0.000_1, 0.999_9);
                (share / (1.0 - share)).ln()
            }
        };
        // Nothing tells which part of a record is the client's data: a change of any part ends a decision.
        let stated = serde_json::to_vec(stated).map_err(|error| error.to_string())?;
        let said = digest::parts("countersign/screen-vendor/1", &[entity.as_bytes(), caption.as_bytes()]).to_string();
        Ok(Finding {
            client: client.clone(),
            entity: format!("{vendor}:{entity}"),
            caption,
            log_odds,
            rarity: 0.0,
            lane: Lane::People,
            lane_reason: format!("alert of {vendor}, which does not say whose listing it is"),
            origin: Origin::Vendor { vendor: vendor.to_owned(), reference },
            client_state: digest::parts("countersign/screen-vendor-record/1", &[&stated]).to_string(),
            entity_state: said,
            listings: Vec::new(),
            record,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Places {
        Places::parse(text).unwrap()
    }

    #[test]
    fn a_table_and_a_webhook_give_the_same_alerts() {
        let table = "AlertId,CustomerId,ListId,ListName,Score\n77,A-1,Q9,Arun Belso,85\n";
        let one = read_table(
            "oldwatch",
            "a.csv",
            table.as_bytes(),
            &places("reference=AlertId,client=CustomerId,entity=ListId,caption=ListName,score=Score"),
        )
        .unwrap();
        let hook = r#"{"alert":{"id":77,"score":0.85},"customer":{"ref":"A-1"},"hit":{"id":"Q9","name":"Arun Belso"}}"#;
        let mapped =
            places("reference=/alert/id,client=/customer/ref,entity=/hit/id,caption=/hit/name,score=/alert/score");
        let other = read_json("oldwatch", "hook.json", hook.as_bytes(), &mapped).unwrap();
        assert!(one.faults.is_empty() && other.faults.is_empty());
        let bare = |alerts: &Alerts| Finding {
            record: Value::Null,
            client_state: String::new(),
            ..alerts.findings[0].clone()
        };
        assert_eq!(bare(&one), bare(&other));
        assert_eq!(one.findings[0].entity, "oldwatch:Q9");
        assert_eq!(one.findings[0].record["ListName"], "Arun Belso", "the record is kept as it came");
        assert!((one.findings[0].log_odds - 1.7346).abs() < 1e-3);
        let later = table.replace("77", "78").replace("85", "86");
        let later = read_table(
            "oldwatch",
            "b.csv",
            later.as_bytes(),
            &places("reference=AlertId,client=CustomerId,entity=ListId,caption=ListName,score=Score"),
        )
        .unwrap();
        assert_eq!(
            later.findings[0].client_state, one.findings[0].client_state,
            "number and score are no change of a side"
        );
        let lines = format!("{hook}\n{}\n{{cut", hook.replace("A-1", "A-2"));
        let read = read_json("oldwatch", "hook.jsonl", lines.as_bytes(), &mapped).unwrap();
        assert_eq!((read.findings.len(), read.faults[0].line), (2, 3));
        assert_eq!(
            read_json("oldwatch", "hook.json", format!("[{hook}]").as_bytes(), &mapped).unwrap().findings.len(),
            1
        );
    }

    #[test]
    fn rows_that_cannot_be_used_are_named() {
        let mapped = places("reference=id,client=client,entity=entity,caption=name,score=score");
        let mut table = b"id,client,entity,name,score\n1,A,E,Arun Belso,\n2,,E,Arun Belso,1\n3,B,E,\xe2\x80\x8b,1\n4,C,E,Arun Belso,many\n5,D\n6,A,E,Arun Belso,9\n7,F,E,Jos\xe9,1\n".to_vec();
        table.extend(format!("8,{},E,Arun Belso,1\n", "x".repeat(300)).bytes());
        let read = read_table("v", "a.csv", &table, &mapped).unwrap();
        assert_eq!(read.findings.len(), 1);
        assert_eq!(read.findings[0].log_odds, f32::MIN, "without a score it stands last");
        assert_eq!(read.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9]);
        assert!(read_table("v", "a.csv", b"id,client\n", &mapped).unwrap_err().contains("`entity`"));
        for bad in ["", "reference=a", "reference=a,client=b,entity=c,caption=d,who=e", "reference=a,reference=b"] {
            assert!(Places::parse(bad).is_err(), "{bad}");
        }
    }
}
