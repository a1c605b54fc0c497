use super::*;
use crate::intake::NewRequest;
use crate::ports::BlastRadius;
use crate::world::{CUSTODIAN, World, person_id, signing_key, start, watch};
use crate::{Desk, DeskError};
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{ApprovalV1, approval_digest, approval_message};
use countersign_core::case::{Event, EventRecord, EventV1};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::REACH_VALID;
use countersign_core::facts::{Factor, Facts};
use countersign_core::finding::Question as Q;
use countersign_core::id::{CaseId, Handle, RecordId};
use countersign_core::order::Kind as OrderKind;
use countersign_core::query::LEAST_WINDOW;
use countersign_core::time::{Clock as _, DAY};
use countersign_policy::Per;
use countersign_seal::label::{Head, Label};
use countersign_store::{Answered, AppendEvent, Cases as _, Counter, NewOrder, Openings as _, Queries as _};
use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::{Economy, Gift};
use countersign_trace::gate::{BlastQuery, Gate, Journal};
use countersign_trace::graph::Graph;
use countersign_trace::labels::{BadAddress, Labels, Role as LabelRole, read_list};
use countersign_trace::own::Own;
use countersign_trace::wire::Block;
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::query::check_query;
use countersign_verify::wire::HexBytes;
use ed25519_dalek::Signer as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const COLLECTOR: &str = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";

/// A chain with sixty donors, ten of them through wallets of their own, behind the crate's own gate.
struct Chain {
    graph: Graph,
    own: Own,
    labels: Labels,
    journal: Mutex<Journal>,
    asked: AtomicUsize,
    direct: usize,
}

impl Chain {
    fn new() -> Arc<Self> {
        let gift = |client: u32| Gift { client: 500 + client, satoshi: 2_000, through_wallet: client < 10 };
        let to = Lock::parse(COLLECTOR, Network::Test).unwrap();
        let economy = Economy::with_gifts(3, to, &(0..60).map(gift).collect::<Vec<_>>()).unwrap();
        let mut graph = Graph::new(Network::Test, 0);
        for bytes in &economy.blocks {
            let block = Block::parse(bytes).unwrap();
            graph.append(&block.header, &block.transactions, &|_| None).unwrap();
        }
        let mut own = Own::default();
        own.add_wallets(economy.wallet);
        let lines: String = economy.withdrawals.iter().map(|(out, client)| format!("{out},c{client}\n")).collect();
        own.add_withdrawals(&format!("outpoint,account\n{lines}")).unwrap();
        let (labels, journal, asked) = (Labels::default(), Mutex::default(), AtomicUsize::new(0));
        Arc::new(Self { graph, own, labels, journal, asked, direct: economy.direct.len() })
    }

