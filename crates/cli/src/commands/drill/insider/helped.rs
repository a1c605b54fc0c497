//! The agent with the operator's help: orders of their own making, past the queue, under the desk's key.

use super::{ada, ben, handles, names};
use crate::ceremony::random;
use crate::commands::drill::ground::Ground;
use crate::commands::read::reader_of;
use crate::demo::adversary::control_leaf;
use crate::demo::operator::{all_refused, publish, signature};
use crate::demo::report::Report;
use crate::demo::story::{Story, note_refusals};
use crate::edge;
use crate::signer::Signer;
use anyhow::{Context, Result};
use base64ct::{Base64, Encoding};
use countersign_core::approval::SignerRole;
use countersign_core::class::{Class, ClassSet};
use countersign_core::consent::{CONSENT_NAMESPACE, Consent, ConsentV1, consent_message};
use countersign_core::control::{Action, Person, Role};
use countersign_core::id::{AuthorityId, Digest, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope};
use countersign_core::reading::{DAILY_OPERATION, Lane, Reading, ReadingV1, Reason};
use countersign_core::time::MINUTE;
use countersign_desk::ports::Journal;
use countersign_desk::release::Said;
use countersign_seal::transport::{TransportKey, TransportSecret};
use countersign_store::{Cases, NewLeaf, Register};
use countersign_tlog::leaf::{LeafId, seal_fields, tick_of};
use countersign_verify::manifest::Manifest;
use countersign_verify::wire::{HexBytes, LeafEvidence, ReleaseRequest, RequestV1, Signed};

/// A reading of the operator's own making.
struct Forged {
    order: Exact<Order>,
    reading: Exact<Reading>,
    manifest: Exact<Manifest>,
    signed: Vec<String>,
}

impl Forged {
    /// Of these clients, by `agent`, to `key`.
    async fn of(
        story: &Story,
        lane: Lane,
        agent: &PersonId,
        key: &TransportKey,
        clients: &[usize],
        classes: &ClassSet,
    ) -> Result<Self> {
        let desk = &story.custody.desk;
        let custodian = desk.custodian();
        let manifest = Exact::write(desk.manifest(&handles(story, clients).await?, classes).await?)?;
        let mut rng = edge::rng()?;
        let reading = Exact::write(Reading {
            v: ReadingV1,
            case: Digest(random(&mut rng)),
            lane,
            agent: agent.clone(),
            reason: Reason::Payment,
            key: Base64::encode_string(key.bytes()),
        })?;
        let now = desk.now();
        let expires = now.plus(lane.max_lifetime());
        let order = Exact::write(Order {
            v: OrderV1,
            id: OrderId(random(&mut rng)),
            custodian: custodian.genesis.value().custodian.id,
            case: reading.value().case,
            kind: Kind::Read,
            authority: AuthorityId::parse(DAILY_OPERATION)?,
            instrument: InstrumentRef { form: Instrument::Informal, request: Digest(random(&mut rng)) },
            policy: custodian.bundle.digest(),
            facts: reading.digest(),
            scope: Scope {
                manifest: manifest.value().root()?,
                subjects: u32::try_from(clients.len())?,
                records: u32::try_from(manifest.value().entries.len())?,
                classes: manifest.value().classes(),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Reviewer, key: key.digest() },
            not_before: now,
            expires,
            latest_opening: expires.quarter_end(),
            delay: None,
            notice_due: None,
            ring: custodian.ring.as_ref().context("no ring")?.ring.id(),
        })?;
        Ok(Self { order, reading, manifest, signed: Vec::new() })
    }

    /// A case read by Ada, to her key.
    async fn by_ada(story: &Story, lane: Lane, clients: &[usize]) -> Result<Self> {
        let key = reader_of(&story.custody, &ada()?)?.public()?;
        Self::of(story, lane, &ada()?, &key, clients, &names()).await
    }

    fn signed_by(mut self, story: &Story, signers: &[(&PersonId, SignerRole)]) -> Result<Self> {
        for (person, role) in signers {
            self.signed.push(signature(story, &self.order, person, *role)?.text().to_owned());
        }
        Ok(self)
    }

    /// Published, and asked of every trustee.
    async fn attempt(&self, story: &Story, report: &mut Report) -> Result<Vec<Said>> {
        let public = publish(story, &self.order).await?;
        self.ask(story, &public.evidence(None)?, usize::MAX, report).await
    }

