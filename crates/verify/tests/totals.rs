//! What a journal holds, recomputed from its tiles.

use crate::world::*;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::control::{Action, Role};
use countersign_core::id::Digest;
use countersign_core::leaf::LeafKind;
use countersign_core::time::DAY;
use countersign_tlog::leaf::{Disclosure, LeafId, Opened, OpeningLeaf};
use countersign_tlog::policy::Policy;
use countersign_tlog::tile::{BundleEdge, HashEdge, TilePath, TileReader};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::totals::{Held, Totals, TotalsError, recompute_totals};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Default)]
pub(crate) struct Tiles(BTreeMap<String, Vec<u8>>);

impl TileReader for Tiles {
    type Error = &'static str;
    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, Self::Error> {
        self.0.get(&path.to_string()).cloned().ok_or("missing")
    }
}

/// A journal with everything an auditor holds.
pub(crate) struct Audited {
    pub(crate) world: World,
    pub(crate) held: Held,
}

impl Audited {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), held: Held::new() }
    }

    pub(crate) fn log(&mut self, fields: &[(&str, Value)]) -> u64 {
        let (leaf, disclosures) = sealed_leaf(fields, &format!("{} {fields:?}", self.world.journal.size()));
        let index = self.world.append(leaf);
        self.held.insert(index, disclosures.iter().map(|one| one.as_str().to_owned()).collect());
        index
    }

    /// A leaf of the table with these values in its order.
    pub(crate) fn kind(&mut self, kind: LeafKind, values: &[Value]) -> u64 {
        assert_eq!(kind.fields().len(), values.len());
        let mut fields: Vec<(&str, Value)> = vec![("kind", kind.as_str().into())];
        fields.extend(kind.fields().iter().copied().zip(values.iter().cloned()));
        self.log(&fields)
    }

    fn open(&mut self, index: u64) -> u64 {
        let disclosures = self.held[&index].iter().map(|text| Disclosure::parse(text).unwrap()).collect();
        let id = LeafId([self.world.journal.size() as u8; 16]);
        let leaf = OpeningLeaf::new(id, 5_984_100, vec![Opened { index, disclosures }]).unwrap();
        self.world.append(leaf.to_bytes().unwrap())
    }

    pub(crate) fn tiles(&self) -> Tiles {
        let leaves = &self.world.journal.leaves;
        let hashes: Vec<_> = leaves.iter().map(|leaf| countersign_tlog::leaf_hash(leaf)).collect();
        let mut tiles = HashEdge::new().append(&hashes);
        tiles.extend(BundleEdge::new().append(leaves).unwrap());
        Tiles(tiles.into_iter().map(|(path, bytes)| (path.to_string(), bytes)).collect())
    }

    pub(crate) fn totals(&self) -> Totals {
        self.recompute(&mut self.tiles(), &self.held).unwrap()
    }

    pub(crate) fn recompute(&self, tiles: &mut Tiles, held: &Held) -> Result<Totals, TotalsError<&'static str>> {
        let pinned = self.world.control.genesis().digest();
        let signed = self.world.journal.checkpoint(self.world.journal.size(), &[self.world.now; 2]);
        recompute_totals(&signed, None, Some(&pinned), tiles, held)
    }
}

fn digest(byte: u8) -> Value {
    Digest([byte; 32]).to_hex().into()
}

