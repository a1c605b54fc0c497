"""The documents of docs/formats, each as its table of members and the rules across members."""

import re

from .canonical import (
    ATTRIBUTES, CLASSES, LeftOut, choice, classes, day, digest, flag, hexadecimal, is_sorted, listing, members, name, number, optional, read, seconds, state,
    string, time, word,
)
from .encoding import base64_bytes, sha256
from .merkle import leaf_hash, root_of
from .presence import CHECK_IN, REACH, WATCH, action_rules
from .refusal import need
from .rules import consistent, version
from .status import STATUS, status_rules
from .counsel import NOTE, note_rules
from .steps import STEP, step_rules
from .view import MASKED_VIEW, VIEW_RECORD

DAY = 86_400
KINDS = ("disclosure", "compelled", "emergency", "duty", "read", "lookup", "trace", "answer")
INSTRUMENTS = (
    "court_order", "warrant", "subpoena", "epoc", "epoc_pr", "mla", "letter_of_request", "second_protocol", "fiu_request", "s314a", "emergency",
    "regulator", "civil", "informal",
)
AUTHORITY_KINDS = ("court", "prosecutor", "police", "fiu", "tax", "regulator", "intelligence", "unknown")
DAILY_OPERATION = "daily-operation"
STANDINGS = ("good", "suspended", "unknown")
FACTORS = ("directory", "call_back", "registered_key", "client_certificate", "qualified_seal", "second_officer")
ROLES = ("approver", "counsel", "rights_expert", "regional_head", "officer", "agent")


# ------------------------------------------------------------------------------------------------ approval.md

APPROVAL = members(
    ("v", version("approval/v1")), ("order", digest), ("approver", name), ("role", word("approver", "author", "counsel", "rights_expert", "agent", "peer")),
    ("verdict", word("approve", "refuse")), ("at", time), ("key", string), ("signature", string),
)


# ------------------------------------------------------------------------------------------------ order.md

ORDER = members(
    ("v", version("order/v1")), ("id", hexadecimal(16)), ("custodian", hexadecimal(16)), ("case", digest), ("kind", word(*KINDS)),
    ("authority", name), ("instrument", members(("form", word(*INSTRUMENTS)), ("request", digest))), ("policy", digest), ("facts", digest),
    ("scope", members(
        ("manifest", digest), ("subjects", number(32)), ("records", number(32)), ("classes", classes), ("from", optional(time)),
        ("to", optional(time)),
    )),
    ("recipient", members(("mode", word("A", "B", "C")), ("key", digest))), ("not_before", time), ("expires", time), ("latest_opening", time),
    ("delay", optional(digest)), ("notice_due", optional(time)), ("ring", digest),
)
LIFETIME = {"disclosure": 72, "compelled": 72, "answer": 72, "emergency": 24, "read": 24, "lookup": 24, "trace": 24, "duty": 90 * 24}


def order_rules(order):
    """order.md, "Rules beyond types"."""
    scope, begin, end = order["scope"], seconds(order["not_before"]), seconds(order["expires"])
    consistent(begin < end <= begin + LIFETIME[order["kind"]] * 3600, "lifetime")
    consistent(scope["subjects"] <= scope["records"] <= 10_000, "subjects and records")
    consistent(scope["records"] > 0 or order["kind"] in ("lookup", "trace", "duty"), "no records")
    consistent(scope["records"] == 0 or (scope["classes"] and scope["subjects"]), "records without classes or subjects")
    consistent((scope["from"] is None) == (scope["to"] is None), "a window with one end")
    consistent(scope["from"] is None or seconds(scope["from"]) < seconds(scope["to"]), "an empty window")
    consistent(re.search(r"-(03-31|06-30|09-30|12-31)T23:59:59Z$", order["latest_opening"]), "not the last second of a quarter")
    consistent(seconds(order["latest_opening"]) >= end, "opened before it expires")
    consistent(order["kind"] != "emergency" or scope["subjects"] == 1, "an emergency order has one subject")
    if order["kind"] in ("disclosure", "compelled", "emergency", "answer"):
        consistent((order["delay"] is None) != (order["notice_due"] is None), "exactly one of delay and notice_due")


# ------------------------------------------------------------------------------------------------ facts.md

