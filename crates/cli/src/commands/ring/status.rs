use crate::ceremony::{Hall, log_is_public, told};
use crate::commands::change::{say_presence, say_states};
use crate::custody::Custody;
use crate::edge;
use crate::place::Place;
use anyhow::{Result, bail};
use clap::Args;
use countersign_core::control::Action;
use countersign_core::time::Timestamp;
use countersign_desk::RingFiles;
use countersign_desk::reseal::ByRing;
use countersign_trustee::founding::Stage;
use countersign_verify::state::{ControlState, InForce, in_words};
use std::path::Path;

#[derive(Args)]
pub(super) struct Status {}

impl Status {
    /// Of a custodian that is founded: its rings. Before that: how far the ceremony is, from what is on disk, so that it may run
    /// beside the server.
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let place = Place::new(dir);
        if place.config().exists() {
            return Custody::during(dir, rings).await;
        }
        let hall = Hall::open(&place)?;
        let public = log_is_public(&place, &hall, edge::clock().as_ref())?;
        let meeting = hall.meeting();
        let stage = meeting.stage();
        println!("terms {}", meeting.founding().terms().digest());
        println!("log of the ceremony: {}", if public { "public" } else { "not public yet" });
        if let Some(outcomes) = meeting.outcomes() {
            println!("key ring {}", outcomes.sealing.ring.value().id());
            if let Some(index) = &outcomes.index {
                println!("index ring {}", index.ring.value().id());
            }
        }
        if let Some(genesis) = meeting.genesis() {
            println!("genesis {}", genesis.digest());
        }
        let said = told(&meeting, stage.clone());
        if stage == Stage::Stopped {
            bail!("{said}");
        }
        println!("{said}");
        Ok(())
    }
}

/// Keys by class, who holds them, what is cooling, and how many records lie where.
async fn rings(custody: &Custody) -> Result<()> {
    let desk = &custody.desk;
    let (control, now) = (desk.control(), desk.now());
    let state = control.at(now);
    let custodian = desk.custodian();
    let Some(ring) = &custodian.ring else {
        println!("this custodian has no sealed register (ladder level L0): there is no key ring");
        return Ok(());
    };
    say_ring("key ring in force", ring);
    say_members(&state);
    say_states(&desk.reach());
    say_presence(&control.presence(now));
    let ByRing { records, left, erased } = desk.sealed_by_ring().await?;
    let under = |ring: &RingFiles| records.iter().find(|(id, _)| *id == ring.ring.id()).map_or(0, |(_, count)| *count);
    println!("{} records are sealed to it", under(ring));
    if let Some(former) = &custodian.former {
        say_ring("ring before it, still read", former);
        println!(
            "{} records are sealed to it: of {left} clients to be sealed anew, and of {erased} that are erased",
            under(former)
        );
    }
    for closed in state.closed_rings() {
        let count = records.iter().find(|(id, _)| id == closed).map_or(0, |(_, count)| *count);
        println!("ring {closed} is closed; {count} records are sealed to it, which nobody opens any more");
    }
    if let Some(index) = &custodian.index {
        let shares = index.shares.value();
        println!("index ring {}, share epoch {}, held by {}", index.ring.id(), shares.epoch, shares.trustees());
    }
    say_pending(&control, now);
    Ok(())
}

fn say_ring(what: &str, ring: &RingFiles) {
    let shares = ring.shares.value();
    println!("{what}: {}", ring.ring.id());
    println!("  share epoch {}, verifying shares {}", shares.epoch, ring.shares.digest());
    println!("  confirmed by {} of {} that made it", ring.confirmations.len(), ring.ring.trustees());
    for key in &ring.ring.document().value().keys {
        println!("  {}: key epoch {}, {} of {} answer together", key.class, key.epoch, key.t, shares.trustees());
    }
}

fn say_members(state: &InForce) {
    for member in state.members() {
        let removed =
            if state.trustee(member.index).is_none() { ", removed: deal the shares anew without it" } else { "" };
        println!("  trustee {}: {} in {}{removed}", member.index, member.name, member.state);
    }
}

fn say_pending(control: &ControlState, now: Timestamp) {
    let mut pending = control.waiting(now).filter(|waiting| {
        let action = &waiting.change.action;
        action.concerns_shares() || matches!(action, Action::CloseRing(_))
    });
    let Some(first) = pending.next() else {
        println!("no change of keys or shares is cooling");
        return;
    };
    for waiting in std::iter::once(first).chain(pending) {
        println!("change {} takes effect at {}:", waiting.change.number, waiting.effective);
        in_words(&waiting.change, &control.at(now)).iter().for_each(|line| println!("  {line}"));
    }
}
