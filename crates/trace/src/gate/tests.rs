use super::*;
use crate::graph::tests::{Chain, lock, pay};
use crate::labels::{BadAddress, Role, read_list, read_tagpack};
use crate::network::Network;
use crate::taint::Share;
use countersign_core::id::PersonId;
use proptest::prelude::*;

const HOT: u32 = 1;
const COLLECTOR: u32 = 100;
const LISTED: u32 = 200;
const STRANGER: u32 = 300;

fn outpoint(txid: Txid, vout: u32) -> Outpoint {
    Outpoint { txid, vout }
}

fn address(owner: u32) -> String {
    lock(owner).to_address(Network::Regtest).unwrap()
}

/// An exchange that paid for `direct` clients to the collector, and for others to themselves, who paid on; and one deposit of which a third is
/// from a listed address.
struct World {
    chain: Chain,
    own: Own,
    labels: Labels,
    deposit: Outpoint,
    first_payment: Outpoint,
}

fn world(direct: u32, onwards: u32) -> World {
    let mut chain = Chain::new();
    let coin = chain.block(HOT, &[])[0];
    let outputs: Vec<(u64, u32)> = (0..direct)
        .map(|n| (100_000 + u64::from(n), COLLECTOR))
        .chain((0..onwards).map(|n| (2_000_000, 10_000 + n)))
        .collect();
    let batch = chain.block(9, &[pay(&[(coin, 0)], &outputs)])[1];
    let on: Vec<_> =
        (0..onwards).map(|n| pay(&[(batch, direct + n)], &[(1_500_000, COLLECTOR), (400_000, 20_000 + n)])).collect();
    chain.block(9, &on);
    let (dirty, clean) = (chain.block(LISTED, &[])[0], chain.block(STRANGER, &[])[0]);
    let clean2 = chain.block(STRANGER, &[])[0];
    let paid = chain.block(9, &[pay(&[(dirty, 0), (clean, 0), (clean2, 0)], &[(15_000_000_000, HOT)])])[1];
    let mut own = Own::default();
    own.add_wallets([lock(HOT)]);
    own.add_deposits([outpoint(paid, 0)]);
    let mut file = String::from("outpoint,account\n");
    for n in 0..direct + onwards {
        file += &format!("{batch}:{n},account-{n}\n");
    }
    own.add_withdrawals(&file).unwrap();
    let mut labels = Labels::default();
    let list =
        read_list(&address(LISTED), Network::Regtest, "Ruritania", "list", Role::Owner, BadAddress::Refuse).unwrap();
    labels.add_list("ruritania", &list);
    World { chain, own, labels, deposit: outpoint(paid, 0), first_payment: outpoint(batch, 0) }
}

fn query(hops: u8) -> BlastQuery {
    BlastQuery {
        roots: [lock(COLLECTOR)].into(),
        hops,
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        min_satoshi: 0,
        covers: [].into(),
    }
}

fn terms(approvers: usize) -> OrderTerms {
    OrderTerms {
        order: Digest([7; 32]),
        kind: Kind::Trace,
        approvers: (0..approvers).map(|n| PersonId::parse(&format!("person-{n}")).unwrap()).collect(),
        quorum: 2,
        court: false,
        budget: 5,
    }
}

fn bands(answer: &BlastAnswer, rule: Rule) -> Vec<String> {
    answer.clients.iter().find(|bands| bands.rule == rule).unwrap().by_hops.iter().map(Band::to_string).collect()
}

