"""payment-path.md: what a path of payments shows; query.md, exposure.md: what the leaf of a question and of a run over own deposits shows."""

from .. import exposure as runs, path as payments, query as questions
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


SAID = ("order", "run", "number", "leaf", "deposits", "verdicts")


def exposures(path):
    vectors = load(path)

    def check(given):
        found = runs.check(given["text"].encode())
        same(found, {name: given[name] for name in SAID}, "what it shows")

    for case in vectors["good"]:
        yield Case(case["name"], True, check, case, flips=[everywhere("text")])
    for case in vectors["bad"]:
        yield Case(case["name"], False, check, case, reason(case["expect"]))
