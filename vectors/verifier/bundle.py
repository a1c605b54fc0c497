"""docs/formats/policy-bundle.md: the three files of a policy bundle."""

import datetime
import re

from . import cedar
from .canonical import CLASSES, LeftOut, classes, flag, listing, members, number, parse, string, word
from .documents import ANSWERS, AUTHORITY_KINDS, FACTORS, INSTRUMENTS, KINDS, STANDINGS
from .encoding import parts
from .refusal import Refused, need

FILES = ("pack.json", "policies.cedar", "schema.cedarschema")
OUTCOMES = (
    "reject_fake", "refuse", "non_execution", "route_mla", "challenge", "ask_more", "no_data", "preserve_only", "answer", "narrow",
    "comply_under_protest", "comply",
)
ENGINE_REASONS = ("POLICY_ERROR", "NOT_PERMITTED", "FACTS_MISMATCH")
ACTIONS = ("classify", "limit", "delay", "propose", "release")
# Enumeration of the schema: the question whose answers it holds (policy-bundle.md, "Enumerations").
ANSWER_TYPES = {
    "Form": "D01", "Authentic": "D02", "YesNo": "D03", "Territory": "D07", "Validity": "D09", "Bars": "D13", "Political": "D14", "Sanctioned": "D17",
    "Targets": "D19", "Window": "D23", "Threat": "D26", "Regularised": "D27", "Delay": "D28", "Persecution": "D33",
}
REQUIREMENT = members(
    ("kind", word(*KINDS)), ("approvals", number(32)), ("states", number(32)), ("out_of_reach", number(32)), ("counsel_instead", flag),
    ("outside_line", number(32)), ("author", flag), ("counsel", flag), ("rights_expert", flag), ("none_within_reach", flag),
    ("none_within_reach_abroad", LeftOut(flag)),
    ("witnesses", number(32)),
)
PACK = members(
    ("v", word("countersign/policy-pack/v1")), ("name", string), ("version", string), ("title", string),
    ("caps", members(
        ("named", number(32)), ("court", number(32)), ("absolute", number(32)), ("uninvolved_percent", number(32)),
        ("cumulative", listing(members(("per", word("authority", "matter", "address")), ("days", number(16)), ("subjects", number(32))))),
        ("reading", LeftOut(members(("agent", number(32)), ("beyond", number(32)), ("peer", number(32)), ("day", number(32))))),
        ("lookups", LeftOut(members(("day", number(32)), ("officer", number(32)), ("case", number(32)), ("enrolments", number(32))))),
    )),
    ("kinds", listing(members(("kind", word(*KINDS)), ("classes", classes)))),
    ("lanes", listing(members(("name", string), ("title", string), ("requirements", listing(REQUIREMENT))))),
    ("reasons", listing(members(("code", string), ("questions", listing(word(*ANSWERS))), ("text", string)))),
    ("rules", listing(members(("policy", string), ("source", string), ("verified", flag), ("date", string)))),
)


def digest(files):
    return parts("countersign/policy-bundle/v1", *(part for name in FILES for part in (name.encode(), files[name])))


def check_bundle(files):
    """Refuses with the file (or `annotation`) in which the fault lies, in the order: pack, schema, annotations, policies, rules of the pack."""
    need(sorted(files) == list(FILES) and all(len(text) <= 256 * 1024 for text in files.values()), "files")
    pack = _read_pack(files["pack.json"])
    schema = cedar.read_schema(files["schema.cedarschema"].decode())
    _check_enumerations(schema, pack)
    policies = cedar.read_policies(files["policies.cedar"].decode())
    need(len(policies) <= 500, "policies", "more than 500 policies")
    ids = _check_annotations(policies, pack)
    cedar.validate(policies, schema)
    need(set(schema["actions"]) == set(ACTIONS), "schema", "actions")
    need({rule["policy"] for rule in pack["rules"]} == ids, "pack", "a policy without a rule, or a rule without a policy")
    reached = {policy["annotations"].get("lane") for policy in policies}
    need(all(lane["name"] in reached for lane in pack["lanes"]), "pack", "no policy leads into a lane")