#[test]
fn clients_are_counted_in_bands_by_payments_in_between() {
    let world = world(30, 12);
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let direct = gate.blast(&Basis::command_line(), &query(1)).unwrap();
    let order = Basis::order(&terms(3)).unwrap();
    let two = gate.blast(&order, &query(2)).unwrap();
    for rule in Rule::ALL {
        assert_eq!(bands(&direct, *rule), ["25 to 49"], "{rule}");
        assert_eq!(bands(&two, *rule), ["25 to 49", "25 to 49"], "{rule}");
    }
    assert_eq!(direct.payments.to_string(), "25 to 49");
    assert!(direct.looks_like_donors);
    // Those who paid on paid more: a threshold leaves them and nobody else.
    let falls: Vec<(u64, String)> = two.falls.iter().map(|fall| (fall.min_satoshi, fall.clients.to_string())).collect();
    assert_eq!(falls[1..3], [(1_000_000, "10 to 24".to_owned()), (10_000_000, "fewer than 5".to_owned())]);
    let few = self::world(4, 0);
    let mut gate = Gate::new(&few.chain.graph, &few.labels, &few.own, Journal::default());
    let answer = gate.blast(&Basis::command_line(), &query(1)).unwrap();
    assert_eq!(bands(&answer, Rule::Fifo), ["fewer than 5"]);
    let nobody = BlastQuery { roots: [lock(STRANGER)].into(), ..query(1) };
    assert_eq!(bands(&gate.blast(&Basis::command_line(), &nobody).unwrap(), Rule::Fifo), ["fewer than 5"]);
}

#[test]
fn the_narrowest_question_that_covers_is_proposed() {
    let world = world(30, 12);
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let order = Basis::order(&terms(3)).unwrap();
    let mut covers = query(2);
    covers.min_satoshi = 1;
    assert_eq!(gate.blast(&order, &covers).unwrap().narrowest, None);
    let big = world.chain.graph.outpoint(world.chain.graph.out_count() - 1).unwrap();
    covers.covers = [big].into();
    assert_eq!(gate.blast(&order, &covers), Err(Refusal::NotCovered(big)));
    let onwards = (0..world.chain.graph.out_count()).find(|out| world.chain.graph.value(*out) == 1_500_000).unwrap();
    covers.covers = [world.chain.graph.outpoint(onwards).unwrap()].into();
    let narrow = gate.blast(&order, &covers).unwrap().narrowest.unwrap();
    assert_eq!((narrow.min_satoshi, narrow.hops, narrow.clients.to_string()), (1_000_000, 2, "10 to 24".to_owned()));
    // A direct payment is covered at one payment, but nothing tells it from its neighbours.
    covers.covers = [world.first_payment].into();
    assert_eq!(gate.blast(&order, &covers).unwrap().narrowest, None);
}

#[test]
fn more_payments_need_more_approvers() {
    let world = world(6, 6);
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    assert_eq!(gate.blast(&Basis::command_line(), &query(2)), Err(Refusal::HopsWithoutOrder(2)));
    let two = Basis::order(&terms(2)).unwrap();
    assert_eq!(gate.blast(&two, &query(2)), Err(Refusal::Hops { hops: 2, needed: 3, allowed: 1 }));
    let three = Basis::order(&terms(3)).unwrap();
    assert_eq!((three.hops(), gate.blast(&three, &query(2)).is_ok()), (2, true));
    assert_eq!(gate.blast(&three, &query(0)), Err(Refusal::NoSuchHops(0)));
    assert_eq!(
        gate.blast(&Basis::order(&terms(40)).unwrap(), &query(MAX_HOPS + 1)),
        Err(Refusal::NoSuchHops(MAX_HOPS + 1))
    );
    assert_eq!(Basis::order(&terms(1)), Err(Refusal::Approvers { needed: 2, found: 1 }));
    assert_eq!(Basis::order(&OrderTerms { quorum: 0, ..terms(0) }), Err(Refusal::Approvers { needed: 1, found: 0 }));
    let disclosure = OrderTerms { kind: Kind::Disclosure, ..terms(9) };
    assert_eq!(Basis::order(&disclosure), Err(Refusal::NotForTracing(Kind::Disclosure)));
}

