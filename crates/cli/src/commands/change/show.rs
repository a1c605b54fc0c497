//! `countersign change show`, `countersign change list`.

use super::say_standing;
use crate::custody::Custody;
use crate::drafts::Draft;
use anyhow::Result;
use countersign_core::control::REACH_VALID;
use countersign_desk::history::{ControlEntry, Fate};
use countersign_verify::state::in_words;

/// What is in force, what is cooling, what was rejected.
pub(super) async fn state(custody: &Custody) -> Result<()> {
    let (control, now) = (custody.desk.control(), custody.desk.now());
    let state = control.at(now);
    println!("in force at {now}:");
    println!("policy bundle {}", state.policy());
    println!("authority directory {}", state.directory());
    for person in state.people().values() {
        let list = |items: Vec<String>| items.join(", ");
        let roles = list(person.roles.iter().map(ToString::to_string).collect());
        let reach = list(person.reach.states.iter().map(ToString::to_string).collect());
        println!("{} in {}: {roles}; can be compelled by {reach}", person.id, person.state);
        if person.reach.at.plus(REACH_VALID) < now {
            println!("  the statement about these states of {} is too old to count", person.reach.at);
        }
        person.keys.iter().for_each(|key| println!("  signs with {key}"));
        if person.keys.is_empty() {
            println!("  every key is revoked: signs nothing");
        }
    }
    super::say_presence(&control.presence(now));
    match (state.ring(), state.trustees()) {
        (Some(ring), Some((threshold, n))) => {
            println!("key ring {} in share epoch {}", ring.id, ring.share_epoch);
            println!("{threshold} of {n} trustees open a record");
        }
        _ => println!("no key ring and no trustees (ladder level L0)"),
    }
    state.suspended().for_each(|authority| println!("suspended: {authority}"));
    state.held().for_each(|order| println!("held for good: order {order}"));
    println!("witness policy:");
    state.witness_policy().lines().for_each(|line| println!("  {line}"));
    let history = custody.desk.control_history().await?;
    let cooling: Vec<&ControlEntry> = history.iter().filter(|entry| matches!(entry.fate, Fate::Cooling(_))).collect();
    println!("cooling: {}", if cooling.is_empty() { "nothing" } else { "" });
    cooling.into_iter().for_each(say);
    let rejected: Vec<&ControlEntry> = history.iter().filter(|entry| matches!(entry.fate, Fate::Rejected(_))).collect();
    println!("rejected: {}", if rejected.is_empty() { "nothing" } else { "" });
    rejected.into_iter().for_each(say);
    Ok(())
}

/// One draft: what it says and who has signed.
pub(super) fn draft(custody: &Custody, draft: &Draft) -> Result<()> {
    let desk = &custody.desk;
    let change = draft.change.value();
    in_words(change, &desk.control().at(desk.now())).iter().for_each(|line| println!("{line}"));
    println!("change number {}", change.number);
    println!("digest to compare: {}", draft.change.digest());
    println!("exact bytes in {}", draft.file().display());
    draft.signatures.iter().for_each(|signature| println!("signed: {}", signature.by));
    say_standing(draft, &desk.change_standing(&draft.change, &draft.signatures)?);
    Ok(())
}

/// Drafts, then the journal's changes.
pub(super) async fn list(custody: &Custody) -> Result<()> {
    let next = custody.desk.control().next_number();
    for draft in Draft::all(&custody.place)? {
        let (digest, number) = (draft.change.digest().to_hex(), draft.change.value().number);
        let stale = if number == next { "" } else { "; out of turn: `countersign change again`" };
        println!("draft {} number {number}: {} signatures{stale}", &digest[..16], draft.signatures.len());
    }
    custody.desk.control_history().await?.iter().for_each(say);
    Ok(())
}

fn say(entry: &ControlEntry) {
    let fate = match &entry.fate {
        Fate::Since(time) => format!("in force since {time}"),
        Fate::Cooling(until) => format!("cooling until {until}"),
        Fate::Cancelled => "taken back before its time".to_owned(),
        Fate::Rejected(reason) => format!("changed nothing: {reason}"),
    };
    println!("leaf {} seen by witnesses at {}: {fate}", entry.index, entry.seen);
    println!("  signed by {}", if entry.signers.is_empty() { "nobody".into() } else { entry.signers.join(", ") });
    entry.words.iter().for_each(|line| println!("  {line}"));
}