def _read_pack(data):
    try:
        _, pack = parse(data)
        PACK(pack)
    except Refused as error:
        raise Refused("pack", str(error)) from error
    caps = pack["caps"]
    need(re.fullmatch("[a-z0-9-]+", pack["name"]) and pack["version"].strip() and pack["title"].strip(), "pack", "name, version or title")
    need(0 < caps["named"] <= caps["court"] <= caps["absolute"] and caps["uninvolved_percent"] <= 100, "pack", "caps")
    capped = {cap["per"] for cap in caps["cumulative"] if cap["days"] and cap["subjects"]}
    need(capped == {"authority", "matter", "address"}, "pack", "a cumulative cap is missing")
    lookups = lookup_caps(pack)
    need(all(lookups[name] <= most for name, most in MOST_LOOKUPS.items()), "pack", "a budget of lookups above the ceiling")
    need(lookups["officer"] <= lookups["day"], "pack", "a budget of lookups above that of the day")
    reading = reading_caps(pack)
    need(reading["agent"] <= reading["day"] and reading["peer"] <= reading["day"], "pack", "a budget of readings above that of the day")
    limits = [limit["kind"] for limit in pack["kinds"]]
    need(_distinct(limits) and all(limit["classes"] for limit in pack["kinds"]), "pack", "kinds")
    need(pack["lanes"] and _distinct(lane["name"] for lane in pack["lanes"]), "pack", "lanes")
    for lane in pack["lanes"]:
        kinds = [requirement["kind"] for requirement in lane["requirements"]]
        need(_distinct(kinds) and set(kinds) <= set(limits), "pack", "kinds of a lane")
        need(all(requirement["approvals"] >= 2 for requirement in lane["requirements"]), "pack", "fewer than two approvals")
    codes = [reason["code"] for reason in pack["reasons"]]
    need(_distinct(codes) and all(re.fullmatch("[A-Z][A-Z0-9_]{2,63}", code) for code in codes), "pack", "reasons")
    need(set(ENGINE_REASONS) <= set(codes) and all(reason["text"].strip() for reason in pack["reasons"]), "pack", "reasons of the engine")
    need(_distinct(rule["policy"] for rule in pack["rules"]), "pack", "rules")
    need(all(rule["source"].strip() and _is_date(rule["date"]) for rule in pack["rules"]), "pack", "a rule without source or date")
    return pack


MOST_LOOKUPS = {"day": 5_000, "officer": 500, "case": 200, "enrolments": 10_000_000}


def lookup_caps(pack):
    """policy-bundle.md, `caps.lookups`."""
    return pack["caps"].get("lookups") or {"day": 500, "officer": 60, "case": 50, "enrolments": 1_000_000}


def reading_caps(pack):
    """policy-bundle.md, `caps.reading`."""
    return pack["caps"].get("reading") or {"agent": 60, "beyond": 20, "peer": 20, "day": 1_000}


def _distinct(items):
    items = list(items)
    return len(set(items)) == len(items)


def _is_date(text):
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None and datetime.date.fromisoformat(text).year >= 1970
    except ValueError:
        return False


def _check_enumerations(schema, pack):
    """policy-bundle.md, "Enumerations": exactly the engine's words."""
    expected = {
        "Bloc": ["EEA", "NonEEA"], "Lane": [lane["name"] for lane in pack["lanes"]], "OrderKind": KINDS, "Instrument": INSTRUMENTS,
        "AuthorityKind": AUTHORITY_KINDS, "Factor": FACTORS, "Class": CLASSES, "Question": ANSWERS, "Standing": STANDINGS,
    }
    expected |= {name: {*ANSWERS[question], "unknown"} for name, question in ANSWER_TYPES.items()}
    for name, words in expected.items():
        need(set(schema["enums"].get(name, [])) == set(words), "schema", f"{name} is not an enumeration of exactly the engine's words")


def _check_annotations(policies, pack):
    ids, codes, lanes = set(), {reason["code"] for reason in pack["reasons"]}, {lane["name"] for lane in pack["lanes"]}
    for policy in policies:
        given = policy["annotations"]
        allowed = {"id", "lane"} if policy["effect"] == "permit" else {"id", "reason", "outcome", "escalate", "requires"}
        need(re.fullmatch("[a-z0-9-]+", given.get("id", "")) and given["id"] not in ids, "annotation", "@id")
        ids.add(given["id"])
        need(set(given) <= allowed, "annotation", f"unknown annotation of {given['id']}")
        if policy["effect"] == "permit":
            need(given.get("lane") in lanes | {None}, "annotation", "@lane")
            continue
        need(given.get("reason") in codes and given.get("outcome") in OUTCOMES, "annotation", "@reason or @outcome")
        need(given.get("escalate", "true") == "true", "annotation", "@escalate")
        need(all(question in ANSWERS for question in given.get("requires", "D01").split(" ")), "annotation", "@requires")
    return ids
