"""Updates of screening lists: docs/formats/list-update.md."""

import re

from .canonical import digest, members, number, optional, read, string, time
from .encoding import sha256
from .leaf import check_disclosures, read_leaf
from .refusal import Refused, need
from .rules import consistent, version

COUNTS = ("listed", "added", "changed", "removed")
LIST_UPDATE = members(
    ("v", version("list-update/v1")), ("source", string), ("list", digest), ("before", optional(digest)), *((name, number(32)) for name in COUNTS),
    ("rows_rejected", number(32)), ("values_left_out", number(32)), ("at", time),
)
FIELDS = {
    "document": digest, "source": string, "list": digest, "before": optional(digest), **{name: number(53) for name in COUNTS}, "at": time,
}


def _rules(update):
    first = update.get("before") is None
    consistent(re.fullmatch("[a-z0-9-]{1,64}", update["source"], re.ASCII), "source")
    consistent(update.get("before") != update["list"], "before is list")
    consistent(not first or (update["changed"] == update["removed"] == 0 and update["added"] == update["listed"]), "a first list")
    consistent(update["added"] + update["changed"] <= update["listed"], "more added and changed than listed")


def read_update(data):
    """The value and the digest of a record."""
    return read(data, 1024, LIST_UPDATE, _rules), sha256(b"countersign/list-update/v1" + data)


def check_leaf(given):
    """The disclosures are exactly the fields of the kind, and say what the record says."""
    try:
        fields = check_disclosures(read_leaf(given["leaf"].encode()), given["disclosures"])
        need(set(fields) == {"kind", *FIELDS} and fields["kind"] == "list_update", "fields")
        for name, of_type in FIELDS.items():
            of_type(fields[name])
    except Refused as refused:
        raise Refused("fields", str(refused)) from refused
    record, found = read_update(given["record"].encode())
    need(fields["document"] == found.hex(), "record", "document")
    for name in FIELDS:
        need(name == "document" or fields[name] == record[name], "record", name)
