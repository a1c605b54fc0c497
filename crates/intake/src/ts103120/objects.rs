//! The objects of a message and what is done with them.

use super::{dictionary, instant, one_line, uuid};
use crate::message::{Action, Authorisation, Desired, Enclosure, Header, MAX_TARGETS, Target, Task, TaskKind};
use crate::refusal::{Problem, quoted};
use crate::tree::{Element, Fields, Name, Space};
use base64ct::{Base64, Encoding};
use countersign_core::class::{Class, ClassSet};
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;

/// Owner of the dictionaries that this product defines.
const OURS: &str = "countersign";
const ETSI: &str = "ETSI";

/// What `SubscriberData` of ETSI's dictionary of request types covers here.
const SUBSCRIBER: [Class; 5] = [Class::Name, Class::Birth, Class::Address, Class::Email, Class::Phone];

/// Reads the verb and object of an action.
pub(super) fn action(fields: Fields<'_>, header: &Header) -> Result<Action, Problem> {
    for verb in ["GET", "DELETE", "LIST", "DELIVER"] {
        if let Some(element) = fields.optional(Space::Core, verb)? {
            return Err(element.wrong("this action is not served: send CREATE, or UPDATE with a desired status"));
        }
    }
    let create = fields.optional(Space::Core, "CREATE")?;
    let update = fields.optional(Space::Core, "UPDATE")?;
    fields.end()?;
    match (create, update) {
        (Some(create), None) => object(create, header, false),
        (None, Some(update)) => object(update, header, true),
        (None, None) => Err(Problem::new("ActionRequest", "it has neither CREATE nor UPDATE")),
        (Some(_), Some(update)) => Err(update.wrong("one action does one thing")),
    }
}

/// The members that every object has.
struct Common {
    id: String,
    generation: Option<u32>,
    associated: Vec<String>,
}

fn object(verb: &Element, header: &Header, update: bool) -> Result<Action, Problem> {
    let fields = verb.fields()?;
    let object = fields.one(Space::Core, "HI1Object")?;
    fields.end()?;
    let kind = object.kind.as_ref().ok_or_else(|| object.wrong("it has no `xsi:type`"))?;
    let fields = object.fields()?;
    let known = [
        (Space::Authorisation, "AuthorisationObject"),
        (Space::Task, "LDTaskObject"),
        (Space::Task, "LPTaskObject"),
        (Space::Document, "DocumentObject"),
    ];
    if !known.iter().any(|(space, local)| kind.space == *space && kind.local == *local) {
        return Err(object.wrong(refused_type(kind)));
    }
    let common = common(object, &fields, header)?;
    if update {
        return change(object, kind, common, fields);
    }
    if common.generation.is_some() {
        return Err(object.wrong("`Generation` belongs to an UPDATE: we count the generations of what we took"));
    }
    match kind.local.as_str() {
        "AuthorisationObject" => authorisation(object, common, fields).map(Action::Authorise),
        "LDTaskObject" => task(object, TaskKind::Disclosure, common, fields).map(Action::Ask),
        "LPTaskObject" => task(object, TaskKind::Preservation, common, fields).map(Action::Ask),
        _ => enclosure(object, fields, common).map(Action::Enclose),
    }
}

fn refused_type(kind: &Name) -> String {
    match kind.local.as_str() {
        "LITaskObject" | "TrafficPolicyObject" | "TrafficRuleObject" => {
            format!("`{kind}` asks for interception: we hold records and intercept nothing, and refuse every such task")
        }
        _ => format!("the object type {} is not supported, and refused", quoted(&kind.to_string())),
    }
}

fn common(object: &Element, fields: &Fields<'_>, header: &Header) -> Result<Common, Problem> {
    let id = uuid(fields.one(Space::Core, "ObjectIdentifier")?)?;
    let state = one_line(fields.one(Space::Core, "CountryCode")?)?;
    let owner = one_line(fields.one(Space::Core, "OwnerIdentifier")?)?;
    if format!("{state}/{owner}") != header.sender {
        return Err(object.wrong(format!("its owner {} is not the sender", quoted(&format!("{state}/{owner}")))));
    }
    let generation = match fields.optional(Space::Core, "Generation")? {
        None => None,
        Some(element) => {
            let text = element.text()?;
            let number = text.parse::<u32>().ok().filter(|number| number.to_string() == text);
            Some(number.ok_or_else(|| element.wrong(format!("{} is no generation", quoted(text))))?)
        }
    };
    let mut associated = Vec::new();
    if let Some(element) = fields.optional(Space::Core, "AssociatedObjects")? {
        let inside = element.fields()?;
        for one in inside.many(Space::Core, "AssociatedObject") {
            associated.push(uuid(one)?);
        }
        inside.end()?;
    }
    Ok(Common { id, generation, associated })
}

/// The sender states what it wants to happen, never what the state of a thing is.
fn no_status(fields: &Fields<'_>, space: Space, names: &[&str]) -> Result<(), Problem> {
    for name in names {
        if let Some(element) = fields.optional(space, name)? {
            return Err(element.wrong("the receiver sets it: send a desired status only"));
        }
    }
    Ok(())
}

