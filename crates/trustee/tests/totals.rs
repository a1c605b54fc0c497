//! Daily totals: which are signed, and what is remembered of them.

use crate::world::*;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Exact;
use countersign_core::time::{DAY, Date};
use countersign_core::totals::{DailyTotals, Figures, KeptClosed, TotalsV1};
use countersign_testkit::random;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, Disclosure, LeafId, Opened, OpeningLeaf};
use countersign_tlog::merkle::Frontier;
use countersign_trustee::{Answered, FolderSource, IncidentKind, Trustee, TrusteeError};
use countersign_verify::state::ControlState;
use countersign_verify::totals::{Held, TotalsCode, check_stretch, figures};
use countersign_verify::wire::{DisclosedLeaf, Signed, TotalsAnswer, TotalsRequest, TotalsRequestV1};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::ops::Range;

/// A custodian with two orders and some dummies, published.
pub(crate) fn world() -> World {
    let mut world = World::new();
    world.case(1, 1);
    world.log.append_dummies(3);
    world.case(2, 2);
    world
}

/// The totals of this day up to now, when nothing is opened.
pub(crate) fn totals(world: &World, number: u32) -> DailyTotals {
    let size = world.log.size();
    let mut frontier = Frontier::new();
    for leaf in &world.log.leaves {
        frontier.push_leaf(leaf).unwrap();
    }
    let stretch = check_stretch(0, &world.log.leaves, &world.log.disclosed).unwrap();
    DailyTotals {
        v: TotalsV1,
        custodian: CUSTODIAN,
        genesis: founded().genesis.digest(),
        number,
        day: world.now.date(),
        size,
        root: Digest(*frontier.root().as_bytes()),
        figures: figures(&stretch.orders, size),
    }
}

fn text(totals: &DailyTotals) -> String {
    Exact::write(totals.clone()).unwrap().text().to_owned()
}

fn leaves(held: &Held, stretch: Range<u64>) -> Vec<DisclosedLeaf> {
    held.range(stretch)
        .map(|(index, disclosures)| DisclosedLeaf { index: *index, disclosures: disclosures.clone() })
        .collect()
}

/// The desk's request with this stretch.
pub(crate) fn request(world: &World, trustee: u16, totals: &str, held: &Held, stretch: Range<u64>) -> Vec<u8> {
    let request = TotalsRequest {
        v: TotalsRequestV1,
        custodian: CUSTODIAN,
        trustee,
        at: world.now,
        totals: totals.to_owned(),
        from: stretch.start,
        to: stretch.end,
        leaves: leaves(held, stretch),
    };
    Signed::sign(request, &signing_key("desk")).unwrap().text().as_bytes().to_vec()
}

pub(crate) fn answer_of(trustee: u16, bytes: &[u8]) -> TotalsAnswer {
    let key = founded().publics[usize::from(trustee) - 1].identity;
    Signed::<TotalsAnswer>::open(bytes, &key).unwrap().value().clone()
}

async fn send(world: &World, trustee: &Trustee, request: &[u8]) -> TotalsAnswer {
    world.tail(trustee).await.unwrap();
    match trustee.countersign_totals(&world.source(), request, world.now).await.unwrap() {
        Answered::Answer(bytes) => answer_of(trustee.index(), &bytes),
        Answered::Unauthenticated => panic!("the desk was not recognised"),
    }
}

/// Asks with everything at once.
async fn ask(world: &World, trustee: &Trustee, totals: &DailyTotals) -> TotalsAnswer {
    let whole = 0..world.log.size();
    send(world, trustee, &request(world, trustee.index(), &text(totals), &world.log.disclosed, whole)).await
}

async fn code(world: &World, trustee: &Trustee, totals: &DailyTotals) -> Option<TotalsCode> {
    ask(world, trustee, totals).await.code
}

/// Asks with other disclosures than the world's, of everything.
async fn ask_with(world: &World, trustee: &Trustee, totals: &DailyTotals, held: &Held) -> TotalsAnswer {
    send(world, trustee, &request(world, trustee.index(), &text(totals), held, 0..world.log.size())).await
}

/// Publishes totals with these answers' signatures and returns the index of the leaf.
fn publish(world: &mut World, totals: &DailyTotals, answers: &[TotalsAnswer]) -> u64 {
    let signatures = answers.iter().map(|answer| ControlSignature {
        by: format!("trustee:{}", answer.trustee),
        sig: answer.signature.clone().unwrap(),
    });
    let id = LeafId(seed(&text(totals))[..16].try_into().unwrap());
    let leaf = ControlLeaf::new(id, 1, text(totals), signatures.collect()).unwrap();
    let index = world.log.append(leaf.to_bytes().unwrap());
    world.log.publish(world.now);
    index
}