    fn labelled(label: &str) -> Arc<Self> {
        let mut chain = Arc::into_inner(Self::new()).unwrap();
        let list = read_list(COLLECTOR, Network::Test, "Ministry", label, LabelRole::Owner, BadAddress::Refuse);
        chain.labels.add(&list.unwrap());
        Arc::new(chain)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl BlastRadius for Chain {
    fn has_chain(&self) -> bool {
        true
    }

    async fn behind(&self, basis: &Basis, question: &Behind) -> std::result::Result<BlastAnswer, NoAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let roots = question.addresses.iter().map(|address| Lock::parse(address, Network::Test).unwrap());
        let query = BlastQuery {
            roots: roots.collect(),
            hops: question.hops,
            from: question.from,
            to: question.to,
            min_satoshi: question.min_satoshi,
            covers: question.covers.clone(),
        };
        let mut journal = self.journal.lock().unwrap();
        let mut gate = Gate::new(&self.graph, &self.labels, &self.own, journal.clone());
        let answer = gate.blast(basis, &query).map_err(NoAnswer::Refused)?;
        *journal = gate.journal().clone();
        Ok(answer)
    }

    async fn exposed(&self, _chain: &str, _address: &str) -> std::result::Result<u64, String> {
        panic!("where the chain can be asked, the table is not")
    }
}

fn addresses() -> Vec<ChainAddress> {
    vec![ChainAddress { chain: BITCOIN.into(), address: COLLECTOR.into() }]
}

fn officer() -> PersonId {
    person_id("lena-ohm")
}

fn approval(order: &Exact<TraceOrder>, who: &str, role: SignerRole, verdict: Verdict, at: Timestamp) -> Vec<u8> {
    let (key, approver, digest) = (signing_key(&format!("person:{who}")), person_id(who), order.digest());
    let message = approval_message(&approval_digest(&digest, &approver, role, verdict, at));
    let signature = Base64::encode_string(&key.sign(&message).to_bytes());
    let key = format!("ed25519 {}", Digest(key.verifying_key().to_bytes()));
    let approval = Approval { v: ApprovalV1, order: digest, approver, role, verdict, at, key, signature };
    Exact::write(approval).unwrap().bytes().to_vec()
}

fn approved(order: &Exact<TraceOrder>, approvers: &[&str]) -> Vec<Vec<u8>> {
    let one = |who: &str, role| approval(order, who, role, Verdict::Approve, start());
    let approvers = approvers.iter().map(|who| one(who, SignerRole::Approver));
    std::iter::once(one("lena-ohm", SignerRole::Author)).chain(approvers).collect()
}

async fn desk(world: &World, chain: &Arc<Chain>) -> Desk {
    let mut desk = world.desk().await;
    desk.blast = Arc::clone(chain) as Arc<dyn BlastRadius>;
    desk
}

fn matter(desk: &Desk) -> Matter {
    desk.matter_of(&AuthorityId::parse("xa-district-court").unwrap(), "12 Js 34/26").unwrap()
}

fn order(desk: &Desk, hops: u8) -> Exact<TraceOrder> {
    desk.prepare_trace(&matter(desk), &addresses(), hops, &officer()).unwrap()
}

fn over(hops: u8) -> Question {
    Question { hops, ..Question::default() }
}

fn code(answer: Result<Exact<Query>>) -> &'static str {
    match answer {
        Err(DeskError::Refused { code, .. }) => code,
        Err(DeskError::Input(_)) => "input",
        Err(other) => panic!("{other}"),
        Ok(_) => "answered",
    }
}

#[tokio::test]
async fn a_question_is_a_leaf_and_has_one_answer() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let two = order(&desk, 2);
    let signed = approved(&two, &["bruno-lind"]);
    let query = desk.ask_blast(&two, &signed, &addresses(), &over(2), None).await.unwrap();
    let value = query.value();
    for exposed in &value.clients {
        assert_eq!(exposed.by_hops[0], Band::of(chain.direct), "{}", exposed.rule);
    }
    assert!(value.looks_like_donors);
    world.pass(60);
    for _ in 0..3 {
        assert_eq!(desk.ask_blast(&two, &signed, &addresses(), &over(2), None).await.unwrap(), query);
    }
    assert_eq!(chain.asked(), 1);
    // After a restart too, and when the chain cannot be asked any more.
    let again = world.desk().await;
    assert_eq!(again.ask_blast(&two, &signed, &addresses(), &over(2), None).await.unwrap(), query);
    let opening = again.query_opening(&query).await.unwrap();
    let facts = check_query(opening.bytes()).unwrap();
    assert_eq!((facts.order, facts.query, facts.clients), (two.digest(), query.digest(), value.by_hops()));
    let mut closed = world.store.closed_leaves(0, 100).await.unwrap();
    closed.retain(|leaf| leaf.kind == "query");
    assert_eq!((closed.len(), closed[0].case), (1, None));
    // No address and nobody's name is in what the leaf shows.
    assert!(!opening.value().query.contains(COLLECTOR) && !opening.value().order.contains(COLLECTOR));
}

