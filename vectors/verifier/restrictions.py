"""docs/formats/restriction.md and docs/formats/restriction-notice.md."""

import re
import unicodedata

from .canonical import day, digest, hexadecimal, is_sorted, listing, members, name, number, optional, read, string, time, word
from .encoding import sha256
from .http import check_digest, dictionary, signature_base, verifies
from .refusal import need
from .rules import consistent, version
from .steps import PAPER

EFFECTS = ("deny_new", "withdraw_only", "close_and_return", "freeze")
ACTS = ("apply", "appeal", "uphold", "reverse")
effect = word(*EFFECTS)

PLAN = members(
    ("v", version("restriction-plan/v1")), ("custodian", hexadecimal(16)), ("act", word("apply", "reverse")),
    ("computed", optional(members(
        ("pack", members(("name", string), ("digest", digest))), ("day", day), ("population", digest),
        ("valuation", optional(members(("currency", string), ("source", string), ("at", time)))),
    ))),
    ("why", string), ("items", members(("count", number(64)), ("digest", digest))), ("author", name), ("at", time),
)
PLANNED = members(
    ("v", version("restriction-planned/v1")), ("account", string), ("rule", string), ("effect", effect), ("reasons", listing(string)),
    ("evidence", listing(string)),
)
RECORD = members(
    ("v", version("restriction/v1")), ("salt", hexadecimal(16)), ("account", string), ("rule", string), ("pack", digest), ("effect", effect),
    ("act", word(*ACTS)), ("number", number(32)), ("previous", optional(digest)), ("plan", optional(digest)), ("decision", optional(digest)),
    ("paper", optional(PAPER)), ("due", optional(time)), ("reasons", listing(string)), ("evidence", listing(string)), ("why", string),
    ("approvals", listing(digest)), ("by", listing(name)), ("at", time),
)
DECISION = members(
    ("v", version("appeal-decision/v1")), ("custodian", hexadecimal(16)), ("appeal", digest), ("outcome", word("uphold", "reverse")), ("why", string),
    ("by", name), ("at", time),
)
NOTICE = members(
    ("v", version("restriction-notice/v1")), ("id", hexadecimal(16)), ("custodian", hexadecimal(16)), ("account", string), ("sequence", number(64)),
    ("effect", optional(effect)), ("rules", listing(members(("rule", string), ("effect", effect)))), ("at", time),
)
RECEIPT = members(("v", version("restriction-receipt/v1")), ("id", hexadecimal(16)), ("outcome", word("taken", "known", "superseded")))


def _plain(text):
    return not any(unicodedata.category(character) == "Cc" for character in text)


def _account(text):
    consistent(1 <= len(text.encode()) <= 64 and _plain(text), "account")


def _rule(text):
    consistent(re.fullmatch(r"[A-Za-z0-9./_-]{1,64}", text, re.ASCII), "rule")


def _words(text):
    consistent(text.strip() and len(text.encode()) <= 1000 and _plain(text), "words")


def _said(record):
    for texts in (record["reasons"], record["evidence"]):
        consistent(len(texts) <= 32, "too many texts")
        for text in texts:
            _words(text)


def plan_rules(plan):
    computed = plan["computed"]
    consistent((computed is not None) == (plan["act"] == "apply"), "computed belongs to apply")
    _words(plan["why"])
    consistent(1 <= plan["items"]["count"] <= 10_000_000, "count")
    if computed:
        _rule(computed["pack"]["name"])


def planned_rules(line):
    _account(line["account"])
    _rule(line["rule"])
    _said(line)


def record_rules(record):
    act, plan, decision = record["act"], record["plan"], record["decision"]
    _account(record["account"])
    _rule(record["rule"])
    consistent((record["previous"] is not None) == (record["number"] > 0), "previous")
    consistent(((plan is None) != (decision is None)) == (act != "appeal") and not (plan and decision), "plan or decision")
    consistent(act != "appeal" or plan is decision is None, "an appeal with a plan or decision")
    consistent(act != "apply" or plan is not None, "applied without a plan")
    consistent(act != "uphold" or decision is not None, "upheld without a decision")
    consistent((record["paper"] is not None) == (act == "appeal"), "paper")
    consistent((record["due"] is not None) == (act == "appeal"), "due")
    consistent(record["due"] is None or record["due"] > record["at"], "due before at")
    consistent(act == "apply" or not record["reasons"] + record["evidence"], "reasons")
    _said(record)
    _words(record["why"])
    people = 2 if plan is not None else 1
    consistent(len(record["approvals"]) == (0 if act == "appeal" else people), "signatures")
    consistent(len(record["by"]) == people == len(set(record["by"])), "people")