YES_NO_UNKNOWN = ("yes", "no", "unknown")
ANSWERS = {
    "D01": ("formal", "informal"), "D02": ("verified", "partly", "failed"), "D03": YES_NO_UNKNOWN, "D04": AUTHORITY_KINDS, "D05": range(0, 4),
    "D06": YES_NO_UNKNOWN, "D07": ("entity", "client", "offence", "none", "unknown"), "D08": INSTRUMENTS, "D09": ("yes", "partly", "no"),
    "D10": ("yes", "no"), "D11": ("yes", "no"), "D12": YES_NO_UNKNOWN, "D13": ("none", "raised"), "D14": ("none", "suspected", "yes"),
    "D15": range(0, 301), "D16": STANDINGS, "D17": ("no", "somewhere", "at_our_seat"), "D18": YES_NO_UNKNOWN, "D19": ("named", "selector", "dragnet"),
    "D20": range(0, 1_000_000_001), "D21": range(0, 101), "D22": ("yes", "no"), "D23": ("yes", "no", "not_applicable"), "D24": ("yes", "no"),
    "D25": YES_NO_UNKNOWN, "D26": ("yes", "no", "doubt"), "D27": ("yes", "no", "pending"), "D28": ("none", "agency_wish", "statute", "court"),
    "D29": ("yes", "no"), "D30": ("yes", "no"), "D31": ("yes", "no"), "D32": ("yes", "no"), "D33": ("no", "risk", "unknown"), "D34": YES_NO_UNKNOWN,
}


def finding(value):
    text = members(("question", word(*ANSWERS)), ("value", string), ("source", source), ("by", name), ("at", time))(value)
    answers, given = ANSWERS[value["question"]], value["value"]
    if isinstance(answers, range):
        need(re.fullmatch(r"0|[1-9][0-9]{0,9}", given, re.ASCII) and int(given) in answers, "malformed", f"no answer to {value['question']}")
    else:
        need(given in answers, "malformed", f"no answer to {value['question']}")
    return text


def source(value):
    text = string(value)
    need(value.strip() and len(value.encode()) <= 500 and not re.search("[\x00-\x1f\x7f-\x9f]", value), "malformed", "not one line of 1 to 500 bytes")
    return text


FACTS = members(
    ("v", version("facts/v1")), ("case", digest), ("authority", name), ("directory", digest), ("kind", word(*KINDS)),
    ("instrument", word(*INSTRUMENTS)), ("author", name), ("factors", listing(word(*FACTORS))),
    ("asked", members(("subjects", number(32)), ("classes", classes))), ("necessary", classes), ("allowed", classes),
    ("listed_by", listing(state)), ("matter", digest), ("addresses", listing(digest)), ("findings", listing(finding)),
)


def facts_rules(facts):
    """facts.md, "Rules across members"."""
    consistent(is_sorted([FACTORS.index(item) for item in facts["factors"]]), "factors")
    consistent(is_sorted(facts["listed_by"]), "listed_by")
    consistent(is_sorted(facts["addresses"]) and len(facts["addresses"]) <= 1_000, "addresses")
    consistent(is_sorted([item["question"] for item in facts["findings"]]), "findings")
    found = {item["question"]: item["value"] for item in facts["findings"]}
    for question, value in (("D08", facts["instrument"]), ("D15", len(facts["listed_by"])), ("D20", facts["asked"]["subjects"])):
        consistent(found.get(question, str(value)) == str(value), f"{question} says something else")


# ------------------------------------------------------------------------------------------------ directory.md


ENTRY_FIELDS = (
    "name", "state", "kind", "independence", "security_service", "standing", "sanctioned_in", "call_back", "signing_key", "recipient", "request_keys",
    "named_as",
)
DOSSIER = members(
    ("request_keys", listing(string)), ("named_as", listing(string)),
    ("sources", listing(members(("field", word(*ENTRY_FIELDS)), ("source", string), ("at", time), ("verified", flag)))),
    ("replies", listing(members(("said", string), ("source", string), ("at", time)))),
)
DIRECTORY = members(
    ("v", version("directory/v1")), ("version", number(32)),
    ("authorities", listing(members(
        ("id", name), ("name", string), ("state", state), ("kind", word(*AUTHORITY_KINDS)), ("independence", number(8)),
        ("security_service", optional(flag)), ("standing", word(*STANDINGS)), ("sanctioned_in", listing(state)), ("call_back", optional(string)),
        ("signing_key", optional(digest)), ("recipient", optional(members(("xwing", digest), ("xwing_key", string), ("age", string)))),
        ("source", string), ("checked", time), ("dossier", LeftOut(DOSSIER)),
    ))),
)


