"""docs/formats/query.md: what was asked of the chain for a request, opened from its leaf."""

from .canonical import digest, flag, hexadecimal, is_sorted, listing, members, name, number, optional, read, seconds, string, time, word
from .encoding import sha256
from .leaf import open_sealed
from .refusal import need
from .rules import consistent, version

DAY = 86_400
STARTS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
BANDS = ("fewer than 5",) + tuple(f"{low} to {high - 1}" for low, high in zip(STARTS, STARTS[1:])) + (f"{STARTS[-1]} or more",)
RULES = ("poison", "haircut", "fifo", "lifo")
THRESHOLDS = (0, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)

band = word(*BANDS)
TRACE_ORDER = members(
    ("v", version("trace-order/v1")), ("id", hexadecimal(16)), ("custodian", hexadecimal(16)), ("authority", name), ("matter", digest),
    ("officer", name), ("roots", listing(digest)), ("hops", number(8)), ("questions", number(32)), ("not_before", time), ("expires", time),
)
ASKED = members(
    ("roots", listing(digest)), ("hops", number(8)), ("from", optional(time)), ("to", optional(time)), ("min_satoshi", number(64)),
    ("covers", listing(string)),
)
QUERY = members(
    ("v", version("query/v1")), ("salt", hexadecimal(16)), ("order", digest), ("asked", ASKED), ("payments", band),
    ("clients", listing(members(("rule", word(*RULES)), ("by_hops", listing(band))))),
    ("falls", listing(members(("min_satoshi", number(64)), ("clients", band)))),
    ("narrower", optional(members(("from", time), ("to", time), ("min_satoshi", number(64)), ("hops", number(8)), ("clients", band)))),
    ("looks_like_donors", flag), ("at", time),
)
OPENING = members(
    ("v", version("query-opening/v1")), ("leaf", string), ("disclosures", listing(string)), ("order", string), ("query", string),
)


def order_rules(order):
    consistent(1 <= len(order["roots"]) <= 100 and is_sorted(order["roots"]), "roots")
    consistent(1 <= order["hops"] <= 6 and 1 <= order["questions"] <= 100, "hops or questions")
    consistent(1 <= seconds(order["expires"]) - seconds(order["not_before"]) <= DAY, "lifetime")


def asked_rules(asked):
    consistent(1 <= len(asked["roots"]) <= 100 and is_sorted(asked["roots"]) and 1 <= asked["hops"] <= 6, "roots or hops")
    ends = [seconds(asked[end]) for end in ("from", "to") if asked.get(end) is not None]
    consistent(all(end % DAY == 0 for end in ends), "not midnight")
    consistent(len(ends) < 2 or ends[1] - ends[0] >= 28 * DAY, "a window of less than 28 days")
    consistent(asked["min_satoshi"] in THRESHOLDS, "a threshold in between")
    consistent(len(asked["covers"]) <= 100 and is_sorted(asked["covers"]), "covers")


def most(query):
    """The most clients under any rule, at one payment, at most two, and so on."""
    return [max((of["by_hops"][hop] for of in query["clients"]), key=BANDS.index) for hop in range(query["asked"]["hops"])]


def query_rules(query):
    asked = query["asked"]
    asked_rules(asked)
    consistent(tuple(of["rule"] for of in query["clients"]) == RULES, "rules")
    for of in query["clients"]:
        places = [BANDS.index(text) for text in of["by_hops"]]
        consistent(len(places) == asked["hops"] and places == sorted(places), "bands by payments")
    consistent([fall["min_satoshi"] for fall in query["falls"]] == [least for least in THRESHOLDS if least > asked["min_satoshi"]], "thresholds")
    falls = [BANDS.index(most(query)[-1])] + [BANDS.index(fall["clients"]) for fall in query["falls"]]
    consistent(falls == sorted(falls, reverse=True), "more clients above a higher threshold")
    narrower = query.get("narrower")
    consistent(narrower is None or (asked["covers"] and BANDS.index(narrower["clients"]) < falls[0]), "narrower")


def query_fields(query, named):
    return {
        "kind": "query", "document": named, "purpose": "request", "order": query["order"], "hops": query["asked"]["hops"],
        "payments": query["payments"], "clients": most(query), "at": query["at"],
    }


def check(data):
    """What an opening shows."""
    opening = read(data, 512 * 1024, OPENING)
    order_text, query_text = opening["order"].encode(), opening["query"].encode()
    order = read(order_text, 16 * 1024, TRACE_ORDER, order_rules)
    query = read(query_text, 64 * 1024, QUERY, query_rules)
    order_digest = sha256(b"countersign/trace-order/v1" + order_text).hex()
    query_digest = sha256(b"countersign/query/v1" + query_text).hex()
    need(query["order"] == order_digest, "order", "asked under another order")
    need(set(query["asked"]["roots"]) <= set(order["roots"]) and query["asked"]["hops"] <= order["hops"], "order", "not what the order allows")
    need(seconds(order["not_before"]) <= seconds(query["at"]) < seconds(order["expires"]), "order", "not in force")
    leaf, fields = open_sealed(opening)
    need(fields == query_fields(query, query_digest), "field", "withheld, added or different")
    return {
        "order": order_digest, "query": query_digest, "leaf": sha256(leaf).hex(), "payments": query["payments"], "clients": most(query),
    }
