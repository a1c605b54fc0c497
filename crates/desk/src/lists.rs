//! Updates of screening lists in the log: what came into effect, and what was held back.
//!
//! The lists are kept beside the desk (`crates/screen`). Whoever keeps them says here what happened to them; the same said twice is logged
//! once, so that a program that was killed in between says everything again.

use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::documents::{Incident, IncidentV1};
use crate::error::Result;
use crate::leaves::leaf;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::list_update::ListUpdate;
use countersign_core::time::Timestamp;
use serde_json::Value;

/// Code of the incident that an update was held back: the list in effect is not the one that its publisher has out.
pub const LIST_HELD_BACK: &str = "LIST_HELD_BACK";

/// Most characters of a reason that the incident repeats.
const MOST_REASON: usize = 2_000;

/// An update that was not put in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The source.
    pub source: String,
    /// Digest of the files that were not believed.
    pub list: Digest,
    /// Digest of the list that stays in effect.
    pub in_effect: Digest,
    /// Why.
    pub reason: String,
    /// When it was tried.
    pub at: Timestamp,
}

impl Desk {
    /// Whether an update is in the log, or accepted for it.
    ///
    /// # Errors
    /// [`DeskError::Store`](crate::DeskError::Store); [`DeskError::Input`](crate::DeskError::Input) for a record that breaks its rules.
    pub async fn is_list_update_logged(&self, update: &ListUpdate) -> Result<bool> {
        let record = Exact::write(update.clone())?;
        Ok(self.store.document(&record.digest()).await?.is_some())
    }

    /// Logs that a list came into effect. `false` when this was logged before.
    ///
    /// # Errors
    /// As [`is_list_update_logged`](Self::is_list_update_logged).
    pub async fn log_list_update(&self, update: &ListUpdate) -> Result<bool> {
        let record = Exact::write(update.clone())?;
        if self.store.document(&record.digest()).await?.is_some() {
            return Ok(false);
        }
        let leaf = leaf(LeafKind::ListUpdate, self.now(), values(&record), &mut *self.rng())?;
        self.store.append_leaves(vec![stored(kind::LIST_UPDATE, &record)], vec![leaf]).await?;
        Ok(true)
    }

    /// Logs that an update was held back, as an incident. `false` when this was logged before.
    ///
    /// # Errors
    /// [`DeskError::Store`](crate::DeskError::Store).
    pub async fn log_held_back(&self, held: &HeldBack) -> Result<bool> {
        let HeldBack { source, list, in_effect, reason, at } = held;
        let reason: String = reason.chars().take(MOST_REASON).collect();
        let detail =
            format!("the update of the list `{source}` to {list} was held back, {in_effect} stays in effect: {reason}");
        let incident = Incident { v: IncidentV1, code: LIST_HELD_BACK.to_owned(), detail, at: *at };
        let incident = Exact::write(incident)?;
        if self.store.document(&incident.digest()).await?.is_some() {
            return Ok(false);
        }
        let values =
            vec![Value::from(incident.digest().to_hex()), Value::from(LIST_HELD_BACK), Value::from(at.to_string())];
        let leaf = leaf(LeafKind::Incident, self.now(), values, &mut *self.rng())?;
        self.store.append_leaves(vec![stored(kind::INCIDENT, &incident)], vec![leaf]).await?;
        Ok(true)
    }
}

