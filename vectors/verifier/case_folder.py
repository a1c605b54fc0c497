"""docs/formats/case-folder.md: a case rebuilt from its folder. The reason of a refusal is the file that a verifier names."""

import json
import re

from . import control, second_review
from .approval import NAMESPACE, approval_line, check_signature, read_key
from .canonical import digest, flag, hexadecimal, members, read, seconds, string, time
from .documents import manifest_root, read_document
from .encoding import parts, sha256
from .leaf import check_disclosures, read_leaf, write_value
from .refusal import Refused, need
from .rules import version
from .sums import LIST, check_sums
from .tlog import check_proof, quorum_reached, read_policy, read_proof

SAYS = members(
    ("v", version("case-folder/v1")), ("custodian", hexadecimal(16)), ("case", hexadecimal(16)), ("stage", string), ("preserved", flag), ("protested", flag),
    ("at", time),
)
# leaf.md, "Fields by kind", as far as a case brings leaves.
FIELDS = {
    "contact": "document authority state met asked promised delivered at", "request": "document authority instrument people_asked classes_asked received_at",
    "verified": "document outcome factors at", "finding": "document question at", "decision": "document outcome reasons policy at",
    "approval": "document order role verdict at", "intent": "effect subject at", "receipt": "receipt order trustee outcome code at",
    "order": "order case order_kind authority manifest subjects records classes recipient not_before expires latest_opening delay ring",
    "release": "order package people cells at", "refusal": "document authority reasons people_asked cells_asked at", "notice": "order form at",
    "delay": "order delay until at", "step": "document step until at", "incident": "document code at", "retention": "document act until at",
}
STEPS = {
    "acknowledged": "acknowledge", "asked_more": "ask", "returned": "return", "held": "hold", "preserved": "preserve",
    "preservation_ended": "end_preservation", "challenged": "challenge", "challenge_decided": "decide_challenge", "protested": "protest",
    "withdrawn": "withdraw", "expired": "expire", "locked": "lock",
} | second_review.EVENTS
BROUGHT = {
    "contact": ("contact", None), "request": ("request", None), "completed": ("request", None), "authenticated": ("verified", ("outcome", "verified")),
    "fake": ("verified", ("outcome", "fake")), "found": ("finding", None), "proposed": ("decision", None), "signed": ("approval", None),
    "approved": ("order", None), "delayed": ("delay", None), "notified": ("notice", ("form", "due")), "refused": ("refusal", None),
} | {event: ("step", ("step", step)) for event, step in STEPS.items()}
# The desk's own documents: the domain of their digest, and whether they name the case.
OURS = {
    "contact": ("contact", False), "sender_check": ("sender-check", True), "scoping": ("scoping", True), "decision": ("decision", True),
    "refusal": ("refusal", True), "notice": ("notice", False),
}
SHARED = {"facts", "order", "approval", "step"}

BEFORE_RELEASE = "CONTACT RECEIVED AUTHENTICATING REVIEW CLARIFY PROPOSED APPROVED LOGGED HOLD".split()
ORDERED = ["PROPOSED", "APPROVED", "LOGGED", "HOLD"]
OPEN = BEFORE_RELEASE + ["RELEASING"]
ANYWHERE = OPEN + ["CHALLENGED"]
# case-event.md: from which stages, to which; None stays.
TABLE = {
    "contact": ([None], "CONTACT"), "request": ([None, "CONTACT"], "RECEIVED"), "acknowledged": (["RECEIVED"], "AUTHENTICATING"),
    "authenticated": (["RECEIVED", "AUTHENTICATING"], "REVIEW"), "fake": (["RECEIVED", "AUTHENTICATING"], "REJECTED_FAKE"),
    "found": (["RECEIVED", "AUTHENTICATING", "REVIEW"], None), "asked_more": (["REVIEW"], "CLARIFY"), "completed": (["CLARIFY"], "REVIEW"),
    "proposed": (["REVIEW"], "PROPOSED"), "signed": (["PROPOSED"], None), "approved": (["PROPOSED"], "APPROVED"), "logged": (["APPROVED"], "LOGGED"),
    "returned": (ORDERED, "REVIEW"), "held": (["LOGGED", "HOLD"], "HOLD"), "release_started": (["LOGGED", "HOLD"], "RELEASING"),
    "delivered": (["RELEASING"], "DELIVERED"), "delayed": (["DELIVERED"], None), "notified": (["DELIVERED"], "NOTIFIED"),
    "refused": (ANYWHERE, "REFUSED"), "expired": (OPEN, "EXPIRED"), "locked": (ANYWHERE, "LOCKED"), "withdrawn": (BEFORE_RELEASE + ["CHALLENGED"], "WITHDRAWN"),
    "challenged": (["REVIEW", "CLARIFY", *ORDERED], "CHALLENGED"), "challenge_decided": (["CHALLENGED"], "REVIEW"), "protested": (ORDERED, None),
    "preserved": (["REVIEW", "CLARIFY", *ORDERED, "RELEASING", "CHALLENGED"], None), "preservation_ended": (None, None),
    "confirmed": (["DELIVERED", "NOTIFIED", "REFUSED", "EXPIRED"], None), "objected": (["DELIVERED", "NOTIFIED", "REFUSED", "EXPIRED"], None),
    "closed": (["CONTACT", "NOTIFIED", "REJECTED_FAKE", "REFUSED", "WITHDRAWN", "EXPIRED"], "CLOSED"),
}


