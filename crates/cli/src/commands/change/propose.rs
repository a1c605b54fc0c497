//! `countersign change propose`: additions and weakenings.

use super::ring::NewRing;
use super::say_draft;
use super::trustees::Trustees;
use crate::custody::Custody;
use crate::drafts::Draft;
use crate::{files, installed};
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use countersign_core::check_in::Watch;
use countersign_core::control::{Action, Person, Reach, RingRef, Role};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::{Document, Exact};
use countersign_core::time::Timestamp;
use countersign_core::worker::Worker;
use countersign_seal::ring::ShareEpoch;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum Propose {
    /// Add a person, or give one that is there other roles, states or keys.
    AddPerson(AddPerson),
    /// Record which states counsel states can compel a person: signed by one independent counsel.
    Reach(StateReach),
    /// Set that a person has to check in, and how often; or that it begins anew after a silence, or ends.
    Watch(SetWatch),
    /// Another policy bundle.
    Policy(File),
    /// Another authority directory.
    Directory(File),
    /// Another witness policy (C2SP tlog-policy text).
    WitnessPolicy(File),
    /// Trustees with the shares that they dealt: from the letters of the exchange.
    Trustees(Trustees),
    /// New keys that the trustees made: from the letters of the rotation.
    Ring(NewRing),
    /// Answer nothing any more under the ring before the one in force: when its records are sealed anew.
    CloseRing(CloseRing),
    /// Another share epoch, after the trustees refreshed or made shares: the share epoch document.
    Shares(File),
    /// Another worker in the place of one whose machine or key is lost; its duties go on.
    ReplaceWorker(ReplaceWorker),
    /// Register a worker: the identity that `countersign worker init` wrote.
    AddWorker(File),
}