    /// Published, asked of every trustee, and refused by each with this code.
    async fn refused(&self, story: &Story, attempt: &str, code: &str, report: &mut Report) -> Result<()> {
        let said = self.attempt(story, report).await?;
        outcome(report, attempt, &said, code);
        Ok(())
    }

    /// Asked of trustees in turn until so many have answered.
    async fn ask(&self, story: &Story, leaf: &LeafEvidence, enough: usize, report: &mut Report) -> Result<Vec<Said>> {
        let desk = &story.custody.desk;
        let ring = desk.custodian().ring.as_ref().context("no ring")?;
        let mut headers = Vec::new();
        for entry in &self.manifest.value().entries {
            let record = story.custody.store.record(&entry.record).await?.context("no such record")?;
            headers.push(HexBytes(record.header.to_vec()));
        }
        let first = usize::from(self.order.value().id.as_bytes()[0]);
        let trustees = desk.trustees();
        let mut said: Vec<Said> = Vec::new();
        for trustee in trustees.iter().cycle().skip(first % trustees.len()).take(trustees.len()) {
            if said.iter().filter(|said| said.reply.is_some()).count() >= enough {
                break;
            }
            let request = ReleaseRequest {
                v: RequestV1,
                custodian: desk.custodian().genesis.value().custodian.id,
                trustee: trustee.index(),
                at: desk.now(),
                ring: ring.ring.id(),
                share_epoch: ring.shares.value().epoch,
                order: self.order.text().to_owned(),
                facts: self.reading.text().to_owned(),
                manifest: self.manifest.text().to_owned(),
                approvals: self.signed.clone(),
                leaf: leaf.clone(),
                delay: None,
                headers: headers.clone(),
                binding: None,
                standing: None,
            };
            let request = Signed::sign(request, &desk.custodian().desk_key)?;
            said.push(desk.ask(trustee.as_ref(), &self.order.digest(), request.text().as_bytes()).await?);
        }
        note_refusals(report, &said);
        Ok(said)
    }
}

fn outcome(report: &mut Report, attempt: &str, said: &[Said], code: &str) {
    report.set(attempt, code);
    report.expect(&format!("{attempt}: every trustee refuses with {code}"), all_refused(said, code));
}

pub(super) async fn absent_client(story: &Story, report: &mut Report) -> Result<()> {
    let ada = ada()?;
    let mut absent =
        Forged::by_ada(story, Lane::ClientPresent, &[8]).await?.signed_by(story, &[(&ada, SignerRole::Agent)])?;
    absent.refused(story, "no_consent", "CONSENT_INVALID", report).await?;
    let signer = crate::ceremony::signer_of(story.place(), &ada)?;
    let at = story.custody.desk.now();
    let mut consent =
        Consent { v: ConsentV1, order: absent.order.digest(), at, key: signer.public(), signature: String::new() };
    consent.signature = signer.sign(CONSENT_NAMESPACE, &consent_message(&consent.signed_digest()))?;
    absent.signed.push(Exact::write(consent)?.text().to_owned());
    absent.refused(story, "consent_of_the_agent", "CONSENT_INVALID", report).await?;
    Ok(())
}

pub(super) async fn invents_agents(story: &Story, report: &mut Report) -> Result<()> {
    let puppet = PersonId::parse("paul-pup")?;
    let key = Signer::Plain(ed25519_dalek::SigningKey::from_bytes(&edge::seed()?));
    let reader = TransportSecret::from_seed(edge::seed()?).public()?;
    let head = crate::ceremony::signer_of(story.place(), &story.cast.regional_head)?;
    let state = "XA".parse()?;
    let person = Person {
        id: puppet.clone(),
        roles: vec![Role::Agent],
        state,
        manages: Vec::new(),
        independent: false,
        reach: crate::ceremony::reach(&[state], story.custody.desk.now()),
        keys: vec![key.public()],
        reader: Some(reader.digest()),
    };
    control_leaf(story, Action::AddPerson(person), &[("person:roman-karel", &head)]).await?;
    let rejected = story.custody.desk.control().rejected().last().map(|rejected| rejected.reason.clone());
    report.set("puppet_leaf", rejected.unwrap_or_default());
    let mut forged = Forged::of(story, Lane::Case, &puppet, &reader, &[9], &names()).await?;
    let now = story.custody.desk.now();
    let verdict = countersign_core::approval::Verdict::Approve;
    let signed = key.approve(&forged.order.digest(), &puppet, SignerRole::Agent, verdict, now)?;
    forged.signed.push(signed.text().to_owned());
    forged.refused(story, "puppet_reads", "AGENT_NOT_IN_FORCE", report).await?;
    Ok(())
}