def step(life, name, given, at):
    """One event at its time; `life` is what the events before came to."""
    origins, target = TABLE[name]
    need(origins is None or life["stage"] in origins, "stage", f"{name} in {life['stage']}")
    if "order" in given and name != "proposed":
        need(given["order"] == life["order"], "stage", "another order")
    if "until" in given:
        need(seconds(given["until"]) > at, "stage", "until")
    if name == "proposed":
        life.update(order=given["order"], signed=False, held=None)
    elif name == "signed":
        life["signed"] = True
    elif name == "approved":
        need(life["signed"], "stage", "nobody has signed")
    elif name == "logged":
        life["index"] = given["index"]
    elif name == "held":
        until = seconds(given["until"])
        need(life["held"] is None or until > life["held"], "stage", "a hold is only prolonged")
        life["held"] = until
    elif name == "release_started":
        need(given["intent"] > life["index"] and (life["held"] is None or at >= life["held"]), "stage", "intent or hold")
    elif name == "delayed":
        life["delayed"] = seconds(given["until"])
    elif name == "notified":
        need(life["delayed"] is None or at >= life["delayed"], "stage", "a delay stands")
    elif name == "preserved":
        until = seconds(given["until"])
        need(life["preserved"] is None or until > life["preserved"], "stage", "a preservation that stands")
        life["preserved"] = until
    elif name == "preservation_ended":
        need(life["preserved"] is not None and at < life["preserved"] and life["stage"] not in (None, "CLOSED", "LOCKED"), "stage", "nothing is preserved")
        life["preserved"] = None
    elif name == "protested":
        life["protest"] = given["order"]
    elif name in second_review.EVENTS:
        need(not life["reviewed"], "stage", "a second review is on file")
        life["reviewed"] = True
    if name in ("returned", "challenged"):
        life["order"] = None
    life["stage"] = target or life["stage"]