def directory_rules(directory):
    consistent(is_sorted([item["id"] for item in directory["authorities"]]), "authorities")
    for authority in directory["authorities"]:
        consistent(authority["id"] != DAILY_OPERATION, "the id of orders that no authority asked for")
        consistent(authority["independence"] <= 3, "independence")
        consistent(is_sorted(authority["sanctioned_in"]), "sanctioned_in")
        consistent(authority["source"].strip(), "no source")
        if authority.get("dossier"):
            dossier_rules(authority["dossier"])
    dossiers = [authority.get("dossier") or {"named_as": [], "request_keys": []} for authority in directory["authorities"]]
    names = [text for dossier in dossiers for text in dossier["named_as"] + dossier["request_keys"]]
    consistent(len(set(names)) == len(names), "two authorities share a name or key")


def dossier_rules(dossier):
    consistent(any(dossier.values()), "a dossier that says nothing")
    consistent(is_sorted(dossier["request_keys"]) and is_sorted(dossier["named_as"]), "keys or names")
    consistent(is_sorted([ENTRY_FIELDS.index(item["field"]) for item in dossier["sources"]]), "sources")
    consistent(all(item["source"].strip() for item in dossier["sources"] + dossier["replies"]), "no source")
    times = [item["at"] for item in dossier["replies"]]
    consistent(times == sorted(times), "replies")
    consistent(all(item["said"].strip() and len(item["said"].encode()) <= 8192 for item in dossier["replies"]), "a reply")


# ------------------------------------------------------------------------------------------------ control.md

PERSON = members(
    ("id", name), ("roles", listing(word(*ROLES))), ("state", state), ("manages", listing(state)), ("independent", flag),
    ("reach", REACH), ("keys", listing(string)), ("reader", LeftOut(digest)),
)
RING_REF = members(("id", digest), ("share_epoch", number(32)), ("shares", digest))
TRUSTEE = members(
    ("index", number(16)), ("name", name), ("state", state), ("identity", digest), ("transport", digest), ("obliged_entity", flag),
)
HELD_SHARES = members(("id", digest), ("share_epoch", number(32)), ("shares", digest), ("confirmed", listing(hexadecimal(64))))
GENESIS = members(
    ("v", version("genesis/v1")), ("custodian", members(("id", hexadecimal(16)), ("name", string), ("seat", state))), ("created", time),
    ("journal", members(("origin", string), ("vkey", string))), ("witness_policy", string), ("desk_key", digest), ("ring", optional(RING_REF)),
    ("index_ring", LeftOut(RING_REF)), ("policy", digest), ("directory", digest), ("change_approvals", number(16)), ("people", listing(PERSON)),
    ("trustees", optional(members(("threshold", number(16)), ("members", listing(TRUSTEE))))),
    ("vrf", digest),
)
WORKER = members(
    ("v", version("worker/v1")), ("name", name), ("state", state), ("identity", digest), ("code", digest), ("attestation", optional(digest)),
)
CHANGE = members(
    ("v", version("change/v1")), ("custodian", hexadecimal(16)), ("genesis", digest), ("number", number(32)), ("effective", time),
    ("action", choice(
        add_person=PERSON, set_policy=digest, set_directory=digest, set_witness_policy=string, set_ring=RING_REF, set_index_ring=RING_REF,
        rotate_ring=HELD_SHARES, close_ring=digest, set_trustees=members(("members", listing(TRUSTEE)), ("ring", HELD_SHARES), ("index_ring", LeftOut(HELD_SHARES))), remove_trustee=digest,
        remove_person=name, state_reach=members(("person", name), ("reach", REACH)), watch=members(("person", name), ("watch", WATCH)),
        revoke_key=members(("person", name), ("key", string)), suspend_authority=name, hold_order=hexadecimal(16),
        add_worker=WORKER, replace_worker=members(("replaces", digest), ("worker", WORKER)), remove_worker=digest,
    )),
)


def person_rules(person):
    consistent(person["roles"] and is_sorted([ROLES.index(role) for role in person["roles"]]), "roles")
    consistent(is_sorted(person["manages"]), "manages")
    consistent(is_sorted(person["reach"]["states"]) and person["state"] in person["reach"]["states"], "reach")
    consistent(person["keys"] and is_sorted(person["keys"]), "keys")


def genesis_rules(genesis):
    consistent(genesis["change_approvals"] >= 2, "change_approvals")
    consistent(is_sorted([person["id"] for person in genesis["people"]]), "people")
    for person in genesis["people"]:
        person_rules(person)
    keys = [key for person in genesis["people"] for key in person["keys"]]
    consistent(len(set(keys)) == len(keys), "two people share a key")
    readers = [person["reader"] for person in genesis["people"] if "reader" in person]
    consistent(len(set(readers)) == len(readers), "two people share a reader's key")
    consistent((genesis["ring"] is None) == (genesis["trustees"] is None), "ring and trustees")
    index = genesis.get("index_ring")
    consistent(not index or genesis["trustees"], "an index ring needs trustees")
    consistent(not index or not genesis["ring"] or index["id"] != genesis["ring"]["id"], "one ring for both")
    if genesis["trustees"]:
        members_rules(genesis["trustees"]["members"])
        consistent(2 <= genesis["trustees"]["threshold"] <= len(genesis["trustees"]["members"]), "threshold")
    consistent(int(genesis["vrf"], 16), "VRF key")


