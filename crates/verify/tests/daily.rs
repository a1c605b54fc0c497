//! Daily totals: which of them stand in the fold, what recomputing a journal says of them, what a trustee checks.

use crate::totals::Audited;
use crate::world::*;
use countersign_core::control::Action;
use countersign_core::id::{CustodianId, Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::time::{DAY, Date, Timestamp};
use countersign_core::totals::{ClosedUntil, DailyTotals, Figures, KeptClosed, TotalsV1};
use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, Disclosure, LARGE_LEAF_BYTES, LeafId, Opened, OpeningLeaf,
};
use countersign_tlog::merkle::Frontier;
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::state::{ControlState, JournalView};
use countersign_verify::totals::{
    CountedOrder, Held, Known, TotalsCode, Undisclosed, check_claim, check_proposal, check_stretch, figures,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;

const THREE: [&str; 3] = ["trustee:1", "trustee:2", "trustee:3"];

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// The totals that come next in this state.
fn next(state: &ControlState, size: u64) -> DailyTotals {
    let last = state.totals().map(|last| last.totals.value().day);
    DailyTotals {
        v: TotalsV1,
        custodian: CUSTODIAN,
        genesis: state.genesis().digest(),
        number: state.next_totals_number(),
        day: last.map_or(day("2026-11-20"), |last| last.start().plus(DAY).date()),
        size,
        root: Digest([9; 32]),
        figures: Figures::default(),
    }
}

fn leaf(totals: &DailyTotals, signers: &[&str]) -> ControlLeaf {
    control_leaf(Exact::write(totals.clone()).unwrap().text(), signers)
}

fn begun() -> ControlState {
    static BEGUN: OnceLock<ControlState> = OnceLock::new();
    BEGUN
        .get_or_init(|| {
            let body = Exact::write(genesis()).unwrap();
            ControlState::begin(&control_leaf(body.text(), &genesis_signers()), None).unwrap()
        })
        .clone()
}

const NOW: &str = "2026-11-20T13:00:00Z";

fn fold(state: &mut ControlState, index: u64, leaf: &ControlLeaf) {
    state.fold(index, leaf, at(NOW));
}

// the fold

#[test]
fn totals_signed_by_t_trustees_stand_and_change_nothing_else() {
    let mut state = begun();
    let before = state.at(Timestamp::MAX).digest();
    let first = next(&state, 4);
    fold(&mut state, 4, &leaf(&first, &["trustee:5", "trustee:1", "trustee:4"]));
    assert_eq!(state.rejected(), []);
    let stands = state.totals().unwrap();
    assert_eq!((stands.index, stands.totals.value(), stands.signers.as_slice()), (4, &first, [1, 4, 5].as_slice()));
    let second = next(&state, 5);
    assert_eq!((second.number, second.day), (2, day("2026-11-21")));
    fold(&mut state, 9, &leaf(&second, &["trustee:1", "trustee:2", "trustee:3", "trustee:4", "trustee:5"]));
    assert_eq!(state.totals().unwrap().totals.value(), &second);
    assert_eq!(state.at(Timestamp::MAX).digest(), before);
    assert_eq!(state.next_number(), 1, "changes have numbers of their own");
}

#[test]
fn totals_that_lack_signatures_or_have_others_are_rejected() {
    let cases: [(&[&str], &str); 9] = [
        (&[], "totals signed by 0 of 3 trustees"),
        (&["trustee:1", "trustee:2"], "totals signed by 2 of 3 trustees"),
        (&["trustee:1", "trustee:2", "trustee:2"], "`trustee:2` signed twice"),
        (&["trustee:1", "trustee:2", "trustee:6"], "`trustee:6` is no trustee of this journal"),
        (&["trustee:1", "trustee:2", "trustee:02"], "`trustee:02` is no trustee of this journal"),
        (&["trustee:1", "trustee:2", "2"], "`2` is no trustee of this journal"),
        (&["trustee:1", "trustee:2", "person:anna-berg"], "`person:anna-berg` is no trustee of this journal"),
        (
            &["trustee:1", "trustee:2", "trustee:3", "person:anna-berg"],
            "`person:anna-berg` is no trustee of this journal",
        ),
        (&["trustee:1", "trustee:2", "trustee:3", "trustee:3"], "`trustee:3` signed twice"),
    ];
    for (signers, reason) in cases {
        let mut state = begun();
        let totals = next(&state, 1);
        fold(&mut state, 1, &leaf(&totals, signers));
        assert_eq!(state.rejected().last().unwrap().reason, reason);
        assert_eq!(state.totals(), None);
    }
}

#[test]
fn a_signature_over_other_totals_is_wrong() {
    let mut state = begun();
    let good = next(&state, 1);
    let other = DailyTotals { day: day("2026-11-19"), ..good.clone() };
    for place in 0..THREE.len() {
        let mut signatures = leaf(&good, &THREE).signatures().to_vec();
        signatures[place] = leaf(&other, &THREE).signatures()[place].clone();
        let body = Exact::write(good.clone()).unwrap().text().to_owned();
        fold(&mut state, 1, &ControlLeaf::new(LeafId([1; 16]), 1, body, signatures).unwrap());
        assert_eq!(state.rejected().last().unwrap().reason, format!("the signature of `{}` is wrong", THREE[place]));
    }
}

#[test]
fn totals_out_of_turn_or_of_another_journal_are_rejected() {
    let mut state = begun();
    let first = next(&state, 3);
    fold(&mut state, 3, &leaf(&first, &THREE));
    let good = next(&state, 4);
    let cases: [(DailyTotals, &str); 8] = [
        (DailyTotals { custodian: CustodianId([8; 16]), ..good.clone() }, "totals for another journal"),
        (DailyTotals { genesis: Digest([1; 32]), ..good.clone() }, "totals for another journal"),
        (first.clone(), "totals number 1 where 2 is next"),
        (DailyTotals { number: 3, ..good.clone() }, "totals number 3 where 2 is next"),
        (DailyTotals { size: 3, ..good.clone() }, "totals up to size 3, the last ones counted up to 3"),
        (DailyTotals { day: first.day, ..good.clone() }, "totals of 2026-11-20, the last ones are of 2026-11-20"),
        (
            DailyTotals { day: day("2026-11-19"), ..good.clone() },
            "totals of 2026-11-19, the last ones are of 2026-11-20",
        ),
        (
            DailyTotals { size: 11, ..good.clone() },
            "totals up to size 11 in leaf 10: they count themselves or what comes after",
        ),
    ];
    for (totals, reason) in cases {
        fold(&mut state, 10, &leaf(&totals, &THREE));
        assert_eq!(state.rejected().last().unwrap().reason, reason);
        assert_eq!(state.totals().unwrap().totals.value(), &first);
    }
    fold(&mut state, 10, &leaf(&DailyTotals { size: 10, ..good.clone() }, &THREE));
    assert_eq!(state.totals().unwrap().index, 10);
}

#[test]
fn bodies_that_claim_to_be_totals_and_are_not_are_rejected() {
    let mut state = begun();
    let text = Exact::write(next(&state, 1)).unwrap().text().to_owned();
    for body in [
        text.replace("\"size\":1", "\"size\":0"),
        text.replace(":[]", ": []"),
        "{\"v\":\"countersign/totals/v1\"}".into(),
    ] {
        fold(&mut state, 1, &control_leaf(&body, &THREE));
        assert!(state.rejected().last().unwrap().reason.starts_with("daily totals: "), "{body}");
    }
    assert_eq!((state.totals(), state.rejected().len()), (None, 3));
}

#[test]
fn a_journal_without_trustees_has_no_totals() {
    let mut founding = genesis();
    (founding.trustees, founding.ring) = (None, None);
    let signers: Vec<String> = genesis_signers().into_iter().filter(|signer| signer.starts_with("person:")).collect();
    let body = Exact::write(founding).unwrap();
    let mut state = ControlState::begin(&control_leaf(body.text(), &signers), None).unwrap();
    let totals = next(&state, 1);
    fold(&mut state, 1, &leaf(&totals, &[]));
    assert_eq!(state.rejected().last().unwrap().reason, "totals in a journal without trustees");
}

#[test]
fn the_largest_totals_fit_into_a_leaf_with_sixty_signatures() {
    let until = |year: u16| at(&format!("{}-12-31T23:59:59Z", 2026 + year));
    let closed = (0..40).map(|year| ClosedUntil { until: until(year), orders: 1 << 47, people: 1 << 47 });
    let law =
        |number: usize| KeptClosed { law: format!("{number}{}", "x".repeat(99)), orders: 1 << 47, people: 1 << 47 };
    let mut totals = next(&begun(), (1 << 53) - 1);
    totals.figures = Figures {
        orders: (1 << 53) - 1,
        people: (1 << 53) - 1,
        cells: (1 << 53) - 1,
        closed: closed.collect(),
        kept_closed: (0..8).map(law).collect(),
    };
    let signature = |index: u16| ControlSignature { by: format!("trustee:{}", 100 + index), sig: "x".repeat(88) };
    let body = Exact::write(totals).unwrap().text().to_owned();
    let leaf = ControlLeaf::new(LeafId([0; 16]), 5_984_000, body, (0..60).map(signature).collect()).unwrap();
    assert_eq!(leaf.to_bytes().unwrap().len(), LARGE_LEAF_BYTES);
}

/// What is tried at one leaf.
#[derive(Debug, Clone)]
enum Tried {
    Totals { number: i64, size: i64, days: i64, signers: u8, foreign: bool },
    Removal,
    Nothing,
}

fn tried() -> impl Strategy<Value = Tried> {
    let off = || prop_oneof![4 => Just(0_i64), 1 => -2..3_i64];
    prop_oneof![
        6 => (off(), off(), prop_oneof![4 => Just(1_i64), 1 => -1..3_i64], 0..32_u8, prop::bool::weighted(0.1)).prop_map(
            |(number, size, days, signers, foreign)| Tried::Totals { number, size, days, signers, foreign }
        ),
        1 => Just(Tried::Removal),
        1 => Just(Tried::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The fold accepts exactly what a model of four rules accepts, whatever else stands in the journal.
    #[test]
    fn the_fold_of_totals_follows_its_rules(steps in proptest::collection::vec(tried(), 1..10)) {
        let mut state = begun();
        let mut last: Option<DailyTotals> = None;
        let mut removals = 0_u8;
        for (index, step) in (1_u64..).zip(steps) {
            let before = (state.at(Timestamp::MAX).digest(), state.next_number());
            match step {
                Tried::Nothing => fold(&mut state, index, &control_leaf::<&str>("{}", &[])),
                Tried::Removal => {
                    let held = Action::HoldOrder(OrderId([removals; 16]));
                    let change = countersign_core::control::Change {
                        v: countersign_core::control::ChangeV1,
                        custodian: CUSTODIAN,
                        genesis: state.genesis().digest(),
                        number: state.next_number(),
                        effective: at(NOW),
                        action: held,
                    };
                    fold(&mut state, index, &control_leaf(Exact::write(change).unwrap().text(), &["trustee:1"]));
                    removals += 1;
                    prop_assert_eq!(state.next_number(), u32::from(removals) + 1);
                    continue;
                }
                Tried::Totals { number, size, days, signers, foreign } => {
                    let mut totals = next(&state, 1);
                    totals.number = u32::try_from(i64::from(totals.number) + number).unwrap_or(1).max(1);
                    totals.size = index.saturating_add_signed(size).max(1);
                    let from = last.as_ref().map_or(day("2026-11-20"), |last| last.day);
                    totals.day = from.start().plus(days * DAY).date();
                    let mut names: Vec<String> =
                        (0..5).filter(|bit| signers >> bit & 1 == 1).map(|bit| format!("trustee:{}", bit + 1)).collect();
                    names.extend(foreign.then(|| "person:anna-berg".to_owned()));
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    fold(&mut state, index, &leaf(&totals, &names));
                    let follows = last.as_ref().map_or(totals.number == 1, |last| {
                        totals.number == last.number + 1 && totals.size > last.size && totals.day > last.day
                    });
                    if follows && totals.size <= index && signers.count_ones() >= 3 && !foreign {
                        last = Some(totals);
                    }
                }
            }
            prop_assert_eq!(state.totals().map(|stands| stands.totals.value()), last.as_ref());
            prop_assert_eq!((state.at(Timestamp::MAX).digest(), state.next_number()), before);
        }
    }
}

// what recomputing says

/// A journal with two orders, one of them opened, and everything in between.
struct Story {
    audited: Audited,
    orders: [u64; 2],
}

fn log_order(audited: &mut Audited, clients: &[u8], number: u8) -> u64 {
    let mut draft = audited.world.draft_for(clients);
    draft.order.id = OrderId([number; 16]);
    let order = Exact::write(draft.order).unwrap();
    audited.log(&order_leaf_fields(&order))
}

fn story() -> Story {
    let mut audited = Audited::new();
    audited.kind(LeafKind::Dummy, &[]);
    let first = log_order(&mut audited, &[1, 2], 1);
    audited.kind(LeafKind::Incident, &[Digest([8; 32]).to_hex().into(), "CODE".into(), NOW.into()]);
    let second = log_order(&mut audited, &[3], 2);
    Story { audited, orders: [first, second] }
}

impl Story {
    fn size(&self) -> u64 {
        self.audited.world.journal.size()
    }

    /// Right totals up to now.
    fn totals(&self) -> DailyTotals {
        let mut totals = next(&self.audited.world.control, self.size());
        totals.root = Digest(*self.audited.world.journal.root(self.size()).as_bytes());
        totals.figures = self.audited.totals().figures().unwrap();
        totals
    }

    fn publish(&mut self, totals: &DailyTotals) -> u64 {
        let index = self.audited.world.fold(&leaf(totals, &THREE));
        assert_eq!(self.audited.world.control.totals().unwrap().index, index);
        index
    }

    /// Opens some fields of a leaf.
    fn open(&mut self, index: u64, fields: std::ops::Range<usize>) -> u64 {
        let texts = &self.audited.held[&index];
        let disclosures = texts[fields].iter().map(|text| Disclosure::parse(text).unwrap()).collect();
        let leaf = OpeningLeaf::new(LeafId([self.size() as u8; 16]), 1, vec![Opened { index, disclosures }]).unwrap();
        self.audited.world.append(leaf.to_bytes().unwrap())
    }

    fn faults(&self) -> Vec<String> {
        self.audited.totals().faults.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn right_totals_are_recomputed_without_a_fault() {
    let mut story = story();
    let first = story.totals();
    let quarter = at("2026-12-31T23:59:59Z");
    assert_eq!(
        first.figures,
        Figures {
            orders: 2,
            people: 3,
            cells: 6,
            closed: vec![ClosedUntil { until: quarter, orders: 2, people: 3 }],
            kept_closed: Vec::new(),
        }
    );
    story.publish(&first);
    story.open(story.orders[0], 0..15);
    let second = story.totals();
    assert_eq!(second.figures.closed, [ClosedUntil { until: quarter, orders: 1, people: 1 }]);
    assert_eq!((second.figures.orders, second.figures.people), (2, 3));
    story.publish(&second);
    story.open(story.orders[1], 0..15);
    log_order(&mut story.audited, &[1], 3);
    let totals = story.audited.totals();
    assert_eq!(totals.faults, []);
    let shown: Vec<(u64, u32, bool)> =
        totals.published.iter().map(|one| (one.index, one.totals.number, one.recomputed)).collect();
    assert_eq!(shown, [(5, 1, true), (7, 2, true)]);
    assert_eq!(totals.published[0].signers, [1, 2, 3]);
}

#[test]
fn wrong_figures_and_roots_are_faults_although_t_trustees_signed() {
    type Change = fn(&mut DailyTotals);
    let changes: [(Change, &str); 7] = [
        (|totals| totals.figures.people += 1, "are not what the disclosures"),
        (|totals| totals.figures.orders += 1, "are not what the disclosures"),
        (|totals| totals.figures.cells -= 1, "are not what the disclosures"),
        (|totals| totals.figures.closed.clear(), "are not what the disclosures"),
        (|totals| totals.figures.closed[0].people -= 1, "are not what the disclosures"),
        (
            |totals| {
                totals.figures.closed.clear();
                totals.figures.kept_closed = vec![KeptClosed { law: "Act".into(), orders: 2, people: 3 }];
            },
            "are not what the disclosures",
        ),
        (|totals| totals.root = Digest([1; 32]), "not the root of the journal at size 5"),
    ];
    for (change, reason) in changes {
        let mut story = story();
        let mut totals = story.totals();
        change(&mut totals);
        let index = story.publish(&totals);
        let faults = story.faults();
        assert!(faults.len() == 1 && faults[0].starts_with(&format!("leaf {index}: totals 1: ")), "{faults:?}");
        assert!(faults[0].contains(reason), "{faults:?}");
    }
}

#[test]
fn totals_are_compared_only_where_everything_before_them_is_disclosed() {
    let mut story = story();
    let mut totals = story.totals();
    totals.figures.people += 1;
    let index = story.publish(&totals);
    let last = story.audited.kind(LeafKind::Dummy, &[]);
    let recomputed = |story: &Story, held: &Held| {
        let totals = story.audited.recompute(&mut story.audited.tiles(), held).unwrap();
        let at_totals = totals.faults.iter().filter(|fault| fault.index == index).count();
        (totals.published[0].recomputed, at_totals)
    };
    let mut held = story.audited.held.clone();
    assert_eq!(recomputed(&story, &held), (true, 1));
    held.remove(&last);
    assert_eq!(recomputed(&story, &held), (true, 1), "what comes later does not matter");
    held.remove(&1);
    assert_eq!(recomputed(&story, &held), (false, 0));
    assert_eq!(recomputed(&story, &Held::new()), (false, 0));
    // A withheld field is a fault of its leaf, and then the totals cannot be compared either.
    let mut held = story.audited.held.clone();
    held.get_mut(&story.orders[0]).unwrap().pop();
    assert_eq!(recomputed(&story, &held), (false, 0));
    // A root that is not the journal's shows to everybody.
    let mut story = self::story();
    let mut totals = story.totals();
    totals.root = Digest([1; 32]);
    story.publish(&totals);
    assert_eq!(recomputed(&story, &Held::new()), (false, 1));
}

#[test]
fn a_leaf_is_opened_only_when_every_field_is() {
    let mut story = story();
    let closed =
        |story: &Story| story.audited.totals().inside.orders.closed.values().map(|one| one.orders).sum::<u64>();
    story.open(story.orders[0], 0..14);
    assert_eq!((closed(&story), story.audited.totals().inside.opened), (2, 0));
    let complete = story.open(story.orders[0], 10..15);
    assert_eq!((closed(&story), story.audited.totals().inside.opened), (1, 1));
    let mut before = story.totals();
    before.size = complete;
    before.root = Digest(*story.audited.world.journal.root(complete).as_bytes());
    before.figures.closed[0] = ClosedUntil { orders: 2, people: 3, ..before.figures.closed[0] };
    story.publish(&before);
    assert_eq!(story.faults(), [""; 0], "the opening that completes it comes after these totals");
    assert!(story.audited.totals().published[0].recomputed);
}

#[test]
fn figures_need_every_sealed_leaf() {
    let story = story();
    let figures = |held: &Held| story.audited.recompute(&mut story.audited.tiles(), held).unwrap().figures();
    assert!(figures(&story.audited.held).is_ok());
    for index in story.audited.held.keys() {
        let mut held = story.audited.held.clone();
        let texts = held.remove(index).unwrap();
        assert_eq!(figures(&held), Err(Undisclosed(1)));
        held.insert(*index, texts[1..].to_vec());
        assert_eq!(figures(&held), Err(Undisclosed(1)), "a field of leaf {index} is withheld");
    }
}

// what a trustee checks

/// What a trustee has that holds everything up to now.
struct Knows {
    control: ControlState,
    journal: JournalView,
    held: Frontier,
    orders: Vec<CountedOrder>,
    answered: Vec<(Digest, u64)>,
    signed: Option<DailyTotals>,
    latest: Option<Timestamp>,
    now: Timestamp,
}

impl Knows {
    fn of(story: &Story) -> Self {
        let world = &story.audited.world;
        let mut held = Frontier::new();
        for leaf in &world.journal.leaves {
            held.push_leaf(leaf).unwrap();
        }
        let stretch = check_stretch(0, &world.journal.leaves, &story.audited.held).unwrap();
        Self {
            control: world.control.clone(),
            journal: world.seen.clone(),
            held,
            orders: stretch.orders,
            answered: Vec::new(),
            signed: None,
            latest: None,
            now: at(NOW),
        }
    }

    fn known(&self) -> Known<'_> {
        Known {
            control: &self.control,
            journal: &self.journal,
            signed: self.signed.as_ref(),
            held: &self.held,
            orders: &self.orders,
            answered: &self.answered,
            latest: self.latest,
            now: self.now,
        }
    }

    fn check(&self, totals: &DailyTotals) -> Result<(), TotalsCode> {
        check_proposal(&self.known(), totals).map_err(|refusal| refusal.code())
    }
}

#[test]
fn a_trustee_signs_exactly_what_it_computes() {
    let story = story();
    let (good, knows) = (story.totals(), Knows::of(&story));
    assert_eq!(knows.check(&good), Ok(()));
    assert_eq!(figures(&knows.orders, good.size), good.figures);
    let cases: [(DailyTotals, TotalsCode); 10] = [
        (DailyTotals { custodian: CustodianId([8; 16]), ..good.clone() }, TotalsCode::OtherJournal),
        (DailyTotals { genesis: Digest([8; 32]), ..good.clone() }, TotalsCode::OtherJournal),
        (DailyTotals { number: 2, ..good.clone() }, TotalsCode::WrongNumber),
        (DailyTotals { day: day("2026-11-21"), ..good.clone() }, TotalsCode::DayInFuture),
        (DailyTotals { size: good.size + 1, ..good.clone() }, TotalsCode::JournalAhead),
        (DailyTotals { root: Digest([8; 32]), ..good.clone() }, TotalsCode::RootDiffers),
        (DailyTotals { size: good.size - 1, ..good.clone() }, TotalsCode::RootDiffers),
        (
            DailyTotals { figures: Figures { orders: 1, ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
        (
            DailyTotals { figures: Figures { people: 2, ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
        (
            DailyTotals { figures: Figures { closed: Vec::new(), ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
    ];
    for (totals, code) in cases {
        assert_eq!(knows.check(&totals), Err(code), "{totals:?}");
    }
    let mut kept = good.clone();
    kept.figures.closed.clear();
    kept.figures.kept_closed = vec![KeptClosed { law: "Act".into(), orders: 2, people: 3 }];
    assert_eq!(knows.check(&kept), Err(TotalsCode::FiguresDiffer), "no order can be kept closed for ever");
}

#[test]
fn a_trustee_goes_by_its_own_clock_and_its_own_signatures() {
    let story = story();
    let (good, mut knows) = (story.totals(), Knows::of(&story));
    knows.latest = Some(knows.now.plus(120));
    assert_eq!(knows.check(&good), Ok(()));
    knows.latest = Some(knows.now.plus(121));
    assert_eq!(knows.check(&good), Err(TotalsCode::ClockWentBack));
    knows.latest = None;
    knows.now = at("2026-11-19T23:59:59Z");
    assert_eq!(knows.check(&good), Err(TotalsCode::DayInFuture));
    knows.now = at("2026-11-20T00:00:00Z");
    assert_eq!(knows.check(&good), Ok(()));
    knows.signed = Some(good.clone());
    assert_eq!(knows.check(&good), Err(TotalsCode::NumberTaken), "the same bytes are answered from what is kept");
    // It signed what others did not sign: published were totals of fewer leaves.
    knows.control.fold(9, &leaf(&DailyTotals { size: 2, ..good.clone() }, &THREE), knows.now);
    let after = DailyTotals { number: 2, day: day("2026-11-21"), ..good.clone() };
    knows.now = at("2026-11-21T00:00:00Z");
    assert_eq!(knows.check(&after), Err(TotalsCode::SizeNotLarger));
    knows.signed = Some(DailyTotals { size: 3, day: day("2026-11-21"), ..good.clone() });
    assert_eq!(knows.check(&after), Err(TotalsCode::DayNotLater));
    knows.signed = None;
    assert_eq!(knows.check(&after), Ok(()));
}

#[test]
fn a_trustee_without_every_disclosure_asks_for_them() {
    let story = story();
    let (good, mut knows) = (story.totals(), Knows::of(&story));
    let leaves = &story.audited.world.journal.leaves;
    knows.held = Frontier::new();
    for leaf in &leaves[..4] {
        knows.held.push_leaf(leaf).unwrap();
    }
    assert_eq!(check_claim(&knows.known(), &good), Ok(()));
    assert_eq!(knows.check(&good), Err(TotalsCode::DisclosuresMissing));
    // It holds more than is counted: the root is that of the journal it follows, as far back as it remembers.
    let mut knows = Knows::of(&story);
    let earlier =
        DailyTotals { size: 4, root: Digest(*story.audited.world.journal.root(4).as_bytes()), ..good.clone() };
    let earlier = DailyTotals { figures: figures(&knows.orders, 4), ..earlier };
    assert_eq!((earlier.figures.orders, knows.check(&earlier)), (1, Ok(())));
    knows.journal = JournalView::default();
    knows.journal.grew(5, story.audited.world.journal.root(5));
    assert_eq!(knows.check(&earlier), Err(TotalsCode::RootDiffers));
}

#[test]
fn an_order_that_the_trustee_answered_must_be_counted() {
    let story = story();
    let (good, mut knows) = (story.totals(), Knows::of(&story));
    let first = knows.orders[0].order;
    knows.answered = vec![(first, 3)];
    assert_eq!(knows.check(&good), Ok(()));
    // Its leaf was opened to this trustee as something else.
    knows.orders.remove(0);
    let lower = DailyTotals { figures: figures(&knows.orders, good.size), ..good.clone() };
    assert_eq!(knows.check(&lower), Err(TotalsCode::OrderNotCounted));
    // Answered when the journal was larger: its leaf may come after what is counted.
    knows.answered = vec![(first, good.size + 1)];
    assert_eq!(knows.check(&lower), Ok(()));
}

#[test]
fn a_stretch_is_opened_in_full_and_nothing_beside_it() {
    let mut story = story();
    let opening = story.open(story.orders[0], 0..3);
    let junk = story.audited.world.append(b"hello".to_vec());
    let leaves = story.audited.world.journal.leaves.clone();
    let held = story.audited.held.clone();
    let whole = check_stretch(0, &leaves, &held).unwrap();
    assert_eq!(whole.orders.iter().map(|order| (order.index, order.people)).collect::<Vec<_>>(), [(2, 2), (4, 1)]);
    assert_eq!((whole.opened.len(), whole.opened[0].opening, whole.opened[0].leaf), (1, opening, story.orders[0]));
    assert_eq!(whole.opened[0].disclosures, held[&story.orders[0]][0..3]);
    // In two parts the same.
    let part = |first: usize, end: usize| {
        let held = held.range(first as u64..end as u64).map(|(index, texts)| (*index, texts.clone())).collect();
        check_stretch(first as u64, &leaves[first..end], &held).unwrap()
    };
    let (mut left, right) = (part(0, 3), part(3, leaves.len()));
    left.orders.extend(right.orders);
    left.opened.extend(right.opened);
    assert_eq!(left, whole);
    let wrong = |change: &dyn Fn(&mut Held)| {
        let mut held = held.clone();
        change(&mut held);
        let wrong = check_stretch(0, &leaves, &held).unwrap_err();
        (wrong.index, wrong.reason)
    };
    let one = held[&1].clone();
    let (index, reason) = wrong(&|held| drop(held.remove(&1)));
    assert!(index == 1 && reason.contains("no disclosures"), "{reason}");
    for clear in [0, opening, junk] {
        let (index, reason) = wrong(&|held| drop(held.insert(clear, one.clone())));
        assert!(index == clear && reason.contains("no sealed leaf"), "{reason}");
    }
    let (index, reason) = wrong(&|held| drop(held.insert(99, one.clone())));
    assert!(index == 99 && reason.contains("outside"), "{reason}");
    let (index, reason) = wrong(&|held| drop(held.insert(3, one.clone())));
    assert!(index == 3 && reason.contains("not committed to"), "{reason}");
    for place in 0..held[&2].len() {
        let (index, reason) = wrong(&|held| drop(held.get_mut(&2).unwrap().remove(place)));
        assert!(index == 2 && reason.contains("withheld"), "{reason}");
    }
}

proptest! {
    /// Figures never fall with the size, and what is closed is part of all.
    #[test]
    fn figures_grow_with_the_journal(
        orders in proptest::collection::vec((0..20_u64, 0..5_u64, 1..12_u64, 0..4_i64, proptest::option::of(0..25_u64)), 0..12),
        size in 0..22_u64,
    ) {
        let orders: Vec<CountedOrder> = (0_u8..).zip(orders).map(|(number, (index, people, classes, quarters, opened))| CountedOrder {
            index,
            order: Digest([number; 32]),
            people,
            cells: people * classes,
            until: at(NOW).plus(quarters * 91 * DAY).quarter_end(),
            opened: opened.filter(|opening| *opening > index),
        }).collect();
        let (now, later) = (figures(&orders, size), figures(&orders, size + 1));
        prop_assert!(now.orders <= later.orders && now.people <= later.people && now.cells <= later.cells);
        let closed = |of: &Figures| of.closed.iter().map(|one| (one.orders, one.people)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        prop_assert!(closed(&now).0 <= now.orders && closed(&now).1 <= now.people);
        let open = orders.iter().filter(|order| order.index < size && order.opened.is_some_and(|opening| opening < size));
        prop_assert_eq!(now.orders - closed(&now).0, open.count() as u64);
        let mut totals = next(&begun(), size.max(1));
        totals.figures = now;
        prop_assert!(Exact::write(totals).is_ok());
    }
}

#[test]
fn what_an_order_says_is_read_from_its_leaf() {
    let mut audited = Audited::new();
    let fields: Vec<(&str, Value)> = vec![
        ("kind", "order".into()),
        ("order", Digest([5; 32]).to_hex().into()),
        ("case", Digest([1; 32]).to_hex().into()),
        ("order_kind", "disclosure".into()),
        ("authority", COURT.into()),
        ("manifest", Digest([2; 32]).to_hex().into()),
        ("subjects", 7.into()),
        ("records", 8.into()),
        ("classes", json!(["name", "address", "notes"])),
        ("recipient", Digest([3; 32]).to_hex().into()),
        ("not_before", NOW.into()),
        ("expires", NOW.into()),
        ("latest_opening", "2027-02-01T00:00:00Z".into()),
        ("delay", Value::Null),
        ("ring", Digest([4; 32]).to_hex().into()),
    ];
    let index = audited.log(&fields);
    let stretch = check_stretch(0, &audited.world.journal.leaves, &audited.held).unwrap();
    let until = at("2027-03-31T23:59:59Z");
    let expected = CountedOrder { index, order: Digest([5; 32]), people: 7, cells: 21, until, opened: None };
    assert_eq!(stretch.orders, [expected]);
}