#[tokio::test]
async fn no_order_no_answer() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let (one, two) = (order(&desk, 1), order(&desk, 2));
    let author = |verdict, at| approval(&one, "lena-ohm", SignerRole::Author, verdict, at);
    let another = approval(&two, "lena-ohm", SignerRole::Author, Verdict::Approve, start());
    let as_agent = approval(&one, "ada-roth", SignerRole::Approver, Verdict::Approve, start());
    let as_counsel = approval(&one, "eva-stone", SignerRole::Counsel, Verdict::Approve, start());
    let self_approved = approval(&one, "lena-ohm", SignerRole::Approver, Verdict::Approve, start());
    let mut forged = String::from_utf8(author(Verdict::Approve, start())).unwrap();
    forged = forged.replace("\"approver\":\"lena-ohm\"", "\"approver\":\"anna-berg\"");
    let good = author(Verdict::Approve, start());
    for signed in [
        vec![],
        vec![another],
        vec![author(Verdict::Refuse, start())],
        vec![author(Verdict::Approve, start().plus(DAY))],
        vec![author(Verdict::Approve, start().plus(-DAY))],
        vec![approval(&one, "anna-berg", SignerRole::Approver, Verdict::Approve, start())],
        vec![good.clone(), as_agent],
        vec![good.clone(), as_counsel],
        vec![good.clone(), self_approved],
        vec![forged.into_bytes()],
        vec![b"{}".to_vec()],
    ] {
        assert_eq!(code(desk.ask_blast(&one, &signed, &addresses(), &over(1), None).await), "input");
    }
    // Over more payments than the order says, about an address that it does not name, on a chain that is not indexed.
    let signed = approved(&one, &["bruno-lind", "clara-voss"]);
    assert_eq!(code(desk.ask_blast(&one, &signed, &addresses(), &over(2), None).await), "input");
    let other = vec![ChainAddress {
        chain: BITCOIN.into(),
        address: "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7".into(),
    }];
    assert_eq!(code(desk.ask_blast(&one, &signed, &other, &over(1), None).await), "input");
    let dogs = vec![ChainAddress { chain: "dogecoin".into(), address: COLLECTOR.into() }];
    let of_dogs = desk.prepare_trace(&matter(&desk), &dogs, 1, &officer()).unwrap();
    assert_eq!(code(desk.ask_blast(&of_dogs, &approved(&of_dogs, &[]), &dogs, &over(1), None).await), "input");
    let mut foreign = one.value().clone();
    foreign.custodian = countersign_core::id::CustodianId([9; 16]);
    assert_ne!(foreign.custodian, CUSTODIAN);
    let foreign = Exact::write(foreign).unwrap();
    assert_eq!(code(desk.ask_blast(&foreign, &approved(&foreign, &[]), &addresses(), &over(1), None).await), "input");
    world.pass(DAY);
    assert_eq!(code(desk.ask_blast(&one, &approved(&one, &[]), &addresses(), &over(1), None).await), "input");
    assert!(desk.queries_of(&matter(&desk).digest).await.unwrap().is_empty());
    assert!(desk.prepare_trace(&matter(&desk), &[], 1, &officer()).is_err());
    assert!(desk.prepare_trace(&matter(&desk), &addresses(), 7, &officer()).is_err());
}

#[tokio::test]
async fn every_payment_more_needs_an_approver_whom_the_requester_cannot_compel() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let three = order(&desk, 3);
    for (approvers, hops, expected) in [
        (&[][..], 1, "answered"),
        (&[], 2, "HOPS_NOT_APPROVED"),
        (&["bruno-lind"], 2, "answered"),
        (&["bruno-lind"], 3, "HOPS_NOT_APPROVED"),
        (&["bruno-lind", "bruno-lind"], 3, "HOPS_NOT_APPROVED"),
        (&["bruno-lind", "clara-voss"], 3, "answered"),
    ] {
        let signed = approved(&three, approvers);
        let answer = desk.ask_blast(&three, &signed, &addresses(), &over(hops), None).await;
        assert_eq!(code(answer), expected, "{approvers:?} over {hops}");
    }
    // The requester is of XB; bruno lives there and clara can be compelled from there.
    let police = desk.matter_of(&AuthorityId::parse("xb-police").unwrap(), "7").unwrap();
    let order = desk.prepare_trace(&police, &addresses(), 2, &officer()).unwrap();
    for (approver, expected) in [("bruno-lind", "input"), ("clara-voss", "input"), ("anna-berg", "answered")] {
        let signed = approved(&order, &[approver]);
        assert_eq!(code(desk.ask_blast(&order, &signed, &addresses(), &over(2), None).await), expected, "{approver}");
    }
}

/// Not known is not out of reach, and who is silent signs nothing.
#[tokio::test]
async fn an_approver_of_whom_nothing_is_known_any_more_does_not_count() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    watch(&desk, "bruno-lind", Some(24)).await;
    world.pass(7 * DAY);
    let ask = async |approver: &str| {
        let order = order(&desk, 2);
        let now = desk.now();
        let signed = vec![
            approval(&order, "lena-ohm", SignerRole::Author, Verdict::Approve, now),
            approval(&order, approver, SignerRole::Approver, Verdict::Approve, now),
        ];
        code(desk.ask_blast(&order, &signed, &addresses(), &over(2), None).await)
    };
    assert_eq!((ask("bruno-lind").await, ask("clara-voss").await), ("input", "answered"));
    // Her statement of reach is older than ninety days.
    world.pass(REACH_VALID);
    assert_eq!(ask("clara-voss").await, "input");
}

