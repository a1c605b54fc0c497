"""docs/formats/lookup.md: a trustee's checks before it evaluates for the blind index."""

from .approval import NAMESPACE, approval_line, check_signature, read_key
from .canonical import seconds
from .control import check_trustee, state_at
from .documents import read_document
from .edwards import element_not_identity
from .encoding import parts
from .leaf import check_disclosures, read_leaf
from .refusal import Refused, need
from .seal import NUMBERS, header_holds, read_header, read_label, record_id
from .tlog import read_policy
from .wire import FRESHNESS, SKEW, _document, _included, open_signed


def check_lookup(view, data):
    """Refuses with the code of the first check that fails. What a trustee remembers is not part of the vectors."""
    request = _opened(view, data)
    lookup, digest = _document("lookup", request["lookup"], "MALFORMED")
    need(lookup["custodian"] == request["custodian"], "WRONG_ADDRESSEE")
    now, state = view["now"], state_at(view["control"], view["now"])
    need(now + SKEW >= seconds(lookup["not_before"]), "NOT_YET_VALID")
    need(now < seconds(lookup["expires"]), "EXPIRED")
    _keys(view, state, request, lookup)
    _blinded(request, lookup)
    since = _public(view, state, request, lookup, digest)
    _officer(state, request, lookup, digest, min(since, now))
    _records(view, request, lookup)


def _opened(view, data):
    genesis = view["control"]["genesis"]
    try:
        request = open_signed("lookup-request", data, bytes.fromhex(genesis["desk_key"]))
    except Refused as error:
        raise Refused("DESK_SIGNATURE" if error.reason == "wrong_signature" else "MALFORMED", str(error)) from error
    need((request["custodian"], request["trustee"]) == (genesis["custodian"]["id"], view["trustee"]), "WRONG_ADDRESSEE")
    return request


def _keys(view, state, request, lookup):
    ring = state["index_ring"]
    need(ring and lookup["ring"] == ring["id"] == view["index"]["id"].hex(), "WRONG_RING")
    check_trustee(view, state)
    held = (view["shares"]["number"], view["shares"]["digest"].hex())
    need(request["share_epoch"] == ring["share_epoch"] and held == (ring["share_epoch"], ring["shares"]), "WRONG_SHARE_EPOCH")
    need(NUMBERS["index"].get(lookup["attribute"]) in view["index"]["points"], "UNKNOWN_ATTRIBUTE")


def _blinded(request, lookup):
    elements = [bytes.fromhex(text) for text in request["blinded"]]
    need(all(len(element) == 32 for element in elements) and len(elements) == lookup["count"], "BLINDED_DIFFERS")
    need(parts("countersign/lookup/blinded/v1", *elements).hex() == lookup["blinded"], "BLINDED_DIFFERS")
    try:
        for element in elements:
            element_not_identity(element)
    except Refused as error:
        raise Refused("BLINDED_DIFFERS", str(error)) from error


def lookup_fields(lookup, digest):
    """lookup.md, "Leaf"."""
    (purpose, content), = lookup["purpose"].items()
    return {
        "kind": "lookup", "lookup": digest.hex(), "purpose": purpose, "attribute": lookup["attribute"],
        **{member: content.get(member) for member in ("case", "officer", "value", "records")},
        "count": lookup["count"], "blinded": lookup["blinded"], "ring": lookup["ring"], "not_before": lookup["not_before"],
        "expires": lookup["expires"],
    }


def _public(view, state, request, lookup, digest):
    leaf = request["leaf"]["leaf"].encode()
    try:
        fields = check_disclosures(read_leaf(leaf), request["leaf"]["disclosures"])
    except Refused as error:
        raise Refused("LEAF_DIFFERS", str(error)) from error
    need(fields == lookup_fields(lookup, digest), "LEAF_DIFFERS", "a field is withheld, added or differs")
    now = view["now"]
    fresh, since = _included(read_policy(state["witness_policy"].encode()), leaf, request["leaf"]["proof"], now - FRESHNESS, now + SKEW)
    need(fresh["size"] <= max(view["roots"]), "CHECKPOINT_AHEAD")
    need(view["roots"].get(fresh["size"]) == fresh["root"], "CHECKPOINT_DIFFERS")
    return since


def _officer(state, request, lookup, digest, latest):
    if "enrol" in lookup["purpose"]:
        need(request["approval"] is None, "APPROVAL_INVALID", "an enrolment is signed by nobody")
        return
    need(request["approval"] is not None, "APPROVAL_INVALID", "the officer has not signed")
    approval, _ = _document("approval", request["approval"], "APPROVAL_INVALID")
    officer = lookup["purpose"]["find"]["officer"]
    need((approval["approver"], approval["role"], approval["verdict"]) == (officer, "author", "approve"), "APPROVAL_INVALID")
    person = state["people"].get(officer)
    need(person, "APPROVER_NOT_IN_FORCE")
    need(approval["order"] == digest.hex() and "officer" in person["roles"] and approval["key"] in person["keys"], "APPROVAL_INVALID")
    try:
        check_signature(read_key(approval["key"]), NAMESPACE, approval_line(approval), approval["signature"])
    except Refused as error:
        raise Refused("APPROVAL_INVALID", str(error)) from error
    need(seconds(lookup["not_before"]) - SKEW <= seconds(approval["at"]) <= latest + SKEW, "APPROVAL_AGE")


def _records(view, request, lookup):
    if "find" in lookup["purpose"]:
        need(not request["records"], "BLINDED_DIFFERS", "a lookup that brings records")
        return
    records = []
    for record in request["records"]:
        try:
            label = read_label(bytes.fromhex(record["label"]))
        except Refused as error:
            raise Refused("LABEL_DIFFERS", str(error)) from error
        need(label["custodian"].hex() == lookup["custodian"], "LABEL_DIFFERS")
        try:
            header = read_header(bytes.fromhex(record["header"]))
        except Refused as error:
            raise Refused("HEADER_INVALID", str(error)) from error
        records.append((label, header, record_id(label["bytes"], header["bytes"][0])))
    ids = [record for _, _, record in records]
    need(len(ids) == len(set(ids)) == lookup["count"], "BLINDED_DIFFERS")
    need(parts("countersign/lookup/records/v1", *ids).hex() == lookup["purpose"]["enrol"]["records"], "BLINDED_DIFFERS")
    need(all(header_holds(header, label["bytes"], view["sealing"]["id"]) for label, header, _ in records), "HEADER_INVALID")