pub(super) async fn another_reader(story: &Story, report: &mut Report) -> Result<()> {
    let (ada, ben) = (ada()?, ben()?);
    let own = TransportSecret::from_seed(edge::seed()?).public()?;
    let forged = Forged::of(story, Lane::Case, &ada, &own, &[9], &names()).await?;
    let forged = forged.signed_by(story, &[(&ada, SignerRole::Agent)])?;
    forged.refused(story, "to_a_key_of_his_own", "RECIPIENT_NOT_IN_FORCE", report).await?;
    let hers = reader_of(&story.custody, &ben)?.public()?;
    let mut forged = Forged::of(story, Lane::Case, &ben, &hers, &[9], &names()).await?;
    let his = signature(story, &forged.order, &ada, SignerRole::Agent)?;
    forged.signed.push(his.text().replace(ada.as_str(), ben.as_str()));
    forged.refused(story, "in_a_colleagues_name", "APPROVAL_INVALID", report).await?;
    Ok(())
}

pub(super) async fn breaks_the_glass(story: &Story, report: &mut Report) -> Result<()> {
    let (ada, ben) = (ada()?, ben()?);
    let alone = Forged::by_ada(story, Lane::BreakGlass, &[10]).await?.signed_by(story, &[(&ada, SignerRole::Agent)])?;
    alone.refused(story, "alone", "SIGNERS_MISSING", report).await?;
    let near = [(&ada, SignerRole::Agent), (&story.cast.officer, SignerRole::Peer)];
    let near = Forged::by_ada(story, Lane::BreakGlass, &[10]).await?.signed_by(story, &near)?;
    near.refused(story, "with_his_neighbour", "SIGNERS_MISSING", report).await?;
    let both = [(&ada, SignerRole::Agent), (&ben, SignerRole::Peer)];
    let hasty = Forged::by_ada(story, Lane::BreakGlass, &[10]).await?.signed_by(story, &both)?;
    hasty.refused(story, "at_once", "WAITING", report).await?;
    let key = reader_of(&story.custody, &ada)?.public()?;
    let bank = Forged::of(story, Lane::BreakGlass, &ada, &key, &[10], &ClassSet::new([Class::Bank])).await?;
    bank.signed_by(story, &both)?.refused(story, "for_bank_data", "CLASSES_NOT_FOR_KIND", report).await?;
    let four = Forged::by_ada(story, Lane::BreakGlass, &[10, 11, 12, 13]).await?.signed_by(story, &both)?;
    four.refused(story, "for_four_clients", "LANE_EXCEEDED", report).await?;
    Ok(())
}

pub(super) async fn is_vetoed(ground: &Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let (ada, ben) = (ada()?, ben()?);
    let forged = Forged::by_ada(story, Lane::BreakGlass, &[10]).await?;
    let forged = forged.signed_by(story, &[(&ada, SignerRole::Agent), (&ben, SignerRole::Peer)])?;
    let public = publish(story, &forged.order).await?;
    let first = public.leaf.proof().to_string();
    let before = public.evidence(Some(first.clone()))?;
    let anna = crate::ceremony::signer_of(story.place(), &story.cast.anna)?;
    control_leaf(story, Action::HoldOrder(forged.order.value().id), &[("person:anna-berg", &anna)]).await?;
    ground.pass(10 * MINUTE + 1);
    // The journal as it stood before the veto; then as it stands now.
    let said = forged.ask(story, &before, usize::MAX, report).await?;
    outcome(report, "hides_the_veto", &said, "WAITING");
    let mut now = renewed(story, &public.disclosures, &forged.order).await?;
    now.seasoned = Some(first);
    let said = forged.ask(story, &now, usize::MAX, report).await?;
    outcome(report, "vetoed", &said, "ORDER_HELD");
    Ok(())
}