#[tokio::test]
async fn slices_of_one_crowd_add_up() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let first = order(&desk, 1);
    let signed = approved(&first, &[]);
    // Windows and sums between which a single person could be told apart are no questions.
    let midnight = Timestamp::parse("2024-01-01T00:00:00Z").unwrap();
    for close in [
        Question { min_satoshi: 2_000, ..over(1) },
        Question { from: Some(midnight.plus(1)), ..over(1) },
        Question { from: Some(midnight), to: Some(midnight.plus(DAY)), ..over(1) },
    ] {
        assert_eq!(code(desk.ask_blast(&first, &signed, &addresses(), &close, None).await), "input");
    }
    let window = |n: i64| Question { from: Some(midnight.plus(n * LEAST_WINDOW * DAY)), ..over(1) };
    for n in 0..i64::from(QUESTIONS) {
        assert_eq!(code(desk.ask_blast(&first, &signed, &addresses(), &window(n), None).await), "answered");
    }
    let more = desk.ask_blast(&first, &signed, &addresses(), &window(99), None).await;
    assert_eq!(code(more), "QUESTIONS_SPENT");
    assert_eq!(code(desk.ask_blast(&first, &signed, &addresses(), &window(0), None).await), "answered");
    // Another order, and another matter: the address is the same.
    let mut answered = QUESTIONS as usize;
    for (reference, n) in ["13 Js 1/26", "14 Js 1/26"].into_iter().flat_map(|name| (0..10).map(move |n| (name, n))) {
        let other = desk.matter_of(&AuthorityId::parse("xa-district-court").unwrap(), reference).unwrap();
        let next = desk.prepare_trace(&other, &addresses(), 1, &officer()).unwrap();
        let answer = code(desk.ask_blast(&next, &approved(&next, &[]), &addresses(), &window(n), None).await);
        answered += usize::from(answer == "answered");
        assert!(["answered", "ADDRESS_SPENT"].contains(&answer), "{answer}");
    }
    assert_eq!(answered, MAX_PER_ROOT);
    // The chain's own journal put back to an old copy changes nothing: the desk counts for itself.
    *chain.journal.lock().unwrap() = Journal::default();
    let fresh = order(&desk, 1);
    let answer = desk.ask_blast(&fresh, &approved(&fresh, &[]), &addresses(), &over(1), None).await;
    assert_eq!(code(answer), "ADDRESS_SPENT");
}

fn request(instrument: Instrument, addresses: Vec<Digest>, people_asked: u32) -> NewRequest {
    NewRequest {
        authority: AuthorityId::parse("xa-district-court").unwrap(),
        reference: "12 Js 34/26".into(),
        instrument,
        emergency: false,
        targets: Targets::Selector,
        people_asked,
        found: Vec::new(),
        not_found: 0,
        addresses,
        classes: ClassSet::new([Class::Name]),
        channel: "letter".into(),
        received_at: start(),
        delay: None,
        raw: b"name everyone who paid".to_vec(),
    }
}

async fn filed(desk: &Desk, instrument: Instrument, checked: bool) -> CaseId {
    let request = request(instrument, digests(&addresses()).unwrap(), 5_000);
    let case = desk.file_request(request, None, &officer()).await.unwrap();
    if checked {
        let tried = [Factor::Directory, Factor::CallBack].map(|factor| crate::documents::FactorTried {
            factor,
            confirmed: true,
            note: "the registry".into(),
            at: desk.now(),
            person: None,
        });
        desk.check_sender(&case, tried.into(), &officer()).await.unwrap();
    }
    case
}

async fn with_officers(world: &World, chain: &Arc<Chain>) -> Desk {
    let identity = age::x25519::Identity::generate();
    let mut desk = world.desk_with(None, Vec::new(), vec![identity.to_public().to_string()]).await;
    desk.blast = Arc::clone(chain) as Arc<dyn BlastRadius>;
    desk
}

