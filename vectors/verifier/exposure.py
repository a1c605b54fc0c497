"""docs/formats/exposure.md: what was said about own deposits under a standing order, opened from the leaf of the run."""

import re

from .canonical import digest, hexadecimal, is_sorted, listing, members, name, number, optional, read, seconds, string, time, word
from .encoding import sha256
from .leaf import open_sealed
from .query import BANDS, DAY, RULES, STARTS
from .refusal import need
from .rules import consistent, version

SHARES = ("none", "below 0.1 %", "0.1 to 1 %", "1 to 5 %", "5 to 10 %", "10 to 25 %", "25 to 50 %", "50 to 100 %", "all")
VERDICTS = ("none", "below", "unknown", "above")

share = word(*SHARES)
LISTING = members(("name", string), ("issuers", listing(string)), ("addresses", number(32)), ("left_out", number(32)), ("digest", digest))
ORDER = members(
    ("v", version("exposure-order/v1")), ("id", hexadecimal(16)), ("custodian", hexadecimal(16)), ("authority", name), ("basis", string),
    ("author", name), ("lists", listing(LISTING)), ("own", members(("addresses", number(32)), ("digest", digest))), ("payments", number(8)),
    ("threshold", share), ("run", number(32)), ("day", number(32)), ("total", number(32)), ("graph_hours", number(16)), ("not_before", time),
    ("expires", time),
)
ON_LIST = members(
    ("list", string), ("shares", listing(members(("rule", word(*RULES)), ("share", share)))), ("payments", optional(number(8))),
    ("verdict", word(*VERDICTS)),
)
RUN = members(
    ("v", version("exposure/v1")), ("salt", hexadecimal(16)), ("order", digest), ("number", number(32)), ("previous", optional(digest)),
    ("height", number(32)), ("deposits", listing(members(("deposit", string), ("lists", listing(ON_LIST))))), ("at", time),
)
OPENING = members(
    ("v", version("exposure-opening/v1")), ("leaf", string), ("disclosures", listing(string)), ("order", string), ("run", string),
)


def is_line(text, most):
    """One line without white space at its ends and without control characters (Unicode category Cc)."""
    return 1 <= len(text.encode()) <= most and text.strip() == text and not re.search("[\x00-\x1f\x7f-\x9f]", text)


def order_rules(order):
    consistent(is_line(order["basis"], 300), "basis")
    names = [one["name"] for one in order["lists"]]
    consistent(1 <= len(names) <= 10 and is_sorted([text.encode() for text in names]), "lists")
    for one in order["lists"]:
        issuers = one["issuers"]
        consistent(all(is_line(text, 100) for text in [one["name"], *issuers]), "a name")
        consistent(1 <= len(issuers) <= 16 and is_sorted([text.encode() for text in issuers]), "issuers")
        consistent(one["addresses"] > 0, "a list without addresses")
    consistent(order["own"]["addresses"] > 0, "no own addresses")
    consistent(1 <= order["payments"] <= 32 and order["threshold"] != "none", "payments or threshold")
    consistent(1 <= order["run"] <= 500 and order["run"] <= order["day"] <= order["total"] <= 100_000_000, "run, day or total")
    consistent(1 <= order["graph_hours"] <= 168, "graph_hours")
    consistent(1 <= seconds(order["expires"]) - seconds(order["not_before"]) <= 90 * DAY, "lifetime")


def list_rules(on_list):
    shares = {of["rule"]: of["share"] for of in on_list["shares"]}
    consistent(tuple(of["rule"] for of in on_list["shares"]) == RULES, "rules")
    consistent(shares["poison"] in ("none", "all"), "poison in parts")
    found = any(text != "none" for text in shares.values())
    consistent((on_list.get("payments") is not None) == found, "payments")
    consistent(on_list["verdict"] == "unknown" or (on_list["verdict"] != "none") == found, "verdict")


def run_rules(run):
    consistent(run["number"] > 0 and (run["number"] == 1) == (run.get("previous") is None), "number")
    names = [answer["deposit"] for answer in run["deposits"]]
    consistent(1 <= len(names) <= 500 and is_sorted(names), "deposits")
    for text in names:
        match = re.fullmatch(r"[0-9a-f]{64}:(0|[1-9][0-9]{0,9})", text, re.ASCII)
        consistent(match and int(match[1]) < 2**32, "a deposit")
    for answer in run["deposits"]:
        consistent(1 <= len(answer["lists"]) <= 10, "lists")
        for on_list in answer["lists"]:
            list_rules(on_list)


def order_allows(run, order):
    """The run is one of this order, and its threshold gives the verdicts."""
    need(len(run["deposits"]) <= order["run"], "order", "more deposits than a run may have")
    threshold = SHARES.index(order["threshold"])
    for answer in run["deposits"]:
        need([one["list"] for one in answer["lists"]] == [one["name"] for one in order["lists"]], "order", "other lists")
        for one in answer["lists"]:
            need(one.get("payments") is None or one["payments"] <= order["payments"], "order", "more payments")
            divided = max(SHARES.index(of["share"]) for of in one["shares"] if of["rule"] != "poison")
            need((divided >= threshold) == (one["verdict"] == "above"), "order", "not what the threshold gives")
    need(seconds(order["not_before"]) <= seconds(run["at"]) < seconds(order["expires"]), "order", "not in force")


def band_of(count):
    return BANDS[sum(start <= count for start in STARTS)]


def by_verdict(run):
    """How many deposits come to each verdict, over all lists, in bands."""
    worst = [max((one["verdict"] for one in answer["lists"]), key=VERDICTS.index) for answer in run["deposits"]]
    return [band_of(worst.count(verdict)) for verdict in VERDICTS]


def check(data):
    """What an opening shows."""
    opening = read(data, 6 * 1024 * 1024, OPENING)
    order_text, run_text = opening["order"].encode(), opening["run"].encode()
    order = read(order_text, 32 * 1024, ORDER, order_rules)
    run = read(run_text, 2 * 1024 * 1024, RUN, run_rules)
    order_digest = sha256(b"countersign/exposure-order/v1" + order_text).hex()
    run_digest = sha256(b"countersign/exposure/v1" + run_text).hex()
    need(run["order"] == order_digest, "order", "answered under another order")
    order_allows(run, order)
    leaf, fields = open_sealed(opening)
    expected = {
        "kind": "query", "document": run_digest, "purpose": "sanctions", "order": order_digest, "hops": order["payments"],
        "payments": band_of(len(run["deposits"])), "clients": by_verdict(run), "at": run["at"],
    }
    need(fields == expected, "field", "withheld, added or different")
    return {
        "order": order_digest, "run": run_digest, "number": run["number"], "leaf": sha256(leaf).hex(), "deposits": expected["payments"],
        "verdicts": expected["clients"],
    }
