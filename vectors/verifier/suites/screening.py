"""Requests and answers of screening over HTTP."""

from .. import screen
from ..cases import Case, everywhere, reason
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