def members_rules(trustees):
    consistent(len(trustees) <= 255, "more than 255 trustees")
    consistent([trustee["index"] for trustee in trustees] == list(range(1, len(trustees) + 1)), "trustees are numbered 1 to n")
    consistent(len({trustee["identity"] for trustee in trustees}) == len(trustees), "two trustees share an identity")


def rings_of(trustees):
    """The shares that come with a change of trustees."""
    return [trustees[ring] for ring in ("ring", "index_ring") if trustees.get(ring)]


def change_rules(change):
    if "add_person" in change["action"]:
        person_rules(change["action"]["add_person"])
    action_rules(change["action"])
    if "set_trustees" in change["action"]:
        new = change["action"]["set_trustees"]
        members_rules(new["members"])
        rings = rings_of(new)
        consistent(all(len(ring["confirmed"]) == len(new["members"]) for ring in rings), "one confirmation for each member")
        consistent(len({ring["id"] for ring in rings}) == len(rings), "one ring for both")
    if "rotate_ring" in change["action"]:
        new = change["action"]["rotate_ring"]
        consistent(new["share_epoch"] == 1, "the shares of a new ring are of epoch 1")
        consistent(2 <= len(new["confirmed"]) <= 255, "confirmations of 2 to 255 trustees")
    if "add_worker" in change["action"]:
        worker_rules(change["action"]["add_worker"])
    if "replace_worker" in change["action"]:
        worker_rules(change["action"]["replace_worker"]["worker"])


# ------------------------------------------------------------------------------------------------ worker.md


def worker_rules(worker):
    consistent(int(worker["identity"], 16) and int(worker["code"], 16), "a key or program that is zero")
    consistent(worker.get("attestation") is None or int(worker["attestation"], 16), "an attestation that is zero")


def worker_digest(worker):
    return sha256(b"countersign/worker/v1" + WORKER(worker).encode())


BINDING = members(
    ("v", version("binding/v1")), ("custodian", hexadecimal(16)), ("order", digest), ("worker", digest), ("index", number(64)), ("key", string),
    ("at", time),
)


def binding_rules(binding):
    consistent(len(binding["key"].encode()) == 1624, "not the length of a key")
    consistent(binding["index"] > 0, "leaf 0")


# ------------------------------------------------------------------------------------------------ duty.md

PURPOSES = ("screening", "tax_report", "statutory_report", "travel_rule", "kyc_refresh", "mail_out", "reseal")
DUTY = members(
    ("v", version("duty/v1")), ("case", digest), ("authority", name), ("purpose", word(*PURPOSES)), ("basis", string), ("author", name),
    ("code", digest), ("destination", digest),
    ("output", choice(fields=listing(string), hits=members(("list", digest)), sealed=members(("ring", digest)))), ("classes", classes),
    ("run", members(("subjects", number(32)), ("records", number(32)))), ("total", number(32)),
)
REPLACED = members(("old", digest), ("new", digest))
RESEALED = members(
    ("v", version("resealed/v1")), ("custodian", hexadecimal(16)), ("order", digest), ("worker", digest), ("ring", digest), ("records", listing(REPLACED)),
)
RUN = members(("v", version("run/v1")), ("standing", digest), ("number", number(32)), ("previous", optional(digest)))


def resealed_rules(resealed):
    """resealed.md, "List"."""
    old, new = ([record[key] for record in resealed["records"]] for key in ("old", "new"))
    consistent(1 <= len(old) <= 10_000, "no records, or too many")
    consistent(is_sorted(old), "records not sorted, or one twice")
    consistent(len(set(new)) == len(new) and not set(new) & set(old), "one record in the place of two, or of itself")


