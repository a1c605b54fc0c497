"""docs/formats/wire.md: signed documents, and a trustee's checks of a release request up to the policy."""

import datetime

from . import hpke
from . import reading
from .approval import NAMESPACE, approval_line, check_signature, read_key, signed_line
from .canonical import CLASSES, seconds
from .control import check_trustee, present, state_at
from .decision import EEA
from .documents import DAILY_OPERATION, DOCUMENTS, manifest_root, read_document
from .edwards import ed25519_verifies
from .encoding import D, base64_bytes, sha256
from .leaf import check_disclosures, read_leaf
from .refusal import Refused, need
from .seal import header_holds, read_header, read_label, record_id
from .tlog import check_proof, quorum_reached, quorum_times, read_policy, read_proof

SKEW, FRESHNESS, DAY = 120, 3_600, 86_400
ROLES_PERMITTING = {
    "approver": {"approver"}, "author": {"officer"}, "counsel": {"counsel"}, "rights_expert": {"rights_expert"}, "agent": {"agent"},
    "peer": {"agent", "officer"},
}


# ------------------------------------------------------------------------------------------------ signed documents


def open_signed(kind, data, key):
    """wire.md, "Signed document": the signature of a key known beforehand is checked before the document is parsed."""
    need(len(data) > 128 and data[128:129] == b"\n", "no_signature")
    need(set(data[:128]) <= set(b"0123456789abcdef"), "no_signature", "not 128 lower-case hexadecimal digits")
    document, (limit, _, _, domain) = data[129:], DOCUMENTS[kind]
    need(len(document) <= limit, "document", "too long")
    line = signed_line(domain, sha256(domain.encode() + document))
    need(ed25519_verifies(key, line, bytes.fromhex(data[:128].decode())), "wrong_signature")
    try:
        return read_document(kind, document)[0]
    except Refused as error:
        raise Refused("document", str(error)) from error


# ------------------------------------------------------------------------------------------------ checks of a trustee


def check_request(view, data):
    """wire.md, "What a trustee checks": an order of an authority up to the policy bundle, a reading up to its budgets. Refuses with the code of
    the first check that fails."""
    request = _opened(view, data)
    order, order_digest = _document("order", request["order"], "MALFORMED")
    need(order["custodian"] == request["custodian"], "WRONG_ADDRESSEE")
    now, state = view["now"], state_at(view["control"], view["now"])
    need(now + SKEW >= seconds(order["not_before"]), "NOT_YET_VALID")
    need(now < seconds(order["expires"]), "EXPIRED")
    _keys(view, state, request, order)
    labels = _manifest(request, order)
    if order["kind"] == "read":
        _check_reading(view, state, request, order, order_digest, labels)
        return
    facts, facts_digest = _document("facts", request["facts"], "FACTS_DIFFER")
    same = ("case", "authority", "kind")
    need(facts_digest.hex() == order["facts"] and all(facts[member] == order[member] for member in same), "FACTS_DIFFER")
    need(facts["instrument"] == order["instrument"]["form"], "FACTS_DIFFER")
    since, _ = _public(view, state, request, order, order_digest)
    need(order["policy"] == state["policy"] == view["bundle"], "POLICY_NOT_IN_FORCE")
    need(facts["directory"] == state["directory"] == view["directory_digest"], "DIRECTORY_NOT_IN_FORCE")
    _recipient(view, state, order)
    check_approvals(state, order, order_digest, request["approvals"], min(since, now))


def _check_reading(view, state, request, order, order_digest, labels):
    """reading.md, "What a trustee checks"."""
    facts, facts_digest = _document("reading", request["facts"], "FACTS_DIFFER")
    need(facts_digest.hex() == order["facts"] and facts["case"] == order["case"], "FACTS_DIFFER")
    need(order["authority"] == DAILY_OPERATION and order["instrument"]["form"] == "informal", "FACTS_DIFFER")
    since, until = _public(view, state, request, order, order_digest)
    need(order["policy"] == state["policy"] == view["bundle"], "POLICY_NOT_IN_FORCE")
    pack = view["pack"]
    reading.check_limits(order, facts, pack)
    agent = reading.check_reader(state, order, facts)
    consents = [text for text in request["approvals"] if text.startswith('{"v":"countersign/consent/v1"')]
    latest = min(since, view["now"])
    approvals = check_approvals(state, order, order_digest, [text for text in request["approvals"] if text not in consents], latest)
    others = reading.check_signers(facts, approvals)
    reading.check_lane(order, order_digest, facts, labels, consents, latest, {person["approver"]: state["people"][person["approver"]] for person in others}, agent)
    reading.check_veto(view["now"], facts, since, until)
    need(order["delay"] is None and request["delay"] is None, "DELAY_INVALID")
    need(order["id"] not in state["held"], "ORDER_HELD")
    reading.check_budgets(view, state, order, facts, others, pack)


