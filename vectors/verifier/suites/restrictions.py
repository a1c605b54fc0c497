"""Plans, records and their chains; notices to the exchange core."""

from .. import restrictions
from ..cases import Case, everywhere, reason, same
from ..refusal import need
from .files import load


def restriction_documents(path):
    vectors = load(path)

    def check(given):
        _, found = restrictions.read_document(given["format"], given["text"].encode())
        same(found.hex(), given["digest"], "digest")

    for case in vectors["cases"]:
        good = case["expect"] == "ok"
        flips = [everywhere("text"), everywhere("digest", kind="hex")] if good else []
        yield Case(f"{case['format']}: {case['name']}", good, check, case, reason(case["expect"]), flips)
    for case in vectors["chains"]:
        good = case["expect"] == "ok"
        yield Case(case["name"], good, lambda given: restrictions.check_chain(given["records"]), case, reason("chain"))


def notices(path):
    vectors = load(path)
    need(vectors["requests"][0]["expect"] == "ok", "vectors")

    def check(given):
        restrictions.check_notice(given["request"].encode(), vectors["key"], vectors["now"])

    for case in vectors["requests"]:
        good = case["expect"] == "ok"
        flips = [(("request",), "text", len(case["request"]) - 200, None)] if good else []
        yield Case(case["name"], good, check, case, flips=flips)