def duty_rules(duty):
    """duty.md, "Rules beyond types"."""
    basis, run = duty["basis"], duty["run"]
    consistent(1 <= len(basis.encode()) <= 300 and basis.strip() == basis and not re.search("[\x00-\x1f\x7f-\x9f]", basis), "basis")
    fields = duty["output"].get("fields")
    if fields is not None:
        consistent(1 <= len(fields) <= 64 and is_sorted(fields), "fields")
        consistent(all(re.fullmatch("[A-Za-z0-9_]{1,64}", field) for field in fields), "name of a field")
    consistent((duty["purpose"] == "reseal") == ("sealed" in duty["output"]), "sealed anew for another purpose")
    consistent(duty["classes"], "no classes")
    consistent(1 <= run["subjects"] <= run["records"] <= 10_000, "cap of a run")
    consistent(run["subjects"] <= duty["total"] <= 1_000_000_000, "cap of all runs")


def run_rules(run):
    consistent(run["number"] > 0, "number")
    consistent((run["number"] == 1) == (run.get("previous") is None), "number and previous")


# ------------------------------------------------------------------------------------------------ case-event.md

_DOCUMENT, _ORDER = ("document", digest), ("order", hexadecimal(32))
EVENT = members(
    ("v", version("event/v1")), ("case", hexadecimal(16)), ("number", number(32)), ("previous", optional(digest)), ("at", time), ("by", name),
    ("event", choice(
        contact=members(_DOCUMENT, ("authority", name)), request=members(_DOCUMENT, ("authority", name)), authenticated=members(_DOCUMENT),
        fake=members(_DOCUMENT), found=members(_DOCUMENT), asked_more=members(_DOCUMENT), completed=members(_DOCUMENT), proposed=members(_ORDER),
        signed=members(_ORDER, ("approval", digest)), approved=members(_ORDER), logged=members(_ORDER, ("index", number(64))),
        held=members(_ORDER, _DOCUMENT, ("until", time)), returned=members(_ORDER, _DOCUMENT), release_started=members(_ORDER, ("intent", number(64))),
        delivered=members(_ORDER, ("package", digest)), notified=members(_DOCUMENT), delayed=members(_DOCUMENT, ("until", time)), refused=members(_DOCUMENT), expired=members(_DOCUMENT),
        locked=members(_DOCUMENT), acknowledged=members(_DOCUMENT), preserved=members(_DOCUMENT, ("until", time)),
        preservation_ended=members(_DOCUMENT), protested=members(_ORDER, _DOCUMENT),
        withdrawn=members(_DOCUMENT), confirmed=members(_DOCUMENT), objected=members(_DOCUMENT), challenged=members(_DOCUMENT), challenge_decided=members(_DOCUMENT), closed=None,
    )),
)


def event_rules(event):
    consistent((event["number"] == 0) == (event["previous"] is None), "number and previous")


# ------------------------------------------------------------------------------------------------ manifest.md

ENTRY = members(("record", digest), ("label", hexadecimal()), ("u", digest), ("classes", classes))
MANIFEST = members(("v", version("manifest/v1")), ("entries", listing(ENTRY)))


def manifest_rules(manifest):
    entries = manifest["entries"]
    consistent(1 <= len(entries) <= 10_000 and is_sorted([entry["record"] for entry in entries]), "entries")
    consistent(all(entry["classes"] for entry in entries), "entry without classes")


def manifest_root(manifest):
    return root_of([leaf_hash(ENTRY(entry).encode()) for entry in manifest["entries"]])


# ------------------------------------------------------------------------------------------------ wire.md

LEAF_EVIDENCE = members(("leaf", string), ("disclosures", listing(string)), ("proof", string), ("seasoned", optional(string)))
REQUEST = members(
    ("v", version("release-request/v1")), ("custodian", hexadecimal(16)), ("trustee", number(16)), ("at", time), ("ring", digest),
    ("share_epoch", number(32)), ("order", string), ("facts", string), ("manifest", string), ("approvals", listing(string)),
    ("leaf", LEAF_EVIDENCE),
    ("delay", optional(string)), ("headers", listing(hexadecimal())), ("binding", LeftOut(string)),
    ("standing", LeftOut(members(("order", string), ("duty", string), ("approvals", listing(string)), ("leaf", LEAF_EVIDENCE)))),
)
ANSWER = members(("v", version("answer/v1")), ("receipt", string), ("disclosure", string), ("reply", optional(hexadecimal())))
RECEIPT = members(
    ("v", version("receipt/v1")), ("custodian", hexadecimal(16)), ("trustee", number(16)), ("nonce", digest), ("order", digest),
    ("outcome", word("answered", "refused")), ("code", optional(string)), ("reasons", listing(string)), ("share_epoch", number(32)),
    ("state", digest), ("journal_size", number(64)), ("journal_root", digest), ("records", number(32)), ("at", time),
)
DELAY = members(
    ("v", version("delay/v1")), ("authority", name), ("request", digest), ("salt", hexadecimal(16)), ("basis", string), ("at", time), ("until", time),
)