#[tokio::test]
async fn the_policy_reads_the_answer_and_unknown_is_not_nobody() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = with_officers(&world, &chain).await;
    let case = filed(&desk, Instrument::CourtOrder, true).await;
    let facts = async || {
        let file = desk.case(&case).await.unwrap();
        desk.facts(&file, OrderKind::Disclosure, &officer(), Salt([0; 16])).unwrap()
    };
    let before = facts().await;
    assert_eq!((before.answer(Q::Exposed), before.asked.subjects), (None, 5_000));
    let misses =
        async || desk.evaluate(&case).await.unwrap().missing.iter().any(|question| question.to_string() == "D20");
    assert!(misses().await);
    let file = desk.case(&case).await.unwrap();
    let two = order(&desk, 2);
    let signed = approved(&two, &["bruno-lind"]);
    // What was asked about a part of the request is no answer to all of it.
    let part = Question { min_satoshi: 100_000, ..over(1) };
    desk.ask_blast(&two, &signed, &addresses(), &part, Some(&file)).await.unwrap();
    assert_eq!(facts().await.answer(Q::Exposed), None);
    let query = desk.ask_blast(&two, &signed, &addresses(), &over(2), Some(&file)).await.unwrap();
    let after = facts().await;
    let people = u32::try_from(Band::of(chain.direct).at_most(0)).unwrap();
    assert_eq!((after.number(Q::Exposed), after.asked.subjects), (Some(people), people));
    let finding = after.findings.iter().find(|finding| finding.question() == Q::Exposed).unwrap();
    assert!(finding.source().contains(&query.digest().to_hex()[..16]), "{}", finding.source());
    assert!(Exact::write(after).is_ok());
    assert!(!misses().await);
    assert_eq!(desk.case(&case).await.unwrap().queries.len(), 2);
}

#[tokio::test]
async fn a_letter_is_filed_with_what_was_answered_or_with_everybody() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let (court, roots) = (AuthorityId::parse("xa-district-court").unwrap(), digests(&addresses()).unwrap());
    // Nobody is in this register, so even everybody is unknown.
    assert!(matches!(desk.exposed_by_matter(&court, "12 Js 34/26", &roots).await, Err(DeskError::Input(_))));
    let one = order(&desk, 1);
    desk.ask_blast(&one, &approved(&one, &[]), &addresses(), &over(1), None).await.unwrap();
    let known = desk.exposed_by_matter(&court, "12 Js 34/26", &roots).await.unwrap();
    assert_eq!(known, Band::of(chain.direct).at_most(0));
    assert!(desk.exposed_by_matter(&court, "another", &roots).await.is_err());
    let more = [roots[0], Digest([255; 32])];
    assert!(desk.exposed_by_matter(&court, "12 Js 34/26", &more).await.is_err());
}

#[tokio::test]
async fn labels_that_reveal_opinion_need_a_court_and_a_checked_sender() {
    for (instrument, checked, expected) in [
        (Instrument::CourtOrder, true, "answered"),
        (Instrument::CourtOrder, false, "SPECIAL_LABEL"),
        (Instrument::Informal, true, "SPECIAL_LABEL"),
        (Instrument::Regulator, true, "SPECIAL_LABEL"),
    ] {
        let (world, chain) = (World::new().await, Chain::labelled("Donations to the opposition"));
        let desk = with_officers(&world, &chain).await;
        let case = filed(&desk, instrument, checked).await;
        let file = desk.case(&case).await.unwrap();
        let one = order(&desk, 1);
        let signed = approved(&one, &[]);
        let without = desk.ask_blast(&one, &signed, &addresses(), &over(1), None).await;
        assert_eq!(code(without), "SPECIAL_LABEL");
        let answer = desk.ask_blast(&one, &signed, &addresses(), &over(1), Some(&file)).await;
        assert_eq!(code(answer), expected, "{instrument}");
        // The case of another matter lends its court to nobody.
        let other = desk.matter_of(&AuthorityId::parse("xa-district-court").unwrap(), "another").unwrap();
        let other = desk.prepare_trace(&other, &addresses(), 1, &officer()).unwrap();
        let answer = desk.ask_blast(&other, &approved(&other, &[]), &addresses(), &over(1), Some(&file)).await;
        assert_eq!(code(answer), "input");
    }
}

#[tokio::test]
async fn the_shape_of_a_list_is_known_to_every_later_order() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let root = digests(&addresses()).unwrap()[0];
    assert_eq!(desk.asked_about_address(&root).await.unwrap(), (0, false));
    let one = order(&desk, 1);
    desk.ask_blast(&one, &approved(&one, &[]), &addresses(), &over(1), None).await.unwrap();
    assert_eq!(desk.asked_about_address(&root).await.unwrap(), (1, true));
    assert_eq!(world.store.queries_about(&root).await.unwrap().len(), 1);
}

