//! What a change says, in words: shown to everybody who is asked to sign it.

use super::InForce;
use countersign_core::check_in::Watch;
use countersign_core::control::{Action, Change, HeldShares, Person, Reach, RingRef, SetTrustees, TrusteeMember};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::worker::Worker;
use std::fmt::Display;

/// What a change would do to what is in force, one fact per line. The last line says when.
pub fn in_words(change: &Change, state: &InForce) -> Vec<String> {
    let mut lines = match &change.action {
        Action::AddPerson(person) => added(person, state.people.get(&person.id)),
        Action::StateReach { person, reach } => stated(person, reach, state.people.get(person)),
        Action::Watch { person, watch } => watched(person, watch),
        Action::RemovePerson(id) => match state.people.get(id) {
            Some(person) => {
                vec![format!("`{id}` leaves the roster: {} in {}", list(&person.roles), person.state)]
            }
            None => vec![format!("`{id}` is not in the roster; an addition that is cooling is cancelled")],
        },
        Action::RevokeKey { person, key } => revoked(person.as_str(), key, state.people.get(person)),
        Action::SetPolicy(digest) => replaced("policy bundle", &state.policy, digest),
        Action::SetDirectory(digest) => replaced("authority directory", &state.directory, digest),
        Action::SuspendAuthority(authority) if state.is_suspended(authority) => {
            vec![format!("`{authority}` is suspended already")]
        }
        Action::SuspendAuthority(authority) => vec![format!("no order for `{authority}` is answered any more")],
        Action::SetWitnessPolicy(text) => {
            let mut lines = vec!["another witness policy; now:".to_owned()];
            lines.extend(state.witness_policy.lines().map(|line| format!("  {line}")));
            lines.push("then:".to_owned());
            lines.extend(text.lines().map(|line| format!("  {line}")));
            lines
        }
        Action::SetRing(ring) => ring_set("key ring", ring, state.ring()),
        Action::SetIndexRing(ring) => ring_set("index ring", ring, state.index_ring()),
        Action::RotateRing(new) => ring_rotated(new, state),
        Action::CloseRing(ring) => vec![
            format!("nothing is answered under ring {ring} any more, and trustees destroy their shares of it"),
            "a record that is still sealed to it can never be opened again".to_owned(),
        ],
        Action::SetTrustees(new) => trustees_set(new, state),
        Action::RemoveTrustee(identity) => trustee_removed(identity, state),
        Action::HoldOrder(order) if state.is_held(order) => vec![format!("order `{order}` is held already")],
        Action::HoldOrder(order) => vec![format!("order `{order}` is never answered")],
        Action::AddWorker(worker) => worker_added(worker),
        Action::ReplaceWorker { replaces, worker } => {
            let lost = state.workers.get(replaces).map_or("not in force", |worker| worker.name.as_str());
            let mut lines = vec![
                format!("the duties of worker `{replaces}` ({lost}) go on with another one; they are not signed again"),
                format!("worker `{replaces}` works for no order any more"),
            ];
            lines.extend(worker_added(worker));
            lines
        }
        Action::RemoveWorker(digest) => match state.workers.get(digest) {
            Some(worker) => vec![format!("worker `{}` works for no order any more", worker.name)],
            None => vec![format!("no worker `{digest}` is in force; an addition that is cooling is cancelled")],
        },
    };
    lines.push(if change.action.only_removes() {
        "takes effect at once, for good, with one signature".to_owned()
    } else {
        format!("takes effect seven days after witnesses saw it, not before {}", change.effective)
    });
    lines
}