def request_rules(request):
    consistent(len(request["approvals"]) <= 64 and len(request["headers"]) <= 10_000, "approvals and headers")
    consistent(len((request.get("standing") or {"approvals": []})["approvals"]) <= 64, "approvals of the standing order")


def receipt_rules(receipt):
    if receipt["outcome"] == "answered":
        consistent(receipt["code"] is None and not receipt["reasons"], "an answer with a code or reasons")
    else:
        consistent(receipt["code"] is not None, "a refusal without a code")


def delay_rules(delay):
    consistent(seconds(delay["at"]) < seconds(delay["until"]) <= seconds(delay["at"]) + 366 * DAY, "until")
    consistent(delay["basis"].strip(), "no legal basis")


# ------------------------------------------------------------------------------------------------ totals.md

CLOSED = members(("until", time), ("orders", number(64)), ("people", number(64)))
KEPT_CLOSED = members(("law", string), ("orders", number(64)), ("people", number(64)))
TOTALS = members(
    ("v", version("totals/v1")), ("custodian", hexadecimal(16)), ("genesis", digest), ("number", number(32)), ("day", day), ("size", number(64)),
    ("root", digest),
    ("figures", members(
        ("orders", number(64)), ("people", number(64)), ("cells", number(64)), ("closed", listing(CLOSED)), ("kept_closed", listing(KEPT_CLOSED)),
    )),
)
MOST = 2**53 - 1


def totals_rules(totals):
    """totals.md, "Document"."""
    figures = totals["figures"]
    closed, kept = figures["closed"], figures["kept_closed"]
    consistent(totals["number"] >= 1 and 1 <= totals["size"] <= MOST, "number or size")
    consistent(max(figures["orders"], figures["people"], figures["cells"]) <= MOST, "numbers")
    consistent(figures["orders"] or not figures["people"] and not figures["cells"], "people or cells without orders")
    consistent(len(closed) <= 40 and is_sorted([one["until"] for one in closed]), "quarters")
    consistent(all(re.search(r"-(03-31|06-30|09-30|12-31)T23:59:59Z$", one["until"]) for one in closed), "not the last second of a quarter")
    consistent(len(kept) <= 8 and is_sorted([one["law"].encode() for one in kept]), "laws")
    for one in kept:
        law = one["law"]
        consistent(law.strip() == law and 1 <= len(law.encode()) <= 100 and not re.search('["\\\\\x00-\x1f\x7f-\x9f]', law), "name of a law")
    consistent(all(one["orders"] for one in closed + kept), "a quarter or law without orders")
    for figure in ("orders", "people"):
        consistent(sum(one[figure] for one in closed + kept) <= figures[figure], "more closed than there is")


# ------------------------------------------------------------------------------------------------ wire.md, totals

TOTALS_CODES = (
    "TOTALS_MALFORMED", "PAUSED", "NUMBER_TAKEN", "OTHER_JOURNAL", "WRONG_NUMBER", "SIZE_NOT_LARGER", "DAY_NOT_LATER", "DAY_IN_FUTURE", "CLOCK_WENT_BACK",
    "JOURNAL_AHEAD", "DISCLOSURE_WRONG", "DISCLOSURES_MISSING", "ROOT_DIFFERS", "ORDER_NOT_COUNTED", "FIGURES_DIFFER",
)
TOTALS_REQUEST = members(
    ("v", version("totals-request/v1")), ("custodian", hexadecimal(16)), ("trustee", number(16)), ("at", time), ("totals", string),
    ("from", number(64)), ("to", number(64)), ("leaves", listing(members(("index", number(64)), ("disclosures", listing(string))))),
)
TOTALS_ANSWER = members(
    ("v", version("totals-answer/v1")), ("custodian", hexadecimal(16)), ("trustee", number(16)), ("totals", digest), ("held", number(64)),
    ("signature", optional(string)), ("code", optional(word(*TOTALS_CODES))), ("leaf", optional(number(64))), ("at", time),
)


def totals_request_rules(request):
    """wire.md, "Totals request"."""
    begin, end, leaves = request["from"], request["to"], request["leaves"]
    consistent(len(request["totals"].encode()) <= 6 * KIB, "totals")
    consistent(begin <= end <= begin + 1_024, "stretch")
    consistent(is_sorted([leaf["index"] for leaf in leaves]), "leaves")
    consistent(all(begin <= leaf["index"] < end and 1 <= len(leaf["disclosures"]) <= 16 for leaf in leaves), "a leaf")