/// One contact, one request, one order for two people with its way to the package, one refusal, one incident, dummies.
fn story() -> (Audited, u64) {
    let mut audited = Audited::new();
    let time = || Value::from("2026-11-20T12:00:00Z");
    let [met, asked, promised, delivered] = ["yes", "names", "nothing", "nothing"].map(Value::from);
    audited
        .kind(LeafKind::Contact, &[digest(1), "xr-fms".into(), "XR".into(), met, asked, promised, delivered, time()]);
    let asked = json!(["name", "address", "bank"]);
    audited.kind(LeafKind::Request, &[digest(2), COURT.into(), "court_order".into(), 3.into(), asked, time()]);
    let draft = audited.world.draft_for(&[1, 2]);
    let order = countersign_core::json::Exact::write(draft.order).unwrap();
    let fields = order_leaf_fields(&order);
    let index = audited.log(&fields);
    let id = Value::from(order.digest().to_hex());
    for verdict in [Verdict::Approve, Verdict::Approve, Verdict::Refuse] {
        let role = SignerRole::Approver.as_str().into();
        audited.kind(LeafKind::Approval, &[digest(3), id.clone(), role, verdict.as_str().into(), time()]);
    }
    for trustee in 1..=3 {
        let receipt = [digest(4), id.clone(), trustee.into(), "answered".into(), Value::Null, time()];
        audited.kind(LeafKind::Receipt, &receipt);
    }
    let refused = [digest(5), id.clone(), 4.into(), "refused".into(), "CAP_ADDRESS".into(), time()];
    audited.kind(LeafKind::Receipt, &refused);
    audited.kind(LeafKind::Release, &[id, digest(6), 2.into(), 4.into(), time()]);
    let reasons = json!(["DRAGNET", "NO_LEGAL_INSTRUMENT"]);
    audited.kind(LeafKind::Refusal, &[digest(7), "xr-fms".into(), reasons, 41_000.into(), 246_000.into(), time()]);
    audited.kind(LeafKind::Incident, &[digest(8), "ORDER_ID_REUSED".into(), time()]);
    audited.kind(LeafKind::Release, &[digest(9), digest(10), 1.into(), 1.into(), time()]);
    for outcome in ["verified", "fake", "emergency_verified", "emergency_verified", "emergency_fake"] {
        audited.kind(LeafKind::Verified, &[digest(11), outcome.into(), json!(["call_back"]), time()]);
    }
    audited.kind(LeafKind::Dummy, &[]);
    audited.world.change(Action::RemovePerson(person_id("carla-diaz")), &["trustee:1"]);
    audited
        .world
        .change(Action::AddPerson(person("puppet-one", &[Role::Approver], "XB", false)), &["person:anna-berg"]);
    (audited, index)
}

#[test]
fn everything_is_counted_and_nothing_else() {
    let (mut audited, order) = story();
    let totals = audited.totals();
    assert_eq!(totals.faults, []);
    let (outside, inside) = (&totals.outside, &totals.inside);
    assert_eq!((outside.origin.as_str(), outside.size), (ORIGIN, audited.world.journal.size()));
    assert_eq!((outside.leaves.sealed, outside.leaves.control, outside.leaves.opening), (20, 3, 0));
    assert_eq!(outside.witnesses, ["w1", "w2"]);
    assert_eq!(outside.genesis, audited.world.control.genesis().digest());
    assert_eq!(outside.state, audited.world.control.at(audited.world.now).digest());
    assert_eq!(outside.ticks[&5_984_000].sealed, 20);
    let rejected: Vec<bool> = outside.control.iter().map(|entry| entry.rejected.is_some()).collect();
    assert_eq!(rejected, [false, false, true]);
    assert_eq!(outside.control[1].signers, ["trustee:1"]);
    assert!(outside.control[0].body.starts_with("{\"v\":\"countersign/genesis/v1\""));

    assert_eq!(inside.undisclosed, 0);
    assert_eq!(inside.kinds[&LeafKind::Receipt], 4);
    assert_eq!(serde_json::to_value(&inside.orders.by_kind).unwrap(), json!({"disclosure": 1}));
    assert_eq!((inside.orders.people, inside.orders.cells), (2, 4));
    let closed = serde_json::to_value(&inside.orders.closed).unwrap();
    assert_eq!(closed, json!({"2026-12-31T23:59:59Z": {"orders": 1, "people": 2}}));
    assert_eq!((inside.approvals, inside.approvals_refused), (2, 1));
    assert_eq!((inside.receipts.answered, inside.receipts.answered_without_order), (3, 0));
    assert_eq!(inside.receipts.refused["CAP_ADDRESS"], 1);
    assert_eq!((inside.refusals.count, inside.refusals.people, inside.refusals.cells), (1, 41_000, 246_000));
    assert_eq!(inside.refusals.reasons["DRAGNET"], 1);
    assert_eq!((inside.releases.count, inside.releases.people, inside.releases.cells), (2, 3, 5));
    assert_eq!(serde_json::to_value(&inside.releases.by_kind).unwrap(), json!({"disclosure": 1}));
    assert_eq!(inside.releases.without_order, 1, "a package of an order that is not in the log");
    let senders = serde_json::to_value(inside.senders).unwrap();
    assert_eq!(senders, json!({"confirmed": 3, "fake": 2, "emergencies_confirmed": 2, "emergencies_fake": 1}));
    assert_eq!((inside.people_asked, inside.kinds[&LeafKind::Contact]), (3, 1));
    assert_eq!(inside.incidents["ORDER_ID_REUSED"], 1);

    audited.open(order);
    let opened = audited.totals();
    assert_eq!(opened.faults, []);
    assert!(opened.inside.orders.closed.is_empty());
    assert_eq!((opened.inside.opened, opened.outside.leaves.opening), (1, 1));
}