def decision_rules(decision):
    _words(decision["why"])


def notice_rules(notice):
    _account(notice["account"])
    rules = notice["rules"]
    for rule in rules:
        _rule(rule["rule"])
    consistent(is_sorted([rule["rule"] for rule in rules]), "rules out of order")
    strongest = max((EFFECTS.index(rule["effect"]) for rule in rules), default=None)
    consistent(notice["effect"] == (None if strongest is None else EFFECTS[strongest]), "not the strongest effect")
    consistent(notice["sequence"] > 0, "sequence")


DOCUMENTS = {
    # name: (limit in bytes, type, rules, domain of the digest)
    "restriction-plan": (16 * 1024, PLAN, plan_rules, "countersign/restriction-plan/v1"),
    "restriction-planned": (128 * 1024, PLANNED, planned_rules, "countersign/restriction-planned/v1"),
    "restriction": (160 * 1024, RECORD, record_rules, "countersign/restriction/v1"),
    "appeal-decision": (8 * 1024, DECISION, decision_rules, "countersign/appeal-decision/v1"),
    "restriction-notice": (64 * 1024, NOTICE, notice_rules, "countersign/restriction-notice/v1"),
    "restriction-receipt": (1024, RECEIPT, None, "countersign/restriction-receipt/v1"),
}


def read_document(kind, data):
    limit, document_type, rules, domain = DOCUMENTS[kind]
    return read(data, limit, document_type, rules), sha256(domain.encode() + data)


def check_chain(texts):
    """restriction.md, "Chains"."""
    last = last_digest = None
    for text in texts:
        record, found = read_document("restriction", text.encode())
        act = record["act"]
        if last is None:
            need(record["number"] == 0 and act == "apply", "chain", "does not begin with a restriction")
        else:
            need(all(record[name] == last[name] for name in ("account", "rule")), "chain", "another account or rule")
            before = {"apply": ("reverse",), "appeal": ("apply", "uphold"), "uphold": ("appeal",), "reverse": ("apply", "appeal", "uphold")}[act]
            need(last["act"] in before, "chain", f"{act} after {last['act']}")
            need(record["previous"] == last_digest.hex() and record["number"] == last["number"] + 1, "chain", "place")
            need(act == "apply" or all(record[name] == last[name] for name in ("effect", "pack")), "chain", "another effect or pack")
            need(record["at"] >= last["at"], "chain", "earlier")
        last, last_digest = record, found


COMPONENTS = ["@method", "@target-uri", "content-type", "content-digest", "idempotency-key"]


def check_notice(data, key, now):
    """restriction-notice.md, "Request": what a receiver checks."""
    head, gap, content = data.partition(b"\r\n\r\n")
    need(gap, "head")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    fields = dict(line.split(": ", 1) for line in lines)
    fields = {name.lower(): value for name, value in fields.items()}
    inputs, signatures = dictionary(fields["signature-input"]), dictionary(fields["signature"])
    need(len(inputs) == len(signatures) == 1 and inputs[0][0] == signatures[0][0], "signature-input", "one signature")
    _, _, items, _, parameters = inputs[0]
    need(items == [(name, {}) for name in COMPONENTS], "signature-input", "components")
    need(set(parameters) == {"created", "expires", "nonce", "keyid", "tag"}, "signature-input", "parameters")
    need(parameters["tag"] == "countersign/restriction-notice/v1" and parameters["keyid"] == key, "signature-input", "tag or key")
    need(0 < parameters["expires"] - parameters["created"] <= 300, "signature-input", "life")
    need(parameters["created"] <= now + 120 and now <= parameters["expires"], "signature-input", "time")
    check_digest(fields["content-digest"], content)
    need(fields["content-type"] == "application/json", "content-type")
    components = {"@method": method, "@target-uri": f"https://{fields['host']}{target}"}
    base = signature_base(inputs[0], lambda name: components.get(name) or fields.get(name))
    verifies(key, base, signatures[0][3])
    notice, _ = read_document("restriction-notice", content)
    need(fields["idempotency-key"] == f'"{notice["id"]}"', "idempotency-key")
    return notice