def totals_answer_rules(answer):
    """wire.md, "Totals answer"."""
    consistent((answer["signature"] is None) != (answer["code"] is None), "exactly one of signature and code")
    consistent((answer["leaf"] is None) == (answer["code"] != "DISCLOSURE_WRONG"), "leaf")


# ------------------------------------------------------------------------------------------------ ceremony.md

XWING_PUBLIC = 1_216
JOURNAL_KEY = members(("origin", string), ("vkey", string))
TRUSTEE_IDENTITY = members(
    ("v", version("trustee-identity/v1")), ("index", number(16)), ("name", name), ("state", state), ("obliged_entity", flag), ("identity", digest),
    ("transport", string),
)
CEREMONY_TERMS = members(
    ("v", version("ceremony-terms/v1")), ("id", digest), ("custodian", members(("id", hexadecimal(16)), ("name", string), ("seat", state))),
    ("created", time), ("journal", JOURNAL_KEY), ("log", JOURNAL_KEY), ("witness_policy", string), ("ring", string), ("threshold", number(16)),
    ("classes", listing(word(*CLASSES))), ("index", LeftOut(members(("ring", string), ("attributes", listing(word(*ATTRIBUTES)))))),
    ("trustees", listing(string)),
)
CEREMONY_COMPLAINT = members(
    ("v", version("ceremony-complaint/v1")), ("terms", digest), ("trustee", number(16)), ("blames", optional(number(16))), ("reason", string),
)


def trustee_identity_rules(identity):
    consistent(identity["index"] >= 1, "index")
    consistent(len(base64_bytes(identity["transport"], "inconsistent")) == XWING_PUBLIC, "transport")


def ceremony_terms_rules(terms):
    consistent(terms["log"]["origin"] == terms["journal"]["origin"] + "/ceremony", "origin of the log")
    consistent(terms["classes"] and is_sorted([CLASSES[word] for word in terms["classes"]]), "classes")
    index = terms.get("index")
    if index:
        consistent(index["attributes"] and is_sorted([ATTRIBUTES[word] for word in index["attributes"]]), "attributes")
        consistent(index["ring"] != terms["ring"], "two rings of one name")
    consistent(2 <= terms["threshold"] <= len(terms["trustees"]), "threshold")


def ceremony_complaint_rules(complaint):
    consistent(complaint["trustee"] >= 1 and complaint["blames"] not in (0, complaint["trustee"]), "trustees")
    consistent(complaint["reason"].strip(), "no reason")


# ------------------------------------------------------------------------------------------------ lookup.md

LOOKUP = members(
    ("v", version("lookup/v1")), ("id", hexadecimal(16)), ("custodian", hexadecimal(16)), ("ring", digest), ("attribute", string),
    ("purpose", choice(
        enrol=members(("records", digest)), find=members(("case", digest), ("officer", name), ("value", digest)),
    )),
    ("count", number(32)), ("blinded", digest), ("not_before", time), ("expires", time),
)
LOOKUP_REQUEST = members(
    ("v", version("lookup-request/v1")), ("custodian", hexadecimal(16)), ("trustee", number(16)), ("at", time), ("share_epoch", number(32)),
    ("lookup", string), ("approval", optional(string)),
    ("leaf", members(("leaf", string), ("disclosures", listing(string)), ("proof", string), ("seasoned", optional(string)))),
    ("blinded", listing(hexadecimal())), ("records", listing(members(("label", hexadecimal()), ("header", hexadecimal())))),
)


def lookup_rules(lookup):
    consistent(1 <= lookup["count"] <= 1_000, "count")
    consistent("find" not in lookup["purpose"] or lookup["count"] == 1, "one value at a time")
    consistent(0 < seconds(lookup["expires"]) - seconds(lookup["not_before"]) <= DAY, "lifetime")
    consistent(re.fullmatch("[a-z_]{1,64}", lookup["attribute"]), "attribute")


def lookup_request_rules(request):
    consistent(1 <= len(request["blinded"]) <= 1_000, "blinded elements")
    consistent(len(request["records"]) <= 1_000, "records")
    consistent(request["leaf"]["seasoned"] is None, "an older proof")


# ------------------------------------------------------------------------------------------------ reading.md

READING = members(
    ("v", version("reading/v1")), ("case", digest), ("lane", word("client_present", "case", "break_glass")), ("agent", name),
    ("reason", word("client_asks", "account_recovery", "payment", "identity_check", "fraud", "complaint", "estate", "threat_to_life")), ("key", string),
)
CONSENT = members(("v", version("consent/v1")), ("order", digest), ("at", time), ("key", string), ("signature", string))