#[test]
fn an_outsider_sees_sizes_ticks_and_control_leaves_only() {
    let (audited, _) = story();
    let totals = audited.recompute(&mut audited.tiles(), &Held::new()).unwrap();
    assert_eq!(totals.inside.undisclosed, 20);
    assert!(totals.inside.kinds.is_empty() && totals.faults.is_empty());
    let shown = serde_json::to_string(&totals).unwrap();
    for secret in ["DRAGNET", "xr-fms", "court_order", "disclosure", "receipt\""] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn an_opening_tells_everybody_what_the_leaf_committed_to() {
    let (mut audited, order) = story();
    audited.open(order);
    let totals = audited.recompute(&mut audited.tiles(), &Held::new()).unwrap();
    assert_eq!(totals.faults, []);
    assert_eq!((totals.inside.orders.people, totals.inside.opened, totals.inside.undisclosed), (2, 1, 19));
}

#[test]
fn disclosures_of_no_leaf_or_of_another_are_faults() {
    let (audited, order) = story();
    let faults = |change: &dyn Fn(&mut Held)| {
        let mut held = audited.held.clone();
        change(&mut held);
        let faults = audited.recompute(&mut audited.tiles(), &held).unwrap().faults;
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        (fault.index, fault.reason.clone())
    };
    let one = audited.held[&order].clone();
    assert!(faults(&|held| drop(held.insert(99, one.clone()))).1.contains("beyond the journal"));
    let (index, reason) = faults(&|held| drop(held.insert(0, one.clone())));
    assert!(index == 0 && reason.contains("no sealed leaf"), "{reason}");
    let (index, reason) = faults(&|held| drop(held.insert(1, one.clone())));
    assert!(index == 1 && reason.contains("not committed to by this leaf"), "{reason}");
    let (index, reason) = faults(&|held| held.get_mut(&order).unwrap().push("!".into()));
    assert!(index == order && reason.contains("canonical form"), "{reason}");
    let (_, reason) = faults(&|held| drop(held.insert(order, Vec::new())));
    assert!(reason.contains("`kind` is withheld"), "{reason}");
    for place in 0..one.len() {
        let (index, reason) = faults(&|held| drop(held.get_mut(&order).unwrap().remove(place)));
        assert!(index == order && reason.contains("withheld"), "{place}: {reason}");
    }
}

#[test]
fn leaves_with_other_fields_or_values_than_the_table_gives_are_faults() {
    let id = digest(9);
    let cases: [(&[(&str, Value)], &str); 8] = [
        (&[("kind", "party".into())], "`kind` does not have"),
        (&[("kind", 1.into())], "`kind` does not have"),
        (&[("kind", "dummy".into()), ("note", "x".into())], "has no field `note`"),
        (&[("note", "x".into())], "`kind` is withheld"),
        (
            &[
                ("kind", "release".into()),
                ("order", id.clone()),
                ("package", id.clone()),
                ("people", (-1).into()),
                ("cells", 1.into()),
                ("at", "x".into()),
            ],
            "`people` does not have",
        ),
        (
            &[
                ("kind", "receipt".into()),
                ("receipt", id.clone()),
                ("order", id.clone()),
                ("trustee", 1.into()),
                ("outcome", "refused".into()),
                ("code", Value::Null),
                ("at", "x".into()),
            ],
            "`code` does not have",
        ),
        (
            &[
                ("kind", "approval".into()),
                ("document", id.clone()),
                ("order", id.clone()),
                ("role", "approver".into()),
                ("verdict", "perhaps".into()),
                ("at", "x".into()),
            ],
            "`verdict` does not have",
        ),
        (
            &[
                ("kind", "verified".into()),
                ("document", id.clone()),
                ("outcome", "emergency".into()),
                ("factors", json!([])),
                ("at", "x".into()),
            ],
            "`outcome` does not have",
        ),
    ];
    for (fields, reason) in cases {
        let mut audited = Audited::new();
        let index = audited.log(fields);
        let totals = audited.totals();
        assert!(totals.faults.len() == 1 && totals.faults[0].index == index, "{:?}", totals.faults);
        assert!(totals.faults[0].reason.contains(reason), "{}; expected {reason}", totals.faults[0]);
        assert_eq!(totals.inside.undisclosed, 1, "a leaf with a fault counts nothing");
        assert!(totals.inside.kinds.is_empty());
    }
}

#[test]
fn an_order_logged_twice_and_an_answer_without_an_order_show() {
    let (mut audited, order) = story();
    let fields: Vec<(String, Value)> = audited.held[&order]
        .iter()
        .map(|text| Disclosure::parse(text).unwrap())
        .map(|one| (one.name().to_owned(), one.value().clone()))
        .collect();
    let fields: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let again = audited.log(&fields);
    let receipt = [digest(4), digest(77), 1.into(), "answered".into(), Value::Null, "2026-11-20T12:00:00Z".into()];
    audited.kind(LeafKind::Receipt, &receipt);
    let totals = audited.totals();
    assert!(totals.faults.len() == 1 && totals.faults[0].index == again, "{:?}", totals.faults);
    assert!(totals.faults[0].reason.contains("twice"));
    assert_eq!(totals.inside.receipts.answered_without_order, 1);
}

#[test]
fn bytes_that_are_no_leaf_and_openings_of_later_leaves_are_faults() {
    let mut audited = Audited::new();
    let index = audited.world.append(b"hello".to_vec());
    let dummy = audited.kind(LeafKind::Dummy, &[]);
    let disclosures = vec![Disclosure::parse(&audited.held[&dummy][0]).unwrap()];
    let leaf = OpeningLeaf::new(LeafId([1; 16]), 1, vec![Opened { index: 3, disclosures }]).unwrap();
    let opening = audited.world.append(leaf.to_bytes().unwrap());
    let totals = audited.totals();
    let found: Vec<u64> = totals.faults.iter().map(|fault| fault.index).collect();
    assert_eq!(found, [index, opening]);
}

#[test]
fn tiles_that_are_not_the_checkpoints_are_refused() {
    let (audited, _) = story();
    let good = audited.tiles();
    for (path, bytes) in &good.0 {
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bad = good.clone();
            bad.0.get_mut(path).unwrap()[place] ^= 1;
            assert!(audited.recompute(&mut bad, &audited.held).is_err(), "{path} byte {place}");
        }
        let mut missing = good.clone();
        missing.0.remove(path);
        assert!(audited.recompute(&mut missing, &audited.held).is_err(), "{path}");
    }
    // Another history of the same size whose tiles agree with one another.
    let (mut other, _) = story();
    let size = other.world.journal.leaves.len();
    other.world.journal.leaves[size - 4] = sealed_leaf(&[("kind", "dummy".into())], "rewritten").0;
    let result = audited.recompute(&mut other.tiles(), &Held::new());
    assert!(matches!(result, Err(TotalsError::Root { .. })));
}

