//! The message in our own JSON: `docs/formats/inbound.md`.

use crate::message::{
    Action, Authorisation, Desired, Enclosure, Header, MAX_MESSAGE, Message, Target, Task, TaskKind, line, token,
};
use crate::refusal::{Problem, Refusal, quoted};
use base64ct::{Base64, Encoding};
use countersign_core::class::{Class, ClassSet};
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;
use countersign_core::version_tag;
use serde::Deserialize;

version_tag!(
    /// Version of the message format.
    InboundV1 = "countersign/inbound/v1"
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "v")]
    _v: InboundV1,
    transaction: String,
    sender: String,
    receiver: String,
    sent: Timestamp,
    actions: Vec<WireAction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WireAction {
    Authorise(WireAuthorisation),
    Ask(WireTask),
    Enclose(WireEnclosure),
    Change(WireChange),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAuthorisation {
    id: String,
    reference: String,
    instrument: Instrument,
    emergency: bool,
    approved_by: String,
    approved_at: Timestamp,
    delay_asked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTask {
    id: String,
    authorisation: String,
    kind: TaskKind,
    targets: Vec<WireTarget>,
    classes: Vec<Class>,
    window: Option<WireWindow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireWindow {
    from: Timestamp,
    to: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WireTarget {
    Account(String),
    Person(String),
    EveryoneWhoPaid(WireAddress),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAddress {
    chain: String,
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEnclosure {
    id: String,
    name: String,
    media_type: String,
    contents: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireChange {
    id: String,
    generation: u32,
    desired: Desired,
}

/// Reads a message.
///
/// # Errors
/// [`Refusal`] with line and column for what is no message, and with every action that is wrong.
pub fn from_bytes(bytes: &[u8]) -> Result<Message, Refusal> {
    if bytes.len() > MAX_MESSAGE {
        return Err(Problem::new("message", format!("it has more than {MAX_MESSAGE} bytes")).into());
    }
    let wire: Wire = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(format!("line {} column {}", error.line(), error.column()), error.to_string()))?;
    only_objects(bytes)?;
    let sent = wire.sent;
    let name = |what: &str, text: &str| {
        let reason = format!("{} is not 1 to 64 of letters, digits, `.`, `_` and `-`", quoted(text));
        token(text).ok_or_else(|| Problem::new(what, reason))
    };
    let header = Header {
        transaction: name("transaction", &wire.transaction)?,
        sender: name("sender", &wire.sender)?,
        receiver: name("receiver", &wire.receiver)?,
        sent,
    };
    let numbered = (0..).zip(wire.actions.into_iter().map(action)).collect();
    Message::assemble(header, numbered)
}

/// Refuses lists where objects belong: the parser would take their items for members in the order of the table.
fn only_objects(bytes: &[u8]) -> Result<(), Problem> {
    let wrong = || Problem::new("message", "a list stands where an object with named members belongs");
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| wrong())?;
    let actions = value.get("actions").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let inside = |action: &serde_json::Value| {
        let named = action.as_object()?;
        let object = named.values().next()?.as_object()?;
        let window = object.get("window").is_none_or(|window| window.is_object() || window.is_null());
        let targets =
            object.get("targets").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let plain = targets.iter().all(|target| {
            target
                .as_object()
                .is_some_and(|target| target.get("everyone_who_paid").is_none_or(serde_json::Value::is_object))
        });
        (window && plain).then_some(())
    };
    let whole = value.is_object() && actions.iter().all(|action| inside(action).is_some());
    if whole { Ok(()) } else { Err(wrong()) }
}

fn action(action: WireAction) -> Result<Action, Problem> {
    match action {
        WireAction::Authorise(wire) => Ok(Action::Authorise(Authorisation {
            id: id("id", &wire.id)?,
            reference: text("reference", &wire.reference)?,
            instrument: wire.instrument,
            emergency: wire.emergency,
            approved_by: text("approved_by", &wire.approved_by)?,
            approved_at: wire.approved_at,
            delay_asked: wire.delay_asked,
        })),
        WireAction::Ask(wire) => task(wire).map(Action::Ask),
        WireAction::Enclose(wire) => Ok(Action::Enclose(Enclosure {
            id: id("id", &wire.id)?,
            name: text("name", &wire.name)?,
            media_type: text("media_type", &wire.media_type)?,
            contents: Base64::decode_vec(&wire.contents)
                .map_err(|_| Problem::new("contents", "they are no base64 with padding"))?,
        })),
        WireAction::Change(wire) => {
            Ok(Action::Change { id: id("id", &wire.id)?, generation: wire.generation, desired: wire.desired })
        }
    }
}

fn task(wire: WireTask) -> Result<Task, Problem> {
    let window = match wire.window {
        None => None,
        Some(window) if window.from < window.to => Some((window.from, window.to)),
        Some(_) => return Err(Problem::new("window", "it ends before it begins")),
    };
    if wire.targets.is_empty() || wire.classes.is_empty() {
        return Err(Problem::new("ask", "`targets` or `classes` is empty"));
    }
    let targets = wire.targets.into_iter().map(|target| match target {
        WireTarget::Account(account) => text("account", &account).map(Target::Account),
        WireTarget::Person(person) => text("person", &person).map(Target::Person),
        WireTarget::EveryoneWhoPaid(paid) => {
            let (chain, address) = (text("chain", &paid.chain)?, text("address", &paid.address)?);
            Ok(Target::EveryoneWhoPaid { chain, address })
        }
    });
    Ok(Task {
        id: id("id", &wire.id)?,
        authorisation: id("authorisation", &wire.authorisation)?,
        kind: wire.kind,
        targets: targets.collect::<Result<_, _>>()?,
        classes: ClassSet::new(wire.classes),
        window,
    })
}

fn id(what: &str, given: &str) -> Result<String, Problem> {
    token(given).ok_or_else(|| {
        Problem::new(what, format!("{} is not 1 to 64 of letters, digits, `.`, `_` and `-`", quoted(given)))
    })
}

fn text(what: &str, given: &str) -> Result<String, Problem> {
    line(given).ok_or_else(|| Problem::new(what, "it is empty, too long, or has characters that are not seen"))
}