#[test]
fn the_same_question_has_the_same_answer_and_others_are_counted() {
    let mut world = world(6, 0);
    let order = Basis::order(&terms(2)).unwrap();
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let answer = gate.blast(&order, &query(1)).unwrap();
    let journal = gate.journal().clone();
    // The chain goes on; the answer does not.
    let coin = world.chain.block(HOT, &[])[0];
    let outputs: Vec<(u64, u32)> = (0..40).map(|_| (1_000, COLLECTOR)).collect();
    let batch = world.chain.block(9, &[pay(&[(coin, 0)], &outputs)])[1];
    let file: String = (0..40).map(|n| format!("{batch}:{n},new-{n}\n")).collect();
    world.own.add_withdrawals(&format!("outpoint,account\n{file}")).unwrap();
    let journal = Journal::parse(&journal.to_json().unwrap()).unwrap();
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, journal);
    for _ in 0..9 {
        assert_eq!(gate.blast(&order, &query(1)).unwrap(), answer);
    }
    // Another order has its own answer.
    let other = Basis::order(&OrderTerms { order: Digest([8; 32]), ..terms(2) }).unwrap();
    assert_ne!(gate.blast(&other, &query(1)).unwrap().clients, answer.clients);
    let slice = |n: u64| BlastQuery { min_satoshi: n, ..query(1) };
    for n in 1..5 {
        assert!(gate.blast(&order, &slice(n)).is_ok());
    }
    assert_eq!(gate.blast(&order, &slice(5)), Err(Refusal::BudgetSpent(5)));
    assert!(gate.blast(&order, &slice(4)).is_ok());
    // However many orders: one address is asked about so often and no more.
    let mut asked = 6;
    for n in 0..MAX_PER_ROOT as u64 {
        let slice = gate.blast(&Basis::command_line(), &slice(100 + n));
        asked += usize::from(slice.is_ok());
        assert!(matches!(slice, Ok(_) | Err(Refusal::RootSpent)));
    }
    assert_eq!(asked, MAX_PER_ROOT);
    assert!(gate.blast(&Basis::command_line(), &BlastQuery { roots: [lock(STRANGER)].into(), ..query(1) }).is_ok());
}

#[test]
fn labels_that_reveal_opinion_are_no_beginning() {
    let mut world = world(6, 0);
    let pack = format!(
        "title: T\ncreator: Ministry\ncurrency: BTC\nlabel: Opposition fund\nabuse: extremism\ntags:\n- address: {}\n",
        address(COLLECTOR)
    );
    world.labels.add(&read_tagpack(&pack, Network::Regtest, Role::Owner, BadAddress::Refuse).unwrap());
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let refused = Err(Refusal::Special { issuer: "Ministry".into(), label: "Opposition fund".into() });
    assert_eq!(gate.blast(&Basis::command_line(), &query(1)), refused);
    assert_eq!(gate.blast(&Basis::order(&terms(9)).unwrap(), &query(1)), refused);
    // Not beside another root either.
    let both = BlastQuery { roots: [lock(COLLECTOR), lock(STRANGER)].into(), ..query(1) };
    assert_eq!(gate.blast(&Basis::order(&terms(9)).unwrap(), &both), refused);
    let court = Basis::order(&OrderTerms { court: true, ..terms(2) }).unwrap();
    assert!(gate.blast(&court, &query(1)).is_ok());
}

#[test]
fn questions_that_are_none_are_refused() {
    let world = world(6, 0);
    let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let basis = Basis::command_line();
    assert_eq!(gate.blast(&basis, &BlastQuery { roots: [].into(), ..query(1) }), Err(Refusal::Roots(0)));
    let many = BlastQuery { roots: (0..101).map(lock).collect(), ..query(1) };
    assert_eq!(gate.blast(&basis, &many), Err(Refusal::Roots(101)));
    let backwards = BlastQuery { from: Timestamp::MAX, to: Timestamp::MIN, ..query(1) };
    assert_eq!(gate.blast(&basis, &backwards), Err(Refusal::Window));
    let unknown = outpoint(Txid([1; 32]), 0);
    assert_eq!(
        gate.blast(&basis, &BlastQuery { covers: [unknown].into(), ..query(1) }),
        Err(Refusal::NotInGraph(unknown))
    );
    assert_eq!(gate.exposure(&world.first_payment), Err(Refusal::NotOwn(world.first_payment)));
    assert_eq!(gate.path(&basis, &world.deposit, "ruritania", Rule::Fifo), Err(Refusal::NeedsOrder));
    assert_eq!(gate.evidence(&basis, &lock(1), &lock(2)), Err(Refusal::NeedsOrder));
    // None of it was asked, so none of it counts.
    assert_eq!(gate.journal(), &Journal::default());
    for bad in [&b"{}"[..], b"", b"{\"v\":\"countersign/trace/journal/v1\",\"entries\":[],\"more\":1}"] {
        assert!(Journal::parse(bad).is_err());
    }
}