def _document(kind, text, code):
    try:
        return read_document(kind, text.encode())
    except Refused as error:
        raise Refused(code, str(error)) from error


def _opened(view, data):
    """Checks 1 and 2, as far as they concern the sender."""
    try:
        request = open_signed("request", data, bytes.fromhex(view["control"]["genesis"]["desk_key"]))
    except Refused as error:
        raise Refused("DESK_SIGNATURE" if error.reason == "wrong_signature" else "MALFORMED", str(error)) from error
    genesis = view["control"]["genesis"]
    need(request["custodian"] == genesis["custodian"]["id"] and request["trustee"] == view["trustee"], "WRONG_ADDRESSEE")
    return request


def _keys(view, state, request, order):
    """Check 3."""
    need(state["ring"], "WRONG_RING", "no ring is in force")
    ring = state["ring"]
    need(order["ring"] == request["ring"] == ring["id"] == view["ring"]["id"].hex(), "WRONG_RING")
    check_trustee(view, state)
    held = (view["shares"]["number"], view["shares"]["digest"].hex())
    need(request["share_epoch"] == ring["share_epoch"] and held == (ring["share_epoch"], ring["shares"]), "WRONG_SHARE_EPOCH")
    need(all(CLASSES[name] in view["ring"]["points"] for name in order["scope"]["classes"]), "UNKNOWN_CLASS")


def _manifest(request, order):
    """Check 4, with what concerns labels of check 14."""
    need(order["kind"] in ("disclosure", "compelled", "emergency", "read"), "KIND_NOT_SERVED")
    contact = {"name", "birth", "address", "email", "phone"}
    need(order["kind"] != "emergency" or set(order["scope"]["classes"]) <= contact, "CLASSES_NOT_FOR_KIND")
    manifest, _ = _document("manifest", request["manifest"], "MANIFEST_DIFFERS")
    need(manifest_root(manifest).hex() == order["scope"]["manifest"], "MANIFEST_DIFFERS")
    handles, points, classes, labels = set(), set(), set(), []
    for entry in manifest["entries"]:
        try:
            label, u = read_label(bytes.fromhex(entry["label"])), bytes.fromhex(entry["u"])
        except Refused as error:
            raise Refused("LABEL_DIFFERS", str(error)) from error
        need(record_id(label["bytes"], u).hex() == entry["record"], "LABEL_DIFFERS", "record id")
        need(label["custodian"].hex() == order["custodian"], "LABEL_DIFFERS", "another custodian")
        need({CLASSES[name] for name in entry["classes"]} <= set(label["classes"]), "LABEL_DIFFERS", "a class that the label does not hold")
        need(u not in points, "LABEL_DIFFERS", "u stands twice")
        need(label["period"] == 0 or _inside_window(label["period"], order), "OUTSIDE_WINDOW")
        points.add(u)
        labels.append(label)
        handles.add(label["handle"])
        classes |= set(entry["classes"])
    scope = order["scope"]
    counted = (len(handles), len(points), sorted(classes, key=CLASSES.get))
    need(counted == (scope["subjects"], scope["records"], scope["classes"]), "SCOPE_DIFFERS")
    return labels


def _inside_window(period, order):
    """Whole months only: from the first second of the month to the first of the next. A worker gets every month that the window touches."""
    scope = order["scope"]
    if scope["from"] is None:
        return False
    year, month = divmod(period, 100)
    begin = datetime.datetime(year, month, 1, tzinfo=datetime.timezone.utc)
    end = datetime.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=datetime.timezone.utc)
    if order["recipient"]["mode"] == "B":
        return seconds(scope["from"]) < end.timestamp() and begin.timestamp() < seconds(scope["to"])
    return seconds(scope["from"]) <= begin.timestamp() and end.timestamp() <= seconds(scope["to"])


def order_fields(order, digest):
    """leaf.md, "Fields of an order": what the disclosures of its leaf must open to."""
    scope = order["scope"]
    return {
        "kind": "order", "order": digest.hex(), "case": order["case"], "order_kind": order["kind"], "authority": order["authority"],
        "manifest": scope["manifest"], "subjects": scope["subjects"], "records": scope["records"], "classes": scope["classes"],
        "recipient": order["recipient"]["key"], "not_before": order["not_before"], "expires": order["expires"],
        "latest_opening": order["latest_opening"], "delay": order["delay"], "ring": order["ring"],
    }