fn added(person: &Person, before: Option<&Person>) -> Vec<String> {
    let id = &person.id;
    let mut lines = Vec::new();
    let Some(before) = before else {
        lines.push(format!("`{id}` enters the roster as {}, in {}", list(&person.roles), person.state));
        lines.push(format!("can be compelled by {}, as stated at {}", list(&person.reach.states), person.reach.at));
        lines.push(format!("manages {}", states(&person.manages)));
        lines.push(format!("{} the custodian's reporting line", inside(person.independent)));
        lines.extend(person.keys.iter().map(|key| format!("signs with {key}")));
        lines.extend(person.reader.iter().map(|reader| format!("readings are encrypted to the key {reader}")));
        return lines;
    };
    let mut differs = |what: &str, was: String, will: String| {
        if was != will {
            lines.push(format!("{what} of `{id}`: {was} becomes {will}"));
        }
    };
    differs("roles", list(&before.roles), list(&person.roles));
    differs("state", before.state.to_string(), person.state.to_string());
    differs("states that can compel", list(&before.reach.states), list(&person.reach.states));
    differs("statement about them", before.reach.at.to_string(), person.reach.at.to_string());
    differs("states managed", states(&before.manages), states(&person.manages));
    let reader = |person: &Person| person.reader.map_or_else(|| "none".to_owned(), |reader| reader.to_hex());
    differs("reader's key", reader(before), reader(person));
    differs("reporting line", inside(before.independent).into(), inside(person.independent).into());
    let gone = before.keys.iter().filter(|key| !person.keys.contains(key));
    lines.extend(gone.map(|key| format!("`{id}` no longer signs with {key}")));
    let new = person.keys.iter().filter(|key| !before.keys.contains(key));
    lines.extend(new.map(|key| format!("`{id}` signs with {key} too")));
    if lines.is_empty() {
        lines.push(format!("`{id}` stays as it is"));
    }
    lines
}

fn stated(id: &PersonId, reach: &Reach, person: Option<&Person>) -> Vec<String> {
    let Some(person) = person else { return vec![format!("`{id}` is not in the roster")] };
    let mut lines =
        vec![format!("counsel states at {} that `{id}` can be compelled by {}", reach.at, list(&reach.states))];
    let (added, left): (Vec<&Country>, Vec<&Country>) = (
        reach.states.iter().filter(|state| !person.reach.states.contains(state)).collect(),
        person.reach.states.iter().filter(|state| !reach.states.contains(state)).collect(),
    );
    if !added.is_empty() {
        lines.push(format!("{} counts at once", list(&added)));
    }
    if !left.is_empty() {
        lines.push(format!("{} no longer counts once it takes effect", list(&left)));
    }
    lines.push(format!("then good until {}; needs one independent counsel's signature", reach.expires()));
    lines
}

fn watched(id: &PersonId, watch: &Watch) -> Vec<String> {
    let Some(hours) = watch.hours else { return vec![format!("`{id}` no longer has to check in")] };
    vec![
        format!(
            "`{id}` has to check in every {hours} hours, from {} on; after a longer silence nothing signed counts",
            watch.from
        ),
        format!("until the first check-in of {} or later nothing signed by `{id}` counts", watch.from),
    ]
}

fn revoked(id: &str, key: &str, person: Option<&Person>) -> Vec<String> {
    let mut lines = vec![format!("signatures of `{id}` with {key} count for nothing")];
    match person {
        Some(person) if !person.keys.iter().any(|kept| kept == key) => {
            lines.push("the roster in force has no such key; an addition that is cooling loses it".to_owned());
        }
        Some(person) if person.keys.len() == 1 => lines.push(format!("`{id}` has no other key and signs nothing then")),
        Some(_) => {}
        None => lines.push(format!("`{id}` is not in the roster; an addition that is cooling loses the key")),
    }
    lines
}

fn replaced(what: &str, now: &Digest, then: &Digest) -> Vec<String> {
    if now == then {
        return vec![format!("{what} `{now}` stays")];
    }
    vec![format!("{what} `{now}` is replaced"), format!("by `{then}`")]
}