#[test]
fn a_lone_log_another_genesis_and_no_genesis_are_refused() {
    let (audited, _) = story();
    let journal = &audited.world.journal;
    let pinned = audited.world.control.genesis().digest();
    let ask = |signed, pinned: &Digest, policy: Option<&Policy>| {
        recompute_totals(&signed, policy, Some(pinned), &mut audited.tiles(), &Held::new()).map(|_| ())
    };
    let (now, size) = (audited.world.now, journal.size());
    let good = || journal.checkpoint(size, &[now; 2]);
    assert!(ask(good(), &pinned, None).is_ok());
    assert!(matches!(ask(journal.checkpoint(size, &[now]), &pinned, None), Err(TotalsError::Policy(_))));
    assert!(matches!(ask(good(), &Digest([1; 32]), None), Err(TotalsError::Genesis(_))));
    assert!(matches!(ask(Journal::default().checkpoint(0, &[now; 2]), &pinned, None), Err(TotalsError::NoGenesis)));
    let all = Policy::parse(witness_policy().replace("all-w 2", "all-w 3").as_bytes()).unwrap();
    assert!(matches!(ask(good(), &pinned, Some(&all)), Err(TotalsError::Policy(_))));
    let mut headless = Audited::new();
    headless.world.journal = Journal::default();
    headless.world.append(sealed_leaf(&[("kind", "dummy".into())], "first").0);
    assert!(matches!(headless.recompute(&mut headless.tiles(), &Held::new()), Err(TotalsError::NoGenesis)));
}

/// A reader that changes an entry after the root was checked.
#[test]
fn what_is_disclosed_is_what_was_hashed() {
    struct Twice(Tiles, Tiles, u32);
    impl TileReader for Twice {
        type Error = &'static str;
        fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, Self::Error> {
            self.2 += 1;
            if self.2 > 3 { self.1.read(path) } else { self.0.read(path) }
        }
    }
    let mut audited = Audited::new();
    let dummy = audited.kind(LeafKind::Dummy, &[]);
    let good = audited.tiles();
    let mut other = Audited::new();
    let refusal = [digest(1), "x".into(), json!([]), 0.into(), 0.into(), "x".into()];
    other.kind(LeafKind::Refusal, &refusal);
    let pinned = audited.world.control.genesis().digest();
    let signed = audited.world.journal.checkpoint(2, &[audited.world.now.plus(DAY); 2]);
    let result = recompute_totals(&signed, None, Some(&pinned), &mut Twice(good, other.tiles(), 0), &other.held);
    assert!(matches!(result, Err(TotalsError::Changed(index)) if index == dummy));
}