#[test]
fn a_deposit_is_exposed_by_a_range_of_rules() {
    let world = world(6, 0);
    let gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
    let exposure = gate.exposure(&world.deposit).unwrap();
    let [list] = &exposure.lists[..] else { panic!("one list") };
    let share = |rule: Rule| list.rules.iter().find(|of| of.rule == rule).unwrap().share.millionths();
    assert_eq!((share(Rule::Poison), share(Rule::Haircut), share(Rule::Fifo)), (1_000_000, 333_333, 333_333));
    assert_eq!((list.low.millionths(), list.high.millionths()), (333_333, 1_000_000));
    let haircut = list.rules.iter().find(|of| of.rule == Rule::Haircut).unwrap();
    assert_eq!((haircut.least_hops, haircut.rest.as_ref().unwrap().mined.millionths()), (Some(1), 666_666));
    let many = gate.exposures(&[world.deposit].into()).unwrap();
    let forward = |rule: Rule| many[0].1.lists[0].rules.iter().find(|of| of.rule == rule).unwrap().share;
    assert!(Rule::ALL.iter().all(|rule| forward(*rule).millionths() == share(*rule)));
    let order = Basis::order(&terms(2)).unwrap();
    let path = gate.path(&order, &world.deposit, "ruritania", Rule::Haircut).unwrap().unwrap();
    assert_eq!((path.outputs().len(), path.outputs().last()), (2, Some(&world.deposit)));
    assert!(gate.path(&order, &world.deposit, "other", Rule::Haircut).is_err());
    assert!(gate.evidence(&order, &lock(LISTED), &lock(STRANGER)).unwrap().is_some());
}

#[test]
fn a_service_in_between_ends_the_exposure() {
    let mut world = world(6, 0);
    let coin = world.chain.block(LISTED, &[])[0];
    let service = world.chain.block(9, &[pay(&[(coin, 0)], &[(5_000_000_000, 700)])])[1];
    let paid = world.chain.block(9, &[pay(&[(service, 0)], &[(4_000_000_000, HOT)])])[1];
    let deposit = outpoint(paid, 0);
    world.own.add_deposits([deposit]);
    let high = |labels: &Labels| {
        let gate = Gate::new(&world.chain.graph, labels, &world.own, Journal::default());
        let one = gate.exposure(&deposit).unwrap().lists[0].high;
        let many = gate.exposures(&[deposit].into()).unwrap()[0].1.lists[0].high;
        assert_eq!(one, many);
        one
    };
    assert_eq!(high(&world.labels), Share::WHOLE);
    let pack = format!(
        "title: T\ncreator: C\ncurrency: BTC\nlabel: L\ncategory: exchange\ntags:\n- address: {}\n",
        address(700)
    );
    let mut labels = world.labels.clone();
    labels.add(&read_tagpack(&pack, Network::Regtest, Role::Owner, BadAddress::Refuse).unwrap());
    assert_eq!(high(&labels), Share::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is asked, an answer tells fewer than five from none, and grows with hops and falls with the threshold.
    #[test]
    fn answers_are_monotone_bands(direct in 0u32..40, onwards in 0u32..40, min_satoshi in 0u64..3_000_000, approvers in 2usize..6) {
        let world = world(direct.max(1), onwards);
        let basis = Basis::order(&terms(approvers)).unwrap();
        let mut gate = Gate::new(&world.chain.graph, &world.labels, &world.own, Journal::default());
        let query = BlastQuery { min_satoshi, ..query(basis.hops()) };
        let answer = gate.blast(&basis, &query).unwrap();
        for of in &answer.clients {
            prop_assert!(of.by_hops.is_sorted());
            prop_assert_eq!(of.by_hops.len(), usize::from(basis.hops()));
        }
        prop_assert!(answer.falls.iter().rev().map(|fall| fall.clients).is_sorted());
        let text = serde_json::to_string(&answer).unwrap();
        prop_assert!(!text.contains(&world.first_payment.txid.to_string()) && !text.contains("account-") && !text.contains("bcrt1"));
    }
}
