"""docs/formats/trustee-log.md: entries of a trustee's own log, the key it is signed with, its days, its hours."""

import re

from . import leaf, note
from .canonical import CLASSES, day, digest, hexadecimal, is_sorted, listing, members, number, seconds, string
from .documents import DOCUMENTS, KIB, KINDS, MIB, consistent, version
from .encoding import hex_bytes
from .refusal import Refused, need
from .wire import open_signed

# ------------------------------------------------------------------------------------------------ entries

FIELDS = {
    "answer": ("receipt", "order", "outcome", "code", "at"),
    "totals": ("number", "totals", "at"),
    "incident": ("incident", "subject", "detail", "at"),
    "pause": ("reason", "at"),
    "resume": ("reason", "at"),
    "lift": ("by", "of", "people", "until", "reason", "at"),
    "day": ("day", "document"),
    "dummy": (),
}
INCIDENTS = ("order_id_reused", "journal_differs", "order_not_counted", "own_log_differs")


def open_entry(data, disclosures):
    """The fields of one entry, all of them and no others."""
    try:
        fields = leaf.check_disclosures(leaf.read_leaf(data), disclosures)
    except Refused as error:
        raise Refused("leaf", str(error)) from error
    kind = fields.get("kind")
    need(isinstance(kind, str) and kind in FIELDS, "kind")
    need(set(fields) == {"kind", *FIELDS[kind]}, "fields", kind)
    for name in FIELDS[kind]:
        try:
            need(_takes(kind, name, fields), "value", name)
        except Refused as error:
            raise Refused("value", str(error)) from error
    return fields


def _takes(kind, name, fields):
    value = fields[name]
    if name == "code":
        return isinstance(value, str) if fields["outcome"] == "refused" else value is None
    if name in ("number", "people"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    need(isinstance(value, str), "value", "no text")
    if name == "of":
        return is_counter(fields["by"], value)
    if name == "by":
        return True
    if name in ("at", "until"):
        return seconds(value) is not None
    if name == "day":
        return day(value) is not None
    if name == "outcome":
        return value in ("answered", "refused")
    if name == "incident":
        return value in INCIDENTS
    if name == "reason":
        return 1 <= len(value) <= 500 and value.strip() == value and not re.search("[\x00-\x1f\x7f-\x9f]", value)
    if name == "subject":
        return True
    return len(hex_bytes(value, 32)) == 32


def is_counter(by, of):
    """trustee-log.md, "Counters"."""
    if by == "all":
        return of == ""
    if by == "kind":
        return of in KINDS
    if by == "class":
        return of in CLASSES
    if by in ("lookups", "enrolments"):
        return of == ""
    if by in ("authority", "lookups_of"):
        return bool(re.fullmatch(r"(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*", of, re.ASCII))
    return by in ("matter", "address", "lookups_for") and bool(re.fullmatch("[0-9a-f]{64}", of, re.ASCII))


# ------------------------------------------------------------------------------------------------ key and days

LOG_KEY = members(("v", version("trustee-log-key/v1")), ("trustee", number(16)), ("identity", digest), ("vkey", string))
DAY = members(
    ("v", version("trustee-day/v1")), ("trustee", number(16)), ("day", day), ("salt", hexadecimal(32)), ("answered", number(64)),
    ("refused", number(64)), ("incidents", number(64)),
    ("counters", listing(members(("by", string), ("of", string), ("people", number(64)), ("total", number(64))))),
)


def log_key_rules(announced):
    consistent(announced["trustee"] > 0, "trustees are numbered from 1")
    try:
        key = note.read_vkey(announced["vkey"])
    except Refused:
        key = None
    consistent(key and key["type"] == note.LOG, "no key of type 0x01")
    consistent(key["name"] == f"countersign-trustee/{announced['identity']}", "not named after the identity")
    consistent(key["public"].hex() != announced["identity"], "the identity itself")


def day_rules(document):
    counters = document["counters"]
    consistent(document["trustee"] > 0, "trustees are numbered from 1")
    consistent(is_sorted([(one["by"].encode(), one["of"].encode()) for one in counters]), "order of counters")
    consistent(all(is_counter(one["by"], one["of"]) for one in counters), "something that no trustee counts")
    consistent(all(1 <= one["people"] <= one["total"] for one in counters), "people")


DOCUMENTS["trustee-log-key"] = (KIB, LOG_KEY, log_key_rules, "countersign/trustee-log-key/v1")
DOCUMENTS["trustee-day"] = (16 * MIB, DAY, day_rules, "countersign/trustee-day/v1")


def open_key(data, identity):
    """The verifier key of the log, announced under the identity."""
    return note.read_vkey(open_signed("trustee-log-key", data, identity)["vkey"])


# ------------------------------------------------------------------------------------------------ hours


def check_hours(ticks):
    """Ticks of all entries of a published log, in order."""
    hours, last = {}, 0
    for tick in ticks:
        need(tick % 12 == 0, "within_hour")
        need(tick >= last, "backwards")
        last, hours[tick] = tick, hours.get(tick, 0) + 1
    for entries in hours.values():
        need(entries % 8 == 0 and (entries // 8).bit_count() == 1, "not_filled")
