use super::super::{Gate, Journal};
use super::*;
use crate::folder::Folder;
use crate::graph::tests::{Chain, lock, pay};
use crate::graph::{Graph, Interest, Neighbourhood};
use crate::labels::{BadAddress, Labels, Role, read_list};
use crate::network::Network;
use crate::own::Own;
use crate::source::SpentOutput;
use crate::wire::{Block, Txid};
use countersign_core::exposure::{ExposureOrderV1, Listing};
use countersign_core::id::{AuthorityId, CustodianId, OrderId, PersonId};
use countersign_core::json::Document as _;
use countersign_core::time::DAY;

const HOT: u32 = 1;
const LISTED: u32 = 200;
const STRANGER: u32 = 300;
const LIST: &str = "OFAC";

fn outpoint(txid: Txid, vout: u32) -> Outpoint {
    Outpoint { txid, vout }
}

fn add(labels: &mut Labels, owners: &[u32], issuer: &str, label: &str, list: Option<&str>) {
    let text: Vec<String> = owners.iter().map(|owner| lock(*owner).to_address(Network::Regtest).unwrap()).collect();
    let pack = read_list(&text.join("\n"), Network::Regtest, issuer, label, Role::Owner, BadAddress::Refuse).unwrap();
    match list {
        Some(list) => labels.add_list(list, &pack),
        None => labels.add(&pack),
    }
}

/// A listed address, strangers, and an exchange that was paid by them.
struct World {
    chain: Chain,
    own: Own,
    labels: Labels,
}

impl World {
    fn new() -> Self {
        let (mut own, mut labels) = (Own::default(), Labels::default());
        own.add_wallets([lock(HOT)]);
        add(&mut labels, &[LISTED], "OFAC", "SDN", Some(LIST));
        Self { chain: Chain::new(), own, labels }
    }

    /// Somebody pays the exchange out of coins of these owners, each moved on so many times before.
    fn deposit(&mut self, from: &[(u32, u32)]) -> Outpoint {
        let coins: Vec<(Txid, u32)> = from
            .iter()
            .map(|(owner, moves)| {
                let mut coin = self.chain.block(*owner, &[])[0];
                for _ in 0..*moves {
                    coin = self.chain.block(9, &[pay(&[(coin, 0)], &[(5_000_000_000, STRANGER + 1)])])[1];
                }
                (coin, 0)
            })
            .collect();
        let value = 5_000_000_000 * coins.len() as u64;
        let deposit = outpoint(self.chain.block(9, &[pay(&coins, &[(value, HOT)])])[1], 0);
        self.own.add_deposits([deposit]);
        deposit
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix(i64::from(self.chain.graph.tip_time().unwrap())).unwrap().plus(HOUR)
    }

    fn order(&self) -> ExposureOrder {
        let order = ExposureOrder {
            v: ExposureOrderV1,
            id: OrderId([1; 16]),
            custodian: CustodianId([2; 16]),
            authority: AuthorityId::parse("xa-supervisor").unwrap(),
            basis: "Sanctions Act".into(),
            author: PersonId::parse("lena-ohm").unwrap(),
            lists: vec![self.labels.listing(LIST, Network::Regtest).unwrap()],
            own: self.own.addresses(Network::Regtest),
            payments: 4,
            threshold: ShareBand::Tenth,
            run: 10,
            day: 10,
            total: 10,
            graph_hours: 2,
            not_before: self.now(),
            expires: self.now().plus(DAY),
        };
        order.check().unwrap();
        order
    }

    fn ask(&self, order: &ExposureOrder, deposits: &[Outpoint]) -> Result<DutyAnswer, DutyRefusal> {
        self.ask_at(order, deposits, self.now(), None)
    }

    fn ask_at(
        &self,
        order: &ExposureOrder,
        deposits: &[Outpoint],
        now: Timestamp,
        reach: Option<&Reach>,
    ) -> Result<DutyAnswer, DutyRefusal> {
        let gate = Gate::new(&self.chain.graph, &self.labels, &self.own, Journal::default());
        gate.duty(&DutyTerms { order, reach, now }, &deposits.iter().copied().collect())
    }

    fn one(&self, order: &ExposureOrder, deposit: Outpoint) -> ListAnswer {
        let mut answer = self.ask(order, &[deposit]).unwrap();
        answer.deposits.remove(0).lists.remove(0)
    }
}

fn neighbourhood(blocks: &[Vec<u8>], hops: u8) -> Graph {
    let interest = Interest { locks: [lock(LISTED), lock(HOT)].into(), hops, ..Interest::default() };
    let mut look = Neighbourhood::new(interest);
    let blocks: Vec<Block<'_>> = blocks.iter().map(|bytes| Block::parse(bytes).unwrap()).collect();
    blocks.iter().for_each(|block| look.look(&block.transactions));
    let mut builder = look.into_builder(Network::Regtest, 0);
    for block in &blocks {
        builder.append(&block.header, &block.transactions, &|_| None).unwrap();
    }
    builder.finish()
}