/// The fields of the leaf, in the order of the table.
fn values(record: &Exact<ListUpdate>) -> Vec<Value> {
    let update = record.value();
    vec![
        Value::from(record.digest().to_hex()),
        Value::from(update.source.as_str()),
        Value::from(update.list.to_hex()),
        update.before.map_or(Value::Null, |before| Value::from(before.to_hex())),
        Value::from(update.listed),
        Value::from(update.added),
        Value::from(update.changed),
        Value::from(update.removed),
        Value::from(update.at.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use countersign_core::json::DocumentError;
    use countersign_core::list_update::ListUpdateV1;
    use countersign_store::Cases as _;
    use countersign_tlog::leaf::{Disclosure, SealedLeaf};
    use serde::Deserialize;
    use std::collections::BTreeMap;

    fn update(number: u8, before: Option<u8>, at: Timestamp) -> ListUpdate {
        let digest = |number| Digest([number; 32]);
        let (added, changed, removed) = if before.is_some() { (7, 2, 1) } else { (730, 0, 0) };
        ListUpdate {
            v: ListUpdateV1,
            source: "un".into(),
            list: digest(number),
            before: before.map(digest),
            listed: 730,
            added,
            changed,
            removed,
            rows_rejected: 0,
            values_left_out: 3,
            at,
        }
    }

    async fn logged(world: &World) -> Vec<BTreeMap<String, Value>> {
        let all = world.store.all_disclosures().await.unwrap();
        all.iter()
            .map(|leaf| {
                let fields = leaf.list.iter().map(|text| Disclosure::parse(text).unwrap());
                fields.map(|field| (field.name().to_owned(), field.value().clone())).collect()
            })
            .collect()
    }

    #[tokio::test]
    async fn an_update_is_one_leaf_however_often_it_is_said_also_after_a_restart() {
        let world = World::new().await;
        let desk = world.desk().await;
        let before = logged(&world).await.len();
        let (first, second) = (update(1, None, desk.now()), update(2, Some(1), desk.now()));
        assert!(!desk.is_list_update_logged(&first).await.unwrap());
        assert!(desk.log_list_update(&first).await.unwrap());
        assert!(desk.log_list_update(&second).await.unwrap());
        assert!(!desk.log_list_update(&second).await.unwrap());
        let desk = world.desk().await;
        assert!(desk.is_list_update_logged(&first).await.unwrap());
        assert!(!desk.log_list_update(&first).await.unwrap());
        let all = logged(&world).await;
        assert_eq!(all.len(), before + 2);
        let fields = all.iter().find(|fields| fields.get("before").is_some_and(|before| !before.is_null())).unwrap();
        let record = Exact::write(second).unwrap();
        let expected = serde_json::json!({
            "kind": "list_update", "document": record.digest().to_hex(), "source": "un", "list": "02".repeat(32),
            "before": "01".repeat(32), "listed": 730, "added": 7, "changed": 2, "removed": 1,
            "at": record.value().at.to_string(),
        });
        assert_eq!(serde_json::to_value(fields).unwrap(), expected);
        assert_eq!(world.store.document(&record.digest()).await.unwrap().unwrap().bytes, record.bytes());
    }

    #[tokio::test]
    async fn an_update_that_was_held_back_is_an_incident_once() {
        let world = World::new().await;
        let desk = world.desk().await;
        let held = HeldBack {
            source: "eu".into(),
            list: Digest([3; 32]),
            in_effect: Digest([2; 32]),
            reason: "it lacks too much ".repeat(1_000),
            at: desk.now(),
        };
        assert!(desk.log_held_back(&held).await.unwrap());
        assert!(!desk.log_held_back(&held).await.unwrap());
        let all = logged(&world).await;
        let incidents: Vec<_> = all.iter().filter(|fields| fields["kind"] == "incident").collect();
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0]["code"], LIST_HELD_BACK);
        let again = HeldBack { at: held.at.plus(1), ..held };
        assert!(desk.log_held_back(&again).await.unwrap(), "tried again, held back again");
    }

    #[tokio::test]
    async fn a_record_that_breaks_its_rules_is_not_logged() {
        let world = World::new().await;
        let desk = world.desk().await;
        let wrong = ListUpdate { removed: 1, ..update(1, None, desk.now()) };
        assert!(desk.log_list_update(&wrong).await.is_err());
        assert!(!logged(&world).await.iter().any(|fields| fields["kind"] == "list_update"));
    }

    #[derive(Deserialize)]
    struct Vectors {
        documents: Vec<DocumentCase>,
        leaves: Vec<LeafCase>,
    }

    #[derive(Deserialize)]
    struct DocumentCase {
        name: String,
        expect: String,
        text: String,
        digest: Option<String>,
    }

    #[derive(Deserialize)]
    struct LeafCase {
        name: String,
        expect: String,
        leaf: String,
        disclosures: Vec<String>,
        record: String,
    }

    #[test]
    fn records_and_leaves_are_as_the_vectors_say() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../../vectors/screen/list-update.json")).unwrap();
        for case in &vectors.documents {
            let found = match Exact::<ListUpdate>::parse(case.text.as_bytes()) {
                Ok(record) => {
                    assert_eq!(Some(record.digest().to_hex()), case.digest, "{}", case.name);
                    "ok"
                }
                Err(DocumentError::TooLong { .. }) => "too_long",
                Err(DocumentError::Malformed { .. }) => "malformed",
                Err(DocumentError::NotCanonical { .. }) => "not_canonical",
                Err(DocumentError::Inconsistent { .. }) => "inconsistent",
            };
            assert_eq!(found, case.expect, "{}", case.name);
        }
        // What stands in the leaves is what the desk writes, or differs from it in the way that the name says.
        for case in vectors.leaves.iter().filter(|case| case.expect != "fields") {
            let record = Exact::<ListUpdate>::parse(case.record.as_bytes()).unwrap();
            let fields = SealedLeaf::parse(case.leaf.as_bytes()).unwrap().check(&case.disclosures).unwrap();
            let own: BTreeMap<String, Value> = LeafKind::ListUpdate
                .fields()
                .iter()
                .map(|name| (*name).to_owned())
                .zip(values(&record))
                .chain([("kind".to_owned(), Value::from("list_update"))])
                .collect();
            assert_eq!(fields == own, case.expect == "ok", "{}", case.name);
        }
    }
}