def _public(view, state, request, order, order_digest):
    """Checks 5 and 9."""
    leaf_bytes = request["leaf"]["leaf"].encode()
    try:
        fields = check_disclosures(read_leaf(leaf_bytes), request["leaf"]["disclosures"])
    except Refused as error:
        raise Refused("LEAF_DIFFERS", str(error)) from error
    need(fields == order_fields(order, order_digest), "LEAF_DIFFERS", "a field is withheld, added or differs")
    policy, now = read_policy(state["witness_policy"].encode()), view["now"]
    need(policy["quorum"] is not None, "NOT_PUBLIC")
    fresh, until = _included(policy, leaf_bytes, request["leaf"]["proof"], now - FRESHNESS, now + SKEW)
    since = until
    need(fresh["size"] <= max(view["roots"]), "CHECKPOINT_AHEAD")
    need(view["roots"].get(fresh["size"]) == fresh["root"], "CHECKPOINT_DIFFERS")
    if request["leaf"]["seasoned"] is not None:
        older, also = _included(policy, leaf_bytes, request["leaf"]["seasoned"], 0, now + SKEW)
        need(older["index"] == fresh["index"] and older["size"] <= fresh["size"], "NOT_PUBLIC")
        need(view["roots"].get(older["size"], older["root"]) == older["root"], "CHECKPOINT_DIFFERS")
        since = min(since, also)
    return since, until


def _included(policy, leaf, text, min_time, max_time):
    """The proof holds; cosignatures of which only the time is wrong make the checkpoint stale."""
    try:
        proof = read_proof(text.encode())
        times = check_proof(leaf, proof, policy, min_time, max_time)
    except Refused as error:
        stale = error.reason == "quorum" and _outside(policy, proof["checkpoint"], min_time, max_time)
        raise Refused("CHECKPOINT_STALE" if stale else "NOT_PUBLIC", str(error)) from error
    return {**proof["checkpoint"], "index": proof["index"]}, quorum_reached(policy, times)


def _outside(policy, checkpoint, min_time, max_time):
    """Whether a listed witness cosigned outside the window only."""
    return set(quorum_times(policy, checkpoint, 0, 2**63)) - set(quorum_times(policy, checkpoint, min_time, max_time))


def _recipient(view, state, order):
    """Check 8: the authority is in force; the digest of its key is computed from the key."""
    found = [item for item in view["directory"]["authorities"] if item["id"] == order["authority"]]
    need(found and order["authority"] not in state["suspended"], "AUTHORITY_NOT_IN_FORCE")
    if found[0]["kind"] == "fiu" or order["instrument"]["form"] == "fiu_request":
        own = [member for member in present(state) if member["index"] == view["trustee"]]
        need(own and own[0]["obliged_entity"] and own[0]["state"] in EEA, "TRUSTEE_NOT_OBLIGED")
    keys = found[0]["recipient"]
    need(order["recipient"]["mode"] == "A" and keys and keys["xwing"] == order["recipient"]["key"], "RECIPIENT_NOT_IN_FORCE")
    key = base64_bytes(keys["xwing_key"], "RECIPIENT_NOT_IN_FORCE")
    need(len(key) == hpke.PUBLIC_KEY and D("transport-key", key).hex() == keys["xwing"], "RECIPIENT_NOT_IN_FORCE")


def check_approvals(state, order, order_digest, texts, latest):
    """Check 7 and approval.md, "What makes an approval valid"."""
    signers, approvals = set(), []
    for text in texts:
        approval, _ = _document("approval", text, "APPROVAL_INVALID")
        person = state["people"].get(approval["approver"])
        need(person, "APPROVER_NOT_IN_FORCE", approval["approver"])
        need(approval["approver"] not in signers, "APPROVAL_REPEATED", approval["approver"])
        signers.add(approval["approver"])
        need(approval["order"] == order_digest.hex(), "APPROVAL_INVALID", "another order")
        need(ROLES_PERMITTING[approval["role"]] & set(person["roles"]), "APPROVAL_INVALID", "role not permitted")
        need(approval["key"] in person["keys"], "APPROVAL_INVALID", "key not in the roster")
        try:
            check_signature(read_key(approval["key"]), NAMESPACE, approval_line(approval), approval["signature"])
        except Refused as error:
            raise Refused("APPROVAL_INVALID", str(error)) from error
        earliest = seconds(order["not_before"]) - 30 * DAY
        need(earliest <= seconds(approval["at"]) <= latest + SKEW, "APPROVAL_AGE", approval["approver"])
        approvals.append(approval)
    return approvals


def check_headers(ring_id, request):
    """Check 14: one header for each record, with the u of the manifest, whose proof holds."""
    manifest, _ = _document("manifest", request["manifest"], "MANIFEST_DIFFERS")
    need(len(request["headers"]) == len(manifest["entries"]), "HEADER_INVALID")
    for entry, text in zip(manifest["entries"], request["headers"]):
        try:
            header = read_header(bytes.fromhex(text))
        except Refused as error:
            raise Refused("HEADER_INVALID", str(error)) from error
        need(header["bytes"][0].hex() == entry["u"], "HEADER_INVALID", "u differs from the manifest")
        need(header_holds(header, bytes.fromhex(entry["label"]), ring_id), "HEADER_INVALID", "proof")