def replay(files, pinned=None):
    """What the desk says of the case, and what its events and leaves show."""
    check_sums(files)
    folded = _control(files, pinned)
    leaves = {}
    for path in _under(files, "leaves/"):
        if not path.endswith(".leaf"):
            stem = re.sub(r"(\.tlog-proof|\.disclosures\.json)$", "", path)
            need(stem != path and f"{stem}.leaf" in files, path, "of no leaf")
            continue
        index, _ = _proved(files, path, folded)
        leaf = _at(path, read_leaf, files[path])
        need(leaf["kind"] == "sealed", path, "not sealed")
        stem = path.removesuffix(".leaf") + ".disclosures.json"
        listed = _at(stem, _listed, files.get(stem))
        fields = _at(stem, check_disclosures, leaf, listed)
        expected = FIELDS.get(fields.get("kind")) if isinstance(fields.get("kind"), str) else None
        need(expected is not None and set(fields) == {"kind", *expected.split()}, stem, "fields")
        leaves[index] = fields | {"tick": leaf["tick"] * 300}
    need("case.json" in files, "case.json", "missing")
    says = _at("case.json", read, files["case.json"], 4096, SAYS)
    need(says["custodian"] == folded["genesis"]["custodian"]["id"], "case.json", "another custodian")
    events = _events(files, says["case"])
    life = dict(stage=None, order=None, signed=False, held=None, delayed=None, preserved=None, protest=None, index=None, reviewed=False)
    before = None
    for number, (event, found) in enumerate(events):
        need(event["number"] == number and event["previous"] == before, "events", "chain")
        name, given = _parts(event)
        _at("events", step, life, name, given, seconds(event["at"]))
        before = found.hex()
    documents = _documents(files, says["case"])
    effects = {index: leaf for index, leaf in leaves.items() if leaf["kind"] in ("intent", "receipt", "release")}
    rest = {index: leaf for index, leaf in leaves.items() if index not in effects}
    orders = {}
    for event, _ in events:
        _at(f"events/{event['number']:06}.json", _backed, event, rest, effects, orders, documents, folded)
    need(not rest, f"leaves/{min(rest, default=0):010}.leaf", "no event brought it")
    ordered = {given["order"] for name, given in (_parts(event) for event, _ in events) if name == "proposed"}
    for index, leaf in sorted(effects.items()):
        need(leaf["subject" if leaf["kind"] == "intent" else "order"] in ordered, f"leaves/{index:010}.leaf", "of another order")
    drawn = second_review.drawn_by([leaf for leaf in effects.values() if leaf["kind"] == "receipt"], folded["genesis"])
    listed = [(event["number"], name, event["at"], event["by"], given) for event, _ in events for name, given in [_parts(event)]]
    second_review.check_reviews(listed, drawn, lambda named: read_document("approval", documents[named][1])[0]["approver"], folded)
    preserved = life["preserved"] is not None and seconds(says["at"]) < life["preserved"]
    return says, {"stage": life["stage"], "preserved": preserved, "protested": life["protest"] is not None and life["protest"] == life["order"]}


def differs(says, shown):
    return any(says[name] != shown[name] for name in shown)


def _under(files, folder):
    return sorted((path for path in files if path.startswith(folder)), key=str.encode)


def _at(place, function, *arguments):
    try:
        return function(*arguments)
    except Refused as refused:
        raise Refused(place, str(refused)) from refused


def _listed(data):
    need(data is not None, "missing")
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused("malformed", str(error)) from error
    need(isinstance(value, list) and all(isinstance(item, str) for item in value), "malformed", "no list of strings")
    need(write_value(value).encode() == data, "malformed", "in another spelling")
    return value


def _proved(files, path, folded):
    """Index of a leaf, and when the quorum stood, under the witness policy in force at that time."""
    proof_path = path.replace(".leaf", ".tlog-proof")
    need(proof_path in files, proof_path, "missing")
    proof = _at(proof_path, read_proof, files[proof_path])
    texts = {folded["in_force"]["witness_policy"]} | {action["set_witness_policy"] for _, _, action in folded["waiting"] if "set_witness_policy" in action}
    refused = None
    for text in sorted(texts):
        policy = read_policy(text.encode())
        try:
            witnessed = quorum_reached(policy, check_proof(files[path], proof, policy, 0, 2**63))
            need(control.state_at(folded, witnessed)["witness_policy"] == text, "quorum", "a policy that was not in force")
        except Refused as error:
            refused = error
            continue
        need(path.rsplit("/", 1)[1] == f"{proof['index']:010}.leaf", path, "another index")
        return proof["index"], witnessed
    raise Refused(proof_path, str(refused))


def _control(files, pinned):
    first = "control/0000000000.leaf"
    need(first in files, first, "missing")
    leaf = _at(first, read_leaf, files[first])
    need(leaf["kind"] == "control", first, "no control leaf")
    folded = _at(first, control.begin, leaf["body"], leaf["sigs"])
    need(pinned is None or folded["in_force"]["genesis"] == pinned, first, "another genesis")
    _proved(files, first, folded)
    for path in _under(files, "control/"):
        if not path.endswith(".leaf") or path == first:
            continue
        leaf = _at(path, read_leaf, files[path])
        need(leaf["kind"] == "control", path, "no control leaf")
        index, witnessed = _proved(files, path, folded)
        try:
            control.fold(folded, index, leaf["body"], leaf["sigs"], witnessed)
        except Refused:
            continue
    return folded