fn change(object: &Element, kind: &Name, common: Common, fields: Fields<'_>) -> Result<Action, Problem> {
    let generation = common
        .generation
        .ok_or_else(|| object.wrong("`Generation` is missing: say which state of the object you saw"))?;
    let (space, status, desired) = match kind.local.as_str() {
        "AuthorisationObject" => (Space::Authorisation, "AuthorisationStatus", "AuthorisationDesiredStatus"),
        "DocumentObject" => return Err(object.wrong("a document is not changed: send another")),
        _ => (Space::Task, "Status", "DesiredStatus"),
    };
    no_status(&fields, space, &[status])?;
    let element = fields.one(space, desired)?;
    fields.end()?;
    match dictionary(element)? {
        (owner, _, value) if owner == ETSI && value == "Cancelled" => {
            Ok(Action::Change { id: common.id, generation, desired: Desired::Cancelled })
        }
        (_, _, value) => {
            Err(element.wrong(format!("{} is no desired status that is served: `Cancelled`", quoted(&value))))
        }
    }
}

fn authorisation(object: &Element, common: Common, fields: Fields<'_>) -> Result<Authorisation, Problem> {
    const SPACE: Space = Space::Authorisation;
    no_status(&fields, SPACE, &["AuthorisationStatus", "AuthorisationInvalidReason"])?;
    if !common.associated.is_empty() {
        return Err(object.wrong("an authorisation is associated with nothing: tasks name it"));
    }
    let reference = one_line(fields.one(SPACE, "AuthorisationReference")?)?;
    let priority = fields.one(SPACE, "AuthorisationPriority")?;
    let legal = fields.optional(SPACE, "AuthorisationLegalType")?;
    let (instrument, emergency) = form(priority, legal)?;
    if let Some(desired) = fields.optional(SPACE, "AuthorisationDesiredStatus")? {
        let (_, _, value) = dictionary(desired)?;
        if value != "SubmittedToCSP" && value != "Approved" {
            return Err(desired.wrong(format!("{} is no desired status of a new authorisation", quoted(&value))));
        }
    }
    let details = fields.one(SPACE, "AuthorisationApprovalDetails")?;
    let flags = fields.optional(SPACE, "AuthorisationFlags")?;
    fields.end()?;
    let (approved_by, approved_at) = approval(details)?;
    let mut delay_asked = false;
    if let Some(flags) = flags {
        let inside = flags.fields()?;
        for flag in inside.many(SPACE, "AuthorisationFlag") {
            match dictionary(flag)? {
                (owner, name, value)
                    if (owner == ETSI && name == "EPOCAuthorisationFlag" || owner == OURS && name == "Flag")
                        && value == "DelayInformingUser" =>
                {
                    delay_asked = true;
                }
                (_, _, value) => return Err(flag.wrong(format!("the flag {} is not supported", quoted(&value)))),
            }
        }
        inside.end()?;
    }
    Ok(Authorisation { id: common.id, reference, instrument, emergency, approved_by, approved_at, delay_asked })
}

/// Legal form and urgency: an EPOC says both by its priority; every other form stands in our own dictionary.
fn form(priority: &Element, legal: Option<&Element>) -> Result<(Instrument, bool), Problem> {
    let (owner, name, value) = dictionary(priority)?;
    if owner == ETSI && name == "EPOCPriority" {
        if let Some(legal) = legal {
            return Err(legal.wrong("an EPOC priority says the legal type already"));
        }
        return match value.as_str() {
            "TenDaysSubjectToEA" => Ok((Instrument::Epoc, false)),
            _ => Err(priority.wrong(format!("the priority {} is not supported: send it on paper", quoted(&value)))),
        };
    }
    let legal = legal.ok_or_else(|| priority.wrong("`auth:AuthorisationLegalType` is missing"))?;
    let emergency = match (owner.as_str(), name.as_str(), value.as_str()) {
        (OURS, "Priority", "routine") => false,
        (OURS, "Priority", "emergency") => true,
        _ => return Err(priority.wrong(format!("the priority {} is not supported", quoted(&value)))),
    };
    match dictionary(legal)? {
        (owner, name, value) if owner == OURS && name == "Instrument" => {
            Instrument::parse(&value).map(|form| (form, emergency)).map_err(|error| legal.wrong(error.to_string()))
        }
        (_, _, value) => Err(legal.wrong(format!("the legal type {} is not supported", quoted(&value)))),
    }
}

fn approval(element: &Element) -> Result<(String, Timestamp), Problem> {
    let fields = element.fields()?;
    one_line(fields.one(Space::Common, "ApprovalType")?)?;
    one_line(fields.one(Space::Common, "ApprovalReference")?)?;
    let approver = fields.one(Space::Common, "ApproverDetails")?;
    let at = instant(fields.one(Space::Common, "ApprovalTimestamp")?)?;
    fields.end()?;
    let fields = approver.fields()?;
    let name = one_line(fields.one(Space::Common, "ApproverName")?)?;
    one_line(fields.one(Space::Common, "ApproverRole")?)?;
    fields.end()?;
    Ok((name, at))
}

