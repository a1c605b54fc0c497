//! Checks 4 and 14: the manifest is the order's, every label and header belongs to its record.

use super::View;
use crate::manifest::{Manifest, ManifestEntry};
use crate::refusal::{Code, Refusal};
use crate::wire::ReleaseRequest;
use countersign_core::class::ClassSet;
use countersign_core::json::Exact;
use countersign_core::order::{Mode, Order};
use countersign_seal::header::{Capsule, CheckedCapsule, Header, check_batch};
use countersign_seal::label::Label;
use std::collections::BTreeSet;

/// One record that a trustee will answer for.
#[derive(Debug, Clone)]
pub struct PlannedRecord {
    /// Label and header, whose proof holds.
    pub capsule: CheckedCapsule,
    /// Classes to answer.
    pub classes: ClassSet,
}

/// A manifest that fits the order, with its labels decoded.
pub(crate) struct Fitting {
    entries: Vec<(ManifestEntry, Label)>,
}

impl Fitting {
    /// The labels of the records.
    pub(super) fn labels(&self) -> impl Iterator<Item = &Label> {
        self.entries.iter().map(|(_, label)| label)
    }
}

/// Check 4.
pub(super) fn check(request: &ReleaseRequest, order: &Order) -> Result<Fitting, Refusal> {
    let manifest = Exact::<Manifest>::parse(request.manifest.as_bytes())
        .map_err(|error| Refusal::new(Code::ManifestDiffers, error))?;
    fit(manifest.value(), order)
}

/// Whether the manifest is the one that the order names, and holds what the order says.
pub(crate) fn fit(manifest: &Manifest, order: &Order) -> Result<Fitting, Refusal> {
    let root = manifest.root().map_err(|error| Refusal::new(Code::ManifestDiffers, error))?;
    if root != order.scope.manifest {
        return Err(Refusal::new(
            Code::ManifestDiffers,
            format!("root {root}, the order names {}", order.scope.manifest),
        ));
    }
    let mut handles = BTreeSet::new();
    let mut points = BTreeSet::new();
    let mut entries = Vec::with_capacity(manifest.entries.len());
    for entry in &manifest.entries {
        let label = Label::decode(&entry.label.0).map_err(|error| Refusal::new(Code::LabelDiffers, error))?;
        let differs = |detail: &str| Refusal::new(Code::LabelDiffers, format!("record {}: {detail}", entry.record));
        if label.record_id(entry.u.as_bytes()) != entry.record {
            return Err(differs("the id is not that of label and u"));
        }
        if label.head().custodian != order.custodian {
            return Err(differs("the label is of another custodian"));
        }
        if !entry.classes.is_subset(label.classes()) {
            return Err(differs("a class that the label does not hold"));
        }
        if !points.insert(entry.u) {
            return Err(differs("u stands twice in the manifest"));
        }
        inside_window(order, &label)
            .map_err(|detail| Refusal::new(Code::OutsideWindow, format!("record {}: {detail}", entry.record)))?;
        handles.insert(label.head().handle);
        entries.push((entry.clone(), label));
    }
    let scope = &order.scope;
    let counted = (handles.len(), manifest.entries.len(), manifest.classes());
    if counted != (scope.subjects as usize, scope.records as usize, scope.classes.clone()) {
        let detail = format!("{} subjects, {} records, classes {} in the manifest", counted.0, counted.1, counted.2);
        return Err(Refusal::new(Code::ScopeDiffers, detail));
    }
    Ok(Fitting { entries })
}

/// Check 14.
pub(super) fn check_headers(
    view: &View<'_>,
    request: &ReleaseRequest,
    fitting: &Fitting,
    seed: [u8; 32],
) -> Result<Vec<PlannedRecord>, Refusal> {
    if request.headers.len() != fitting.entries.len() {
        return Err(Refusal::new(Code::HeaderInvalid, "not one header for each record"));
    }
    let mut capsules = Vec::with_capacity(fitting.entries.len());
    for ((entry, label), bytes) in fitting.entries.iter().zip(&request.headers) {
        let invalid = |detail: &dyn std::fmt::Display| {
            Refusal::new(Code::HeaderInvalid, format!("record {}: {detail}", entry.record))
        };
        let bytes: &[u8; Header::LEN] =
            bytes.0.as_slice().try_into().map_err(|_| invalid(&"a header has 160 bytes"))?;
        let header = Header::decode(bytes).map_err(|error| invalid(&error))?;
        if header.u().bytes() != entry.u.as_bytes() {
            return Err(invalid(&"u differs from the manifest"));
        }
        capsules.push(Capsule { label: label.clone(), header });
    }
    let checked = check_batch(view.ring.id(), capsules, &seed).map_err(|bad| {
        let named: Vec<String> =
            bad.0.iter().filter_map(|at| fitting.entries.get(*at)).map(|(entry, _)| entry.record.to_hex()).collect();
        Refusal::new(Code::HeaderInvalid, format!("no valid proof for the records {}", named.join(", ")))
    })?;
    let classes = fitting.entries.iter().map(|(entry, _)| entry.classes.clone());
    Ok(checked.into_iter().zip(classes).map(|(capsule, classes)| PlannedRecord { capsule, classes }).collect())
}

fn inside_window(order: &Order, label: &Label) -> Result<(), String> {
    let Some(period) = label.head().period else { return Ok(()) };
    let Some((from, to)) = order.scope.from.zip(order.scope.to) else {
        return Err(format!("month {} is in the manifest of an order without a window", period.number()));
    };
    // A worker takes the rows outside of the window away; whoever else reads the month would see days outside of it.
    let (inside, what) = match order.recipient.mode {
        Mode::Worker => (from < period.end() && period.start() < to, "touched by"),
        Mode::Authority | Mode::Reviewer => (from <= period.start() && period.end() <= to, "wholly inside"),
    };
    if inside { Ok(()) } else { Err(format!("month {} is not {what} the order's window", period.number())) }
}
