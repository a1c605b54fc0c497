"""Status messages: docs/formats/inbound.md."""

from .canonical import digest, hexadecimal, listing, members, name, number, optional, string, time, word
from .rules import consistent, version

OUTWARD = ("received", "in_review", "awaiting_clarification", "answered", "refused", "challenged", "withdrawn", "lapsed", "not_taken")
STATUS = members(
    ("v", version("status/v1")), ("custodian", hexadecimal(16)), ("authority", optional(name)), ("transaction", optional(string)),
    ("request", digest), ("salt", hexadecimal(16)), ("generation", number(32)), ("status", word(*OUTWARD)), ("at", time),
    ("problems", listing(string)),
)


def status_rules(status):
    not_taken = status["status"] == "not_taken"
    consistent(not_taken == (status["generation"] == 0), "generation 0")
    consistent(not_taken == bool(status["problems"]), "problems")
