//! An approver who is made to sign, and says so: two keys, a letter to each trustee, one call for help.

use super::super::ground::Ground;
use super::super::trustees::put_in_force;
use crate::ceremony::signer_of;
use crate::demo::adversary::{both, lawful_copy, outcome};
use crate::demo::operator::attempt;
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::edge;
use crate::signer::Signer;
use anyhow::{Context, Result};
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::control::{Action, COOLING};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::HOUR;
use countersign_desk::case_file::{CaseFile, Proposal};
use countersign_desk::release::Said;
use countersign_seal::letter;
use countersign_trustee::Accepted;
use countersign_verify::duress::{DURESS_NAMESPACE, DuressSecret, Letter, keys_digest_of};

/// A third approver of the lawful order, and her two keys in the order of the roster.
struct Clara {
    id: PersonId,
    keys: [Signer; 2],
}

impl Clara {
    fn new(story: &Story) -> Result<Self> {
        let id = PersonId::parse("clara-voss")?;
        let other = Signer::Plain(ed25519_dalek::SigningKey::from_bytes(&edge::seed()?));
        let mut keys = [signer_of(story.place(), &id)?, other];
        keys.sort_by_key(Signer::public);
        Ok(Self { id, keys })
    }

    /// What both keys sign, and the secret, to each trustee.
    async fn tell(&self, story: &Story, secret: &DuressSecret, report: &mut Report) -> Result<()> {
        let desk = &story.custody.desk;
        let genesis = &desk.custodian().genesis;
        let [first, second] = &self.keys;
        let mut lengths = Vec::new();
        for service in &story.custody.trustees {
            service.trustee.tail(service.source.as_ref(), desk.now()).await?;
            let public = service.trustee.public();
            let letter = Letter {
                custodian: genesis.value().custodian.id,
                genesis: genesis.digest(),
                trustee: public.identity,
                keys: keys_digest_of(&self.id, [&first.public(), &second.public()]),
                secret: secret.clone(),
            };
            let line = letter.signed_line();
            let signatures = [first.sign(DURESS_NAMESPACE, &line)?, second.sign(DURESS_NAMESPACE, &line)?];
            let content = letter.encode([&signatures[0], &signatures[1]])?;
            let sealed = letter::seal(&content, &genesis.digest(), &public.transport, &mut edge::rng()?)?;
            let (who, accepted) = service.trustee.accept_duress_letter(&sealed, desk.now()).await?;
            report.expect("each trustee takes her letter", who == self.id && accepted == Accepted::New);
            lengths.push(sealed.len());
        }
        report.expect("all letters have one length", lengths.iter().all(|length| *length == letter::LETTER_LEN));
        Ok(())
    }

    fn sign(&self, story: &Story, order: &Digest, key: usize) -> Result<Exact<Approval>> {
        let signer = self.keys.get(key).context("two keys")?;
        signer.approve(order, &self.id, SignerRole::Approver, Verdict::Approve, story.custody.desk.now())
    }

    async fn ask(&self, story: &Story, proposal: &Proposal, key: usize, report: &mut Report) -> Result<Vec<Said>> {
        let mut signed = both(story, proposal)?;
        signed.push(self.sign(story, &proposal.order.digest(), key)?);
        attempt(story, proposal, &signed, report).await
    }
}

pub(super) async fn calls(ground: &Ground, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let desk = &story.custody.desk;
    let clara = Clara::new(story)?;
    let mut entry = desk.control().at(desk.now()).people().get(&clara.id).context("no such approver")?.clone();
    entry.keys = clara.keys.iter().map(Signer::public).collect();
    put_in_force(story, Action::AddPerson(entry), report).await?;
    // Each trustee counts the days from its own first reading.
    for service in &story.custody.trustees {
        service.trustee.tail(service.source.as_ref(), desk.now()).await?;
    }
    ground.pass(COOLING + HOUR);
    let (free, forced) = (lawful_copy(story, lawful, |_| {}).await?, lawful_copy(story, lawful, |_| {}).await?);
    let secret = uncovered(&free)?;
    clara.tell(story, &secret, report).await?;

    let right = secret.right_key(&free.order.digest());
    let answered = clara.ask(story, &free, right, report).await?;
    report.expect("signed freely, it is answered by all", answered.iter().all(|said| said.reply.is_some()));
    let wrong = 1 - secret.right_key(&forced.order.digest());
    let said = clara.ask(story, &forced, wrong, report).await?;
    outcome(report, "made_to_sign", &said, "PENDING");
    let again = lawful_copy(story, lawful, |_| {}).await?;
    let said = attempt(story, &again, &both(story, &again)?, report).await?;
    outcome(report, "the_same_case_without_her", &said, "PENDING");
    let mut locked = 0;
    for service in &story.custody.trustees {
        for call in service.trustee.calls().await? {
            locked += usize::from(call.case == forced.order.value().case);
            service.trustee.end_pending(&call.case).await?;
        }
    }
    report.set("trustees_that_understood", locked);
    report.expect("every trustee has understood", locked == story.custody.trustees.len());
    Ok(())
}

/// A secret by which the order is not pending in any case.
fn uncovered(proposal: &Proposal) -> Result<DuressSecret> {
    let order = &proposal.order;
    loop {
        let secret = DuressSecret::from_bytes(edge::seed()?);
        if secret.cover(&order.digest(), order.value().kind) == 0 {
            return Ok(secret);
        }
    }
}