def _events(files, case):
    found = []
    for path in sorted(files, key=str.encode):
        if path in ("case.json", LIST) or path.startswith(("control/", "documents/", "leaves/")):
            continue
        event, event_digest = _at(path, read_document, "event", files[path])
        need(path == f"events/{event['number']:06}.json" and event["case"] == case, path, "another case or number")
        found.append((event, event_digest))
    need(found, "events", "none")
    return found


def _parts(event):
    return (event["event"], {}) if isinstance(event["event"], str) else next(iter(event["event"].items()))


def _documents(files, case):
    found = {}
    for path in _under(files, "documents/"):
        match = re.fullmatch(r"documents/([a-z_]+)-([0-9a-f]{64})\.json", path)
        need(match, path, "not KIND-DIGEST.json")
        kind, named = match[1], match[2]
        need(_at(path, _digest, kind, files[path], case) == named, path, "another digest")
        need(named not in found, path, "twice")
        found[named] = (kind, files[path])
    return found


def _digest(kind, data, case):
    if kind == "finding":
        return parts("countersign/finding/v1", bytes.fromhex(case), data).hex()
    if kind == "manifest":
        return manifest_root(read_document("manifest", data)[0]).hex()
    if kind in SHARED:
        value, found = read_document(kind, data)
        need(kind != "step" or value["case"] == case, "another case")
        return found.hex()
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused("malformed", str(error)) from error
    if kind == "intake":
        need(value.get("v") == "countersign/intake/v1" and value.get("case") == case, "another case")
        return value["request"]
    need(kind in OURS, "not covered", f"documents of kind {kind}")
    domain, of_case = OURS[kind]
    need(value.get("v") == f"countersign/{domain}/v1" and (not of_case or value.get("case") == case), "another case")
    return sha256(f"countersign/{domain}/v1".encode() + data).hex()


def _backed(event, rest, effects, orders, documents, folded):
    name, given = _parts(event)

    def document(named):
        need(named in documents, "document", f"{named} is missing")
        return documents[named]

    def value(kind, named):
        return read_document(kind, document(named)[1])[0]

    if "document" in given:
        document(given["document"])
    if name == "closed":
        return
    if name == "logged":
        need(orders.get(given["order"]) == given["index"], "index")
        return
    if name == "release_started":
        leaf = effects.get(given["intent"], {})
        need(leaf.get("kind") == "intent" and leaf["effect"] == "release" and leaf["subject"] == given["order"], "intent")
        return
    if name == "delivered":
        release = [leaf for leaf in effects.values() if leaf["kind"] == "release" and (leaf["order"], leaf["package"]) == (given["order"], given["package"])]
        need(release, "release")
        return
    need(rest, "leaf", "none is left")
    index = min(rest)
    leaf = rest.pop(index)
    kind, word = BROUGHT[name]
    need(leaf["kind"] == kind, "leaf", f"of kind {leaf['kind']}")
    if word:
        emergency = kind == "verified" and any(document == "intake" and json.loads(data)["emergency"] for document, data in documents.values())
        need(leaf[word[0]] == word[1] or (emergency and leaf[word[0]] == f"emergency_{word[1]}"), "leaf", word[0])
    need(leaf["tick"] <= seconds(event["at"]) < leaf["tick"] + 600, "leaf", "stamp")
    if name == "proposed":
        order, decision = value("order", given["order"]), json.loads(document(leaf["document"])[1])
        document(order["facts"])
        document(order["scope"]["manifest"])
        need((decision["facts"], decision["policy"]) == (order["facts"], order["policy"]), "decision")
    elif name == "signed":
        need((leaf["document"], leaf["order"]) == (given["approval"], given["order"]), "leaf", "another approval")
        approval = value("approval", given["approval"])
        person = control.state_at(folded, seconds(event["at"]))["people"].get(approval["approver"])
        need(person and approval["order"] == given["order"] and approval["key"] in person["keys"], "approval")
        check_signature(read_key(approval["key"]), NAMESPACE, approval_line(approval), approval["signature"])
    elif name == "approved":
        need(leaf["order"] == given["order"], "leaf", "another order")
        orders[given["order"]] = index
    elif name in ("notified", "delayed"):
        notice, order = json.loads(document(given["document"])[1]), value("order", leaf["order"])
        need(notice["form"] == ("due" if name == "notified" else "delayed") and notice["order"] == order["id"], "notice")
        need(name == "notified" or leaf["until"] == given["until"], "leaf", "until")
    else:
        need(leaf["document"] == given["document"], "leaf", "another document")