fn only_the_last(blocks: &[Vec<u8>]) -> Graph {
    let mut graph = Graph::new(Network::Regtest, blocks.len() as u32 - 1);
    let block = Block::parse(blocks.last().unwrap()).unwrap();
    let outside = |_: &Outpoint| Some(SpentOutput { value: 5_000_000_000, lock: None });
    graph.append(&block.header, &block.transactions, &outside).unwrap();
    graph
}

fn share(answer: &ListAnswer, rule: Rule) -> ShareBand {
    answer.shares.iter().find(|of| of.rule == rule).unwrap().share
}

#[test]
fn a_deposit_gets_bands_payments_and_a_verdict() {
    let mut world = World::new();
    let third = world.deposit(&[(LISTED, 0), (STRANGER, 0), (STRANGER, 0)]);
    let far = world.deposit(&[(STRANGER, 0), (STRANGER, 0), (LISTED, 2)]);
    let farther = world.deposit(&[(LISTED, 4)]);
    let clean = world.deposit(&[(STRANGER, 0)]);
    let order = world.order();
    let answer = world.one(&order, third);
    assert_eq!((share(&answer, Rule::Poison), share(&answer, Rule::Haircut)), (ShareBand::Whole, ShareBand::Quarter));
    assert_eq!((answer.payments, answer.verdict), (Some(1), Verdict::Above));
    assert_eq!((world.one(&order, far).payments, world.one(&order, far).verdict), (Some(3), Verdict::Above));
    for deposit in [farther, clean] {
        let answer = world.one(&order, deposit);
        assert!(Rule::ALL.iter().all(|rule| share(&answer, *rule) == ShareBand::Nothing));
        assert_eq!((answer.payments, answer.verdict), (None, Verdict::None));
    }
    let strict = ExposureOrder { threshold: ShareBand::Half, ..world.order() };
    assert_eq!(world.one(&strict, third).verdict, Verdict::Below);
    let farther_back = ExposureOrder { payments: 5, ..world.order() };
    assert_eq!(world.one(&farther_back, farther).payments, Some(5));
    // Sorted, however they were asked.
    let all = world.ask(&order, &[third, far, farther, clean]).unwrap();
    assert!(all.deposits.is_sorted_by(|left, right| left.deposit < right.deposit) && all.deposits.len() == 4);
    assert_eq!(Some(all.height), world.chain.graph.tip().map(|(_, height)| height));
}

/// Nobody but the deposits asked about is in an answer: no address, no other output, no other transaction.
#[test]
fn an_answer_names_nobody_else() {
    let mut world = World::new();
    let deposit = world.deposit(&[(LISTED, 2), (STRANGER, 1)]);
    let text = serde_json::to_string(&world.ask(&world.order(), &[deposit]).unwrap().deposits).unwrap();
    assert!(!text.contains("bcrt1"), "{text}");
    let others = (0..world.chain.graph.tx_count()).filter_map(|tx| world.chain.graph.txid(tx));
    assert!(others.filter(|txid| *txid != deposit.txid).all(|txid| !text.contains(&txid.to_string())), "{text}");
}

#[test]
fn what_is_no_own_deposit_is_refused_whoever_says_so() {
    let mut world = World::new();
    let own = world.deposit(&[(STRANGER, 0)]);
    let stranger = outpoint(world.chain.block(STRANGER, &[])[0], 0);
    let order = world.order();
    assert_eq!(world.ask(&order, &[own, stranger]), Err(DutyRefusal::NotOwn(stranger)));
    // The exchange core names it as a deposit; the chain says whose it is.
    world.own.add_deposits([stranger]);
    assert_eq!(world.ask(&order, &[own, stranger]), Err(DutyRefusal::NotPaidToUs(stranger)));
    // A wallet that was added afterwards is not among the addresses that were signed.
    world.own.add_wallets([lock(STRANGER)]);
    assert_eq!(world.ask(&order, &[own]), Err(DutyRefusal::OtherAddresses));
    assert!(world.ask(&world.order(), &[own, stranger]).is_ok());
    let unknown = outpoint(Txid([5; 32]), 0);
    world.own.add_deposits([unknown]);
    assert_eq!(world.ask(&world.order(), &[unknown]), Err(DutyRefusal::NotInGraph(unknown)));
}