fn folded(world: &World) -> ControlState {
    let mut leaves = (0..).zip(&world.log.leaves);
    let genesis = ControlLeaf::parse(leaves.next().unwrap().1).unwrap();
    let mut state = ControlState::begin(&genesis, None).unwrap();
    for (index, leaf) in leaves {
        if let Ok(leaf) = ControlLeaf::parse(leaf) {
            state.fold(index, &leaf, world.now);
        }
    }
    state
}

fn open(world: &mut World, index: u64, disclosures: &[String]) {
    let disclosures = disclosures.iter().map(|text| Disclosure::parse(text).unwrap()).collect();
    let id = LeafId([world.log.size() as u8; 16]);
    let leaf = OpeningLeaf::new(id, 5_984_100, vec![Opened { index, disclosures }]).unwrap();
    world.log.append(leaf.to_bytes().unwrap());
    world.log.publish(world.now);
}

/// The trustee's own file, opened beside it.
async fn beside(world: &World, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(world.path(1).join("journal.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn totals_are_signed_by_each_trustee_and_stand_in_the_fold() {
    let mut world = world();
    let first = totals(&world, 1);
    assert_eq!((first.figures.orders, first.figures.people, first.figures.cells), (2, 2, 4));
    let mut answers = Vec::new();
    for index in [2, 4, 5] {
        let trustee = world.open(index);
        let answer = ask(&world, &trustee, &first).await;
        assert_eq!((answer.code, answer.held), (None, world.log.size()));
        assert_eq!(trustee.totals().await.unwrap().last().unwrap().value(), &first);
        answers.push(answer);
    }
    let leaf = publish(&mut world, &first, &answers);
    assert_eq!(folded(&world).totals().unwrap().index, leaf);
    // The next day a trustee that did not sign then signs too, and the others need the new leaves only.
    world.now = world.now.plus(DAY);
    world.case(3, 3);
    let second = totals(&world, 2);
    assert_eq!(second.figures.orders, 3);
    let trustee = world.open(2);
    let new = request(&world, 2, &text(&second), &world.log.disclosed, leaf..world.log.size());
    let mut answers = vec![send(&world, &trustee, &new).await];
    for index in [1, 3] {
        answers.push(ask(&world, &world.open(index), &second).await);
    }
    publish(&mut world, &second, &answers);
    let state = folded(&world);
    assert_eq!((state.totals().unwrap().totals.value(), state.rejected().len()), (&second, 0));
    assert_eq!(trustee.totals().await.unwrap().len(), 2);
}

#[tokio::test]
async fn stretches_are_taken_one_after_the_other_across_restarts() {
    let world = world();
    let good = totals(&world, 1);
    let (size, held) = (world.log.size(), &world.log.disclosed);
    let part = async |stretch: Range<u64>| {
        let trustee = world.open(1);
        let answer = send(&world, &trustee, &request(&world, 1, &text(&good), held, stretch)).await;
        (answer.held, answer.code)
    };
    let missing = Some(TotalsCode::DisclosuresMissing);
    assert_eq!(part(0..0).await, (0, missing));
    assert_eq!(part(2..size).await, (0, missing), "it lacks what comes before");
    assert_eq!(part(0..3).await, (3, missing));
    assert_eq!(part(0..3).await, (3, missing));
    assert_eq!(part(4..size).await, (3, missing));
    assert_eq!(part(1..5).await, (5, missing), "what it holds is not taken again");
    assert_eq!(part(0..0).await, (5, missing));
    assert_eq!(part(5..size).await, (size, None));
    assert_eq!(part(0..0).await, (size, None));
}

#[tokio::test]
async fn a_stretch_beyond_what_is_counted_is_not_taken() {
    let mut world = world();
    let good = totals(&world, 1);
    world.case(3, 3);
    let trustee = world.open(1);
    let answer = ask(&world, &trustee, &good).await;
    assert_eq!((answer.code, answer.held), (None, good.size));
}

#[tokio::test]
async fn anything_but_what_it_computes_is_refused() {
    let world = world();
    let (good, trustee) = (totals(&world, 1), world.open(1));
    let kept = vec![KeptClosed { law: "Secrets Act".into(), orders: 2, people: 2 }];
    let mut fewer = good.figures.clone();
    fewer.people -= 1;
    fewer.closed[0].people -= 1;
    let cases: [(DailyTotals, TotalsCode); 13] = [
        (DailyTotals { custodian: CustodianId([8; 16]), ..good.clone() }, TotalsCode::OtherJournal),
        (DailyTotals { genesis: Digest([8; 32]), ..good.clone() }, TotalsCode::OtherJournal),
        (DailyTotals { number: 2, ..good.clone() }, TotalsCode::WrongNumber),
        (DailyTotals { day: Date::parse("2026-11-21").unwrap(), ..good.clone() }, TotalsCode::DayInFuture),
        (DailyTotals { size: good.size + 1, ..good.clone() }, TotalsCode::JournalAhead),
        (DailyTotals { size: good.size - 1, ..good.clone() }, TotalsCode::RootDiffers),
        (DailyTotals { root: Digest([8; 32]), ..good.clone() }, TotalsCode::RootDiffers),
        (DailyTotals { figures: fewer, ..good.clone() }, TotalsCode::FiguresDiffer),
        (
            DailyTotals { figures: Figures { orders: 3, ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
        (
            DailyTotals { figures: Figures { cells: 3, ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
        (
            DailyTotals { figures: Figures { closed: Vec::new(), ..good.figures.clone() }, ..good.clone() },
            TotalsCode::FiguresDiffer,
        ),
        (
            DailyTotals {
                figures: Figures { closed: Vec::new(), kept_closed: kept, ..good.figures.clone() },
                ..good.clone()
            },
            TotalsCode::FiguresDiffer,
        ),
        (DailyTotals { figures: Figures::default(), ..good.clone() }, TotalsCode::FiguresDiffer),
    ];
    for (bad, code) in cases {
        let answer = ask(&world, &trustee, &bad).await;
        assert_eq!((answer.code, answer.signature), (Some(code), None), "{bad:?}");
    }
    for bad in ["", "{}", &text(&good).replace("\"number\":1,", "\"number\":0,"), &format!("{} ", text(&good))] {
        let bad = request(&world, 1, bad, &Held::new(), 0..0);
        assert_eq!(send(&world, &trustee, &bad).await.code, Some(TotalsCode::Malformed));
    }
    assert!(trustee.totals().await.unwrap().is_empty());
    assert_eq!(code(&world, &trustee, &good).await, None, "refusals bind to nothing");
}

#[tokio::test]
async fn nothing_is_taken_for_totals_that_cannot_be_the_next_ones() {
    let world = world();
    let good = totals(&world, 1);
    let trustee = world.open(1);
    assert_eq!(code(&world, &trustee, &DailyTotals { number: 2, ..good.clone() }).await, Some(TotalsCode::WrongNumber));
    let none = request(&world, 1, &text(&good), &Held::new(), 0..0);
    assert_eq!(send(&world, &trustee, &none).await.held, 0);
}

#[tokio::test]
async fn disclosures_are_checked_against_the_leaves_of_the_journal() {
    let world = world();
    let good = totals(&world, 1);
    let whole = &world.log.disclosed;
    let (order, dummy) = (1, 2);
    assert_eq!((whole[&order].len(), whole[&dummy].len()), (15, 1));
    let mut cases: Vec<(Held, u64, &str)> = Vec::new();
    let mut case = |leaf: u64, what: &'static str, change: &dyn Fn(&mut Held)| {
        let mut held = whole.clone();
        change(&mut held);
        cases.push((held, leaf, what));
    };
    case(dummy, "a leaf left out", &|held| drop(held.remove(&dummy)));
    case(0, "disclosures of a control leaf", &|held| drop(held.insert(0, held[&dummy].clone())));
    case(dummy, "those of another leaf", &|held| drop(held.insert(dummy, held[&order].clone())));
    case(order, "one field withheld", &|held| drop(held.get_mut(&order).unwrap().pop()));
    case(order, "its kind withheld", &|held| drop(held.get_mut(&order).unwrap().remove(0)));
    case(order, "a field twice", &|held| held.get_mut(&order).unwrap()[1] = held[&order][2].clone());
    let fewer = Disclosure::new("subjects", Value::from(0), &mut random::named("forged")).unwrap();
    case(order, "fewer people than the leaf commits to", &|held| {
        let place = held[&order].iter().position(|text| Disclosure::parse(text).unwrap().name() == "subjects").unwrap();
        held.get_mut(&order).unwrap()[place] = fewer.as_str().to_owned();
    });
    case(order, "no disclosure", &|held| held.get_mut(&order).unwrap()[0] = "x".into());
    for (held, leaf, what) in cases {
        let trustee = world.open(3);
        let answer = ask_with(&world, &trustee, &good, &held).await;
        assert_eq!(
            (answer.code, answer.leaf, answer.held),
            (Some(TotalsCode::DisclosureWrong), Some(leaf), 0),
            "{what}"
        );
    }
    assert_eq!(code(&world, &world.open(3), &good).await, None);
}

#[tokio::test]
async fn the_same_totals_get_the_same_bytes_and_others_under_the_number_nothing() {
    let mut world = world();
    let good = totals(&world, 1);
    let whole = 0..world.log.size();
    let asked = request(&world, 1, &text(&good), &world.log.disclosed, whole);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let first = trustee.countersign_totals(&world.source(), &asked, world.now).await.unwrap();
    world.pass(7_200);
    world.case(3, 3);
    drop(trustee);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let again = request(&world, 1, &text(&good), &Held::new(), 0..0);
    assert_eq!(trustee.countersign_totals(&world.source(), &again, world.now).await.unwrap(), first);
    // Right totals of more leaves, under a number that is signed: whoever holds both signatures could show two histories.
    let other = totals(&world, 1);
    assert_ne!(other, good);
    assert_eq!(code(&world, &trustee, &other).await, Some(TotalsCode::NumberTaken));
    assert_eq!(trustee.totals().await.unwrap().len(), 1);
}

#[tokio::test]
async fn totals_must_follow_those_published_and_those_signed() {
    let mut world = world();
    let first = totals(&world, 1);
    let mut answers = Vec::new();
    for index in 1..=3 {
        answers.push(ask(&world, &world.open(index), &first).await);
    }
    publish(&mut world, &first, &answers);
    let trustee = world.open(4);
    let same_day = totals(&world, 2);
    assert_eq!(code(&world, &trustee, &same_day).await, Some(TotalsCode::DayNotLater));
    world.pass(DAY);
    let next = totals(&world, 2);
    let smaller = DailyTotals { size: first.size, ..next.clone() };
    assert_eq!(code(&world, &trustee, &smaller).await, Some(TotalsCode::SizeNotLarger));
    let old = DailyTotals { number: 1, ..next.clone() };
    assert_eq!(code(&world, &trustee, &old).await, Some(TotalsCode::WrongNumber));
    assert_eq!(code(&world, &world.open(1), &old).await, Some(TotalsCode::NumberTaken));
    assert_eq!(code(&world, &trustee, &next).await, None);
    // Trustee 4 signed number 2, and nobody published it: number 3 cannot come from it before that.
    world.pass(DAY);
    let third = totals(&world, 3);
    assert_eq!(code(&world, &trustee, &third).await, Some(TotalsCode::WrongNumber));
}

#[tokio::test]
async fn a_clock_that_went_back_signs_nothing() {
    let mut world = world();
    let case = world.case(3, 3);
    world.pass(3_600);
    world.ask(&world.open(1), &world.refresh(&case)).await;
    world.pass(-3_600);
    let good = totals(&world, 1);
    assert_eq!(code(&world, &world.open(1), &good).await, Some(TotalsCode::ClockWentBack));
    // Signing is an act of its own: from then on the clock does not go back either.
    world.pass(3_600);
    assert_eq!(code(&world, &world.open(2), &totals(&world, 1)).await, None);
    world.pass(-3_600);
    let other = world.case(4, 4);
    let refused = world.ask(&world.open(2), &other).await;
    assert_eq!(crate::world::code(&refused), Some(countersign_verify::refusal::Code::ClockWentBack));
}

#[tokio::test]
async fn opened_orders_are_no_longer_closed_once_every_field_is_published() {
    let mut world = world();
    let (order, fields) = (1, world.log.disclosed[&1].clone());
    let trustee = world.open(1);
    // Right is what the trustee finds by itself.
    let closed = async |world: &World, trustee: &Trustee, orders: u64| {
        let mut right = totals(world, 1);
        right.figures.closed[0].orders = orders;
        right.figures.closed[0].people = orders;
        let mut wrong = right.clone();
        wrong.figures.closed[0].orders = 3 - orders;
        wrong.figures.closed[0].people = 3 - orders;
        assert_eq!(code(world, trustee, &wrong).await, Some(TotalsCode::FiguresDiffer));
        right
    };
    open(&mut world, order, &fields[..14]);
    closed(&world, &trustee, 2).await;
    open(&mut world, order, &fields[..14]);
    closed(&world, &trustee, 2).await;
    open(&mut world, order, &fields[14..]);
    let right = closed(&world, &trustee, 1).await;
    assert_eq!(code(&world, &trustee, &right).await, None);
}

#[tokio::test]
async fn an_opening_of_what_is_no_field_and_an_order_twice_are_refused() {
    let mut odd = world();
    let stranger = odd.log.disclosed[&2].clone();
    open(&mut odd, 1, &stranger);
    let answer = ask(&odd, &odd.open(1), &totals(&odd, 1)).await;
    assert_eq!((answer.code, answer.leaf, answer.held), (Some(TotalsCode::DisclosureWrong), Some(1), 0));

    let mut odd = world();
    let fields: Vec<(String, Value)> = odd.log.disclosed[&1]
        .iter()
        .map(|text| Disclosure::parse(text).unwrap())
        .map(|field| (field.name().to_owned(), field.value().clone()))
        .collect();
    let fields: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let twice = countersign_tlog::leaf::seal_fields(LeafId([5; 16]), 1, &fields, &mut random::named("twice")).unwrap();
    let index = odd.log.append_disclosed(twice.0, &twice.1);
    odd.log.publish(odd.now);
    let answer = ask(&odd, &odd.open(1), &totals(&odd, 1)).await;
    assert_eq!((answer.code, answer.leaf, answer.held), (Some(TotalsCode::DisclosureWrong), Some(index), 0));
}

/// A leaf that is an order to those who are asked to open it and a dummy to those who are asked to count it.
#[tokio::test]
async fn a_trustee_that_answered_an_order_notices_when_it_is_not_counted() {
    let mut world = world();
    let dummy = Disclosure::new("kind", Value::from("dummy"), &mut random::named("other face")).unwrap();
    let case = world.case_with(3, 3, Some(dummy.clone()));
    let index = world.log.leaves.iter().position(|leaf| leaf == case.leaf.leaf.as_bytes()).unwrap() as u64;
    let answered = world.open(1);
    assert_eq!(crate::world::code(&world.ask(&answered, &case).await), None);
    let honest = totals(&world, 1);
    world.log.disclosed.insert(index, vec![dummy.as_str().to_owned()]);
    let forged = totals(&world, 1);
    assert_eq!((honest.figures.orders, forged.figures.orders), (3, 2));
    assert_eq!(code(&world, &answered, &forged).await, Some(TotalsCode::OrderNotCounted));
    let incidents = answered.incidents().await.unwrap();
    assert_eq!(incidents.len(), 1);
    let subject = case.order.digest().to_hex();
    assert_eq!((incidents[0].kind, &incidents[0].subject), (IncidentKind::OrderNotCounted, &subject));
    // Nor later, nor after a restart; asked again, it is the same incident.
    assert_eq!(code(&world, &world.open(1), &forged).await, Some(TotalsCode::OrderNotCounted));
    assert_eq!(answered.incidents().await.unwrap(), incidents);
}

#[tokio::test]
async fn whoever_is_not_the_desk_learns_nothing_and_leaves_nothing() {
    let world = world();
    let good = totals(&world, 1);
    let whole = 0..world.log.size();
    let asked = request(&world, 1, &text(&good), &world.log.disclosed, whole.clone());
    let mut forged = asked.clone();
    forged[0] = if forged[0] == b'0' { b'1' } else { b'0' };
    let mut altered = asked.clone();
    *altered.last_mut().unwrap() = b' ';
    let misdirected = request(&world, 2, &text(&good), &world.log.disclosed, whole);
    let case = world.log.size() as usize;
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    for bytes in [b"".to_vec(), b"hello".to_vec(), forged, altered, asked[..case].to_vec(), misdirected] {
        let answered = trustee.countersign_totals(&world.source(), &bytes, world.now).await.unwrap();
        assert_eq!(answered, Answered::Unauthenticated);
    }
    assert!(trustee.totals().await.unwrap().is_empty());
    let nothing = request(&world, 1, &text(&good), &Held::new(), 0..0);
    assert_eq!(send(&world, &trustee, &nothing).await.held, 0);
}

#[tokio::test]
async fn entries_that_are_not_those_folded_are_noticed() {
    let world = world();
    let good = totals(&world, 1);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let mut other = World::new();
    other.log.append_dummies(world.log.size() - 1);
    other.log.publish(world.now);
    let asked = request(&world, 1, &text(&good), &other.log.disclosed, 0..world.log.size());
    let served = FolderSource(other.log.folder.clone());
    let refused = trustee.countersign_totals(&served, &asked, world.now).await.unwrap_err();
    assert!(matches!(refused, TrusteeError::JournalRefused(_)), "{refused}");
    let nothing = request(&world, 1, &text(&good), &Held::new(), 0..0);
    assert_eq!(send(&world, &trustee, &nothing).await.held, 0);
    assert_eq!(code(&world, &trustee, &good).await, None);
}

#[tokio::test]
async fn a_signature_that_cannot_be_kept_is_not_given() {
    let world = world();
    let good = totals(&world, 1);
    let trustee = world.open(1);
    let whole = 0..world.log.size();
    let asked = request(&world, 1, &text(&good), &world.log.disclosed, whole);
    for (fault, repair) in [
        (
            "CREATE TRIGGER fault BEFORE INSERT ON disclosed WHEN new.leaf_index = 4 BEGIN SELECT RAISE(ABORT, 'full'); END",
            "DROP TRIGGER fault",
        ),
        ("CREATE TRIGGER fault BEFORE INSERT ON totals BEGIN SELECT RAISE(ABORT, 'full'); END", "DROP TRIGGER fault"),
        (
            "CREATE TABLE other (id INTEGER PRIMARY KEY);
             CREATE TABLE fault (id INTEGER REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER fault_at_commit AFTER INSERT ON totals BEGIN INSERT INTO fault (id) VALUES (1); END",
            "DROP TRIGGER fault_at_commit; DROP TABLE fault; DROP TABLE other",
        ),
    ] {
        world.tail(&trustee).await.unwrap();
        beside(&world, fault).await;
        let failed = trustee.countersign_totals(&world.source(), &asked, world.now).await;
        assert!(matches!(failed, Err(TrusteeError::Storage { .. })), "{failed:?}");
        assert!(trustee.totals().await.unwrap().is_empty());
        beside(&world, repair).await;
    }
    let other = DailyTotals { day: Date::parse("2026-11-19").unwrap(), ..good };
    assert_eq!(code(&world, &trustee, &other).await, None, "a signature that was never given binds to nothing");
}

#[tokio::test]
async fn another_program_in_the_same_folder_signs_no_second_document() {
    let world = world();
    let good = totals(&world, 1);
    let other = DailyTotals { day: Date::parse("2026-11-19").unwrap(), ..good.clone() };
    let (one, two) = (world.open(1), world.open(1));
    world.tail(&one).await.unwrap();
    world.tail(&two).await.unwrap();
    assert_eq!(code(&world, &one, &good).await, None);
    assert_eq!(code(&world, &two, &other).await, Some(TotalsCode::NumberTaken));
    assert_eq!(ask(&world, &two, &good).await, ask(&world, &one, &good).await);
}

/// A file as the first version of the program left it.
#[tokio::test]
async fn a_file_of_the_first_version_is_taken_over() {
    let mut world = world();
    let case = world.case(3, 3);
    let trustee = world.open(1);
    let given = world.ask(&trustee, &case).await;
    drop(trustee);
    beside(
        &world,
        "DROP TABLE own_entries; DROP TABLE own_days; DROP TABLE own_log; DROP TABLE pauses; DROP TABLE lifts;
         DROP TABLE disclosed; DROP TABLE orders; DROP TABLE opened; DROP TABLE totals;
         ALTER TABLE trustee DROP COLUMN held; ALTER TABLE receipts DROP COLUMN journal_size;
         DROP TABLE enrolled; ALTER TABLE receipts DROP COLUMN lookup; DROP TABLE bound; DROP TABLE runs;
         DROP TABLE duress_letters; DROP TABLE pending_cases;
         PRAGMA user_version = 1",
    )
    .await;
    let trustee = world.open(1);
    assert_eq!(world.ask(&trustee, &case).await, given);
    let honest = totals(&world, 1);
    // The order that it had answered must be counted, although nobody noted when.
    beside(&world, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    assert_eq!(code(&world, &trustee, &honest).await, None);
    // The own log begins with what comes after: the answer from before is neither in it nor missed.
    let audit = trustee.audit(&world.source(), world.now).await.unwrap();
    assert_eq!((audit.compared.answers, audit.compared.entries, audit.is_sound()), (0, 1, true), "{audit:?}");
    drop(trustee);
    beside(&world, "PRAGMA user_version = 7").await;
    let error = world.open(1).head(world.now).await.unwrap_err().to_string();
    assert!(error.contains("schema version 7, this program knows up to 6"), "{error}");
}
