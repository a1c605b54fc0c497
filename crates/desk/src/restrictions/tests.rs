//! Restrictions through a desk: two people, once, reversible, appealed against, told in order.

use super::notices::{MOST_ATTEMPTS, pause};
use super::*;
use crate::step::tests::lena;
use crate::world::{World, person_id, roster_key, signing_key, watch};
use base64ct::{Base64, Encoding};
use countersign_core::approval::{ApprovalV1, SignerRole, approval_digest, approval_message};
use countersign_core::digest;
use countersign_core::restriction::{Act, AppealOutcome, Computed, Effect, Items, PackRef, Plan, Planned, PlannedV1};
use countersign_core::time::{DAY, Date, HOUR, MINUTE};
use countersign_store::journal::Journal as _;
use countersign_store::{QueuedNotice, Sent};
use countersign_tlog::leaf::LeafId;
use ed25519_dalek::Signer as _;
use proptest::prelude::*;

const RULE: &str = "eu.5b.2/v1";

fn approval(person: &str, role: SignerRole, verdict: Verdict, digest: &Digest, at: Timestamp) -> Exact<Approval> {
    let party = format!("person:{person}");
    let signed = approval_digest(digest, &person_id(person), role, verdict, at);
    let signature = Base64::encode_string(&signing_key(&party).sign(&approval_message(&signed)).to_bytes());
    let approver = person_id(person);
    let key = roster_key(&party);
    Exact::write(Approval { v: ApprovalV1, order: *digest, approver, role, verdict, at, key, signature }).unwrap()
}

fn line(account: &str, rule: &str) -> Planned {
    Planned {
        v: PlannedV1,
        account: account.into(),
        rule: rule.into(),
        effect: Effect::CloseAndReturn,
        reasons: vec!["10000.01 EUR is more than 10000.00 EUR of crypto".into()],
        evidence: vec!["evidence of: permit in {eu}".into()],
    }
}

fn computed() -> Computed {
    Computed {
        pack: PackRef { name: "eu-833-2014-art5b".into(), digest: digest::plain(b"pack") },
        day: Date::parse("2022-04-21").unwrap(),
        population: digest::plain(b"population"),
        valuation: None,
    }
}

fn draft(desk: &Desk, computed: Option<Computed>, count: u64) -> Exact<Plan> {
    let items = Items { count, digest: digest::plain(b"items") };
    desk.draft_plan(computed, "the act".into(), items, &lena()).unwrap()
}

fn signed(desk: &Desk, plan: Exact<Plan>) -> SignedPlan {
    let (digest, at) = (plan.digest(), desk.now());
    let author = approval("lena-ohm", SignerRole::Author, Verdict::Approve, &digest, at);
    let approver = approval("anna-berg", SignerRole::Approver, Verdict::Approve, &digest, at);
    desk.signed_plan(plan, author, approver).unwrap()
}

fn plan(desk: &Desk) -> SignedPlan {
    signed(desk, draft(desk, Some(computed()), 3))
}

