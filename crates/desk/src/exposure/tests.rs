use super::*;
use crate::ports::{BlastRadius, Pins};
use crate::world::{World, person_id, sign, signing_key, start, watch};
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{ApprovalV1, SignerRole, Verdict as Signed, approval_digest, approval_message};
use countersign_core::control::Action;
use countersign_core::exposure::{ListAnswer, Listing, OwnAddresses, RuleShare, Verdict};
use countersign_core::query::Rule;
use countersign_store::{Exposures as _, Openings as _};
use countersign_trace::gate::DutyAnswer;
use countersign_verify::exposure::check_exposure;
use ed25519_dalek::Signer as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A chain that says of every deposit what its number says; the gate in front of a real one is tested in `trace`.
struct Chain {
    pins: Mutex<Pins>,
    refusal: Mutex<Option<NoExposure>>,
    /// Deposits asked about.
    asked: AtomicU64,
}

impl Chain {
    fn new() -> Arc<Self> {
        let list = |name: &str, byte| Listing {
            name: name.into(),
            issuers: vec![format!("{name} office")],
            addresses: 40,
            left_out: 0,
            digest: Digest([byte; 32]),
        };
        let pins = Pins {
            lists: vec![list("XA", 1), list("XB", 2)],
            own: OwnAddresses { addresses: 9, digest: Digest([3; 32]) },
        };
        Arc::new(Self { pins: Mutex::new(pins), refusal: Mutex::default(), asked: AtomicU64::new(0) })
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(list: &Listing, exposed: bool) -> ListAnswer {
    let share = if exposed { ShareBand::Whole } else { ShareBand::Nothing };
    ListAnswer {
        list: list.name.clone(),
        shares: Rule::ALL.iter().map(|rule| RuleShare { rule: *rule, share }).collect(),
        payments: exposed.then_some(1),
        verdict: if exposed { Verdict::Above } else { Verdict::None },
    }
}

#[async_trait]
impl BlastRadius for Chain {
    async fn pins(&self, lists: &[String]) -> std::result::Result<Pins, String> {
        let pins = self.pins.lock().unwrap().clone();
        match lists.iter().find(|name| pins.lists.iter().all(|list| list.name != **name)) {
            Some(name) => Err(format!("there is no list `{name}`")),
            None => {
                Ok(Pins { lists: pins.lists.into_iter().filter(|list| lists.contains(&list.name)).collect(), ..pins })
            }
        }
    }

    async fn exposures(
        &self,
        order: &ExposureOrder,
        _now: Timestamp,
        deposits: &BTreeSet<Outpoint>,
    ) -> std::result::Result<DutyAnswer, NoExposure> {
        self.asked.fetch_add(deposits.len() as u64, Ordering::SeqCst);
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        let of = |deposit: &Outpoint| DepositAnswer {
            deposit: deposit.to_string(),
            lists: order.lists.iter().map(|list| answer(list, list.name == "XA" && deposit.vout == 7)).collect(),
        };
        let mut deposits: Vec<DepositAnswer> = deposits.iter().map(of).collect();
        deposits.sort_by(|left, right| left.deposit.cmp(&right.deposit));
        Ok(DutyAnswer { height: 900_000, deposits })
    }

    async fn exposed(&self, _chain: &str, _address: &str) -> std::result::Result<u64, String> {
        panic!("nobody counts clients here")
    }
}

fn deposits(numbers: std::ops::Range<u32>) -> BTreeSet<Outpoint> {
    numbers.map(|n| format!("{}:{n}", "ab".repeat(32)).parse().unwrap()).collect()
}

fn entry() -> ExposureEntry {
    ExposureEntry {
        authority: AuthorityId::parse("xa-district-court").unwrap(),
        basis: "Sanctions Act, section 12".into(),
        lists: vec!["XB".into(), "XA".into()],
        payments: 4,
        threshold: ShareBand::Hundredth,
        run: 10,
        day: 25,
        total: 40,
        graph_hours: 6,
        days: 30,
    }
}

fn approval(order: &Digest, who: &str, verdict: Signed, at: Timestamp) -> Vec<u8> {
    let (key, approver, role) = (signing_key(&format!("person:{who}")), person_id(who), SignerRole::Approver);
    let message = approval_message(&approval_digest(order, &approver, role, verdict, at));
    let signature = Base64::encode_string(&key.sign(&message).to_bytes());
    let key = format!("ed25519 {}", Digest(key.verifying_key().to_bytes()));
    let approval = Approval { v: ApprovalV1, order: *order, approver, role, verdict, at, key, signature };
    Exact::write(approval).unwrap().bytes().to_vec()
}

async fn desk(world: &World, chain: &Arc<Chain>) -> Desk {
    let mut desk = world.desk().await;
    desk.blast = Arc::clone(chain) as Arc<dyn BlastRadius>;
    desk
}

async fn proposed(desk: &Desk, entry: ExposureEntry) -> OrderId {
    desk.propose_exposure(entry, &person_id("lena-ohm")).await.unwrap().order.value().id
}

async fn signed_by(desk: &Desk, id: &OrderId, who: &str) -> Option<String> {
    let order = desk.exposure_order(id).await.unwrap().order.digest();
    desk.approve_exposure(id, &approval(&order, who, Signed::Approve, desk.now())).await.unwrap()
}

async fn standing(desk: &Desk, entry: ExposureEntry) -> OrderId {
    let id = proposed(desk, entry).await;
    assert!(signed_by(desk, &id, "anna-berg").await.is_some());
    assert_eq!(signed_by(desk, &id, "bruno-lind").await, None);
    id
}

fn code(outcome: Result<Exposed>) -> &'static str {
    match outcome {
        Ok(_) => "answered",
        Err(DeskError::Refused { code, .. }) => code,
        Err(DeskError::Input(_)) => "input",
        Err(DeskError::NotFound { .. }) => "not found",
        Err(DeskError::Store(_)) => "store",
        Err(other) => panic!("{other}"),
    }
}

async fn query_leaves(world: &World) -> usize {
    let closed = world.store.closed_leaves(0, 1_000).await.unwrap();
    assert!(closed.iter().all(|leaf| leaf.case.is_none()));
    closed.iter().filter(|leaf| leaf.kind == "query").count()
}

#[tokio::test]
async fn a_run_is_a_leaf_and_a_deposit_has_one_answer() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let id = standing(&desk, entry()).await;
    let first = desk.expose(&id, &deposits(5..8)).await.unwrap();
    let verdicts: Vec<Verdict> = first.answers.iter().map(|(_, answer)| answer.verdict()).collect();
    assert_eq!(verdicts, [Verdict::None, Verdict::None, Verdict::Above]);
    let run = first.run.unwrap();
    assert_eq!((run.value().number, run.value().previous, query_leaves(&world).await), (1, None, 1));
    // Asked again, with others: only the others are asked of the chain and counted.
    world.pass(60);
    let second = desk.expose(&id, &deposits(6..9)).await.unwrap();
    let numbers: Vec<u32> = second.answers.iter().map(|(number, _)| *number).collect();
    assert_eq!((numbers, chain.asked()), (vec![1, 1, 2], 4));
    assert_eq!(second.answers[..2], first.answers[1..]);
    assert_eq!(second.run.unwrap().value().previous, Some(run.digest()));
    // After a restart, and when the chain cannot be asked any more.
    let again = world.desk().await;
    let third = again.expose(&id, &deposits(5..9)).await.unwrap();
    assert_eq!((third.answers.len(), third.run, query_leaves(&world).await), (4, None, 2));
    let file = again.exposure_order(&id).await.unwrap();
    assert_eq!((file.runs, file.answered, file.today), (2, 4, 4));
    let facts = check_exposure(again.exposure_opening(&run).await.unwrap().bytes()).unwrap();
    assert_eq!((facts.order, facts.run, facts.number), (file.order.digest(), run.digest(), 1));
}

