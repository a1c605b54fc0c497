//! Values like those of the desk.

use countersign_core::band::Band;
use countersign_core::leaf::LeafKind;
use countersign_core::time::{DAY, HOUR, Timestamp};
use countersign_testkit::random::{below, pick};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde_json::Value;

/// The values of a leaf of this kind, in the order of the table.
pub(crate) fn values(kind: LeafKind, at: Timestamp, rng: &mut ChaCha20Rng) -> Vec<Value> {
    kind.fields().iter().map(|name| value(kind, name, at, rng)).collect()
}

fn value(kind: LeafKind, name: &str, at: Timestamp, rng: &mut ChaCha20Rng) -> Value {
    match name {
        // Most evaluations are enrolments; then nobody, no case and no value is named.
        "purpose" if kind == LeafKind::Query => one_of(rng, &["request", "request", "sanctions"]),
        "hops" => Value::from(1 + below(rng, 6)),
        "payments" => band(rng),
        "clients" => (0..1 + below(rng, 6)).map(|_| band(rng)).collect(),
        "purpose" => one_of(rng, &["enrol", "enrol", "enrol", "find"]),
        "case" | "officer" | "value" | "records" if kind == LeafKind::Lookup && below(rng, 2) == 0 => Value::Null,
        "records" if kind == LeafKind::Lookup => digest(rng),
        "officer" => one_of(rng, &["emil-fuchs", "greta-holm"]),
        "attribute" => one_of(rng, &["lookup_name_birth", "lookup_email", "lookup_wallet", "lookup_account"]),
        "count" => Value::from(1 + below(rng, 1_000)),
        "lookup" | "blinded" => digest(rng),
        "document" | "order" | "case" | "manifest" | "recipient" | "policy" | "ring" | "package" | "receipt"
        | "subject" => digest(rng),
        "value" => digest(rng),
        "delay" if kind == LeafKind::Order && below(rng, 4) > 0 => Value::Null,
        "delay" => digest(rng),
        "authority" => {
            one_of(rng, &["xa-district-court", "xa-prosecutor-general", "xb-fiu", "xr-financial-monitoring"])
        }
        "state" => one_of(rng, &["XA", "XB", "XR"]),
        "met" | "asked" | "promised" | "delivered" => Value::from(below(rng, 2) == 1),
        "instrument" => one_of(rng, &["court_order", "fiu_request", "warrant", "informal"]),
        "order_kind" => one_of(rng, &["disclosure", "emergency", "compelled", "answer"]),
        "classes" | "classes_asked" => {
            several(rng, &["name", "address", "contact", "id_document", "balances", "transfers"])
        }
        "factors" => several(rng, &["directory", "call_back", "second_officer", "seal"]),
        "reasons" => several(rng, &["DRAGNET", "WEAK_REQUESTER", "POLITICAL", "NOT_COVERED", "NO_INSTRUMENT"]),
        "question" => one_of(rng, &["form", "political", "competence", "targets", "scope"]),
        "role" => one_of(rng, &["approver", "legal", "outside_counsel", "rights_expert"]),
        "verdict" => one_of(rng, &["approve", "approve", "approve", "refuse"]),
        "act" if kind == LeafKind::Restriction => one_of(rng, &["apply", "appeal", "uphold", "reverse"]),
        "rule" => one_of(rng, &["eu.5b.2/v1", "eu.5b.2/v2", "eu.freeze/v1"]),
        "pack" => digest(rng),
        "effect" if kind == LeafKind::Restriction => one_of(rng, &["deny_new", "close_and_return", "freeze"]),
        "effect" => one_of(rng, &["release", "letter", "retention"]),
        "act" => one_of(rng, &["erase", "hold", "release", "withheld"]),
        "step" => {
            one_of(rng, &["acknowledge", "hold", "preserve", "challenge", "withdraw", "expire", "confirm", "object"])
        }
        "form" => one_of(rng, &["due", "delayed"]),
        "outcome" => match kind {
            LeafKind::Verified => one_of(rng, &["verified", "fake", "emergency_verified", "emergency_fake"]),
            LeafKind::Receipt | LeafKind::LookupReceipt => one_of(rng, &["answered", "answered", "refused"]),
            _ => one_of(rng, &["comply", "narrow", "refuse"]),
        },
        "code" if matches!(kind, LeafKind::Receipt | LeafKind::LookupReceipt) && below(rng, 3) > 0 => Value::Null,
        "code" => one_of(rng, &["INTENT_WITHOUT_OUTCOME", "NOT_APPROVED", "NOT_PUBLIC", "SCOPE"]),
        "trustee" => Value::from(1 + below(rng, 5)),
        // Most ask about one person, some about tens of thousands.
        "found" => Value::from(below(rng, 3)),
        "source" => one_of(rng, &["un", "eu", "ofac", "uk"]),
        "before" if below(rng, 8) == 0 => Value::Null,
        "list" | "before" => digest(rng),
        "listed" | "added" | "changed" | "removed" => Value::from(skewed(rng)),
        "people_asked" | "people" | "subjects" | "records" => Value::from(1 + skewed(rng)),
        "cells_asked" | "cells" => Value::from(6 * (1 + skewed(rng))),
        "at" | "received_at" | "not_before" => Value::from(at.to_string()),
        "expires" => Value::from(at.plus(72 * HOUR).to_string()),
        "until" if matches!(kind, LeafKind::Retention | LeafKind::Step) && below(rng, 2) > 0 => Value::Null,
        "until" => Value::from(at.plus(100 * DAY).to_string()),
        "latest_opening" => Value::from(at.plus(100 * DAY).quarter_end().to_string()),
        other => panic!("say what the field `{other}` of kind `{kind}` looks like at the desk"),
    }
}

fn band(rng: &mut ChaCha20Rng) -> Value {
    Value::from(Band::of(skewed(rng) as usize).to_string())
}

fn digest(rng: &mut ChaCha20Rng) -> Value {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    Value::from(countersign_core::encoding::hex(&bytes))
}

fn skewed(rng: &mut ChaCha20Rng) -> u64 {
    let magnitude = below(rng, 17);
    below(rng, 1 << magnitude)
}

fn one_of(rng: &mut ChaCha20Rng, list: &[&str]) -> Value {
    Value::from(pick(rng, list))
}

fn several(rng: &mut ChaCha20Rng, list: &[&str]) -> Value {
    let chosen = below(rng, 1 << list.len());
    list.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1).map(|(_, name)| Value::from(*name)).collect()
}
