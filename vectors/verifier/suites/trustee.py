"""trustee-log.md: what a trustee's own log holds."""

from .. import trustee_log as log
from ..cases import Case, everywhere, reason, same
from ..documents import read_document
from .files import load


def trustee_log(path):
    vectors = load(path)

    def check_entry(given):
        same(log.open_entry(given["leaf"].encode(), given["disclosures"]), given["fields"], "fields")

    def check_key(given):
        log.open_key(given["text"].encode(), bytes.fromhex(vectors["identity"]))

    def check_day(given):
        same(read_document("trustee-day", given["text"].encode())[1].hex(), given["digest"], "digest")

    def check_hours(given):
        log.check_hours(tick for tick, count in given["ticks"] for _ in range(count))

    for case in vectors["entries"]:
        good = case["expect"] == "ok"
        # The last digest of a leaf may be a decoy's, so the disclosures are what is changed.
        flips = [everywhere("disclosures", 0), everywhere("disclosures", len(case["disclosures"]) - 1)] if good else ()
        yield Case(f"entry: {case['name']}", good, check_entry, case, reason(case["expect"]), flips)
    for case in vectors["keys"]:
        yield Case(f"key: {case['name']}", case["expect"] == "ok", check_key, case, reason(case["expect"]), [everywhere("text")])
    for case in vectors["days"]:
        yield Case(f"day: {case['name']}", case["expect"] == "ok", check_day, case, reason(case["expect"]), [everywhere("text")])
    for case in vectors["hours"]:
        yield Case(f"hours: {case['name']}", case["expect"] == "ok", check_hours, case, reason(case["expect"]))