#[tokio::test]
async fn nothing_is_run_before_enough_people_in_force_have_signed() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let id = proposed(&desk, entry()).await;
    let order = desk.exposure_order(&id).await.unwrap().order.digest();
    let run = async || code(desk.expose(&id, &deposits(0..1)).await);
    assert_eq!(run().await, "NOT_APPROVED");
    for wrong in [
        approval(&order, "nobody-here", Signed::Approve, start()),
        approval(&Digest([9; 32]), "anna-berg", Signed::Approve, start()),
        approval(&order, "anna-berg", Signed::Approve, start().plus(DAY)),
        b"{}".to_vec(),
    ] {
        assert!(matches!(desk.approve_exposure(&id, &wrong).await, Err(DeskError::Input(_))));
    }
    // One is not two, and an agent of the support desk is no approver.
    signed_by(&desk, &id, "anna-berg").await;
    assert_eq!(run().await, "NOT_APPROVED");
    let as_agent = approval(&order, "ada-roth", Signed::Approve, start());
    assert!(matches!(desk.approve_exposure(&id, &as_agent).await, Err(DeskError::Input(_))));
    assert_eq!(run().await, "NOT_APPROVED");
    let twice = approval(&order, "anna-berg", Signed::Approve, start());
    assert!(matches!(desk.approve_exposure(&id, &twice).await, Err(DeskError::Input(_))));
    assert_eq!((signed_by(&desk, &id, "bruno-lind").await, run().await), (None, "answered"));
    // Who refuses stops it.
    let refused = approval(&order, "clara-voss", Signed::Refuse, desk.now());
    assert!(desk.approve_exposure(&id, &refused).await.unwrap().is_some());
    assert_eq!(run().await, "NOT_APPROVED");
    assert_eq!(code(desk.expose(&OrderId([5; 16]), &deposits(0..1)).await), "not found");
}