/// An order of the past that answered about so many people, in connection with this address.
async fn answered_about(world: &World, address: Digest, people: u32) {
    let (case, order) = (CaseId([9; 16]), Digest([8; 32]));
    let authority = AuthorityId::parse("xa-district-court").unwrap();
    let event = |number, previous: Option<&Exact<EventRecord>>, event| {
        let previous = previous.map(Exact::digest);
        let (at, by) = (world.clock.now(), officer());
        Exact::write(EventRecord { v: EventV1, case, number, previous, at, by, event }).unwrap()
    };
    let first = event(0, None, Event::Request { document: Digest([1; 32]), authority: authority.clone() });
    let second = event(1, Some(&first), Event::Proposed { order });
    let third = event(2, Some(&second), Event::AskedMore { document: Digest([1; 32]) });
    let entry = NewOrder { id: OrderId([8; 16]), digest: order, decision: Digest([7; 32]), authority };
    let answered = Answered { order, counters: vec![Counter::Address(address)], people };
    world.store.append(AppendEvent::new(first)).await.unwrap();
    world.store.append(AppendEvent { order: Some(entry), ..AppendEvent::new(second) }).await.unwrap();
    world.store.append(AppendEvent { answered: Some(answered), ..AppendEvent::new(third) }).await.unwrap();
}

/// A manifest over so many clients.
fn manifest(people: u32) -> Manifest {
    let entry = |n: u32| {
        let handle = Handle(countersign_core::digest::plain(&n.to_be_bytes()).0);
        let head = Head { custodian: CUSTODIAN, handle, client_key: None, period: None, revision: 0, schema: 1 };
        let classes = ClassSet::new([Class::Name]);
        let label = HexBytes(Label::new(head, classes.clone(), Digest([0; 32])).unwrap().encode());
        ManifestEntry { record: RecordId(handle.0), label, u: Digest([0; 32]), classes }
    };
    Manifest { v: ManifestV1, entries: (1..=people).map(entry).collect() }
}

/// Whoever waits until the window has passed asks for the rest of the same list.
#[tokio::test]
async fn an_address_with_the_shape_of_a_list_is_capped_beyond_its_window() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = with_officers(&world, &chain).await;
    let file = desk.case(&filed(&desk, Instrument::CourtOrder, true).await).await.unwrap();
    let facts = desk.facts(&file, OrderKind::Disclosure, &officer(), Salt([0; 16])).unwrap();
    let [address] = facts.addresses[..] else { panic!("one address") };
    let caps = desk.custodian.bundle.caps().cumulative.clone();
    let cap = caps.iter().find(|cap| cap.per == Per::Address).unwrap();
    let window = i64::from(cap.days) * DAY;
    let denied = async |facts: &Facts, people: u32| match desk.check_caps(facts, &manifest(people)).await {
        Ok(()) => "allowed".to_owned(),
        Err(DeskError::Denied { reasons }) => reasons.join(", "),
        Err(other) => panic!("{other}"),
    };
    answered_about(&world, address, cap.subjects).await;
    let inside = denied(&facts, 1).await;
    assert!(inside.contains(&format!("in {} days", cap.days)), "{inside}");
    // Of an address of which nothing is known the window passes, and its cap is whole again.
    world.pass(window + 1);
    assert_eq!(denied(&facts, cap.subjects).await, "allowed");
    // Anybody's question shows the shape, and from then on time does not help: not a day after, not ten years after.
    let one = order(&desk, 1);
    let signed = approval(&one, "lena-ohm", SignerRole::Author, Verdict::Approve, desk.now());
    let query = desk.ask_blast(&one, &[signed], &addresses(), &over(1), None).await.unwrap();
    assert!(query.value().looks_like_donors);
    for later in [0, DAY, window, 3_650 * DAY] {
        world.pass(later);
        let said = denied(&facts, 1).await;
        assert!(said.contains("by the shape of a list of donors"), "{later}: {said}");
    }
    // Other addresses keep their windows.
    let mut other = facts.clone();
    other.addresses = vec![Digest([4; 32])];
    assert_eq!(denied(&other, cap.subjects).await, "allowed");
}
