//! `countersign change remove-person`, `revoke-key`, `suspend-authority`, `remove-trustee`, `hold-order`, `remove-worker`: at once,
//! with one signature.

use super::say_published;
use crate::custody::Custody;
use crate::signer::Signer;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::control::Action;
use countersign_core::id::{AuthorityId, Digest, OrderId, PersonId};
use countersign_desk::change::PublishedChange;
use countersign_tlog::leaf::ControlSignature;
use countersign_verify::state::in_words;
use std::path::PathBuf;

/// Who signs a removal: an approver or counsel in force.
#[derive(Args)]
pub(crate) struct One {
    /// Who signs.
    #[arg(long = "as", value_name = "PERSON")]
    pub(crate) by: PersonId,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long)]
    pub(crate) key: PathBuf,
}

#[derive(Args)]
pub(super) struct RemovePerson {
    /// Whom.
    person: PersonId,
    #[command(flatten)]
    one: One,
}

#[derive(Args)]
pub(super) struct RevokeKey {
    /// Whose key.
    person: PersonId,
    /// The key as the roster spells it.
    public_key: String,
    #[command(flatten)]
    one: One,
}

#[derive(Args)]
pub(super) struct SuspendAuthority {
    /// Which.
    authority: AuthorityId,
    #[command(flatten)]
    one: One,
}

#[derive(Args)]
pub(super) struct RemoveTrustee {
    /// Its number.
    trustee: u16,
    #[command(flatten)]
    one: One,
}

#[derive(Args)]
pub(super) struct HoldOrder {
    /// The order's id.
    order: OrderId,
    #[command(flatten)]
    one: One,
}

#[derive(Args)]
pub(super) struct RemoveWorker {
    /// Digest of its identity, as orders name it.
    worker: Digest,
    #[command(flatten)]
    one: One,
}

impl RemoveWorker {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        say(custody, Action::RemoveWorker(self.worker), &self.one).await
    }
}

impl RemovePerson {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        say(custody, Action::RemovePerson(self.person), &self.one).await
    }
}

impl RevokeKey {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        say(custody, Action::RevokeKey { person: self.person, key: self.public_key }, &self.one).await
    }
}

impl SuspendAuthority {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        say(custody, Action::SuspendAuthority(self.authority), &self.one).await
    }
}

impl RemoveTrustee {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let state = custody.desk.control().at(custody.desk.now());
        let member = state.trustee(self.trustee);
        let member = member.with_context(|| format!("trustee {} is not in force", self.trustee))?;
        say(custody, Action::RemoveTrustee(member.identity), &self.one).await
    }
}

impl HoldOrder {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        say(custody, Action::HoldOrder(self.order), &self.one).await
    }
}

async fn say(custody: &Custody, action: Action, one: &One) -> Result<()> {
    let signer = Signer::load(&one.key)?;
    let (words, published) = remove(custody, action, &one.by, &signer).await?;
    words.iter().for_each(|line| println!("{line}"));
    say_published(&published, custody.desk.now());
    Ok(())
}

/// Writes, signs and publishes one removal. What it says comes with it, in the words of the state before.
pub(crate) async fn remove(
    custody: &Custody,
    action: Action,
    by: &PersonId,
    signer: &Signer,
) -> Result<(Vec<String>, PublishedChange)> {
    let desk = &custody.desk;
    let words = |change| in_words(change, &desk.control().at(desk.now()));
    let change = desk.draft_change(action, None).await?;
    let words = words(change.value());
    let signature = ControlSignature { by: format!("person:{by}"), sig: signer.sign_control(change.text())? };
    let published = desk.publish_change(&change, &[signature]).await?;
    Ok((words, published))
}
