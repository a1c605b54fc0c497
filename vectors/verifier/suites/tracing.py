"""payment-path.md: what a path of payments shows; query.md: what the leaf of a question shows."""

from .. import path as payments, query as questions
from ..cases import Case, everywhere, reason, same
from .files import load

SHOWN = ("network", "from", "to", "least", "blocks")


def payment_paths(path):
    vectors = load(path)

    def check(given):
        found = payments.check(given["text"].encode())
        same(found, {name: given[name] for name in SHOWN}, "what it shows")

    for case in vectors["good"]:
        yield Case(case["name"], True, check, case, flips=[everywhere("text")])
    for case in vectors["bad"]:
        yield Case(case["name"], False, check, case, reason(case["expect"]))


ANSWERED = ("order", "query", "leaf", "payments", "clients")


def queries(path):
    vectors = load(path)

    def check(given):
        found = questions.check(given["text"].encode())
        same(found, {name: given[name] for name in ANSWERED}, "what it shows")

    for case in vectors["good"]:
        yield Case(case["name"], True, check, case, flips=[everywhere("text")])
    for case in vectors["bad"]:
        yield Case(case["name"], False, check, case, reason(case["expect"]))
