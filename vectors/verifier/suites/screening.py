"""Screening: requests and answers over HTTP, updates of lists, the journal of alerts."""

from .. import alerts, screen
from ..cases import Case, everywhere, reason, same
from ..list_update import check_leaf, read_update
from ..refusal import need
from .files import load


def served(path):
    vectors = load(path)
    need(len(vectors["bad"]) > len(vectors["good"]), "vectors")
    lists = screen.Lists(vectors["lists"])
    for case in vectors["good"]:
        answer = case["answer"]
        results = [("answer", "results", 0)] if answer.get("results") else []
        results += [("answer", "responses", key, "results", 0) for key, matches in answer.get("responses", {}).items() if matches["results"]]
        flips = [everywhere(*result, member) for result in results for member in ("id", "caption")]
        yield Case(case["name"], True, lambda given: screen.check_answer(lists, given), case, flips=flips)
    for case in vectors["bad"]:
        yield Case(case["name"], False, lambda given: screen.check_request(lists, given), case, reason(str(case["answer"]["status"])))


def list_updates(path):
    def check(given):
        digest = read_update(given["text"].encode())[1]
        same(digest.hex(), given["digest"], "digest")

    vectors = load(path)
    for cases in (vectors["documents"], vectors["leaves"]):
        need(sum(case["expect"] != "ok" for case in cases) > sum(case["expect"] == "ok" for case in cases), "vectors")
    for case in vectors["documents"]:
        yield Case(case["name"], case["expect"] == "ok", check, case, reason(case["expect"]), [everywhere("text")])
    for case in vectors["leaves"]:
        flips = [everywhere("disclosures", 0), everywhere("record")]
        yield Case(case["name"], case["expect"] == "ok", check_leaf, case, reason(case["expect"]), flips)


def journals(path):
    def check(given):
        stages, waiting, torn = alerts.read_journal(given["journal"].encode())
        same(stages, given["stages"], "stages")
        same(waiting, given["waiting"], "waiting")
        same(torn, given["torn"], "torn")

    cases = load(path)["cases"]
    need(sum(case["damaged"] is not None for case in cases) > sum(case["damaged"] is None for case in cases), "vectors")
    for case in cases:
        # The last line has nobody behind it who would name its digest.
        last = case["journal"].rstrip("\n").rfind("\n")
        flips = [(("journal",), "text", 0, last)] if last > 0 and not case["torn"] else []
        yield Case(case["name"], case["damaged"] is None, check, case, reason(f"line {case['damaged']}"), flips)