fn task(object: &Element, kind: TaskKind, common: Common, fields: Fields<'_>) -> Result<Task, Problem> {
    no_status(&fields, Space::Task, &["Status", "InvalidReason"])?;
    let mut associated = common.associated.into_iter();
    let (Some(authorisation), None) = (associated.next(), associated.next()) else {
        return Err(object.wrong("a task is associated with exactly one object, its authorisation"));
    };
    one_line(fields.one(Space::Task, "Reference")?)?;
    let desired = fields.one(Space::Task, "DesiredStatus")?;
    let details = fields.one(Space::Task, "RequestDetails")?;
    fields.end()?;
    let wanted = match kind {
        TaskKind::Disclosure => "AwaitingDisclosure",
        TaskKind::Preservation => "AwaitingPreservation",
    };
    let (_, _, value) = dictionary(desired)?;
    if value != wanted {
        return Err(desired.wrong(format!("{} is no desired status of this task: `{wanted}`", quoted(&value))));
    }
    let fields = details.fields()?;
    let classes = classes(fields.one(Space::Task, "Type")?)?;
    let start = fields.optional(Space::Task, "StartTime")?.map(instant).transpose()?;
    let end = fields.optional(Space::Task, "EndTime")?.map(instant).transpose()?;
    let values = fields.one(Space::Task, "RequestValues")?;
    fields.end()?;
    let window = match (start, end) {
        (None, None) => None,
        (Some(start), Some(end)) if start < end => Some((start, end)),
        _ => {
            return Err(details.wrong("`task:StartTime` and `task:EndTime` come together, the first before the second"));
        }
    };
    let inside = values.fields()?;
    let found = inside.many(Space::Task, "RequestValue");
    inside.end()?;
    if found.is_empty() || found.len() > MAX_TARGETS {
        return Err(values.wrong(format!("it names nobody, or more than {MAX_TARGETS}")));
    }
    let targets = found.into_iter().map(target).collect::<Result<_, _>>()?;
    Ok(Task { id: common.id, authorisation, kind, targets, classes, window })
}

fn classes(element: &Element) -> Result<ClassSet, Problem> {
    match dictionary(element)? {
        (owner, name, value) if owner == ETSI && name == "RequestType" && value == "SubscriberData" => {
            Ok(ClassSet::new(SUBSCRIBER))
        }
        (owner, name, value) if owner == OURS && name == "FieldClasses" => {
            let each = value.split(' ').map(Class::parse);
            each.collect::<Result<ClassSet, _>>().map_err(|error| element.wrong(error.to_string()))
        }
        (_, _, value) => Err(element.wrong(format!("the request type {} is not supported", quoted(&value)))),
    }
}

fn target(element: &Element) -> Result<Target, Problem> {
    let fields = element.fields()?;
    let format = fields.one(Space::Task, "FormatType")?;
    let value = one_line(fields.one(Space::Task, "Value")?)?;
    fields.end()?;
    let fields = format.fields()?;
    let owner = one_line(fields.one(Space::Task, "FormatOwner")?)?;
    let name = one_line(fields.one(Space::Task, "FormatName")?)?;
    fields.end()?;
    match (owner.as_str(), name.as_str()) {
        (ETSI, "ServiceAccessIdentifier") | (OURS, "Account") => Ok(Target::Account(value)),
        (ETSI, "EmailAddress" | "InternationalE164") | (OURS, "Person") => Ok(Target::Person(value)),
        (OURS, "PayersOfBitcoinAddress") => Ok(Target::EveryoneWhoPaid { chain: "bitcoin".to_owned(), address: value }),
        _ => Err(format.wrong(format!("the format {} is not supported", quoted(&name)))),
    }
}

fn enclosure(object: &Element, fields: Fields<'_>, common: Common) -> Result<Enclosure, Problem> {
    const SPACE: Space = Space::Document;
    no_status(&fields, SPACE, &["DocumentStatus", "DocumentInvalidReason"])?;
    if common.associated.len() > 1 {
        return Err(object.wrong("a document is associated with at most its authorisation"));
    }
    one_line(fields.one(SPACE, "DocumentReference")?)?;
    let name = one_line(fields.one(SPACE, "DocumentName")?)?;
    let body = fields.one(SPACE, "DocumentBody")?;
    fields.end()?;
    let fields = body.fields()?;
    let contents = fields.one(SPACE, "Contents")?;
    let media_type = one_line(fields.one(SPACE, "ContentType")?)?;
    fields.end()?;
    let text: String = contents.text()?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = Base64::decode_vec(&text).map_err(|_| contents.wrong("it is no base64 with padding"))?;
    Ok(Enclosure { id: common.id, name, media_type, contents: bytes })
}