fn ring_set(what: &str, ring: &RingRef, before: Option<&RingRef>) -> Vec<String> {
    let was =
        before.map_or_else(|| "none".to_owned(), |ring| format!("{} in share epoch {}", ring.id, ring.share_epoch));
    let mut lines = vec![
        format!("{what} now: {was}"),
        format!("then: {} in share epoch {}, verifying shares `{}`", ring.id, ring.share_epoch, ring.shares),
    ];
    if before.is_some_and(|before| before.id == ring.id && before.share_epoch >= ring.share_epoch) {
        lines.push("the share epoch does not rise: shares that were given up would count again".to_owned());
    }
    lines
}

fn ring_rotated(new: &HeldShares, state: &InForce) -> Vec<String> {
    let mut lines = ring_set("key ring", &new.reference(), state.ring());
    lines.push(format!(
        "all {} trustees have confirmed that they hold their shares of the new keys",
        new.confirmed.len()
    ));
    lines.extend(state.ring().map(|before| {
        format!("records sealed to ring {} are still read until a change closes it: seal them anew before", before.id)
    }));
    lines.push("other changes of rings or trustees that are cooling then lapse".to_owned());
    lines
}

fn trustees_set(new: &SetTrustees, state: &InForce) -> Vec<String> {
    let threshold = state.trustees().map_or(0, |(threshold, _)| threshold);
    let mut lines = vec![format!(
        "{} trustees hold the keys, now {}; any {threshold} of them answer together",
        new.members.len(),
        state.members().len()
    )];
    for member in &new.members {
        match state.members().iter().find(|before| before.identity == member.identity) {
            Some(before) if before == member => {}
            Some(before) => lines.push(format!("{} becomes {}", whole(before), whole(member))),
            None => lines.push(format!("{} comes in", whole(member))),
        }
    }
    let stays = |before: &&TrusteeMember| new.members.iter().any(|member| member.identity == before.identity);
    lines.extend(
        state.members().iter().filter(|before| !stays(before)).map(|before| format!("{} leaves", whole(before))),
    );
    lines.extend(ring_set("key ring", &new.ring.reference(), state.ring()));
    if let Some(index) = new.index_ring.as_ref().map(HeldShares::reference) {
        lines.extend(ring_set("index ring", &index, state.index_ring()));
    }
    lines.push("other changes of rings or trustees that are cooling then lapse".to_owned());
    lines
}

fn trustee_removed(identity: &Digest, state: &InForce) -> Vec<String> {
    let Some(member) = state.members().iter().find(|member| member.identity == *identity) else {
        return vec![format!(
            "no trustee in force has the identity key `{identity}`; a change that is cooling and names it is cancelled"
        )];
    };
    let left = state.members().iter().filter(|one| one != &member && state.trustee(one.index).is_some()).count();
    let threshold = state.trustees().map_or(0, |(threshold, _)| threshold);
    vec![
        format!("answers and signatures of {} count for nothing", whole(member)),
        format!("{left} trustees are left, {threshold} have to answer; it still has its share: rotate the keys"),
    ]
}

fn whole(member: &TrusteeMember) -> String {
    let obliged = if member.obliged_entity { "obliged" } else { "not obliged" };
    format!(
        "trustee {} `{}` in {} ({obliged} to answer its own financial intelligence unit, identity `{}`, transport `{}`)",
        member.index, member.name, member.state, member.identity, member.transport
    )
}

fn worker_added(worker: &Worker) -> Vec<String> {
    let mut lines = vec![
        format!("worker `{}` in {} may open orders that name `{}`", worker.name, worker.state, worker.digest()),
        format!("signs bindings with ed25519 {}", worker.identity),
        format!("runs the program with sha256 {}", worker.code),
    ];
    lines.push(match &worker.attestation {
        Some(digest) => format!("its machine attests that program: sha256 {digest}"),
        None => "nothing attests that its machine runs that program".to_owned(),
    });
    lines
}

fn inside(independent: bool) -> &'static str {
    if independent { "outside" } else { "inside" }
}

fn states(states: &[Country]) -> String {
    if states.is_empty() { "no state".to_owned() } else { list(states) }
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