# ------------------------------------------------------------------------------------------------ retention.md

RETENTION = members(
    ("v", version("retention/v1")), ("client", hexadecimal(32)), ("act", word("erase", "hold", "release")), ("hold", optional(digest)),
    ("basis", string), ("until", optional(time)), ("by", name), ("at", time),
)


def retention_rules(record):
    consistent(record["basis"].strip(), "no basis")
    consistent((record["until"] is not None) == (record["act"] == "hold"), "until belongs to a hold")
    consistent((record["hold"] is not None) == (record["act"] == "release"), "hold belongs to a release")


# ------------------------------------------------------------------------------------------------ all of them

KIB, MIB = 1024, 1024 * 1024
DOCUMENTS = {
    # name: (limit in bytes, type, rules, domain of the digest)
    "approval": (16 * KIB, APPROVAL, None, "countersign/approval-document/v1"),
    "order": (4 * KIB, ORDER, order_rules, "countersign/order/v1"),
    "facts": (256 * KIB, FACTS, facts_rules, "countersign/facts/v1"),
    "directory": (16 * MIB, DIRECTORY, directory_rules, "countersign/directory/v1"),
    "genesis": (12 * KIB, GENESIS, genesis_rules, "countersign/genesis/v1"),
    "change": (8 * KIB, CHANGE, change_rules, "countersign/change/v1"),
    "check-in": (512, CHECK_IN, None, "countersign/check-in/v1"),
    "event": (4 * KIB, EVENT, event_rules, "countersign/event/v1"),
    "counsel-note": (208 * KIB, NOTE, note_rules, "countersign/counsel-note/v1"),
    "step": (16 * KIB, STEP, step_rules, "countersign/step/v1"),
    "worker": (1 * KIB, WORKER, worker_rules, "countersign/worker/v1"),
    "binding": (4 * KIB, BINDING, binding_rules, "countersign/binding/v1"),
    "duty": (8 * KIB, DUTY, duty_rules, "countersign/duty/v1"),
    "resealed": (2 * MIB, RESEALED, resealed_rules, "countersign/resealed/v1"),
    "run": (1 * KIB, RUN, run_rules, "countersign/run/v1"),
    "manifest": (16 * MIB, MANIFEST, manifest_rules, "countersign/manifest/v1"),
    "request": (24 * MIB, REQUEST, request_rules, "countersign/release-request/v1"),
    "answer": (32 * MIB, ANSWER, None, "countersign/answer/v1"),
    "receipt": (8 * KIB, RECEIPT, receipt_rules, "countersign/receipt/v1"),
    "delay": (4 * KIB, DELAY, delay_rules, "countersign/delay/v1"),
    "trustee-identity": (2 * KIB, TRUSTEE_IDENTITY, trustee_identity_rules, "countersign/trustee-identity/v1"),
    "ceremony-terms": (60 * KIB, CEREMONY_TERMS, ceremony_terms_rules, "countersign/ceremony-terms/v1"),
    "ceremony-complaint": (1 * KIB, CEREMONY_COMPLAINT, ceremony_complaint_rules, "countersign/ceremony-complaint/v1"),
    "reading": (4 * KIB, READING, None, "countersign/reading/v1"),
    "consent": (16 * KIB, CONSENT, None, "countersign/consent-document/v1"),
    "lookup": (4 * KIB, LOOKUP, lookup_rules, "countersign/lookup/v1"),
    "lookup-request": (2 * MIB, LOOKUP_REQUEST, lookup_request_rules, "countersign/lookup-request/v1"),
    "status": (64 * KIB, STATUS, status_rules, "countersign/status/v1"),
    "retention": (16 * KIB, RETENTION, retention_rules, "countersign/retention/v1"),
    "view-record": (1 * KIB, VIEW_RECORD, None, "countersign/view/v1"),
    "masked-view": (256, MASKED_VIEW, None, "countersign/masked-view/v1"),
    "totals": (6 * KIB, TOTALS, totals_rules, "countersign/totals/v1"),
    "totals-request": (4 * MIB, TOTALS_REQUEST, totals_request_rules, "countersign/totals-request/v1"),
    "totals-answer": (4 * KIB, TOTALS_ANSWER, totals_answer_rules, "countersign/totals-answer/v1"),
}


def read_document(kind, data):
    """The value and the digest of a canonical document."""
    need(kind in DOCUMENTS, "not covered", f"documents of kind {kind}")
    limit, document_type, rules, domain = DOCUMENTS[kind]
    return read(data, limit, document_type, rules), sha256(domain.encode() + data)