#[test]
fn another_list_is_another_decision() {
    let mut world = World::new();
    let deposit = world.deposit(&[(STRANGER, 0)]);
    let order = world.order();
    let other = Err(DutyRefusal::OtherList(LIST.into()));
    let asked = |labels: &Labels| {
        let gate = Gate::new(&world.chain.graph, labels, &world.own, Journal::default());
        gate.duty(&DutyTerms { order: &order, reach: None, now: world.now() }, &[deposit].into())
    };
    assert!(asked(&world.labels).is_ok());
    assert_eq!(asked(&Labels::default()), other);
    for (owners, issuer) in [(&[LISTED + 1][..], "OFAC"), (&[LISTED], "Ruritania")] {
        let mut labels = world.labels.clone();
        add(&mut labels, owners, issuer, "SDN", Some(LIST));
        assert_eq!(asked(&labels), other, "{issuer}");
    }
    // A label elsewhere changes nothing, unless it takes an address from the list.
    let mut labels = world.labels.clone();
    add(&mut labels, &[LISTED], "Press", "oligarch", None);
    assert!(asked(&labels).is_ok());
    add(&mut labels, &[LISTED], "Ministry", "Donations to the opposition", None);
    assert_eq!(asked(&labels), other);
}

#[test]
fn what_reveals_opinion_is_on_no_list() {
    let mut world = World::new();
    let deposit = world.deposit(&[(LISTED + 1, 0)]);
    add(&mut world.labels, &[LISTED + 1], "OFAC", "Charity of the opposition", Some(LIST));
    let Listing { addresses, left_out, .. } = world.labels.listing(LIST, Network::Regtest).unwrap();
    assert_eq!((addresses, left_out), (1, 1));
    assert_eq!(world.one(&world.order(), deposit).verdict, Verdict::None);
}

#[test]
fn a_graph_that_is_too_old_or_empty_answers_nothing() {
    let mut world = World::new();
    let deposit = world.deposit(&[(STRANGER, 0)]);
    let (order, last) = (world.order(), world.now().plus(-HOUR));
    let at = |now: Timestamp| world.ask_at(&order, &[deposit], now, None);
    assert!(at(last.plus(2 * HOUR)).is_ok());
    assert_eq!(at(last.plus(2 * HOUR + 1)), Err(DutyRefusal::TooOld { last, hours: 2 }));
    assert!(at(last.plus(-2 * HOUR)).is_ok());
    assert_eq!(at(last.plus(-2 * HOUR - 1)), Err(DutyRefusal::Ahead(last)));
    world.chain = Chain::new();
    assert_eq!(world.ask_at(&order, &[deposit], last, None), Err(DutyRefusal::NoBlocks));
}

#[test]
fn a_neighbourhood_answers_no_farther_than_it_goes() {
    let mut world = World::new();
    let deposit = world.deposit(&[(LISTED, 1)]);
    let order = world.order();
    world.chain.graph = neighbourhood(&world.chain.blocks, 4);
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::take(place.path()).unwrap();
    folder.keep_graph(&world.chain.graph).unwrap();
    let reach = |hops: u8, list: &Listing| {
        folder.keep_reach(hops, vec![list.digest]).unwrap();
        folder.reach().unwrap().unwrap()
    };
    let (list, other) = (&order.lists[0], Listing { digest: world.order().own.digest, ..order.lists[0].clone() });
    let asked = |reach: Option<&Reach>| world.ask_at(&order, &[deposit], world.now(), reach);
    assert_eq!(asked(None), Err(DutyRefusal::NotReached(4)));
    assert_eq!(asked(Some(&reach(3, list))), Err(DutyRefusal::NotReached(4)));
    assert_eq!(asked(Some(&reach(4, &other))), Err(DutyRefusal::NotReached(4)));
    let answer = asked(Some(&reach(4, list))).unwrap();
    assert_eq!((answer.deposits[0].lists[0].payments, answer.deposits[0].verdict()), (Some(2), Verdict::Above));
}

/// Not known is not clean: what a mix breaks off, and what lies before the first block of the graph.
#[test]
fn what_is_not_known_of_the_rest_is_said() {
    let mut world = World::new();
    let mixed: Vec<(Txid, u32)> = (0..5).map(|n| (world.chain.block(400 + n, &[])[0], 0)).collect();
    let outputs: Vec<(u64, u32)> =
        (0..5).map(|n| (1_000_000, 500 + n)).chain((0..5).map(|n| (4_990_000_000 - u64::from(n), 600 + n))).collect();
    let mix = world.chain.block(9, &[pay(&mixed, &outputs)])[1];
    let deposit = outpoint(world.chain.block(9, &[pay(&[(mix, 0)], &[(1_000_000, HOT)])])[1], 0);
    world.own.add_deposits([deposit]);
    let answer = world.one(&world.order(), deposit);
    assert_eq!((answer.payments, answer.verdict), (None, Verdict::Unknown));
    let clean = world.deposit(&[(STRANGER, 0)]);
    assert_eq!(world.one(&world.order(), clean).verdict, Verdict::None);
    // The same deposit in a graph that begins with its own block.
    world.chain.graph = only_the_last(&world.chain.blocks);
    assert_eq!(world.one(&world.order(), clean).verdict, Verdict::Unknown);
}