/// The order's leaf under a checkpoint that the witnesses have just cosigned: something new has to be in the journal.
async fn renewed(story: &Story, disclosures: &[String], order: &Exact<Order>) -> Result<LeafEvidence> {
    let mut rng = edge::rng()?;
    let tick = tick_of(u64::try_from(story.custody.desk.now().unix())?);
    let (leaf, texts) = seal_fields(LeafId::random(&mut rng), tick, &[("kind", "dummy".into())], &mut rng)?;
    let key: [u8; 32] = random(&mut rng);
    let texts = texts.iter().map(|one| one.as_str().to_owned()).collect();
    let new = NewLeaf { key, kind: "dummy".into(), leaf, disclosures: texts };
    story.custody.store.append_leaves(Vec::new(), vec![new]).await?;
    story.custody.log.public(&key).await.map_err(anyhow::Error::msg)?;
    let digest = order.digest();
    let size = story.custody.log.head().await.map_err(anyhow::Error::msg)?.0;
    for index in (0..size).rev() {
        let public = story.custody.log.at(index).await.map_err(anyhow::Error::msg)?;
        let text = String::from_utf8(public.leaf().to_vec())?;
        if countersign_verify::order_leaf::check_order_leaf(order, text.as_bytes(), disclosures).is_ok() {
            let proof = public.proof().to_string();
            return Ok(LeafEvidence { leaf: text, disclosures: disclosures.to_vec(), proof, seasoned: None });
        }
    }
    anyhow::bail!("order {digest} is not in the journal")
}

pub(super) async fn replays(story: &Story, report: &mut Report) -> Result<()> {
    let ada = ada()?;
    let first = Forged::by_ada(story, Lane::Case, &[11]).await?.signed_by(story, &[(&ada, SignerRole::Agent)])?;
    let said = first.attempt(story, report).await?;
    report.expect("the first is answered", said.iter().all(|said| said.reply.is_some()));
    let mut other = Forged::by_ada(story, Lane::Case, &[12]).await?;
    let order = Order { id: first.order.value().id, ..other.order.value().clone() };
    other.order = Exact::write(order)?;
    let other = other.signed_by(story, &[(&ada, SignerRole::Agent)])?;
    other.refused(story, "the_same_id_for_another_client", "ORDER_ID_REUSED", report).await?;
    let mut bent = Forged::by_ada(story, Lane::Case, &[12]).await?;
    (bent.order, bent.reading, bent.signed) = (first.order.clone(), first.reading.clone(), first.signed.clone());
    let public = publish(story, &bent.order).await?;
    let said = bent.ask(story, &public.evidence(None)?, usize::MAX, report).await?;
    outcome(report, "the_same_order_with_another_manifest", &said, "MANIFEST_DIFFERS");
    Ok(())
}

/// Reads three clients after another until too few trustees answer. Returns how many people were read.
async fn until_refused(story: &Story, peer: Option<&PersonId>, report: &mut Report) -> Result<usize> {
    let ada = ada()?;
    let threshold = story.custody.desk.threshold()?;
    let mut people = 0;
    for number in 0..60 {
        let clients: Vec<usize> = (0..3).map(|one| 14 + (3 * number + one) % 80).collect();
        let mut signers = vec![(&ada, SignerRole::Agent)];
        signers.extend(peer.map(|peer| (peer, SignerRole::Peer)));
        let forged = Forged::by_ada(story, Lane::Case, &clients).await?.signed_by(story, &signers)?;
        let public = publish(story, &forged.order).await?;
        let said = forged.ask(story, &public.evidence(None)?, threshold, report).await?;
        if said.iter().filter(|said| said.reply.is_some()).count() < threshold {
            return Ok(people);
        }
        people += clients.len();
    }
    anyhow::bail!("60 readings of three clients were answered")
}

pub(super) async fn exceeds(story: &Story, report: &mut Report) -> Result<()> {
    let budget = usize::try_from(story.custody.desk.custodian().bundle.caps().reading().agent)?;
    let people = until_refused(story, None, report).await?;
    report.set("budget", budget);
    report.set("people_read_with_the_operators_help", people);
    report.expect("he reads something", people > 0);
    report.expect("he reads at most his budget", people <= budget);
    report.expect("trustees say why", codes(report).contains(&"CAP_AGENT".to_owned()));
    Ok(())
}

pub(super) async fn beyond(story: &Story, report: &mut Report) -> Result<()> {
    let caps = story.custody.desk.custodian().bundle.caps().reading();
    let people = until_refused(story, Some(&ben()?), report).await?;
    report.set("people_read_with_a_peer", people);
    report.set("budget_of_a_peer", caps.peer);
    report.expect("he reads at most what his colleague may stand in for", people <= usize::try_from(caps.peer)?);
    let codes = codes(report);
    report.expect("trustees say why", codes.iter().any(|code| code == "CAP_PEER" || code == "CAP_AGENT"));
    Ok(())
}

fn codes(report: &Report) -> Vec<String> {
    let list = report.evidence.get("refusal_codes").and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|code| Some(code.as_str()?.to_owned())).collect()
}