#[derive(Args)]
pub(super) struct AddPerson {
    /// Short name.
    id: PersonId,
    /// What the person may do: approver, counsel, rights_expert, regional_head, officer, agent.
    #[arg(long, required = true, value_delimiter = ',')]
    role: Vec<Role>,
    /// State of residence.
    #[arg(long)]
    state: Country,
    /// Other states that can compel the person, as counsel stated them.
    #[arg(long, value_delimiter = ',')]
    reach: Vec<Country>,
    /// When counsel stated them; now by default.
    #[arg(long, value_name = "TIME")]
    stated: Option<Timestamp>,
    /// States the person is responsible for.
    #[arg(long, value_delimiter = ',')]
    manages: Vec<Country>,
    /// Stands outside the custodian's reporting line.
    #[arg(long)]
    independent: bool,
    /// A public key as rosters spell it (`ssh-ed25519 AAAA...`, `ed25519 HEX`); repeat for several.
    #[arg(long, required = true, value_name = "KEY")]
    public_key: Vec<String>,
    /// Digest of the key to which readings for the person are encrypted, as `read key` prints it.
    #[arg(long, value_name = "DIGEST")]
    reader: Option<Digest>,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct StateReach {
    /// About whom.
    person: PersonId,
    /// Every state that can compel the person, the state of residence included.
    #[arg(long, required = true, value_delimiter = ',')]
    states: Vec<Country>,
    /// When the person declared it to counsel; now by default. Ninety days are counted from then.
    #[arg(long, value_name = "TIME")]
    stated: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct SetWatch {
    /// Who.
    person: PersonId,
    /// Longest silence in hours; after a longer one nothing that the person signs counts.
    #[arg(long, required_unless_present = "end", value_parser = clap::value_parser!(u16).range(1..=720))]
    hours: Option<u16>,
    /// The person no longer has to check in.
    #[arg(long, conflicts_with = "hours")]
    end: bool,
    /// Check-ins of this time and later count; now by default.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct CloseRing {
    /// Give up the records of this many clients, which are not sealed anew: nobody can ever open them again.
    #[arg(long, value_name = "CLIENTS", default_value_t = 0)]
    lose: u64,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct ReplaceWorker {
    /// The identity that `countersign worker init` wrote for the new one.
    file: PathBuf,
    /// Name of the worker that is lost, and still in force.
    #[arg(long, value_name = "NAME")]
    replaces: PersonId,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct File {
    /// The document.
    file: PathBuf,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

impl Propose {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let place = &custody.place;
        let (action, effective) = match self {
            Propose::AddPerson(person) => person.action(custody.desk.now()),
            Propose::Watch(SetWatch { person, hours, end: _, from }) => {
                let watch = Watch { hours, from: from.unwrap_or(custody.desk.now()) };
                (Action::Watch { person, watch }, None)
            }
            Propose::Reach(StateReach { person, states, stated }) => {
                let reach = Reach { states: sorted(states), at: stated.unwrap_or(custody.desk.now()) };
                (Action::StateReach { person, reach }, None)
            }
            Propose::Policy(File { file, effective }) => {
                let bundle = files::read(&file, 8 * 1024 * 1024)?;
                let digest = installed::keep_policy(place, &bundle).with_context(|| file.display().to_string())?;
                (Action::SetPolicy(digest), effective)
            }
            Propose::Directory(File { file, effective }) => {
                let directory = files::read(&file, countersign_core::directory::Directory::MAX_LEN)?;
                let digest =
                    installed::keep_directory(place, &directory).with_context(|| file.display().to_string())?;
                (Action::SetDirectory(digest), effective)
            }
            Propose::WitnessPolicy(File { file, effective }) => {
                (Action::SetWitnessPolicy(files::read_text(&file, 8 * 1024)?), effective)
            }
            Propose::Trustees(trustees) => trustees.action(custody)?,
            Propose::Ring(ring) => ring.action(custody)?,
            Propose::CloseRing(close) => close.action(custody).await?,
            Propose::ReplaceWorker(ReplaceWorker { file, replaces, effective }) => {
                let worker = files::read(&file, Worker::MAX_LEN)?;
                let worker = Exact::<Worker>::parse(&worker).with_context(|| file.display().to_string())?;
                let replaces = custody.desk.worker(&replaces)?.digest();
                (Action::ReplaceWorker { replaces, worker: worker.value().clone() }, effective)
            }
            Propose::AddWorker(File { file, effective }) => {
                let worker = files::read(&file, Worker::MAX_LEN)?;
                let worker = Exact::<Worker>::parse(&worker).with_context(|| file.display().to_string())?;
                (Action::AddWorker(worker.value().clone()), effective)
            }
            Propose::Shares(File { file, effective }) => {
                let shares = files::read(&file, ShareEpoch::MAX_LEN)?;
                let shares = Exact::<ShareEpoch>::parse(&shares).with_context(|| file.display().to_string())?;
                let value = shares.value();
                let control = custody.desk.control();
                let state = control.at(custody.desk.now());
                ensure!(
                    state.ring().is_some_and(|ring| ring.id == value.ring),
                    "{} is of ring {}, which is not the one in force",
                    file.display(),
                    value.ring
                );
                installed::keep_shares(place, &shares)?;
                let ring = RingRef { id: value.ring, share_epoch: value.epoch, shares: shares.digest() };
                (Action::SetRing(ring), effective)
            }
        };
        let draft = Draft::keep(place, custody.desk.draft_change(action, effective).await?)?;
        say_draft(custody, &draft);
        Ok(())
    }
}

impl CloseRing {
    async fn action(self, custody: &Custody) -> Result<(Action, Option<Timestamp>)> {
        let former = custody.desk.custodian().former.as_ref().context("no ring before the one in force is read")?;
        let left = custody.desk.sealed_by_ring().await?.left;
        ensure!(
            left == self.lose,
            "records of {left} clients are still sealed to ring {}: seal them anew first (`duty run`), or say --lose {left}",
            former.ring.id()
        );
        Ok((Action::CloseRing(former.ring.id()), self.effective))
    }
}

impl AddPerson {
    fn action(self, now: Timestamp) -> (Action, Option<Timestamp>) {
        let mut states = self.reach;
        states.push(self.state);
        let person = Person {
            id: self.id,
            roles: sorted(self.role),
            state: self.state,
            manages: sorted(self.manages),
            independent: self.independent,
            reach: Reach { states: sorted(states), at: self.stated.unwrap_or(now) },
            keys: sorted(self.public_key),
            reader: self.reader,
        };
        (Action::AddPerson(person), self.effective)
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