fn input<T>(refused: Result<T>) -> String {
    match refused {
        Err(error @ (DeskError::Input(_) | DeskError::NotFound { .. })) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

async fn acts(desk: &Desk, account: &str) -> Vec<Act> {
    desk.restriction(account, RULE).await.unwrap().iter().map(|record| record.value().act).collect()
}

/// Sends everything that is due; returns what the exchange core was told.
async fn deliver(desk: &Desk) -> Vec<(String, u64, Option<Effect>)> {
    let mut told = Vec::new();
    loop {
        let due = desk.notices_to_send(desk.now(), 10).await.unwrap();
        if due.is_empty() {
            return told;
        }
        for queued in due {
            let notice = queued.notice.value();
            told.push((notice.account.clone(), notice.sequence, notice.effect));
            desk.notice_taken(&queued, "taken").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_restriction_applied_twice_is_one_and_comes_off_again() {
    let world = World::new().await;
    let desk = world.desk().await;
    let first = plan(&desk);
    let lines = [line("A-1", RULE), line("A-2", RULE), line("A-1", "eu.5b.1/v2")];
    assert_eq!(desk.do_lines(&first, &lines).await.unwrap(), Applied { done: 3, before: 0 });
    // Again by the same plan, by another plan, and after a restart.
    assert_eq!(desk.do_lines(&first, &lines).await.unwrap(), Applied { done: 0, before: 3 });
    let desk = world.desk().await;
    world.pass(1);
    assert_eq!(desk.do_lines(&plan(&desk), &lines).await.unwrap(), Applied { done: 0, before: 3 });
    assert_eq!(acts(&desk, "A-1").await, [Act::Apply]);
    let record = desk.restriction("A-1", RULE).await.unwrap().remove(0);
    assert_eq!(record.value().by, [lena(), person_id("anna-berg")]);
    assert_eq!(record.value().plan, Some(first.plan().digest()));
    let restricted = Some(Effect::CloseAndReturn);
    let mut told = deliver(&desk).await;
    told.sort();
    assert_eq!(told, [("A-1".into(), 1, restricted), ("A-1".into(), 2, restricted), ("A-2".into(), 1, restricted)]);

    let off = signed(&desk, draft(&desk, None, 1));
    assert_eq!(desk.do_lines(&off, &lines[..1]).await.unwrap(), Applied { done: 1, before: 0 });
    assert_eq!(desk.do_lines(&off, &lines[..1]).await.unwrap(), Applied { done: 0, before: 1 });
    assert_eq!(
        desk.do_lines(&off, &[line("A-9", RULE)]).await.unwrap(),
        Applied { done: 0, before: 1 },
        "it never was"
    );
    assert_eq!(acts(&desk, "A-1").await, [Act::Apply, Act::Reverse]);
    assert_eq!(deliver(&desk).await, [("A-1".into(), 3, restricted)], "the other rule still stands");
    assert_eq!(desk.do_lines(&plan(&desk), &lines[..1]).await.unwrap().done, 1, "what was taken off may come again");
    let totals = desk.restriction_totals().await.unwrap();
    let of = totals.rules[&(RULE.to_owned(), digest::plain(b"pack"))];
    assert_eq!((of.applied, of.reversed, of.standing(), totals.leaves), (3, 1, 2, 5));
}

#[tokio::test]
async fn two_different_people_in_force_sign_exactly_this_plan() {
    let world = World::new().await;
    let desk = world.desk().await;
    let plan = draft(&desk, Some(computed()), 3);
    let (of_plan, now) = (plan.digest(), desk.now());
    let sign = |person: &str, role, verdict, digest: &Digest, at| approval(person, role, verdict, digest, at);
    let author = sign("lena-ohm", SignerRole::Author, Verdict::Approve, &of_plan, now);
    let good = sign("anna-berg", SignerRole::Approver, Verdict::Approve, &of_plan, now);
    desk.signed_plan(plan.clone(), author.clone(), good.clone()).unwrap();
    world.pass(PLAN_LIFE);
    desk.signed_plan(plan.clone(), author.clone(), good.clone()).unwrap();
    world.pass(1);
    assert!(input(desk.signed_plan(plan.clone(), author.clone(), good.clone())).contains("was good until"));
    world.pass(-PLAN_LIFE - 1);
    let other = digest::plain(b"another plan");
    for (bad, why) in [
        (sign("anna-berg", SignerRole::Approver, Verdict::Refuse, &of_plan, now), "refuses"),
        (sign("anna-berg", SignerRole::Approver, Verdict::Approve, &other, now), "is over another"),
        (sign("anna-berg", SignerRole::Approver, Verdict::Approve, &of_plan, now.plus(HOUR)), "later than now"),
        (sign("eva-stone", SignerRole::Counsel, Verdict::Approve, &of_plan, now), "as author or as approver"),
        (sign("lena-ohm", SignerRole::Approver, Verdict::Approve, &of_plan, now), "role"),
        (sign("nobody-here", SignerRole::Approver, Verdict::Approve, &of_plan, now), "not in force"),
        (author.clone(), "is not of its approver"),
    ] {
        let refused = input(desk.signed_plan(plan.clone(), author.clone(), bad).map(drop));
        assert!(refused.contains(why), "{why}: {refused}");
    }
    let mut forged = good.value().clone();
    forged.signature = author.value().signature.clone();
    assert!(input(desk.signed_plan(plan.clone(), author.clone(), Exact::write(forged).unwrap())).contains("signature"));
    let mut stranger = plan.value().clone();
    stranger.custodian = countersign_core::id::CustodianId([8; 16]);
    assert!(input(desk.signed_plan(Exact::write(stranger).unwrap(), author, good)).contains("another custodian"));
    // An officer who is an approver as well cannot approve what he wrote: the rule is about the person.
    let written_by_approver = Plan { author: person_id("anna-berg"), ..plan.value().clone() };
    let written_by_approver = Exact::write(written_by_approver).unwrap();
    let own = sign("anna-berg", SignerRole::Approver, Verdict::Approve, &written_by_approver.digest(), now);
    assert!(input(desk.check_plan_signature(&written_by_approver, &own)).contains("another person has to approve"));
    assert_eq!(world.journal.entries(0, 10).await.unwrap().len(), 1, "nothing reached the journal");
}

#[tokio::test]
async fn who_is_silent_signs_no_plan() {
    let world = World::new().await;
    let desk = world.desk().await;
    watch(&desk, "anna-berg", Some(24)).await;
    world.pass(7 * DAY);
    let plan = draft(&desk, Some(computed()), 3);
    let (of_plan, now) = (plan.digest(), desk.now());
    let author = approval("lena-ohm", SignerRole::Author, Verdict::Approve, &of_plan, now);
    let approver = |who| approval(who, SignerRole::Approver, Verdict::Approve, &of_plan, now);
    let refused = input(desk.signed_plan(plan.clone(), author.clone(), approver("anna-berg")));
    assert!(refused.contains("`anna-berg` is not in force"), "{refused}");
    desk.signed_plan(plan, author, approver("bruno-lind")).unwrap();
}

#[tokio::test]
async fn all_comes_after_one_percent_that_the_exchange_core_has_taken() {
    let world = World::new().await;
    let desk = world.desk().await;
    let plan = plan(&desk);
    let taken = (0..250).filter(|place| PlanStage::OnePercent.takes(*place)).collect::<Vec<_>>();
    assert_eq!(taken, [0, 100, 200]);
    assert!(input(desk.check_stage(&plan, PlanStage::All).await).contains("one percent first"));
    desk.check_stage(&plan, PlanStage::OnePercent).await.unwrap();
    desk.do_lines(&plan, &[line("A-1", RULE)]).await.unwrap();
    assert!(input(desk.check_stage(&plan, PlanStage::All).await).contains("one percent first"), "not finished");
    desk.finish_stage(&plan, PlanStage::OnePercent).await.unwrap();
    assert!(input(desk.check_stage(&plan, PlanStage::All).await).contains("has not taken 1 notices"));
    let queued = desk.notices_to_send(desk.now(), 1).await.unwrap().remove(0);
    desk.notice_failed(&queued, false, "refused: 404").await.unwrap();
    assert!(input(desk.check_stage(&plan, PlanStage::All).await).contains("dead letters"));
    desk.revive_notice(&queued.notice.value().id).await.unwrap();
    deliver(&desk).await;
    desk.check_stage(&plan, PlanStage::All).await.unwrap();
    desk.do_lines(&plan, &[line("A-2", RULE)]).await.unwrap();
    desk.check_stage(&plan, PlanStage::All).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_before_the_log_has_it() {
    let world = World::new().await;
    let desk = world.desk().await;
    desk.do_lines(&plan(&desk), &[line("A-1", RULE)]).await.unwrap();
    world.log.set_broken(true);
    assert!(matches!(desk.notices_to_send(desk.now(), 5).await, Err(DeskError::Journal(_))));
    world.log.set_broken(false);
    assert_eq!(deliver(&desk).await.len(), 1);
    assert_eq!(world.journal.entries(0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_appeal_is_decided_by_somebody_who_had_no_part() {
    let world = World::new().await;
    let desk = world.desk_with(None, Vec::new(), vec![age_recipient()]).await;
    desk.do_lines(&plan(&desk), &[line("A-1", RULE)]).await.unwrap();
    deliver(&desk).await;
    let appeal = |paper: &[u8]| NewAppeal {
        account: "A-1".into(),
        rule: RULE.into(),
        paper: paper.to_vec(),
        why: "holds a residence permit".into(),
        due: desk.now().plus(30 * DAY),
    };
    assert!(input(desk.appeal_restriction(appeal(b""), &lena()).await).contains("0 bytes"));
    assert!(
        input(desk.appeal_restriction(NewAppeal { rule: "eu.x/v1".into(), ..appeal(b"x") }, &lena()).await)
            .contains("no restriction")
    );
    let decide = async |person: &str, outcome| -> Result<Exact<Record>> {
        let why = "the permit is genuine".to_owned();
        let decision = desk.draft_appeal_decision("A-1", RULE, outcome, why, &person_id(person)).await?;
        let by = approval(person, SignerRole::Approver, Verdict::Approve, &decision.digest(), desk.now());
        desk.decide_appeal("A-1", RULE, &decision, &by).await
    };
    assert!(input(decide("bruno-lind", AppealOutcome::Uphold).await).contains("is open"));
    let taken = desk.appeal_restriction(appeal(b"a scanned permit"), &lena()).await.unwrap();
    let paper = taken.value().paper.clone().unwrap();
    let kept = desk.store.document(&paper.sealed).await.unwrap().unwrap().bytes;
    assert!(!kept.windows(9).any(|part| part == b"a scanned"), "only the case officers read it");
    assert!(input(desk.appeal_restriction(appeal(b"again"), &lena()).await).contains("an appeal is open"));
    assert_eq!(desk.open_appeals().await.unwrap(), std::slice::from_ref(&taken));
    assert!(deliver(&desk).await.is_empty(), "an appeal changes nothing for the exchange core");

    for involved in ["lena-ohm", "anna-berg"] {
        assert!(input(decide(involved, AppealOutcome::Reverse).await).contains("another person has to decide"));
    }
    let decision = desk
        .draft_appeal_decision("A-1", RULE, AppealOutcome::Reverse, "genuine".into(), &person_id("bruno-lind"))
        .await
        .unwrap();
    let other = approval("clara-voss", SignerRole::Approver, Verdict::Approve, &decision.digest(), desk.now());
    assert!(input(desk.decide_appeal("A-1", RULE, &decision, &other).await).contains("somebody else"));
    let upheld = decide("bruno-lind", AppealOutcome::Uphold).await.unwrap();
    assert_eq!(upheld.value().act, Act::Uphold);
    let old = approval("bruno-lind", SignerRole::Approver, Verdict::Approve, &decision.digest(), desk.now());
    assert!(input(desk.decide_appeal("A-1", RULE, &decision, &old).await).contains("is open"));
    // New evidence, another appeal; the decision on the first does not fit it.
    desk.appeal_restriction(appeal(b"the original"), &lena()).await.unwrap();
    assert!(input(desk.decide_appeal("A-1", RULE, &decision, &old).await).contains("another appeal"));
    let reversed = decide("clara-voss", AppealOutcome::Reverse).await.unwrap();
    assert!(!reversed.value().stands() && desk.open_appeals().await.unwrap().is_empty());
    assert_eq!(deliver(&desk).await, [("A-1".into(), 5, None)]);
    assert_eq!(acts(&desk, "A-1").await, [Act::Apply, Act::Appeal, Act::Uphold, Act::Appeal, Act::Reverse]);
    let totals = desk.restriction_totals().await.unwrap();
    let of = totals.rules.values().next().unwrap();
    assert_eq!((of.applied, of.appealed, of.upheld, of.reversed), (1, 2, 1, 1));
}

fn age_recipient() -> String {
    age::x25519::Identity::generate().to_public().to_string()
}

#[tokio::test]
async fn a_notice_is_tried_with_growing_pauses_and_then_given_up() {
    let world = World::new().await;
    let desk = world.desk().await;
    desk.do_lines(&plan(&desk), &[line("A-1", RULE)]).await.unwrap();
    let mut attempts = 0;
    let mut first: Option<QueuedNotice> = None;
    loop {
        let Some(queued) = desk.notices_to_send(desk.now(), 1).await.unwrap().pop() else { break };
        assert_eq!(queued.attempts, attempts);
        assert_eq!(first.get_or_insert_with(|| queued.clone()).notice, queued.notice, "the same bytes each time");
        attempts += 1;
        match desk.notice_failed(&queued, true, "no answer\nat all").await.unwrap() {
            Sent::Again(due) => {
                assert_eq!(due, desk.now().plus(pause(attempts)));
                world.pass(pause(attempts) - 1);
                assert!(desk.notices_to_send(desk.now(), 1).await.unwrap().is_empty());
                world.pass(1);
            }
            Sent::GivenUp => break,
            Sent::Delivered => panic!("delivered"),
        }
    }
    assert_eq!(attempts, MOST_ATTEMPTS);
    let dead = desk.store.dead_notices().await.unwrap();
    assert_eq!((dead.len(), dead[0].said.as_str()), (1, "no answer at all"));
    assert_eq!(
        [1, 2, 3, 9, 10, 63, 64, 65, u32::MAX].map(pause),
        [MINUTE, 2 * MINUTE, 4 * MINUTE, 256 * MINUTE, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]
    );
    desk.tell_again("A-1").await.unwrap();
    assert_eq!(deliver(&desk).await, [("A-1".into(), 1, Some(Effect::CloseAndReturn))]);
    assert!(input(desk.tell_again("A-9").await).contains("A-9"));
}

#[tokio::test]
async fn leaves_tell_no_account_and_make_the_totals() {
    let world = World::new().await;
    let desk = world.desk().await;
    desk.do_lines(&plan(&desk), &[line("ACCOUNT-7", RULE)]).await.unwrap();
    deliver(&desk).await;
    let entry = world.journal.entries(1, 1).await.unwrap().remove(0);
    let disclosures = desk.store.disclosures_of(&entry.key).await.unwrap().unwrap();
    assert_eq!(disclosures.kind, "restriction");
    let fields = countersign_tlog::leaf::check_disclosures(&entry.leaf, &disclosures.list).unwrap();
    let text = serde_json::to_string(&fields).unwrap();
    assert!(!text.contains("ACCOUNT-7") && text.contains(RULE) && text.contains("close_and_return"), "{text}");
    let mut totals = Totals::default();
    assert!(totals.count_leaf(&fields).unwrap());
    assert_eq!(totals, desk.restriction_totals().await.unwrap());
    // Anybody counts what was opened, and nothing before all of it is.
    let sealed = countersign_tlog::leaf::Disclosure::parse;
    let all: Vec<_> = disclosures.list.iter().map(|text| sealed(text).unwrap()).collect();
    let opening = |disclosures: &[countersign_tlog::leaf::Disclosure]| {
        let opened = countersign_tlog::leaf::Opened { index: entry.index, disclosures: disclosures.to_vec() };
        countersign_tlog::leaf::OpeningLeaf::new(LeafId([4; 16]), 1, vec![opened]).unwrap().to_bytes().unwrap()
    };
    let (mut opened, mut counted) = (Opened::default(), Totals::default());
    opened.take(&entry.leaf).unwrap();
    assert!(!opened.count(entry.index, &entry.leaf, &mut counted).unwrap(), "nothing is open");
    opened.take(&opening(&all[..4])).unwrap();
    assert!(!opened.count(entry.index, &entry.leaf, &mut counted).unwrap(), "not all of it");
    opened.take(&opening(&all[4..])).unwrap();
    assert!(opened.count(entry.index, &entry.leaf, &mut counted).unwrap());
    assert_eq!(counted, totals);
    let genesis = world.journal.entries(0, 1).await.unwrap().remove(0);
    assert!(opened.count(entry.index, &genesis.leaf, &mut counted).is_err(), "of another leaf");
    assert!(opened.take(b"no leaf").is_err());
    for name in LeafKind::Restriction.fields().iter().chain([&"kind"]) {
        let mut withheld = fields.clone();
        withheld.remove(*name);
        assert!(Totals::default().count_leaf(&withheld).is_err(), "{name}");
    }
    let other: BTreeMap<String, Value> = [("kind".to_owned(), Value::from("dummy"))].into();
    assert!(!Totals::default().count_leaf(&other).unwrap());
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Apply(u8),
    Reverse(u8),
    Appeal(u8),
    Decide(u8, bool),
    Send(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u8).prop_map(Step::Apply),
        (0..3_u8).prop_map(Step::Reverse),
        (0..3_u8).prop_map(Step::Appeal),
        (0..3_u8, any::<bool>()).prop_map(|(account, reverse)| Step::Decide(account, reverse)),
        any::<bool>().prop_map(Step::Send),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever happens in whatever order: an exchange core that keeps the notice with the highest sequence stands in the end as the
    /// records say, and the totals from the leaves are those of the records.
    #[test]
    fn the_exchange_core_follows_the_records(steps in proptest::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let desk = world.desk_with(None, Vec::new(), vec![age_recipient()]).await;
            let mut core: BTreeMap<String, (u64, Option<Effect>)> = BTreeMap::new();
            let account = |n: u8| format!("A-{n}");
            let (on, off) = (plan(&desk), signed(&desk, draft(&desk, None, 1)));
            for step in steps {
                world.pass(1);
                match step {
                    Step::Apply(n) => drop(desk.do_lines(&on, &[line(&account(n), RULE)]).await.unwrap()),
                    Step::Reverse(n) => drop(desk.do_lines(&off, &[line(&account(n), RULE)]).await),
                    Step::Appeal(n) => {
                        let due = desk.now().plus(DAY);
                        let appeal = NewAppeal { account: account(n), rule: RULE.into(), paper: b"x".to_vec(), why: "no".into(), due };
                        let _ = desk.appeal_restriction(appeal, &lena()).await;
                    }
                    Step::Decide(n, reverse) => {
                        let outcome = if reverse { AppealOutcome::Reverse } else { AppealOutcome::Uphold };
                        let by = person_id("bruno-lind");
                        if let Ok(decision) = desk.draft_appeal_decision(&account(n), RULE, outcome, "so".into(), &by).await {
                            let by = approval("bruno-lind", SignerRole::Approver, Verdict::Approve, &decision.digest(), desk.now());
                            desk.decide_appeal(&account(n), RULE, &decision, &by).await.unwrap();
                        }
                    }
                    Step::Send(works) => {
                        for queued in desk.notices_to_send(desk.now(), 2).await.unwrap() {
                            if works { take(&mut core, &queued); desk.notice_taken(&queued, "taken").await.unwrap(); }
                            else { desk.notice_failed(&queued, true, "no").await.unwrap(); }
                        }
                    }
                }
            }
            world.pass(DAY);
            loop {
                let due = desk.notices_to_send(desk.now(), 2).await.unwrap();
                if due.is_empty() { break }
                for queued in due { take(&mut core, &queued); desk.notice_taken(&queued, "taken").await.unwrap(); }
            }
            for n in 0..3 {
                let heads = desk.restrictions_on(&account(n)).await.unwrap();
                let stands = heads.iter().map(Exact::value).filter(|head| head.stands()).map(|head| head.effect).max();
                assert_eq!(core.get(&account(n)).and_then(|(_, effect)| *effect), stands);
            }
            desk.restriction_totals().await.unwrap();
        });
    }
}

fn take(core: &mut BTreeMap<String, (u64, Option<Effect>)>, queued: &QueuedNotice) {
    let notice = queued.notice.value();
    let kept = core.entry(notice.account.clone()).or_default();
    if notice.sequence >= kept.0 {
        *kept = (notice.sequence, notice.effect);
    }
}
