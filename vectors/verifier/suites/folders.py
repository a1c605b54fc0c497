"""Folders of cases, as one of them and what somebody might change in it."""

from ..case_folder import differs, replay
from ..cases import Case, everywhere, same
from ..refusal import need
from ..second_review import ONE_IN, draws
from ..sums import LIST, write_sums
from .files import load


def changed(files, case):
    """The files of the folder with the changes of a case; the list of digests is written anew unless the case keeps the old one."""
    files = dict(files)
    for change in case["changes"]:
        what, given = next(iter(change.items()))
        if what == "remove":
            del files[given]
        elif what == "put":
            files[given[0]] = given[1].encode()
        elif what == "move":
            files[given[1]] = files.pop(given[0])
        elif what == "copy":
            files[given[1]] = files[given[0]]
        else:
            need(what == "replace" and files[given[0]].count(given[1].encode()) == 1, "vectors", f"{case['name']}: {change}")
            files[given[0]] = files[given[0]].replace(given[1].encode(), given[2].encode())
    if case["list"] == "new":
        files[LIST] = write_sums(files)
    return files


def case_folders(path):
    vectors = load(path)
    files = {name: text.encode() for name, text in vectors["files"].items()}

    def check(given):
        says, shown = replay(changed(files, given), given.get("genesis", vectors["genesis"]))
        same("differs" if differs(says, shown) else "holds", given["expect"], "what the desk says")

    cases = vectors["cases"]
    need(sum(case["expect"] not in ("holds", "differs") for case in cases) > sum(case["expect"] in ("holds", "differs") for case in cases), "vectors")
    for case in cases:
        good = case["expect"] in ("holds", "differs")
        yield Case(case["name"], good, check, case, None if good else lambda refused, case=case: refused.reason == case["expect"])


def second_reviews(path):
    """second-review.md: receipts that draw their case and receipts that do not."""
    vectors = load(path)
    need(vectors["one_in"] == ONE_IN, "vectors")

    def check(given):
        same(draws(given["receipt"], given["threshold"]), given["drawn"], "drawn")

    for number, row in enumerate(vectors["draws"]):
        flips = [everywhere("receipt", kind="hex")] if row["drawn"] else []
        yield Case(f"receipt {number} of {row['threshold']} trustees", True, check, row, flips=flips)