#[tokio::test]
async fn it_ends_with_its_time_a_hold_and_the_silence_of_who_signed() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let (id, held) = (standing(&desk, entry()).await, standing(&desk, entry()).await);
    let run = async |id: &OrderId| code(desk.expose(id, &deposits(0..1)).await);
    assert_eq!((run(&id).await, run(&held).await), ("answered", "answered"));
    let hold = desk.draft_change(Action::HoldOrder(held), None).await.unwrap();
    desk.publish_change(&hold, &[sign("person:anna-berg", hold.text())]).await.unwrap();
    assert_eq!((run(&id).await, run(&held).await), ("answered", "ORDER_HELD"));
    watch(&desk, "bruno-lind", Some(24)).await;
    world.pass(9 * DAY);
    assert_eq!(run(&id).await, "NOT_APPROVED");
    signed_by(&desk, &id, "clara-voss").await;
    assert_eq!(run(&id).await, "answered");
    world.pass(21 * DAY);
    assert_eq!(run(&id).await, "NOT_IN_FORCE");
}

#[tokio::test]
async fn runs_days_orders_and_deposits_are_used_up() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let id = standing(&desk, entry()).await;
    let run = async |numbers| code(desk.expose(&id, &deposits(numbers)).await);
    assert_eq!((run(0..0).await, run(0..11).await), ("input", "RUN_TOO_LARGE"));
    assert_eq!((run(0..10).await, run(10..20).await, run(20..26).await), ("answered", "answered", "DAY_SPENT"));
    assert_eq!(run(20..25).await, "answered");
    // What was answered stays answered, and costs nothing.
    assert_eq!((run(3..13).await, run(25..26).await), ("answered", "DAY_SPENT"));
    world.pass(DAY - 1);
    assert_eq!(run(25..26).await, "DAY_SPENT");
    world.pass(1);
    assert_eq!((run(25..35).await, run(35..41).await, run(35..40).await), ("answered", "TOTAL_SPENT", "answered"));
    assert_eq!(chain.asked(), 40);
    // Every order has a budget of its own, and one deposit one over all of them: list after list tells more than any of them.
    let mut answered = 1;
    loop {
        let next = standing(&desk, ExposureEntry { lists: vec!["XA".into()], ..entry() }).await;
        match code(desk.expose(&next, &deposits(0..1)).await) {
            "answered" => answered += 1,
            refused => break assert_eq!((refused, answered), ("DEPOSIT_SPENT", MAX_PER_DEPOSIT)),
        }
    }
}

