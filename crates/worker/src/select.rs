//! What of the opened cells leaves the worker.
//!
//! A standing record's class is one object of fields. A month's class is a list of rows, each an object with its time in
//! `at`; rows outside the order's window never leave. What is in another form is refused: a worker that guesses leaks.

use crate::error::WorkerError;
use crate::list::List;
use countersign_core::duty::Output;
use countersign_core::id::{Handle, RecordId};
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_seal::label::Label;
use countersign_verify::evidence::{OpenedCell, Opening};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// Fields of a standing record by which a client is compared with a list.
const NAMES: [&str; 2] = ["primaryIdentifier", "secondaryIdentifier"];
const BIRTH: &str = "dateOfBirth";

/// Files of the product, by name.
pub(crate) type Data = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// What was kept and what was not.
pub(crate) struct Selected {
    pub(crate) data: Data,
    /// Clients of whom anything leaves.
    pub(crate) people: usize,
    /// Rows outside the order's window.
    pub(crate) left_out: usize,
}

/// Fields of every client, and rows of every client by class.
struct Opened {
    people: BTreeMap<Handle, Map<String, Value>>,
    rows: BTreeMap<(&'static str, Handle), Vec<Map<String, Value>>>,
    left_out: usize,
}

/// Everything inside the window, or of a duty what its output names.
pub(crate) fn select(opening: &Opening, list: Option<&List>) -> Result<Selected, WorkerError> {
    let mut opened = read(opening)?;
    match opening.evidence.duty.as_ref().map(|duty| &duty.value().output) {
        // Records that are sealed anew never come here: nothing of them leaves in the clear.
        None | Some(Output::Sealed { .. }) => {}
        Some(Output::Fields(fields)) => opened.only(&fields.iter().map(String::as_str).collect()),
        Some(Output::Hits { .. }) => {
            let list = list.ok_or_else(|| WorkerError::List("the duty needs one".into()))?;
            return hits(&opened, list);
        }
    }
    opened.write()
}

fn read(opening: &Opening) -> Result<Opened, WorkerError> {
    let order = opening.evidence.order.value();
    let mut monthly = BTreeSet::new();
    for entry in &opening.evidence.manifest.value().entries {
        let label = Label::decode(&entry.label.0).map_err(|error| WorkerError::Content(error.to_string()))?;
        if label.head().period.is_some() {
            monthly.insert(entry.record);
        }
    }
    let mut opened = Opened { people: BTreeMap::new(), rows: BTreeMap::new(), left_out: 0 };
    for cell in &opening.cells {
        opened.take(cell, &monthly, order)?;
    }
    Ok(opened)
}

impl Opened {
    fn take(&mut self, cell: &OpenedCell, monthly: &BTreeSet<RecordId>, order: &Order) -> Result<(), WorkerError> {
        // What the reader says of the content may quote it, and does not leave.
        let wrong = |what: &str| {
            WorkerError::Content(format!("class `{}` of record {} is not {what}", cell.class, cell.record))
        };
        if !monthly.contains(&cell.record) {
            let fields: Map<String, Value> =
                serde_json::from_slice(&cell.content).map_err(|_| wrong("an object of fields"))?;
            self.people.entry(cell.handle).or_default().extend(fields);
            return Ok(());
        }
        let rows: Vec<Map<String, Value>> =
            serde_json::from_slice(&cell.content).map_err(|_| wrong("a list of rows"))?;
        let kept = self.rows.entry((cell.class.as_str(), cell.handle)).or_default();
        for row in rows {
            let at = row.get("at").and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
            let at = at.ok_or_else(|| wrong("a list of rows that have their time in `at`"))?;
            if inside(order, at) {
                kept.push(row);
            } else {
                self.left_out += 1;
            }
        }
        Ok(())
    }

    fn only(&mut self, fields: &BTreeSet<&str>) {
        let cut = |map: &mut Map<String, Value>| {
            *map = std::mem::take(map).into_iter().filter(|(name, _)| fields.contains(name.as_str())).collect();
        };
        self.people.values_mut().for_each(cut);
        self.rows.values_mut().flatten().for_each(cut);
    }

    fn write(self) -> Result<Selected, WorkerError> {
        let mut data = Data::new();
        let handles: BTreeSet<Handle> =
            self.people.keys().copied().chain(self.rows.keys().map(|(_, handle)| *handle)).collect();
        if !self.people.is_empty() {
            data.insert("clients.json".into(), json(&by_handle(&self.people))?);
        }
        let classes: BTreeSet<&str> = self.rows.keys().map(|(class, _)| *class).collect();
        for class in classes {
            let rows: BTreeMap<Handle, &Vec<Map<String, Value>>> = self
                .rows
                .iter()
                .filter(|((of, _), _)| *of == class)
                .map(|((_, handle), rows)| (*handle, rows))
                .collect();
            data.insert(format!("{class}.json"), json(&by_handle(&rows))?);
        }
        Ok(Selected { data, people: handles.len(), left_out: self.left_out })
    }
}

/// Handle and entry of those who stand on the list; nothing of anybody else, not even that they were compared.
fn hits(opened: &Opened, list: &List) -> Result<Selected, WorkerError> {
    let mut hits = Vec::new();
    for (handle, fields) in &opened.people {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let names: Vec<&str> = NAMES.iter().filter_map(|name| text(name)).collect();
        let birth = text(BIRTH).unwrap_or_default();
        if let Some(entry) = list.entry(&names, birth)? {
            hits.push(json!({"handle": handle.to_hex(), "entry": entry}));
        }
    }
    let people = hits.len();
    Ok(Selected { data: Data::from([("hits.json".into(), json(&hits)?)]), people, left_out: 0 })
}

/// A window without ends has no rows: no month is in the manifest of such an order.
fn inside(order: &Order, at: Timestamp) -> bool {
    order.scope.from.zip(order.scope.to).is_some_and(|(from, to)| from <= at && at < to)
}

fn by_handle<T: serde::Serialize>(map: &BTreeMap<Handle, T>) -> BTreeMap<String, &T> {
    map.iter().map(|(handle, value)| (handle.to_hex(), value)).collect()
}

fn json<T: serde::Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, WorkerError> {
    serde_json::to_vec_pretty(value).map(Zeroizing::new).map_err(|error| WorkerError::Content(error.to_string()))
}
