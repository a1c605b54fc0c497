//! Messages of ETSI TS 103 120, in XML and JSON: the elements that `docs/formats/ts103120.md` lists, all others named and refused.
//!
//! Element names follow the specification as public samples show it. ETSI's schemas are not at hand, so conformance with them is not
//! claimed: a message that this reader takes may still be one that a schema refuses, and the other way round.

mod objects;

use crate::message::{Header, Message, line};
use crate::refusal::{Problem, Refusal, quoted};
use crate::tree::{Element, Space, from_json, from_xml};
use countersign_core::country::Country;
use countersign_core::time::Timestamp;

/// Reads an XML message.
///
/// # Errors
/// [`Refusal`] naming every action that is wrong, with its line.
pub fn from_xml_bytes(bytes: &[u8]) -> Result<Message, Refusal> {
    let root = from_xml(bytes)?;
    if root.name.space != Space::Core || root.name.local != "HI1Message" || root.kind.is_some() {
        return Err(root.wrong("the outermost element is not `HI1Message`").into());
    }
    message(&root)
}

/// Reads a JSON message: the members of `HI1Message` without that name around them.
///
/// # Errors
/// [`Refusal`] naming every action that is wrong, with the path of members.
pub fn from_json_bytes(bytes: &[u8]) -> Result<Message, Refusal> {
    message(&from_json(bytes, "HI1Message")?)
}

fn message(root: &Element) -> Result<Message, Refusal> {
    let fields = root.fields()?;
    let header = header(fields.one(Space::Core, "Header")?)?;
    let payload = fields.one(Space::Core, "Payload")?;
    fields.end()?;
    let fields = payload.fields()?;
    let request = fields.one(Space::Core, "RequestPayload")?;
    fields.end()?;
    let fields = request.fields()?;
    let requests = fields.one(Space::Core, "ActionRequests")?;
    fields.end()?;
    let fields = requests.fields()?;
    let all = fields.many(Space::Core, "ActionRequest");
    fields.end()?;
    let mut actions = Vec::new();
    for element in all {
        let fields = element.fields()?;
        let number = fields.one(Space::Core, "ActionIdentifier")?;
        let text = number.text()?;
        let parsed = text.parse::<u32>().ok().filter(|parsed| parsed.to_string() == text);
        let parsed = parsed.ok_or_else(|| number.wrong(format!("{} is no number of an action", quoted(text))))?;
        actions.push((parsed, objects::action(fields, &header)));
    }
    Message::assemble(header, actions)
}

fn header(element: &Element) -> Result<Header, Problem> {
    let fields = element.fields()?;
    let sender = party(fields.one(Space::Core, "SenderIdentifier")?)?;
    let receiver = party(fields.one(Space::Core, "ReceiverIdentifier")?)?;
    let transaction = uuid(fields.one(Space::Core, "TransactionIdentifier")?)?;
    let sent = instant(fields.one(Space::Core, "Timestamp")?)?;
    let version = fields.one(Space::Core, "Version")?;
    fields.end()?;
    let fields = version.fields()?;
    for name in ["ETSIVersion", "NationalProfileOwner", "NationalProfileVersion"] {
        one_line(fields.one(Space::Core, name)?)?;
    }
    fields.end()?;
    Ok(Header { transaction, sender, receiver, sent })
}

/// `XA/COURT-1`: state and identifier.
fn party(element: &Element) -> Result<String, Problem> {
    let fields = element.fields()?;
    let state = country(fields.one(Space::Core, "CountryCode")?)?;
    let name = fields.one(Space::Core, "UniqueIdentifier")?;
    fields.end()?;
    let text = name.text()?;
    crate::message::token(text)
        .map(|token| format!("{state}/{token}"))
        .ok_or_else(|| name.wrong(format!("{} is not 1 to 64 of letters, digits, `.`, `_` and `-`", quoted(text))))
}

fn country(element: &Element) -> Result<Country, Problem> {
    let text = element.text()?;
    Country::parse(text).map_err(|error| element.wrong(error.to_string()))
}

fn one_line(element: &Element) -> Result<String, Problem> {
    let text = element.text()?;
    line(text).ok_or_else(|| element.wrong("it is empty, too long, or has characters that are not seen"))
}

/// A UUID (RFC 9562) in lower case, whatever case it came in.
fn uuid(element: &Element) -> Result<String, Problem> {
    let text = element.text()?;
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if shape { Ok(text.to_ascii_lowercase()) } else { Err(element.wrong(format!("{} is no UUID", quoted(text)))) }
}

/// A time with a zone (RFC 3339); fractions of a second are dropped.
fn instant(element: &Element) -> Result<Timestamp, Problem> {
    let text = element.text()?;
    moment(text)
        .ok_or_else(|| element.wrong(format!("{} is no time with a zone like 2026-11-20T10:00:00Z", quoted(text))))
}

fn moment(text: &str) -> Option<Timestamp> {
    let (local, rest) = (text.get(..19)?, text.get(19..)?);
    let zone = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest.get(digits..).filter(|_| (1..=9).contains(&digits))?
        }
        None => rest,
    };
    let base = Timestamp::parse(&format!("{local}Z")).ok()?;
    if zone == "Z" {
        return Some(base);
    }
    let (sign, clock) = match zone.split_at_checked(1)? {
        ("+", clock) => (-1, clock),
        ("-", clock) => (1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let number = |text: &str, most: i64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten().filter(|number| *number <= most)
    };
    Timestamp::from_unix(base.unix() + sign * (number(hours, 14)? * 3_600 + number(minutes, 59)? * 60))
}

/// A value of a dictionary: owner, name of the dictionary, value.
fn dictionary(element: &Element) -> Result<(String, String, String), Problem> {
    let fields = element.fields()?;
    let text = |name: &str| fields.one(Space::Common, name).and_then(one_line);
    let found = (text("Owner")?, text("Name")?, text("Value")?);
    fields.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::moment;
    use countersign_core::time::Timestamp;

    #[test]
    fn times_carry_a_zone() {
        let at = |text: &str| Some(Timestamp::parse(text).unwrap());
        assert_eq!(moment("2026-11-20T10:00:00.000000Z"), at("2026-11-20T10:00:00Z"));
        assert_eq!(moment("2026-11-20T10:00:00+01:00"), at("2026-11-20T09:00:00Z"));
        assert_eq!(moment("2026-11-20T10:00:00.5-02:30"), at("2026-11-20T12:30:00Z"));
        for bad in [
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00.Z",
            "2026-13-20T10:00:00Z",
            "2026-11-20T10:00:00+1:00",
            "2026-11-20",
            "",
            "x",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
        assert_eq!(moment("1970-01-01T00:00:00+14:00"), None);
    }
}