#[tokio::test]
async fn what_the_gate_refuses_leaves_nothing() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let id = standing(&desk, entry()).await;
    let one: Outpoint = *deposits(0..1).first().unwrap();
    for (refusal, expected) in [
        (NoExposure::Unknown("there is no index".into()), "input"),
        (NoExposure::Refused(DutyRefusal::NoBlocks), "GRAPH_UNKNOWN"),
        (NoExposure::Refused(DutyRefusal::NotReached(4)), "GRAPH_UNKNOWN"),
        (NoExposure::Refused(DutyRefusal::TooOld { last: start(), hours: 6 }), "GRAPH_TOO_OLD"),
        (NoExposure::Refused(DutyRefusal::Ahead(start())), "GRAPH_TOO_OLD"),
        (NoExposure::Refused(DutyRefusal::OtherList("XA".into())), "OTHER_LIST"),
        (NoExposure::Refused(DutyRefusal::OtherAddresses), "OTHER_ADDRESSES"),
        (NoExposure::Refused(DutyRefusal::NotOwn(one)), "NOT_OWN_DEPOSIT"),
        (NoExposure::Refused(DutyRefusal::NotPaidToUs(one)), "NOT_OWN_DEPOSIT"),
        (NoExposure::Refused(DutyRefusal::NotInGraph(one)), "NOT_IN_GRAPH"),
    ] {
        *chain.refusal.lock().unwrap() = Some(refusal);
        assert_eq!(code(desk.expose(&id, &deposits(0..3)).await), expected);
    }
    *chain.refusal.lock().unwrap() = None;
    let file = desk.exposure_order(&id).await.unwrap();
    assert_eq!((file.runs, file.answered, query_leaves(&world).await), (0, 0, 0));
    assert_eq!(code(desk.expose(&id, &deposits(0..3)).await), "answered");
}

/// What cannot be kept is not told: here because another program of the same custodian was faster.
#[tokio::test]
async fn nothing_is_told_before_its_leaf_is_kept() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let id = standing(&desk, entry()).await;
    let order = desk.exposure_order(&id).await.unwrap().order.digest();
    struct Overtaken(Arc<Chain>, crate::Desk, OrderId);
    #[async_trait]
    impl BlastRadius for Overtaken {
        async fn exposures(
            &self,
            order: &ExposureOrder,
            now: Timestamp,
            deposits: &BTreeSet<Outpoint>,
        ) -> std::result::Result<DutyAnswer, NoExposure> {
            self.1.expose(&self.2, deposits).await.unwrap();
            self.0.exposures(order, now, deposits).await
        }

        async fn exposed(&self, _chain: &str, _address: &str) -> std::result::Result<u64, String> {
            panic!("nobody counts clients here")
        }
    }
    let faster = self::desk(&world, &chain).await;
    let mut slower = world.desk().await;
    slower.blast = Arc::new(Overtaken(Arc::clone(&chain), faster, id));
    assert_eq!(code(slower.expose(&id, &deposits(7..8)).await), "store");
    assert_eq!(
        (query_leaves(&world).await, world.store.deposits_answered(&order, Timestamp::MIN).await.unwrap()),
        (1, 1)
    );
    assert_eq!(code(slower.expose(&id, &deposits(7..8)).await), "answered");
}

#[tokio::test]
async fn an_order_that_breaks_a_rule_is_not_proposed() {
    let (world, chain) = (World::new().await, Chain::new());
    let desk = desk(&world, &chain).await;
    let propose = async |entry| match desk.propose_exposure(entry, &person_id("lena-ohm")).await {
        Err(DeskError::Input(reason)) => reason,
        Err(other) => other.to_string(),
        Ok(_) => "proposed".to_owned(),
    };
    for (entry, reason) in [
        (ExposureEntry { lists: vec!["XC".into()], ..entry() }, "no list `XC`"),
        (ExposureEntry { lists: Vec::new(), ..entry() }, "`lists` are not 1 to 10"),
        (ExposureEntry { days: 91, ..entry() }, "90 days"),
        (ExposureEntry { run: 26, ..entry() }, "fall"),
        (ExposureEntry { authority: AuthorityId::parse("xz-nobody").unwrap(), ..entry() }, "xz-nobody"),
    ] {
        let said = propose(entry).await;
        assert!(said.contains(reason), "{said}");
    }
    assert!(desk.exposure_orders().await.unwrap().is_empty());
    // Where there is no index of the chain there is nothing to pin.
    let without = world.desk().await;
    let said = without.propose_exposure(entry(), &person_id("lena-ohm")).await.err().map(|error| error.to_string());
    assert!(said.is_some_and(|said| said.contains("no index of the chain")));
    assert_eq!(propose(entry()).await, "proposed");
    assert_eq!(desk.exposure_orders().await.unwrap().len(), 1);
}
